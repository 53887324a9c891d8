"""Mails → an mbox or a Maildir, as a recipient's server keeps them.

Owns the two forms: mboxrd (line ends LF, `From ` quoted) and Maildir. Refuses to know what the mails are.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Final

from seawall.lab.writer.arrivals import Copy
from seawall.lab.writer.clock import month

_QUOTED: Final = re.compile(rb"^(?=>*From )", re.MULTILINE)
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Shelf(Enum):
    """How a view is kept."""

    MBOX = "mbox"
    MAILDIR = "maildir"


def put(directory: Path, name: str, shelf: Shelf, copies: Sequence[Copy]) -> tuple[str, ...]:
    """Write a view; return where each copy is, as a path under `directory`: for an mbox all are the same."""
    if shelf is Shelf.MBOX:
        path = f"views/{name}.mbox"
        (directory / path).write_bytes(b"".join(_entry(copy) for copy in copies))
        return (path,) * len(copies)
    maildir = directory / "views" / name
    for part in ("cur", "new", "tmp"):
        (maildir / part).mkdir(parents=True)
    paths = []
    for copy in copies:
        path = f"views/{name}/cur/{int(copy.moment)}.M{copy.number:06}.mail:2,S"
        (directory / path).write_bytes(copy.mail.octets().replace(b"\r\n", b"\n"))
        paths.append(path)
    return tuple(paths)


def _entry(copy: Copy) -> bytes:
    at = datetime.fromtimestamp(copy.moment, UTC)
    envelope = copy.mail.first(b"return-path").strip(b"<>") or b"MAILER-DAEMON"
    line = f" {_DAYS[at.weekday()]} {month(at)} {at.day:2} {at:%H:%M:%S} {at.year}\n".encode()
    octets = copy.mail.octets().replace(b"\r\n", b"\n")
    end = b"" if octets.endswith(b"\n") else b"\n"
    return b"From " + envelope + line + _QUOTED.sub(b">", octets) + end + b"\n"
