"""`seawall demo`: what a newcomer sees first, and that it fails where anything else happened."""

import re
import tomllib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from seawall.cli import demo
from seawall.cli.main import exit_code
from seawall.config.load import load

TOLD = """\
7 mails in {0}/Maildir, once each, of 7 at the ISP
then 40 copies of one of them came: 0 delivered, 40 set aside
  4 replicated: a server made it out of a mail that is here already
  36 storm: one more such copy, once there were too many
alarms: 1, and 1 mail to the postmaster, in {0}/postmaster: one for all copies
sent to anyone else: 0 (Seawall takes recipients from its configuration alone)
see what is set aside: seawall held list --all-copies --config {0}/seawall.toml
"""


def test_the_demo_delivers_each_mail_once_and_sets_the_storm_aside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "demo"
    assert exit_code(["demo", str(directory)]) == 0
    said = capsys.readouterr().out
    assert said.count("delivered to alice@example.org: ") == 7
    assert said.count("Summer regatta") == 1
    assert said.endswith(TOLD.format(directory))
    mails = [path.read_bytes() for path in (directory / "Maildir" / "new").iterdir()]
    assert len(mails) == 7
    assert sum(b"Subject: Summer regatta" in mail for mail in mails) == 1
    (digest,) = (directory / "postmaster" / "new").iterdir()
    assert b"\nTo: postmaster@example.org\n" in digest.read_bytes()


def test_the_command_that_it_names_lists_the_copies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "demo"
    assert exit_code(["demo", str(directory)]) == 0
    found = re.search(r"^see what is set aside: seawall (.*)$", capsys.readouterr().out, re.MULTILINE)
    assert found
    assert exit_code(found.group(1).split()) == 0
    storm, *copies = capsys.readouterr().out.splitlines()
    assert storm.startswith("s1  40 copies  ")
    assert len(copies) == 40


def test_the_configuration_that_it_leaves_is_one_that_a_person_could_write(tmp_path: Path) -> None:
    assert exit_code(["demo", str(tmp_path / "demo")]) == 0
    path = tmp_path / "demo" / "seawall.toml"
    assert "guard" not in tomllib.loads(path.read_text())
    assert load(path).settings.accounts[0].name == "office"


def test_a_second_demo_begins_anew(tmp_path: Path) -> None:
    for _ in range(2):
        assert exit_code(["demo", str(tmp_path / "demo")]) == 0
    assert len(list((tmp_path / "demo" / "Maildir" / "new").iterdir())) == 7


def test_a_directory_with_something_else_in_it_stays_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letter").write_text("mine")
    assert exit_code(["demo", str(tmp_path)]) == 1
    assert "holds something else" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["letter"]


STORM = demo._storm


def too_few() -> Iterator[bytes]:
    """Four copies: each is replicated, and they are no storm yet."""
    return islice(STORM(), 4)


def with_a_stranger() -> Iterator[bytes]:
    """One that is no copy, and is delivered."""
    yield from islice(STORM(), 39)
    yield b"Subject: another\r\nMessage-ID: <another@example.net>\r\n\r\nAnother mail.\r\n"


@pytest.mark.parametrize("arrives", [too_few, with_a_stranger])
def test_the_demo_fails_where_anything_else_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arrives: object
) -> None:
    monkeypatch.setattr(demo, "_storm", arrives)
    assert exit_code(["demo", str(tmp_path / "demo")]) == 1
