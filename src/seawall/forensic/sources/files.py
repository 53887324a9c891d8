"""mbox, Maildir and trees of mails, for now."""

import os
from collections.abc import Iterator
from pathlib import Path

from seawall.forensic.table import RawMail

MOST = 2**20 + 4


def read_mails(path: Path) -> Iterator[RawMail]:
    """Yield the mails of a path."""
    if path.is_dir():
        for root, folders, names in os.walk(path):
            folders.sort()
            where = Path(root)
            is_maildir = where.name in {"cur", "new"}
            for place, name in enumerate(sorted(names)):
                if name.startswith("."):
                    continue
                file = where / name
                if file.suffix in {".json", ".sha256", ".tsv", ".log"}:
                    continue
                head = file.read_bytes()
                if head.startswith(b"From ") and file.suffix == ".mbox":
                    yield from _mbox(file, head)
                    continue
                source = str(where.parent if is_maildir else file)
                yield RawMail(source, place if is_maildir else 0, 0, head[:MOST], len(head))
        return
    head = path.read_bytes()
    if head.startswith(b"From "):
        yield from _mbox(path, head)
    else:
        yield RawMail(str(path), 0, 0, head[:MOST], len(head))


def _mbox(path: Path, content: bytes) -> Iterator[RawMail]:
    at = 0
    place = 0
    while at < len(content):
        line = content.find(b"\n", at) + 1
        end = content.find(b"\n\nFrom ", line)
        stop = end + 2 if end >= 0 else len(content)
        mail = content[line:stop].replace(b"\n>From ", b"\nFrom ")
        yield RawMail(str(path), place, at, mail[:MOST], len(mail))
        place += 1
        at = stop
