"""What an account trusts of a mail's envelope, and who can receive: names, positions and a closed set.

Owns the rule that a field which a sender writes can never be named as an envelope (DESIGN §4), and
the comparison of addresses. Refuses to know what a mail says: it holds values and reads none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from seawall.model.address import Address, domain_in_a_labels

MAX_ISP_HOPS: Final = 16
"""Hops of an ISP that can be trusted: as many as are read."""
MAX_NAME: Final = 128
"""Octets of a field's name, as many as the header scanner reads."""
MAX_OCTETS: Final = 8 * 2**10
"""Octets of an occurrence's value that are kept; one that has as many is taken to be cut."""
MAX_OCCURRENCES: Final = 64
"""Occurrences of the envelope's field that are kept."""

_OF_THE_SENDER: Final = frozenset(
    (
        # RFC 5322 §3.6, RFC 6854, RFC 2076, RFC 5536: who wrote it, to whom it says it goes, what it is about.
        *("from", "sender", "reply-to", "to", "cc", "bcc", "date", "subject", "comments", "keywords"),
        *("message-id", "in-reply-to", "references", "mime-version", "apparently-to", "apparently-from"),
        *("errors-to", "return-receipt-to", "mail-followup-to", "mail-reply-to", "newsgroups", "followup-to"),
        *("posted-to", "original-from", "original-sender", "original-to", "original-cc", "encrypted"),
        *("x-to", "x-cc", "x-bcc", "x-from", "x-sender", "x-reply-to", "precedence", "auto-submitted"),
        *("importance", "priority", "sensitivity", "organization", "user-agent", "x-mailer", "thread-index"),
    )
)
_GROUPS_OF_THE_SENDER: Final = ("resent-", "list-", "content-", "disposition-notification-", "x-resent-")
_NO_ENVELOPES: Final = {
    # The `for` of a Received is written by fewer and fewer servers, only for a single recipient, and
    # a sender's own Received looks no different.
    "received": "Received is trace and no envelope: it names a recipient at times, and a sender can add more of it",
    "return-path": "Return-Path names the sender: a mail does not go to whom it came from",
}


@dataclass(frozen=True, slots=True)
class EnvelopeName:
    """The name of a header field that an account trusts to tell the envelope's recipient, in lower case.

    No instance names a field that a sender writes: creating one raises ValueError.
    """

    text: str

    def __post_init__(self) -> None:
        problem = _problem_of_name(self.text)
        if problem:
            raise ValueError(problem)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name (RFC 5322 §3.6.8, without case); raises ValueError with a plain sentence for any other."""
        return cls(text.strip(" \t").lower())

    def __str__(self) -> str:
        return "-".join(word.capitalize() for word in self.text.split("-"))


def _problem_of_name(text: str) -> str | None:
    if not 0 < len(text) <= MAX_NAME or any(not "!" <= character <= "~" for character in text):
        return f"{text[:MAX_NAME]!r} is not the name of a header field"
    if ":" in text:
        return f"{text!r} is not the name of a header field: write it without the colon"
    if text != text.lower():
        return f"{text!r} is not in lower case"
    if text in _OF_THE_SENDER or text.startswith(_GROUPS_OF_THE_SENDER):
        return (
            f"{text!r} is written by the sender and says nothing about who is to receive a mail: "
            "name the field that the server adds, such as X-Original-To, Envelope-To or Delivered-To"
        )
    return _NO_ENVELOPES.get(text)


KNOWN_NAMES: Final = tuple(
    map(
        EnvelopeName.parse,
        ("X-Original-To", "Envelope-To", "X-Envelope-To", "X-RCPT-To", "Delivered-To", "X-Apparently-To"),
    )
)
"""The envelope's fields that servers are known to write, the most telling first.

Delivered-To comes late: a server writes it for every step of its own forwarding (RFC 9228)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeField:
    """One occurrence of an account's envelope field: its raw value, unfolded, hostile and bounded.

    `received_above` counts the hops above it: the Received fields that name a server (facts/received.py).
    """

    value: bytes
    received_above: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Multidrop:
    """How an account tells who receives a mail (DESIGN §4).

    Trusted is `envelope` above the `isp_hops`-th hop from the top, where each of those hops is by a host
    of `isp`: domains in A-labels, each standing for itself and what is below it. `unknown` receives what is
    for no listed mailbox. `strip_prefix` is what the server puts before each local part (qmail's
    virtualdomains: `office-` where it writes `office-alice@example.org`). `box` is the POP3 box's own
    address, which tells nothing; None where its user is no address. Raises ValueError where nothing could
    ever be trusted.
    """

    envelope: EnvelopeName
    isp: tuple[str, ...]
    isp_hops: int
    unknown: Address
    strip_prefix: str = ""
    box: Address | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.isp_hops <= MAX_ISP_HOPS:
            raise ValueError(f"isp_hops is {self.isp_hops}: it must be from 1 to {MAX_ISP_HOPS}")
        if not self.isp:
            raise ValueError("isp is empty: without the ISP's domains no hop can be trusted")


def is_within(host: str, domains: Iterable[str]) -> bool:
    """Whether a host is one of the domains, or below one; all in A-labels and lower case."""
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailboxes:
    """The closed set of local mailboxes, and the addresses by which each is known.

    `everyone` is all that can receive. Made by `build`.
    """

    everyone: frozenset[Address]
    domains: frozenset[str]
    _exact: Mapping[Address, Address]
    _folded: Mapping[tuple[str, str], Address | None]

    @classmethod
    def build(cls, mailboxes: Mapping[Address, Iterable[Address]], domains: Iterable[str] = ()) -> Self:
        """Make the set from mailbox → its other addresses; raises ValueError where an address names two.

        `domains` are local beyond those of the addresses.
        """
        exact: dict[Address, Address] = {mailbox: mailbox for mailbox in mailboxes}
        for mailbox, aliases in mailboxes.items():
            for alias in aliases:
                if exact.setdefault(alias, mailbox) != mailbox:
                    raise ValueError(f"{alias} names two mailboxes: {exact[alias]} and {mailbox}")
        folded: dict[tuple[str, str], Address | None] = {}
        for address, mailbox in exact.items():
            # Two mailboxes that differ by case alone are told apart by case alone.
            if folded.setdefault(_folded(address), mailbox) != mailbox:
                folded[_folded(address)] = None
        local = frozenset(map(domain_in_a_labels, domains)) | {address.domain for address in exact}
        return cls(everyone=frozenset(mailboxes), domains=local, _exact=exact, _folded=folded)

    def find(self, address: Address) -> Address | None:
        """Return the mailbox that an address names, None where it is not listed.

        The address as written comes first, then without case, then without its `+tag` (RFC 5233).
        """
        if address in self._exact:
            return self._exact[address]
        local_part, domain = _folded(address)
        if (local_part, domain) in self._folded:
            return self._folded[local_part, domain]
        untagged, plus, _ = local_part.partition("+")
        return self._folded.get((untagged, domain)) if plus else None


def _folded(address: Address) -> tuple[str, str]:
    return address.local_part.casefold(), address.domain
