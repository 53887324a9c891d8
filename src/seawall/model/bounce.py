"""A bounce: a report that a mail could not be delivered, and what it says of the mail that it is about (RFC 3464)."""

from dataclasses import dataclass, field
from enum import Enum


class BounceCause(Enum):
    """Why a mail could not be delivered, in the words that the digest uses."""

    MAILBOX_FULL = "mailbox full"
    USER_UNKNOWN = "user unknown"
    MAILBOX_DISABLED = "mailbox disabled"
    LOOP = "loop"
    POLICY = "refused by policy"
    TOO_LARGE = "too large"
    HOST_UNKNOWN = "host unknown"
    EXPIRED = "expired"
    SYSTEM = "system trouble"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """What a bounce says. Every text came out of a mail: it is hostile, shortened, and shown only escaped.

    `action` is RFC 3464's, lower case ("failed", "delayed", …), "failed" where a non-standard form tells
    of a failure; `status` an enhanced status code (RFC 3463) such as "5.2.2", "" where none is told.
    `recipients` are those who did not get it, `reporter` the server that says so, `words` its diagnostic.

    `original_*` are about the mail that bounced: its Message-ID, From and Subject as its returned
    header has them, "" where that is not there, and the hosts that wrote its Received fields, origin first.
    `returns_header` says whether any of its header was returned; `is_about_bounce` whether it was itself a
    bounce.
    """

    action: str
    status: str
    cause: BounceCause
    recipients: tuple[str, ...] = field(default=())
    reporter: str = ""
    words: str = ""
    original_message_id: str = ""
    original_from: str = ""
    original_subject: str = ""
    original_hosts: tuple[str, ...] = field(default=())
    returns_header: bool = False
    is_about_bounce: bool = False
