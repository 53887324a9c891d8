"""Line ends as this system's programs and files have them: CRLF becomes LF, and nothing else changes."""

from collections.abc import Iterable, Iterator


def native(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same octets with LF for each CRLF, also for one that two chunks share."""
    held_back = b""
    for chunk in chunks:
        piece = held_back + chunk
        held_back = b""
        if piece.endswith(b"\r"):
            piece, held_back = piece[:-1], b"\r"
        yield piece.replace(b"\r\n", b"\n")
    if held_back:
        yield held_back
