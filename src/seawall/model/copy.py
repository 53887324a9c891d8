"""A stored copy: one mail in one POP3 box, as the ledger remembers it (DESIGN §3)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCopy:
    """A mail of an account that needs no fetching: it was delivered or held here, or adopted as seen.

    `octets` is the size as listed, `header_digest` None where an adopted mail's header could not
    be read. `settled_at` (Unix seconds) is when it became durable here, None where it never came
    here (adopted): such a mail is never erased. `is_listed` is whether it was there at the last
    poll, `is_erased` whether the server said that it erased it.
    """

    copy_id: int
    uidl: bytes | None
    octets: int | None
    header_digest: bytes | None
    settled_at: float | None
    is_listed: bool = True
    is_erased: bool = False
