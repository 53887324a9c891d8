"""A Received field's comments → the program that wrote it, and its version, as far as it says so.

Owns how programs sign: a name and a number in the comment behind `by` or `with`; Sendmail's bare numbers; Microsoft's
name behind `with` and its build as the id.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

_SENDMAIL = re.compile(r"(\d+\.\d+(?:\.\d+)*[\w+-]*)(?:/.*)?")
_SIGNED = re.compile(
    r"([A-Za-z][A-Za-z .+_()-]*?)[ ./_-]*(?:Version |Release |V\.?)?v?(\d+(?:\.[\w-]+)+[\w.]*)", re.IGNORECASE
)
_VERSION = re.compile(r"\d+(?:\.\d+){2,4}")
_MICROSOFT: Final = ("microsoft smtp server", "mapi", "microsoft smtpsvc")
_NAMES: Final = (
    ("postfix", "Postfix"),
    ("ppsreinject", "Proofpoint"),
    ("pps", "Proofpoint"),
    ("google transport security", "Gmail"),
)


def read_product(
    protocol: str, queue_id: str, comments: Mapping[str, Sequence[Sequence[str]]]
) -> tuple[str, str]:
    """Return product and version, "" where not told.

    `protocol` is what stands behind `with`, in lower case; `comments` are the words of each comment by its clause.
    """
    if protocol.startswith(_MICROSOFT):
        name = "Microsoft Exchange" if not protocol.startswith("microsoft smtpsvc") else "Microsoft SMTPSVC"
        if _VERSION.fullmatch(queue_id):
            return name, queue_id
        for comment in comments.get("with", ()):
            if len(comment) == 1 and _VERSION.fullmatch(comment[0]):
                return name, comment[0]
        if protocol.startswith("microsoft"):
            return name, ""
    for clause in ("by", "with", "id", "via", ""):
        for comment in comments.get(clause, ()):
            signed = _signature(" ".join(comment)) if comment else None
            if signed:
                return signed
    return "", ""


@lru_cache(maxsize=4096)
def _signature(text: str) -> tuple[str, str] | None:
    """Return what a comment signs with; None where it is no signature."""
    if found := _SENDMAIL.fullmatch(text):
        # Sendmail writes its own version and that of its configuration, and an IP address is neither.
        return None if _is_address(text) else ("Sendmail", found.group(1))
    lower = text.lower()
    for begins, name in _NAMES:
        if lower.startswith(begins):
            return name, ""
    if lower.startswith(("using ", "tls", "version=", "helo", "ehlo", "envelope-", "no client", "qmail ")):
        return ("qmail", "") if lower.startswith("qmail ") else None
    found = _SIGNED.match(text)
    return (found.group(1).strip(" -.("), found.group(2)) if found else None


def _is_address(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdigit() and len(part) <= 3 for part in parts)  # noqa: PLR2004 -- IPv4
