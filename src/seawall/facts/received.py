"""One Received field → the host that wrote it: its `by` clause (RFC 5321 §4.4).

Owns which Received is a hop, and which host vouches for it. Total. It judges no host, and reads
nothing else: what stands in `from` is what a client said of itself.
"""

import re
from typing import Final

from seawall.model.address import domain_in_a_labels

MAX_RECEIVED: Final = 4 * 2**10
"""Octets of a Received field that are believed; the longest real one that we know has 445."""
MAX_HOST: Final = 255

_MARK = re.compile(rb"[()\"]|\\.|[Bb](?<![^\s()<>,;\"].)[Yy](?![^\s()])", re.DOTALL)
_HOST = re.compile(rb"\s+([^\s()<>,;\"]+)")
_USER_ID = re.compile(rb"\s+uid\s+[0-9]+(?![^\s();,])", re.IGNORECASE)
_PLAIN_HOST = re.compile(rb"\[?[A-Za-z0-9._:-]{1,255}\]?")


def by_host(value: bytes) -> str | None:
    """Return the host that a Received field says it was written by, in lower case and A-labels.

    "" where it names none, or where it cannot be told which. None where the field is no hop at all but a
    server's note to itself, such as qmail's `(qmail 1 invoked by uid 89)`: a comment and a date.

    A client chooses its HELO name, its certificate's name and the envelope's addresses, and some
    servers copy them unchecked. With a HELO of `x by mx.isp.example`, the first `by` is the client's; with
    a reverse-path of `") by mx.isp.example ("@x`, copied into a comment after the true `by`, the last is;
    with a HELO of `x by mx.isp.example (` and a parenthesis to match in the reverse-path, the true one stands
    in a comment. So neither the first nor the last is taken: the one `by` outside of comments and quoted
    strings is believed, where parentheses and quotes are balanced, and where no other `by` with another host
    stands anywhere in the field, in comments and quoted strings too (there only a name with a dot counts,
    because comments are prose). A `;` ends nothing, since it could stand in a HELO as well. Who forges gains
    that his own mail is held.
    """
    if len(value) > MAX_RECEIVED:
        return ""
    reading = _Reading(value)
    for found in _MARK.finditer(value):
        reading.take(found)
    if reading.is_unbalanced():
        return ""
    if not reading.believed:
        return None if _is_note(value, reading.first_comment_end) else ""
    if len(reading.believed) > 1 or reading.doubtful - reading.believed:
        return ""
    return _host(reading.believed.pop())


class _Reading:
    """One field while it is read: how deep in comments, and the hosts that stood after a `by` so far."""

    def __init__(self, value: bytes) -> None:
        self.value = value
        self.believed: set[bytes] = set()
        self.doubtful: set[bytes] = set()
        self.first_comment_end = 0
        self._depth = 0
        self._is_quoted = False
        self._is_broken = False

    def is_unbalanced(self) -> bool:
        return self._is_broken or self._is_quoted or self._depth != 0

    def take(self, found: re.Match[bytes]) -> None:
        """Take the next mark: a parenthesis, a quote, a backslash and what it quotes, or the word `by`."""
        mark = found.group()
        if mark in b"()":
            if not self._is_quoted:
                self._nest(1 if mark == b"(" else -1, found.end())
        elif mark == b'"':
            if not self._depth:
                self._is_quoted = not self._is_quoted
        elif mark[:1] == b"\\":
            # Outside of comments and quoted strings a backslash quotes nothing (RFC 5322 §3.2.1).
            if not self._depth and not self._is_quoted and mark[1:] in b'()"':
                self._is_broken = True
        elif not _USER_ID.match(self.value, found.end()):
            self._name(found.end())

    def _nest(self, step: int, end: int) -> None:
        self._depth += step
        if self._depth < 0:
            self._is_broken = True
        if not self._depth and not self.first_comment_end:
            self.first_comment_end = end

    def _name(self, start: int) -> None:
        host = _HOST.match(self.value, start)
        name = host.group(1).rstrip(b".").lower() if host else b""
        if not self._depth and not self._is_quoted:
            self.believed.add(name)
        elif b"." in name or b":" in name:
            self.doubtful.add(name)


def _is_note(value: bytes, first_comment_end: int) -> bool:
    if not value.startswith(b"(") or not first_comment_end:
        return False
    return value[first_comment_end:].lstrip()[:1] in {b"", b";"}


def _host(name: bytes) -> str:
    if _PLAIN_HOST.fullmatch(name):
        return name.strip(b"[]").decode("ascii")
    if len(name) > MAX_HOST or name.isascii():
        return ""
    try:
        return domain_in_a_labels(name.decode("utf-8"))
    except ValueError:
        return ""
