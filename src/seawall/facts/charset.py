"""A charset's name as a mail writes it → whether text in it is decoded, and by which codec.

Owns which codecs mail may choose: those for human writing. Python has others beside them, which warn, or take time that
grows with the square of the text, and it keeps every name that it ever looked for and didn't find.
"""

from encodings import normalize_encoding
from encodings.aliases import aliases
from functools import lru_cache
from typing import Final

_NOT_OF_MAIL: Final = frozenset(
    (
        "base64_codec",
        "bz2_codec",
        "hex_codec",
        "idna",
        "mbcs",
        "punycode",
        "quopri_codec",
        "raw_unicode_escape",
        "rot_13",
        "undefined",
        "unicode_escape",
        "unicode_internal",
        "uu_codec",
        "zlib_codec",
    )
)
_WITHOUT_ALIAS: Final = (
    "cp1006",
    "cp720",
    "cp737",
    "cp856",
    "cp874",
    "cp875",
    "koi8_r",
    "koi8_t",
    "koi8_u",
    "utf_8_sig",
)
_CODECS: Final = {
    name: codec
    for name, codec in (
        *aliases.items(),
        *((codec, codec) for codec in aliases.values()),
        *((codec, codec) for codec in _WITHOUT_ALIAS),
    )
    if codec not in _NOT_OF_MAIL
}


@lru_cache(maxsize=256)
def codec(charset: bytes) -> str | None:
    """Return the codec for a charset, None where mail is not decoded by it."""
    name = normalize_encoding(charset.decode("ascii", "replace")).lower()
    return _CODECS.get(name) or _CODECS.get(name.replace(".", "_"))
