"""What a command prints: data to stdout, talk to stderr.

Owns the streams and the harmlessness of what reaches a terminal. Refuses to know what is said.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, TextIO

from seawall.errors import SeawallError
from seawall.model.text import clean


class NobodyReads(Exception):
    """What reads our stdout has gone away, as `head` does: not a failure of anything."""


def say(text: str) -> None:
    """Print data for a person to stdout; each line is cleaned."""
    _write(_lines(text))


def talk(text: str) -> None:
    """Print what is not data to stderr; each line is cleaned. Where nobody can hear, nothing is said."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(_lines(text))
        sys.stderr.flush()
    except OSError:
        _to_nowhere(sys.stderr)


def octets(chunks: Iterable[bytes]) -> None:
    """Write bytes to stdout as they are, for another program."""
    if sys.stdout is None:
        raise SeawallError("stdout cannot be written: it is closed")
    sys.stdout.flush()
    for chunk in chunks:
        try:
            sys.stdout.buffer.write(chunk)
        except OSError as refused:
            _refused(refused)


def document(schema: str, content: Mapping[str, Any]) -> None:
    """Print one JSON document to stdout; `schema` is its name and version, such as "seawall.status/1"."""
    _write(json.dumps({"schema": schema, **content}, indent=2) + "\n")


def finish() -> None:
    """Flush stdout, so that a full disk or a closed pipe is noticed while it can still be told."""
    _write("", flush=True)


def _write(text: str, *, flush: bool = False) -> None:
    if sys.stdout is None:
        if text:
            raise SeawallError("stdout cannot be written: it is closed")
        return
    try:
        sys.stdout.write(text)
        if flush:
            sys.stdout.flush()
    except OSError as refused:
        _refused(refused)


def _refused(refused: OSError) -> NoReturn:
    _to_nowhere(sys.stdout)
    if isinstance(refused, BrokenPipeError):
        raise NobodyReads from None
    raise SeawallError(f"stdout cannot be written: {refused.strerror}") from None


def _to_nowhere(stream: TextIO) -> None:
    # The interpreter flushes both streams once more as it ends, and must find a place for that.
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _lines(text: str) -> str:
    return "".join(f"{clean(line)}\n" for line in text.split("\n"))
