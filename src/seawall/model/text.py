"""How bytes from outside are shown to a person: printable, short, and without terminal escapes."""

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
