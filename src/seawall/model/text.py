"""How bytes and text from outside are shown to a person: printable, short, and without terminal escapes."""

import re
from typing import Final

_PLAIN: Final = frozenset(b" !\"#$%&'()*+,-./:;<=>?@[]^_`{|}~") | frozenset(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)
_ALL_PLAIN: Final = re.compile(rb"[ -\[\]-~]*")
_SHOWN: Final = tuple(chr(octet) if octet in _PLAIN else f"\\x{octet:02x}" for octet in range(256))


def shown(raw: bytes, *, limit: int = 200) -> str:
    """Return the first `limit` octets of `raw` as printable ASCII; anything else is escaped."""
    if len(raw) <= limit and _ALL_PLAIN.fullmatch(raw):
        return raw.decode("ascii")
    return "".join(_SHOWN[octet] for octet in raw[:limit]) + ("…" if len(raw) > limit else "")


_SPACING: Final = re.compile(r"[\t\r\n]+")
# C0, DEL and C1 controls, what turns the writing direction, line separators, and lone surrogates.
_HOSTILE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


def clean(text: str) -> str:
    """Return text from outside as one line that a terminal only shows and never obeys."""
    return _HOSTILE.sub("\N{REPLACEMENT CHARACTER}", _SPACING.sub(" ", text))
