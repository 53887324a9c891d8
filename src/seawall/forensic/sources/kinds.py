"""What a file is, told by its first octets alone, never by its name."""

import re
from enum import Enum, auto
from typing import Final

from seawall.forensic.sources.from_line import begins_mbox
from seawall.forensic.sources.logs import looks_like_log


class Kind(Enum):
    """What a file can be."""

    MBOX = auto()
    MAIL = auto()
    LOG = auto()
    GZIP = auto()
    BZIP2 = auto()
    ZSTD = auto()
    ZIP = auto()
    TAR = auto()
    OUTLOOK = auto()
    PST = auto()
    FACTS = auto()
    ASIDE = auto()
    """Of a kind that lies beside mails: nothing, JSON, a list of digests, a mail program's index."""
    UNKNOWN = auto()


_MAGIC: Final = (
    (b"\x1f\x8b\x08", Kind.GZIP),  # RFC 1952 §2.3.1
    (b"BZh", Kind.BZIP2),
    (b"\x28\xb5\x2f\xfd", Kind.ZSTD),  # RFC 8878 §3.1.1
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.OUTLOOK),  # MS-CFB §2.2
    (b"!BDN", Kind.PST),  # MS-PST §2.2.2.6
    (b"PAR1", Kind.FACTS),
)
_TAR_MAGIC: Final = b"ustar"
_TAR_MAGIC_AT: Final = 257
_BOM: Final = b"\xef\xbb\xbf"

_FIRST_LINE = re.compile(rb"(?:[!-9;-~]{1,128}[ \t]*:|>?From )")
_MAIL_FIELD = re.compile(
    rb"^(?:received|return-path|delivered-to|message-id|from|to|cc|bcc|date|subject|sender|reply-to|mime-version"
    rb"|content-type|content-transfer-encoding|x-mailer|x-original-to|x-mozilla-status|dkim-signature|status)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_EMPTY_LINE = re.compile(rb"\n\r?\n|\r\r")
_BESIDE = re.compile(
    rb"\s*(?:[{\[]|[0-9a-f]{32,128} [ *]|// <!-- <mdb:mork|\Z)"
    rb"|<\?xml|<!DOCTYPE|SQLite format 3\0|#!|%PDF-|\x89PNG|GIF8|\xff\xd8\xff",
    re.IGNORECASE,
)


def kind_of(head: bytes) -> Kind:
    """Return what a file is that begins with `head`, its first bounds.PEEK octets or all of it."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[_TAR_MAGIC_AT:].startswith(_TAR_MAGIC):
        return Kind.TAR
    text = head.removeprefix(_BOM)
    if begins_mbox(text):
        return Kind.MBOX
    if looks_like_log(head):
        return Kind.LOG
    if looks_like_mail(text):
        return Kind.MAIL
    return Kind.ASIDE if _BESIDE.match(head) else Kind.UNKNOWN


def looks_like_mail(head: bytes) -> bool:
    """Return whether it begins as a mail does: with a field, and in its header at least one that mails have."""
    if not _FIRST_LINE.match(head):
        return False
    end = _EMPTY_LINE.search(head)
    return _MAIL_FIELD.search(head, 0, end.end() if end else len(head)) is not None
