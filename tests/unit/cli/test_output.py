import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from seawall.cli.output import document, say, talk
from seawall.model.text import clean
from unit.config.good import GOOD

FULL = Path("/dev/full")
NEEDS_FULL = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("plain é 漢字 👩‍👧", "plain é 漢字 👩‍👧"),
        ("\x1b[31mred\x1b[0m", "�[31mred�[0m"),
        ("\x9b31m\x7f\x00\x07", "�31m���"),
        ("a\r\n b\tc", "a  b c"),
        ("abc\u202egpj.exe\u2066\u2028", "abc�gpj.exe��"),
        ("lone \udc80", "lone �"),
    ],
)
def test_text_from_outside_cannot_command_a_terminal(hostile: str, shown: str) -> None:
    assert clean(hostile) == shown


def test_data_goes_to_stdout_and_talk_to_stderr_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    say("one\ntwo\x1b")
    talk("three")
    printed = capsys.readouterr()
    assert printed.out == "one\ntwo�\n"
    assert printed.err == "three\n"


def test_a_document_is_one_json_object_with_its_schema_first(capsys: pytest.CaptureFixture[str]) -> None:
    document("seawall.config/1", {"subject": "é\x1b\x9b\u202e"})
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert "\x1b" not in printed
    assert list(json.loads(printed).items()) == [
        ("schema", "seawall.config/1"),
        ("subject", "é\x1b\x9b\u202e"),
    ]


def shows_config(directory: Path, target: int, *, unbuffered: str) -> tuple[int, str]:
    path = directory / "seawall.toml"
    path.write_text(GOOD)
    ended = subprocess.run(
        [sys.executable, "-m", "seawall", "config", "show", "--config", str(path)],
        stdout=target,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        check=False,
    )
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_ends_a_command_quietly(tmp_path: Path, unbuffered: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    assert shows_config(tmp_path, writer, unbuffered=unbuffered) == (1, "")
    os.close(writer)


def ends(command: str) -> subprocess.CompletedProcess[str]:
    """Run a command line by a shell, which can close our streams before we start."""
    return subprocess.run(
        ["/bin/sh", "-c", f'"$0" -m seawall {command}', sys.executable],
        capture_output=True,
        text=True,
        check=False,
    )


def test_data_for_a_closed_stdout_is_a_failure_and_silence_is_none(tmp_path: Path) -> None:
    path = tmp_path / "seawall.toml"
    written = ends(f"init '{path}' >&-")
    assert (written.returncode, "Next:" in written.stderr) == (0, True)
    shown = ends(f"config show --config '{path}' >&-")
    assert (shown.returncode, shown.stderr) == (1, "seawall: stdout cannot be written: it is closed\n")


@pytest.mark.parametrize("stderr", ["2>&-", pytest.param("2>/dev/full", marks=NEEDS_FULL)])
def test_an_exit_code_stands_where_nobody_can_hear_the_reason(stderr: str) -> None:
    assert ends(f"bogus {stderr}").returncode == 2


@NEEDS_FULL
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_under_stdout_is_told(tmp_path: Path, unbuffered: str) -> None:
    with FULL.open("w") as full:
        ended = shows_config(tmp_path, full.fileno(), unbuffered=unbuffered)
    assert ended == (1, "seawall: stdout cannot be written: No space left on device\n")
