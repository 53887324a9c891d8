"""A Received field's comments → the program that wrote it, and its version, as far as it says so.

Owns how programs sign: a name and a number in the comment behind `by` or `with`; Sendmail's bare numbers; Microsoft's
name behind `with` and its build as the id.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

MAX_SIGNATURE: Final = 256
"""Characters of a comment in which a signature is looked for."""

_SENDMAIL = re.compile(r"(8\.[0-9][\w.+-]*|[0-9]\.[0-9][\w.+-]*(?=/[0-9]))(?:/.*)?", re.ASCII)
"""Its own version and, mostly, that of its configuration; others write bare numbers too, but not in pairs."""
_NUMBERED = re.compile(r"(?<![0-9])[0-9]+\.[\w-][\w.-]*", re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z .+_/-]*")
_WORD_BEFORE = re.compile(r"(?:(?<![A-Za-z])(?:Version|Release)|V)$", re.IGNORECASE)
_VERSION = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,5}){2,4}")
_MICROSOFT: Final = ("microsoft smtp", "mapi", "internet mail service")
_MICROSOFT_NAMES: Final = (
    ("microsoft smtpsvc", "Microsoft SMTPSVC"),
    ("internet mail service", "Microsoft Exchange Internet Mail Service"),
    ("", "Microsoft Exchange"),
)
_NAMES: Final = (
    ("postfix", "Postfix"),
    ("ppsreinject", "Proofpoint"),
    ("pps", "Proofpoint"),
    ("google transport security", "Gmail"),
)


def read_product(protocol: str, queue_id: str, comments: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    """Return product and version, "" where not told.

    `protocol` is what stands behind `with`, in lower case; `comments` are the texts of the comments by their clause.
    """
    if protocol.startswith(_MICROSOFT):
        name = next(name for begins, name in _MICROSOFT_NAMES if protocol.startswith(begins))
        if _VERSION.fullmatch(queue_id):
            return name, queue_id
        for comment in comments.get("with", ()):
            if _VERSION.fullmatch(comment.strip()):
                return name, comment.strip()
        if not protocol.startswith("mapi"):
            return name, ""
    for clause in ("by", "with", "id", "via", ""):
        for comment in comments.get(clause, ()):
            signed = _signature(comment[:MAX_SIGNATURE].strip())
            if signed:
                return signed
    return "", ""


@lru_cache(maxsize=4096)
def _signature(text: str) -> tuple[str, str] | None:
    """Return what a comment signs with; None where it is no signature."""
    if found := _SENDMAIL.fullmatch(text):
        return "Sendmail", found.group(1)
    lower = text.lower()
    for begins, name in _NAMES:
        if lower.startswith(begins):
            return name, ""
    if lower.startswith(("using ", "tls", "version=", "helo", "ehlo", "envelope-", "no client", "qmail ")):
        return ("qmail", "") if lower.startswith("qmail ") else None
    found = _NUMBERED.search(text)
    if not found:
        return None
    before = text[: found.start()].rstrip(" ./_-")
    name = _WORD_BEFORE.sub("", before).rstrip(" ./_-")
    return (name, found.group().rstrip(".")) if _NAME.fullmatch(name) else None
