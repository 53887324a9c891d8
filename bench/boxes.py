"""The mails of the benches, the server that holds them, and what is found in a Maildir afterwards.

Owns: the generated mails (each with its own Message-ID and last line) and the reading back of both.
Refuses to know: which collector brought them.
"""

import base64
import collections
import contextlib
import itertools
import os
import random
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from servers.dovecot import Dovecot, unavailable

LINE_OCTETS: Final = 76
MESSAGE_ID: Final = re.compile(rb"^Message-ID: <(\d+)@box\.example>\r?$", re.MULTILINE | re.IGNORECASE)
LAST_LINE: Final = re.compile(rb"-- end of (\d+)\r?\n*\Z")
HEAD_OCTETS: Final = 16_384
TAIL_OCTETS: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The mails of a Maildir: how often each number lies there, and how many do not end where they should."""

    copies: collections.Counter[int]
    cut: int

    @property
    def twice(self) -> int:
        """Copies beyond the first of each mail."""
        return sum(count - 1 for count in self.copies.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where trials take place, and over how many mails of what size."""

    dovecot: Dovecot
    place: Path
    count: int
    octets: int
    numbers: Iterator[int] = field(default_factory=itertools.count)


def mails(count: int, octets: int, *, seed: int = 1) -> Iterator[bytes]:
    """`count` mails of about `octets` octets on disk, numbered from 0, each different in header and body."""
    body = base64.encodebytes(
        random.Random(seed).randbytes(max(0, octets - 480) * LINE_OCTETS // (LINE_OCTETS + 1) * 3 // 4)
    )
    for number in range(count):
        head = (
            "Return-Path: <sender@elsewhere.example>\n"
            "Received: from mail.elsewhere.example (mail.elsewhere.example [192.0.2.7])\n"
            f"\tby mx.isp.example (Postfix) with ESMTPS id {number:010X}\n"
            "\tfor <alice@isp.example>; Fri, 5 Jan 2024 10:00:00 +0000 (UTC)\n"
            f"Message-ID: <{number}@box.example>\n"
            "Date: Fri, 5 Jan 2024 09:59:58 +0000\n"
            "From: A Sender <sender@elsewhere.example>\n"
            "To: alice@isp.example\n"
            f"Subject: Mail number {number}\n"
            "MIME-Version: 1.0\n"
            "Content-Type: text/plain; charset=us-ascii\n"
            "\n"
            f"This is mail {number}.\n"
        )
        yield head.encode() + body + f"-- end of {number}\n".encode()


def read_mail(path: Path) -> tuple[int | None, bool]:
    """A delivered file's number, and whether it ends as that mail does; reads its two ends only."""
    with path.open("rb") as file:
        head = file.read(HEAD_OCTETS)
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - TAIL_OCTETS))
        tail = file.read()
    number, last = MESSAGE_ID.search(head), LAST_LINE.search(tail)
    if number is None:
        return None, False
    return int(number[1]), last is not None and last[1] == number[1]


def delivered(maildir: Path) -> Iterator[Path]:
    """The files of new and cur; the collectors' tmp is not yet mail."""
    for folder in ("new", "cur"):
        for entry in os.scandir(maildir / folder):
            yield Path(entry.path)


def look_into(maildir: Path) -> Found:
    copies: collections.Counter[int] = collections.Counter()
    cut = 0
    for path in delivered(maildir):
        number, whole = read_mail(path)
        cut += not whole
        if number is not None:
            copies[number] += 1
    return Found(copies=copies, cut=cut)


@contextlib.contextmanager
def workplace(parent: Path | None) -> Iterator[Path]:
    """A directory that is removed at the end, on a disk (the default, /var/tmp, is not a memory file system)."""
    # A bench that is told to stop reaches the end of its contexts too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    place = Path(tempfile.mkdtemp(prefix="seawall-bench-", dir=parent or "/var/tmp"))
    place.chmod(0o755)  # Dovecot's users pass through it
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def server(place: Path) -> Iterator[Dovecot]:
    """Dovecot for the benches; the program ends with one sentence where there cannot be one."""
    reason = unavailable()
    if reason is not None:
        sys.exit(f"The bench needs a real server, but {reason}.")
    with Dovecot(users=(), parent=place) as dovecot:
        yield dovecot
