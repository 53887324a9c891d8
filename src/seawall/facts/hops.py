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
from seawall.facts.dates import moment
from seawall.facts.product import read_product
from seawall.model.row import Hop

MAX_HOPS: Final = 256
MAX_TEXT: Final = 1024
"""Characters of a Received that are read; the longest real one that we know has 445 octets."""

NO_BY: Final = "no-by"
NO_DATE: Final = "no-date"
OPEN_COMMENT: Final = "open-comment"
TOO_LONG: Final = "too-long"

_SPACE: Final = b" \t\r\n"
_TOKEN = re.compile(r'[()]|"[^"]*"?|[^\s()"]+')
_NOBODY: Final = Client("", "", "")
_CLAUSES: Final = frozenset(("from", "by", "via", "with", "id", "for"))
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
    defects = []
    named = words.get("from")
    client = _NOBODY if named is None else read_client(named, comments.get("from", ()))
    by = words.get("by")
    at = moment(stamp.encode("utf-8", "replace")) if semicolon else None
    if at is None:
        defects.append(NO_DATE)
    if not by and named is not None:
        defects.append(NO_BY)
    if is_open:
        defects.append(OPEN_COMMENT)
    if len(value) > MAX_TEXT:
        defects.append(TOO_LONG)
    protocol = " ".join(words.get("with", ())).lower()
    queue_id = words["id"][0].strip("<>,") if words.get("id") else ""
    product, version = read_product(protocol, queue_id, comments)
    return Hop(
        helo=client.helo,
        rdns=client.rdns,
        from_ip=client.address,
        by=host_name(by[0]) if by else "",
        protocol=protocol,
        queue_id=queue_id,
        recipient=_recipient(words.get("for", ())),
        at=at,
        product=product,
        version=version,
        defects=tuple(defects),
        text=text,
        prefix_id=prefix,
        parent_id=parent,
    )


def host_name(word: str) -> str:
    """Return a host as it is compared: without brackets, in lower case, without a dot at its end."""
    return word.strip("[]<>,;").rstrip(".").lower()


def _clauses(text: str) -> tuple[dict[str, list[str]], dict[str, list[list[str]]], bool]:
    """Cut a field into clauses: the words of each, the words of each comment in it, and whether a comment is left open.

    A clause begins with its name, once, and where the one before it has its value; what stands before the first belongs to "".
    """
    words: dict[str, list[str]] = {"": []}
    comments: dict[str, list[list[str]]] = {}
    clause = ""
    current = words[""]
    depth = 0
    comment: list[str] = []
    for token in _TOKEN.findall(text):
        if token == "(":
            depth += 1
            if depth == 1:
                comment = []
                comments.setdefault(clause, []).append(comment)
        elif token == ")":
            depth -= depth > 0
        elif depth:
            comment.append(token)
        elif (
            (current or not clause or clause in comments)
            and (name := token.lower()) in _CLAUSES
            and name not in words
        ):
            clause = name
            current = words[clause] = []
        else:
            current.append(token)
    return words, comments, depth > 0


def _recipient(words: Sequence[str]) -> str:
    found = _ADDRESS.search(words[0]) if words else None
    return found.group().lower() if found else ""
