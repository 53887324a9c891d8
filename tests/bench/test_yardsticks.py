"""The bare loops and the raw clients: what they are measured for, they do."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from peers import BARE
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running
from seawall.lab.sink import Sink
from seawall.lab.sink import running as sinking
from seawall.model.account import Speech

HEAD = b"Subject: a mail\r\n\r\n"
PARTS = (b"\r\n", b"\r\n.", b"\r\n..", b"\r\n.\r\n", b"\n.\r\n", b"\r", b"\r.", b"a" * 75, b"b" * 4000)


@pytest.fixture(scope="module")
def mails() -> list[bytes]:
    chance = random.Random(1)
    made = [
        HEAD + b"".join(chance.choices(PARTS, k=chance.choice((0, 3, 30, 300)))) + b"\r\n" for _ in range(700)
    ]
    # Longer than any buffer, and one line of it too.
    return [*made, HEAD + b"".join(chance.choices(PARTS, k=5000)) + b"\r\n", HEAD + b"c" * 900_000 + b"\r\n"]


@pytest.mark.parametrize("program", ["c", "python"])
def test_a_bare_loop_delivers_each_mail_once_and_whole(
    program: str, tools: Path, mails: list[bytes], tmp_path: Path
) -> None:
    for folder in ("tmp", "new", "cur"):
        (tmp_path / folder).mkdir()
    argv = [str(tools / "bare")] if program == "c" else [sys.executable, "-I", "-S", str(BARE)]
    with running(ToyIsp({"alice": ("secret", Box(mails))})) as isp:
        subprocess.run([*argv, str(isp.port), "alice", "secret", str(tmp_path)], check=True, timeout=60)
    arrived = [path.read_bytes() for path in sorted((tmp_path / "new").iterdir(), key=_number)]
    assert len(arrived) == len(mails)
    assert [
        number for number, mail in enumerate(mails) if arrived[number] != mail.replace(b"\r\n", b"\n")
    ] == []
    assert list((tmp_path / "tmp").iterdir()) == []


def _number(path: Path) -> int:
    return int(path.name.partition(".M")[2].partition("P")[0])


def test_the_raw_client_reads_each_mail(tools: Path, mails: list[bytes]) -> None:
    with running(ToyIsp({"alice": ("secret", Box(mails))})) as isp:
        said = subprocess.run(
            [str(tools / "raw"), str(isp.port), "alice", "secret"],
            capture_output=True,
            check=True,
            timeout=60,
        )
    assert int(said.stdout) == len(mails)


def test_the_raw_lmtp_client_hands_each_mail_over_as_it_came(tools: Path, mails: list[bytes]) -> None:
    with running(ToyIsp({"alice": ("secret", Box(mails))})) as isp, sinking(Sink(Speech.LMTP)) as sink:
        said = subprocess.run(
            [str(tools / "raw_lmtp"), str(isp.port), "alice", "secret", str(sink.port), "bob@example.org"],
            capture_output=True,
            check=True,
            timeout=60,
        )
    assert int(said.stdout) == len(mails)
    assert [mail.data for mail in sink.mails] == mails
    assert {mail.recipient for mail in sink.mails} == {"bob@example.org"}
    assert sink.connections == 1
