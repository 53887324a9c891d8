"""What the ledger is told and what it tells, as values."""

from collections.abc import Mapping
from dataclasses import dataclass

from seawall.model.copy import KnownCopy
from seawall.model.knowledge import Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRecord:
    """An account as the ledger knows it; moments are Unix seconds, None where it never was so.

    `broken_at` is when its breaker opened, `broken_for` why; only a person closes it.
    `has_open_deliveries` says that something is still to be delivered: it waits, or a process ended meanwhile.
    """

    account_id: int
    name: str
    first_polled_at: float | None
    polled_at: float | None
    succeeded_at: float | None
    next_poll_at: float | None
    failures: int
    problem: str
    stopped_for: str | None
    delivered: int
    has_open_deliveries: bool
    broken_at: float | None = None
    broken_for: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldNote:
    """Why a mail is set aside, and what a person sees of it before looking inside.

    `body` is the digest by which its body is kept, None where its file is whole; `kept_octets` is what
    it takes on the disk: the body's octets count for the first that needs it. `storm` is the key of the
    storm that it belongs to, None where it belongs to none.
    """

    account: str
    recipient: str
    reason: str
    sentence: str
    evidence: tuple[str, ...]
    message_id: str
    sender: str
    subject: str
    octets: int
    reverse_path: str | None
    server: str
    body: bytes | None = None
    kept_octets: int = 0
    storm: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """A delivery that is intended: one mail for one recipient into one directory under one base name.

    Both are empty where a next hop takes it; `held` where it is set aside; `doubts` are those of an
    earlier try by another way. `claim` is what it gives its recipient, None where it gives nothing that
    could come twice.
    """

    delivery_id: str
    recipient: str
    directory: str
    base_name: str
    held: HeldNote | None = None
    doubts: int = 0
    claim: Claim | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A stored copy that was retrieved and what is to be done with it.

    `copy_id` where it was retrieved before and some recipient is still to get it: then `goes_on`
    names the deliveries that were begun then and still hold, and the others are forgotten.
    """

    uidl: bytes | None
    octets: int | None
    header_digest: bytes
    deliveries: tuple[NewDelivery, ...]
    copy_id: int | None = None
    goes_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A delivery of a copy that is not settled.

    It is done; or it waits to be tried again, without a directory; or a crash left it in a directory
    that could not be settled since. `doubts` counts how often an answer to it was lost; `seen_id` and `resend`
    are what it claimed.
    """

    delivery_id: str
    recipient: str
    directory: str
    base_name: str
    is_delivered: bool
    doubts: int
    seen_id: int | None = None
    resend: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCopy:
    """A stored copy that some recipient is still to get."""

    copy_id: int
    uidl: bytes | None
    header_digest: bytes
    changed_at: float
    begun: tuple[Begun, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOpen:
    """What a process left when it ended: deliveries to files, and those by a next hop that are in doubt, by id."""

    to_files: tuple["OpenDelivery", ...]
    in_doubt: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDelivery:
    """A delivery to a file that was under way when its process ended."""

    delivery_id: str
    directory: str
    base_name: str
    staged_at: float | None
    is_offered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCopy:
    """A mail that is marked as seen without being fetched."""

    uidl: bytes | None
    octets: int | None
    header_digest: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a listing changed in what is known: copies gone, copies back, copies under another UIDL or size."""

    gone: tuple[int, ...] = ()
    back: tuple[int, ...] = ()
    renamed: tuple[tuple[int, bytes | None, int | None], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A mail that could not be brought: how often it was tried, and when it is tried again.

    `is_deferred` where it came, and a recipient could not get it yet: such a mail breaks no session.
    """

    key: bytes
    octets: int | None
    failures: int
    why: str
    first_at: float
    retry_at: float
    is_alarmed: bool
    is_deferred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What is remembered of a box, asked at once when it is looked into.

    The copies that need no fetching and those that some recipient is still to get, each in the order
    in which they were learnt; the mails that could not be brought, by key.
    """

    known: tuple[KnownCopy, ...]
    open: tuple[OpenCopy, ...]
    troubles: Mapping[bytes, Trouble]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRecord:
    """A mail in Held."""

    held_id: int
    note: HeldNote
    held_at: float
    status: str
    directory: str
    base_name: str
    release_id: str | None = None
    storm_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldStorm:
    """A storm, and its copies in Held: how many, for which reasons, when the first and the last was set aside."""

    storm_id: int
    sender: str
    subject: str
    sentence: str
    is_open: bool
    copies: int
    reasons: tuple[str, ...]
    first_at: float
    last_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A storm whose breaker has just been opened."""

    storm_id: int
    kind: str
    sender: str
    subject: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Intended:
    """A batch that is intended: its copies' ids, the storms whose breaker it opened, and whether it stopped its account."""

    copy_ids: tuple[int, ...]
    opened: tuple[Opened, ...]
    is_broken: bool


class OutdatedError(Exception):
    """Something that a batch was judged without came to be known before it could be intended: it is judged again."""
