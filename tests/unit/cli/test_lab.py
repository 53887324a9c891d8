"""`seawall lab`: where it writes, and what it never removes."""

import errno
import json
from pathlib import Path

import pytest

from seawall.cli import lab as command
from seawall.cli.lab import MARK, lab
from seawall.errors import Misconfigured, StorageFull
from seawall.lab.confinement import Confinement

SCENARIO = """about = "A test."
[[organisation]]
domain = "a.test"
users = ["anna", "berta"]
[[mail]]
from = "anna@a.test"
"""


def played(directory: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Play a scenario of one mail, without a network of its own: a process that entered one stays there."""
    monkeypatch.setattr("seawall.lab.confinement.enter", lambda: Confinement.PORTS)
    scenario = directory / "scenario.toml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    assert lab(str(scenario), out=out) == 0


def test_an_earlier_run_makes_way_for_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "new" / "out"
    for _ in range(2):
        played(tmp_path, out, monkeypatch)
        assert sorted(path.name for path in out.iterdir()) == sorted(command.OURS)
        assert len(list((out / "mail/a.test/berta/new").iterdir())) == 1
        assert json.loads((out / "report.json").read_text("ascii"))["mails"] == 1


@pytest.mark.parametrize("held", [("notes.txt",), (MARK, "notes.txt"), ("mail",), ("report.json", "mail")])
def test_a_directory_with_anything_that_no_run_wrote_is_left_as_it_is(
    tmp_path: Path, held: tuple[str, ...]
) -> None:
    for name in held:
        (tmp_path / name).write_bytes(b"kept")
    with pytest.raises(Misconfigured, match="holds something else: name another directory with --out"):
        lab(out=tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == dict.fromkeys(held, b"kept")


def test_what_an_earlier_runs_mail_leads_to_is_not_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, kept = tmp_path / "out", tmp_path / "kept"
    for directory in (out, kept):
        directory.mkdir()
    (out / MARK).touch()
    (kept / "letter").touch()
    (out / "mail").symlink_to(kept)
    played(tmp_path, out, monkeypatch)
    assert [path.name for path in kept.iterdir()] == ["letter"]


def test_a_place_that_cannot_be_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    for name, said in (
        ("file", "cannot be written: File exists"),
        ("file/out", "cannot be written: Not a directory"),
        ("link", "is a symbolic link"),
        ("nowhere", "is a symbolic link"),
        ("x" * 300, "cannot be written: File name too long"),
    ):
        with pytest.raises(Misconfigured, match=said):
            lab(out=tmp_path / name)


def test_a_full_disk_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*arguments: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("seawall.lab.internet.stores.Mailbox._keep", fill)
    with pytest.raises(StorageFull, match="out is full: No space left on device"):
        played(tmp_path, tmp_path / "out", monkeypatch)
