"""Line ends as this system's programs and files have them: CRLF becomes LF, and nothing else changes."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

_LONE_CR: Final = re.compile(rb"\r(?!\n)")


def native(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same octets with LF for each CRLF, also for one that two chunks share."""
    held_back = b""
    for chunk in chunks:
        piece = held_back + chunk
        held_back = b""
        if piece.endswith(b"\r"):
            piece, held_back = piece[:-1], b"\r"
        # One octet is replaced three times as fast as two.
        yield piece.replace(b"\r\n", b"\n") if _LONE_CR.search(piece) else piece.replace(b"\r", b"")
    if held_back:
        yield held_back
