"""Scenarios for tests: written as a person would, read as any, and played in this process."""

from pathlib import Path
from typing import Final

from seawall.lab.confinement import Confinement
from seawall.lab.internet.reading import load
from seawall.lab.internet.world import Outcome, play

SENDER: Final = """
[[organisation]]
domain = "sailing.test"
users = ["secretary"]
"""
LETTER: Final = """
[[mail]]
from = "secretary@sailing.test"
"""


def unpatched(count: int) -> str:
    """Organisations with the faulty connector."""
    return "".join(
        f'[[organisation]]\ndomain = "faulty{number}.test"\nconnector = "unpatched"\n'
        for number in range(1, count + 1)
    )


def crowd(count: int) -> str:
    return "".join(f'[[organisation]]\ndomain = "member{number}.example"\n' for number in range(1, count + 1))


def written(directory: Path, text: str) -> Path:
    path = directory / "scenario.toml"
    path.write_text(f'about = "A test."\n{text}', encoding="utf-8")
    return path


def played(directory: Path, text: str) -> Outcome:
    return play(load(written(directory, text)), directory / "out", confinement=Confinement.PORTS)


def maildir(directory: Path, address: str) -> list[bytes]:
    """The mails of a person, in the order of arrival."""
    user, _, domain = address.partition("@")
    found = sorted((directory / "out" / "mail" / domain / user / "new").iterdir())
    return [path.read_bytes() for path in found]
