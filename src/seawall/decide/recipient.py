"""Who receives a mail: from the account, and in multidrop from the envelope that the ISP wrote (DESIGN §4). Pure.

Owns what of an envelope is trusted, and what is ambiguous. Every answer is a member of a closed set: the
single mailbox's address, or the listed mailboxes and the account's `unknown`. No To, Cc, Bcc or Resent
field can be reached from here: MessageFacts has none, and the scanner cannot be imported (promise 1).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from seawall.facts.addressees import MAX_ENTRIES, read_addressees
from seawall.model.address import Address
from seawall.model.envelope import (
    MAX_OCCURRENCES,
    MAX_OCTETS,
    EnvelopeField,
    Mailboxes,
    Multidrop,
    is_within,
)
from seawall.model.facts import MessageFacts
from seawall.model.text import shown
from seawall.model.verdict import Hold, Reason

MAX_TRUSTED: Final = 4 * MAX_OCTETS
"""Octets of trusted values that are read, of all occurrences together."""
MAX_EVIDENCE: Final = 16
"""Values that are shown with a mail that is held."""


def recipients(
    facts: MessageFacts, to: Address | Multidrop, mailboxes: Mailboxes
) -> tuple[Address, ...] | Hold:
    """Return the local mailboxes that receive a mail, at least one, each once; or why nobody does yet.

    A single mailbox's address receives whatever a mail says. In multidrop:

    1. *Border.* The topmost `isp_hops` hops must all be there, each by a host of `isp`; else nothing is
       trusted: `no-envelope`.
    2. *Trusted* are the occurrences of the account's field with fewer than `isp_hops` hops above them.
    3. Each value is read as a list. `strip_prefix` is taken off the local part first, where it is there;
       then the box's own address is dropped, under any case and `+tag`. Where that is a listed address
       itself, only an occurrence that names nobody else is dropped. An entry that cannot be read and has
       no @ names nobody. An occurrence that now names nobody is dropped.
    4. A listed address, or alias, stands for its mailbox; any other, and an entry with an @ that cannot be
       read, stands for `unknown`. It is *foreign* where its domain is none of `mailboxes`, else *local*; an
       entry that cannot be read is not known to be foreign.
    5. None remains: the box's own mailbox receives, where it was named and is listed; else `no-envelope`.
       One: all its addresses receive, foreign ones by way of `unknown`. Several: those that name a local
       address must all stand for one and the same set of mailboxes, which receives; else it is
       `ambiguous-envelope`. The foreign addresses beside them are steps of the ISP's own forwarding and
       count for nothing; where there are no others, `unknown` receives.
    6. Values, or a number of them or of their entries, beyond what is read could hide a recipient:
       `ambiguous-envelope`.

    A mail that is held waits for `unknown`.
    """
    if isinstance(to, Address):
        return (to,)
    problem = _problem_of_border(facts.by_hosts, to)
    trusted = tuple(found for found in facts.envelope if found.received_above < to.isp_hops)
    if not problem and not trusted:
        problem = f"it has no {to.envelope} above hop {to.isp_hops}, where {to.isp[0]} would have put it"
    if problem:
        return _held(to, Reason.NO_ENVELOPE, problem, _hops(facts.by_hosts, to))
    values = tuple(f"{to.envelope}: {shown(found.value)}" for found in trusted[:MAX_EVIDENCE])
    is_too_much = len(trusted) >= MAX_OCCURRENCES or sum(len(found.value) for found in trusted) > MAX_TRUSTED
    named = [] if is_too_much else [_named(found, to, mailboxes) for found in trusted]
    if is_too_much or any(one.is_cut for one in named):
        sentence = (
            f"its {to.envelope} holds more than is read: "
            f"{MAX_ENTRIES:,} addresses or {MAX_OCTETS:,} octets a field, {MAX_TRUSTED:,} octets in all"
        )
        return _held(to, Reason.AMBIGUOUS_ENVELOPE, sentence, values)
    remaining = [one for one in named if one.everybody]
    if not remaining:
        own = mailboxes.find(to.box) if to.box is not None and any(one.is_for_box for one in named) else None
        sentence = f"its {to.envelope} names nobody beside the box itself"
        return (own,) if own is not None else _held(to, Reason.NO_ENVELOPE, sentence, values)
    agreed = _agreed(remaining, to.unknown)
    if agreed is None:
        sentence = f"its {to.envelope} fields name different mailboxes, and only one can be the envelope"
        return _held(to, Reason.AMBIGUOUS_ENVELOPE, sentence, values)
    return agreed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """Whom one occurrence stands for: all, those by a local address, each once and in order."""

    everybody: tuple[Address, ...]
    local: tuple[Address, ...]
    is_for_box: bool
    is_cut: bool


def _agreed(remaining: Sequence[_Named], unknown: Address) -> tuple[Address, ...] | None:
    """Return the recipients on which the occurrences agree (rule 5), None where they do not."""
    if len(remaining) == 1:
        return remaining[0].everybody
    local = [one.local for one in remaining if one.local]
    if any(set(one) != set(local[0]) for one in local):
        return None
    return local[0] if local else (unknown,)


def _named(found: EnvelopeField, to: Multidrop, mailboxes: Mailboxes) -> _Named:
    read = read_addressees(found.value)
    everybody: list[Address] = []
    local: list[Address] = []
    others = False
    is_for_box = False
    for written in read.addresses:
        address = written.without_prefix(to.strip_prefix)
        mailbox = mailboxes.find(address)
        if to.box is not None and (address.is_alike(to.box) or written.is_alike(to.box)):
            is_for_box = True
            if mailbox is None:
                continue
        else:
            others = True
        everybody.append(mailbox or to.unknown)
        if mailbox is not None or address.domain in mailboxes.domains:
            local.append(mailbox or to.unknown)
    unreadable = [to.unknown for entry in read.unreadable if b"@" in entry]
    names_box_alone = is_for_box and not others and not unreadable
    return _Named(
        everybody=() if names_box_alone else _each_once(everybody + unreadable),
        local=() if names_box_alone else _each_once(local + unreadable),
        is_for_box=is_for_box,
        is_cut=read.is_cut or len(found.value) >= MAX_OCTETS,
    )


def _each_once(addresses: Iterable[Address]) -> tuple[Address, ...]:
    return tuple(dict.fromkeys(addresses))


def _problem_of_border(by_hosts: tuple[str, ...], to: Multidrop) -> str | None:
    """Return which of the ISP's hops is not there, None where all are."""
    for place in range(to.isp_hops):
        hop = f"hop {place + 1} of the {to.isp_hops} that are {to.isp[0]}'s"
        if place >= len(by_hosts):
            return f"{hop} is missing: it passed {len(by_hosts)}"
        if not by_hosts[place]:
            return f"{hop} does not tell for sure which server wrote it"
        if not is_within(by_hosts[place], to.isp):
            return f"{hop} was written by {_host(by_hosts[place])}"
    return None


def _hops(by_hosts: tuple[str, ...], to: Multidrop) -> tuple[str, ...]:
    return tuple(
        f"hop {place}: by {_host(host)}" for place, host in enumerate(by_hosts[: to.isp_hops], start=1)
    )


def _host(host: str) -> str:
    return shown(host.encode("utf-8"), limit=80) if host else "no host that could be told"


def _held(to: Multidrop, reason: Reason, sentence: str, evidence: tuple[str, ...]) -> Hold:
    return Hold(recipients=(to.unknown,), reason=reason, sentence=sentence, evidence=evidence)
