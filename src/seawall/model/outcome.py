"""What a next hop said about one mail for one recipient (RFC 5321 §4.2.1). `words` are its own, shown escaped."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Accepted:
    """It took responsibility for the mail."""

    words: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now (4yz): this recipient is tried again later, and no other."""

    words: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Never (5yz): the mail is set aside in Held for this recipient, with these words."""

    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The connection broke at this mail; `is_doubtful` where its end was sent, so that it may have been taken."""

    words: str
    is_doubtful: bool


Outcome = Accepted | Deferred | Refused | Lost
