"""A header's Received fields → hops: each field in its clauses (RFC 5321 §4.4), and the way that they make together.

Owns what a clause is: a line is cut into words, quoted strings and comments, and each word or comment belongs to the
clause that it stands in; there are no patterns for whole lines, because no list of them is ever complete. Total: what
cannot be read is a defect. It judges nothing: what stands in a line is what its writer said, and a line below another may
be anybody's. Whose line can be trusted for an envelope is told elsewhere, and more strictly (facts/received.py).
"""

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from seawall.facts.client import Client, read_client
from seawall.facts.dates import moment, moment_within
from seawall.facts.product import read_product
from seawall.model.row import Hop

MAX_HOPS: Final = 256
MAX_TEXT: Final = 1024
"""Characters of a Received that are read; the longest real one that we know has 445 octets."""

NO_BY: Final = "no-by"
TWO_BY: Final = "two-by"
NO_DATE: Final = "no-date"
OPEN_COMMENT: Final = "open-comment"
TOO_LONG: Final = "too-long"

_SPACE: Final = b" \t\r\n"
_PLAIN = re.compile(r'[^()"\\]*(?:\([^()"\\]*\)[^()"\\]*)*')
_PIECE = re.compile(r'[()"]|(?:[^()"\\]+|\\.?)+', re.DOTALL)
"""A parenthesis, a quote, or what stands between; a backslash takes what it quotes with it (RFC 5322 §3.2.1)."""
_SPACES = re.compile(r"\s+")
_NOBODY: Final = Client("", "", "")
_CLAUSES: Final = {
    spelled: name
    for name in ("from", "by", "via", "with", "id", "for")
    for spelled in (name, name.upper(), name.title())
}
_ADDRESS = re.compile(r"[^\s<>;,]{1,64}@[^\s<>;,]{1,255}")


def read_hops(received: Sequence[bytes]) -> tuple[Hop, ...]:
    """Return the hops of a mail from its Received values, topmost first; the origin's hop comes first in the result.

    Of more than MAX_HOPS the topmost are read.
    """
    hops = []
    prefix = 0
    digest = b""
    for value in reversed(received[:MAX_HOPS]):
        digest = blake2b(digest + value.translate(None, _SPACE), digest_size=8).digest()
        parent, prefix = prefix, int.from_bytes(digest, "big", signed=True)
        hops.append(read_hop(value, prefix, parent))
    return tuple(hops)


def read_hop(value: bytes, prefix: int = 0, parent: int = 0) -> Hop:
    """Return one Received field in its clauses; `prefix` and `parent` name the way up to it and before it."""
    text = value[:MAX_TEXT].decode("utf-8", "replace")
    told, semicolon, stamp = text.rpartition(";")
    words, comments, is_open = _clauses(told if semicolon else text)
    by = words.get("by")
    at = moment(stamp.encode("utf-8", "replace")) if semicolon else None
    if at is None:
        at = moment_within(value[:MAX_TEXT])
    protocol = " ".join(words["with"]).lower() if "with" in words else ""
    queue_id = words["id"][0].strip("<>,") if words.get("id") else ""
    product, version = read_product(protocol, queue_id, comments)
    client = _NOBODY
    if "from" in words:
        client = read_client(tuple(words["from"]), tuple(comments.get("from", ())), product)
    defects: tuple[str, ...] = ()
    has_two = text.count(" by ") > 1 and any("by" in clause for clause in words.values())
    if at is None or not by or is_open or has_two or len(value) > MAX_TEXT:
        told_wrongly = (
            (NO_DATE, at is None),
            (NO_BY, not by and "from" in words),
            (TWO_BY, has_two),
            (OPEN_COMMENT, is_open),
            (TOO_LONG, len(value) > MAX_TEXT),
        )
        defects = tuple(name for name, is_so in told_wrongly if is_so)
    # In Hop's order: by name it takes twice as long, for every hop.
    return Hop(
        client.helo,
        client.rdns,
        client.address,
        host_name(by[0]) if by else "",
        protocol,
        queue_id,
        _recipient(words["for"][0]) if words.get("for") else "",
        at,
        product,
        version,
        defects,
        text,
        prefix,
        parent,
    )


def host_name(word: str) -> str:
    """Return a host as it is compared: without brackets, in lower case, without a dot at its end."""
    return word.strip("[]<>,;").rstrip(".").lower()


def _clauses(text: str) -> tuple[dict[str, list[str]], dict[str, list[str]], bool]:
    """Cut a field into clauses: the words of each, the comments in it, and whether a comment or a quoted string is open.

    A clause begins with its name, once, and where the one before it has its value; what stands before the first
    belongs to "".
    """
    if _PLAIN.fullmatch(text):
        pieces, is_open = text.replace(")", "(").split("("), False
    else:
        pieces, is_open = _pieces(text)
    words: dict[str, list[str]] = {"": []}
    comments: dict[str, list[str]] = {}
    clause = ""
    current = words[""]
    is_comment = False
    for piece in pieces:
        if is_comment:
            comments.setdefault(clause, []).append(piece)
        else:
            for word in piece.split():
                if (
                    word in _CLAUSES
                    and (name := _CLAUSES[word]) not in words
                    and (current or not clause or clause in comments)
                ):
                    clause = name
                    current = words[clause] = []
                else:
                    current.append(word)
        is_comment = not is_comment
    return words, comments, is_open


def _pieces(text: str) -> tuple[list[str], bool]:
    """Return what stands outside of comments and in them by turns, and whether a comment or a quoted string is open.

    A quoted string is one word: its spaces stand as "_". A comment within a comment stands without its parentheses.
    """
    pieces = [""]
    depth = 0
    is_quoted = False
    for piece in _PIECE.findall(text):
        if piece == '"' and not depth:
            is_quoted = not is_quoted
            pieces[-1] += piece
        elif is_quoted:
            pieces[-1] += _SPACES.sub("_", piece)
        elif piece in "()":
            depth = max(0, depth + (1 if piece == "(" else -1))
            if depth == len(pieces) % 2:
                # Outside there is an odd number of pieces, in a comment an even one.
                pieces.append("")
            else:
                pieces[-1] += " "
        else:
            pieces[-1] += piece
    return pieces, depth > 0 or is_quoted


def _recipient(word: str) -> str:
    found = _ADDRESS.search(word)
    return found.group().lower() if found else ""
