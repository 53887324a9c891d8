"""A mail's header as the lab's own servers and people take it apart: its fields, and the addresses in one.

Owns a plain reading, good enough to imitate with. Refuses to know what any field means; what collects or delivers
has `facts` for that, and does not import this. Any octets give a result.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

_HEADER_END: Final = re.compile(rb"(?:\A|\r?\n)\r?\n")
_LINE_END: Final = re.compile(rb"\r?\n")
_FOLD: Final = re.compile(rb"\r?\n[ \t]*")
_TOKEN: Final = re.compile(
    rb'\\.|"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.)*\)|<[^<>]*>|\[[^\[\]]*\]|[,;:]|[^\\",;:(<\[]+|.', re.DOTALL
)
_COMMENT: Final = re.compile(rb'\\.|"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.)*\)', re.DOTALL)
_ANGLE: Final = re.compile(rb"<([^<>]*)>[^<>]*\Z")


def split(mail: bytes) -> tuple[list[bytes], bytes]:
    """Return a header's fields, folds included and without their line ends, and the body."""
    end = _HEADER_END.search(mail)
    header, body = (mail[: end.start()], mail[end.end() :]) if end else (mail, b"")
    fields: list[bytes] = []
    lines: list[bytes] = []
    for line in _LINE_END.split(header):
        if not line.startswith((b" ", b"\t")):
            fields += [b"\r\n".join(lines)] if lines else []
            lines = [line] if line else []
        elif lines:
            lines.append(line)
        # A fold of nothing is no field.
    return [*fields, b"\r\n".join(lines)] if lines else fields, body


def joined(fields: Sequence[bytes], body: bytes) -> bytes:
    """Return the mail that has these fields and this body."""
    return b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


def name_of(field: bytes) -> bytes:
    """Return a field's name in lower case; none where the line has no colon."""
    name, colon, _ = field.partition(b":")
    return name.strip().lower() if colon else b""


def values(fields: Sequence[bytes], name: bytes) -> Iterator[str]:
    """Yield what stands behind each colon of the fields with that name (in lower case), unfolded."""
    for field in fields:
        if name_of(field) == name:
            yield _FOLD.sub(b" ", field.partition(b":")[2]).strip().decode("utf-8", "replace")


def entries(field: bytes) -> Iterator[bytes]:
    """Yield what commas, semicolons and a group's colon keep apart; a group's name keeps its colon."""
    entry = b""
    for token in _TOKEN.findall(_FOLD.sub(b" ", field.partition(b":")[2])):
        entry += token if token not in (b",", b";") else b""
        if token in (b",", b";", b":"):
            if entry.strip():
                yield entry.strip()
            entry = b""
    if entry.strip():
        yield entry.strip()


def addresses(field: bytes) -> Iterator[str]:
    """Yield the addresses in a field."""
    for entry in entries(field):
        bare = _COMMENT.sub(lambda match: b"" if match[0].startswith(b"(") else match[0], entry).strip()
        angle = _ANGLE.search(bare)
        address = (angle[1].strip() if angle else bare).decode("utf-8", "replace")
        local, at, domain = address.rpartition("@")
        if local and at and domain and not re.search(r"\s", address):
            yield address
