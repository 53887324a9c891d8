"""A small configuration that loads, and how a table test changes one thing in it."""

from pathlib import Path

import pytest

from seawall.config.load import Loaded, load
from seawall.errors import Misconfigured

GOOD = """\
[local]
domains = ["example.org"]
postmaster = "postmaster@example.org"
state = "state"
#local#
[destination.main]
kind = "maildir"
path = "{user}"
#destination#
[[account]]
name = "office"
host = "pop.isp.example"
user = "office"
password_file = "secret"
to = "alice@example.org"
#account#
"""


def with_line(section: str, text: str) -> str:
    """Return GOOD with `text` at the end of a section."""
    return GOOD.replace(f"#{section}#", text)


def loaded(directory: Path, text: str) -> Loaded:
    path = directory / "seawall.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def told(directory: Path, text: str) -> list[str]:
    """Return the mistakes in a configuration, without the file's name before each."""
    with pytest.raises(Misconfigured) as refused:
        loaded(directory, text)
    lines = str(refused.value).splitlines()
    file = f"{directory / 'seawall.toml'}:"
    assert all(line.startswith(file) for line in lines)
    return [line.removeprefix(file) for line in lines]
