"""How bytes from outside are shown to a person: printable, short, and without terminal escapes."""

from typing import Final

_PLAIN: Final = frozenset(b" !\"#$%&'()*+,-./:;<=>?@[]^_`{|}~") | frozenset(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)
_SHOWN: Final = tuple(chr(octet) if octet in _PLAIN else f"\\x{octet:02x}" for octet in range(256))


def shown(raw: bytes, *, limit: int = 200) -> str:
    """Return the first `limit` octets of `raw` as printable ASCII; anything else is escaped."""
    return "".join(_SHOWN[octet] for octet in raw[:limit]) + ("…" if len(raw) > limit else "")
