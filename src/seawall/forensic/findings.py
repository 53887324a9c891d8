"""Copies of one mail → what each copy shows: who made it anew, who sent it again, who handed it on. Pure.

Owns which copies need an explanation, and whose doing each is. In each mailbox the first copy that came by a way needs none.
Of the others,
- one whose believed way begins at somebody who is not its sender was MADE there;
- one that came by a way which is known already, with hops in common, was SENT AGAIN by the last server that both have in
  common; where that is the reader's own side it was FETCHED AGAIN, or MULTIPLIED where it is another's mail;
- one that a server's log shows was SENT AGAIN where the same client had handed it in for the same recipient before;
- one whose way is longer than another's in between was HANDED ON by whom it names among its recipients and who is neither
  the sender's nor the reader's.
A mail that says something else is no copy, though a program gave it the same Message-ID.
Whether that makes anybody a suspect is weighed elsewhere.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from seawall.forensic.copies import Copy
from seawall.forensic.domains import organisation

FIRSTS: Final = 2
"""Mailboxes in which somebody's copy is the first."""
BEGINNINGS: Final = 2
"""How often one mail may be taken in at its origin."""
SAME_SIZE: Final = 512
"""Octets by which one mail's size differs as it is handed in again: by what servers write above it."""
RECIPIENTS: Final = 100
"""Recipients of a logged mail by which it is known whether they had it before."""
ENOUGH_SENT: Final = 4
"""Copies to one mailbox by which a server is known to send again."""


class Deed(Enum):
    """What somebody did to a copy."""

    MADE = "made"
    SENT_AGAIN = "sent again"
    FETCHED_AGAIN = "fetched again"
    MULTIPLIED = "multiplied"
    HANDED_ON = "handed on"
    SUBMITTED_AGAIN = "submitted again"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one copy shows: its place among the copies, the deed, who did it, and the copy it is compared with."""

    copy: int
    deed: Deed
    domains: tuple[str, ...]
    other: int | None = None
    shared_hops: int = 0


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is known of one family: its copies, each mailbox's in the order in which they came, and what they show.

    `origins` are the organisations at which the mail may honestly begin; `lists` those of lists that sent it;
    `addressed` those that the mail names as recipients' anywhere.
    """

    copies: tuple[Copy, ...]
    boxes: dict[str, tuple[int, ...]]
    origins: frozenset[str]
    lists: frozenset[str]
    addressed: frozenset[str]
    findings: tuple[Finding, ...]

    @property
    def sender(self) -> str:
        """The organisation of the address in From."""
        return Counter(organisation(copy.sender_domain) for copy in self.copies).most_common(1)[0][0]


def read_scene(copies: Sequence[Copy]) -> Scene:
    """Return what the copies of one mail show."""
    boxes: dict[str, list[int]] = defaultdict(list)
    for number in sorted(range(len(copies)), key=lambda number: (copies[number].arrived or 0.0, number)):
        boxes[copies[number].box].append(number)
    lists = frozenset(name for copy in copies for name in lists_of(copy)) - {""}
    addressed = frozenset(name for copy in copies for name in _addressed(copy))
    origins = lists | _origins(copies, addressed) | _first_makers(copies, boxes.values())
    findings = _resolved(
        [
            finding
            for numbers in boxes.values()
            for finding in (
                *_in_box(
                    copies, [one for one in numbers if not copies[one].is_logged], origins, addressed, lists
                ),
                *_in_log(copies, [one for one in numbers if copies[one].is_logged]),
            )
        ],
        copies,
    )
    return Scene(
        copies=tuple(copies),
        boxes={box: tuple(numbers) for box, numbers in boxes.items()},
        origins=origins,
        lists=lists,
        addressed=addressed,
        findings=findings,
    )


def lists_of(copy: Copy) -> Iterable[str]:
    """Return the organisations of the lists that a copy says it came by."""
    if copy.list_id:
        yield organisation(copy.list_id.rstrip("> ").rpartition("<")[2])
    for position in copy.list_positions:
        if position.startswith("list-post:"):
            yield organisation(position.rpartition("@")[2].rstrip("> "))
    local, _, domain = (copy.return_path or "").rpartition("@")
    if local.endswith(("-bounces", "-bounce", "-owner", "-request", "-admin")) or local.startswith(
        ("owner-", "bounce-")
    ):
        yield organisation(domain)


def _addressed(copy: Copy) -> Iterable[str]:
    addresses = (
        *copy.recipients,
        *(found.address for found in copy.delivered_to),
        *copy.envelope_to,
        *(hop.recipient for hop in copy.hops if hop.recipient),
    )
    return {organisation(address.rpartition("@")[2]) for address in addresses} - {""}


def _origins(copies: Sequence[Copy], addressed: frozenset[str]) -> frozenset[str]:
    """Return where the mail honestly begins: at its sender's organisation, or, where no copy does, where the first one does.

    A sender whose mail a provider sends out begins at the provider: once, and mostly at one that the mail is not addressed to.
    """
    sender = organisation(copies[0].sender_domain)
    if any(copy.maker == sender for copy in copies if sender):
        return frozenset((sender,))
    honest = {sender} - {""}
    for copy in sorted(copies, key=lambda copy: copy.arrived or 0.0):
        maker = copy.maker
        if not maker or copy.has_signs or copy.reader.cuts:
            continue
        begun = {
            one.hops[one.way.steps[one.way.believed].start].prefix_id
            for one in copies
            if one.maker == maker and one.hops
        }
        if maker not in addressed or len(begun) <= BEGINNINGS:
            honest.add(maker)
            break
    return frozenset(honest)


def _in_box(
    copies: Sequence[Copy],
    numbers: Sequence[int],
    origins: frozenset[str],
    addressed: frozenset[str],
    lists: frozenset[str],
) -> Iterable[Finding]:
    """Yield what the copies in one mailbox show, in the order in which they came."""
    known: dict[tuple[tuple[str, ...], str], int] = {}
    ways: dict[tuple[str, ...], int] = {}
    for number in numbers:
        copy = copies[number]
        finding = _made(copy, number, origins, addressed)
        if finding is not None:
            yield finding
            continue
        way = copy.way.domains
        handed_on = _between(copy, copy.way.believed + 1, origins, addressed)
        if way in ways and not (handed_on and not _shared_hops(copy, copies[ways[way]])):
            if _is_another_mail(copy, copies[ways[way]]):
                continue
            other = known.setdefault((way, copy.recipient), ways[way] if not copy.recipient else number)
            yield (
                _for_another(copies, number, ways[way])
                if other == number
                else _again(copies, number, other, lists)
            )
            continue
        ways[way] = known[way, copy.recipient] = number
        if handed_on:
            yield Finding(number, Deed.HANDED_ON, handed_on)


def _in_log(copies: Sequence[Copy], numbers: Sequence[int]) -> Iterable[Finding]:
    """Yield what the entries of a server's log show: which mails a client had handed in for the same recipient before.

    A list may hand its mail in once for each member, and a server that of several lists, each with its own
    reverse-path; and some programs give all their mails one Message-ID, which then differ in size.
    """
    first: dict[tuple[str, str | None, str], int] = {}
    for number in numbers:
        copy = copies[number]
        client = copy.maker or copy.hops[0].from_ip
        before = [
            other
            for recipient in copy.recipients[:RECIPIENTS]
            if (other := first.setdefault((client, copy.return_path, recipient), number)) != number
            and abs(copies[other].size - copy.size) <= SAME_SIZE
        ]
        if before:
            yield Finding(number, Deed.SENT_AGAIN, (copy.maker,) if copy.maker else (), before[0])


def _made(copy: Copy, number: int, origins: frozenset[str], addressed: frozenset[str]) -> Finding | None:
    """Return who made a copy anew, or may have, None where nobody but its sender did."""
    maker = copy.way.maker if copy.has_signs else copy.maker
    if not maker or maker in origins:
        return None
    if copy.has_signs:
        return Finding(number, Deed.MADE, (maker,))
    if copy.reader.cuts:
        # Who hands it over is all that can be seen: he may have made it, or passed it on.
        return Finding(number, Deed.HANDED_ON, (maker,) if maker in addressed else ())
    steps = copy.way.steps
    lowest = copy.way.believed
    if maker not in addressed and steps[lowest].start == steps[lowest].stop:
        # A client that left no line of its own, as no mail server does: who took the mail from there removed the lines
        # below, and what he did besides does not show.
        above = _between(copy, lowest + 1, origins, addressed)
        if above and above[0] == steps[lowest + 1].domain:
            return Finding(number, Deed.HANDED_ON, above)
    return Finding(number, Deed.MADE, (maker,))


def _first_makers(copies: Sequence[Copy], boxes: Iterable[Sequence[int]]) -> frozenset[str]:
    """Return who made the first copies in most mailboxes: the mail came before what was made of it."""
    firsts = [copies[numbers[0]] for numbers in boxes]
    makers = Counter(
        copy.maker for copy in firsts if copy.maker and not copy.has_signs and not copy.reader.cuts
    )
    return frozenset(maker for maker, count in makers.items() if count >= FIRSTS and 2 * count > len(firsts))


def _between(copy: Copy, start: int, origins: frozenset[str], addressed: frozenset[str]) -> tuple[str, ...]:
    """Return who had a copy between the stretch at `start` and the reader's side, and is among those whom it names."""
    steps = copy.way.steps[start : len(copy.way.steps) - copy.reader.steps]
    return tuple(dict.fromkeys(step.domain for step in steps if step.domain in addressed - origins))


def _for_another(copies: Sequence[Copy], number: int, other: int) -> Finding:
    """Return what a copy shows that came by the same way as another one in its mailbox, for another recipient."""
    copy, first = copies[number], copies[other]
    shared = _shared_hops(copy, first)
    reader = _reader(copy)
    if shared and reader and copy.reader.owner and copy.reader.owner != copy.recipient:
        return Finding(number, Deed.MULTIPLIED, (reader,), other, shared)
    return Finding(number, Deed.UNKNOWN, (), other, shared)


def _is_another_mail(copy: Copy, first: Copy) -> bool:
    """Whether no server can have made one of the other: they say different things, and their lines are all different or all the same.

    The first is a program that gives one Message-ID to many mails, against RFC 5322 §3.6.4, as a script did to 19 on
    alsa-devel on 8 September 2019; the second is a mail that a person edited where it lay.
    """
    if copy.content_id is None or first.content_id is None or copy.content_id == first.content_id:
        return False
    return _shared_hops(copy, first) in {0, max(len(copy.hops), len(first.hops))}


def _again(copies: Sequence[Copy], number: int, other: int, lists: frozenset[str]) -> Finding:
    """Return what a copy shows that came by the same way as another one in its mailbox."""
    copy, first = copies[number], copies[other]
    shared = _shared_hops(copy, first)
    reader = _reader(copy)
    if not shared and copy.reader.cuts and copy.maker not in lists and copy.message_id == first.message_id:
        return Finding(number, Deed.SENT_AGAIN, (copy.maker,), other)
    if not shared or not copy.way.steps:
        deed = Deed.SUBMITTED_AGAIN if copy.maker else Deed.UNKNOWN
        return Finding(number, deed, (copy.maker,) if copy.maker else (), other)
    steps = copy.way.steps
    at = max(
        (place for place, step in enumerate(steps) if step.stop > step.start and step.start < shared),
        default=0,
    )
    who = steps[at].domain
    if at >= len(steps) - copy.reader.steps:
        # It came to the reader's side once. What multiplied it there is the reader's own, or his provider's.
        return Finding(number, Deed.FETCHED_AGAIN, (reader, who), other, shared)
    return Finding(number, Deed.SENT_AGAIN, (who,) if who else (), other, shared)


def _reader(copy: Copy) -> str:
    """Return the organisation of the mailbox that a copy came to, as its own servers name it."""
    return organisation(copy.recipient.rpartition("@")[2]) or copy.reader.domain


def _resolved(findings: Sequence[Finding], copies: Sequence[Copy]) -> tuple[Finding, ...]:
    """Settle who fetched again, which one mailbox cannot tell: the server that sent it again to others, or else the reader's own."""
    counts = Counter(
        (finding.domains[0], copies[finding.copy].box)
        for finding in findings
        if finding.deed is Deed.SENT_AGAIN and finding.domains
    )
    senders = {domain for (domain, _), count in counts.items() if count >= ENOUGH_SENT}
    often = Counter(copies[finding.copy].box for finding in findings if finding.deed is Deed.FETCHED_AGAIN)
    fetched = [
        finding.domains
        for finding in findings
        if finding.deed is Deed.FETCHED_AGAIN and often[copies[finding.copy].box] >= ENOUGH_SENT
    ]
    servers = {who for _, who in fetched}
    if not senders and len({reader for reader, _ in fetched}) > 1:
        # Not everybody fetches twice on one day.
        senders = servers if len(servers) == 1 else {""}
    settled = []
    for finding in findings:
        if finding.deed is Deed.MULTIPLIED and senders:
            settled.append(replace(finding, deed=Deed.UNKNOWN, domains=()))
        elif finding.deed is not Deed.FETCHED_AGAIN:
            settled.append(finding)
        elif finding.domains[1] in senders - {""}:
            settled.append(replace(finding, deed=Deed.SENT_AGAIN, domains=finding.domains[1:]))
        elif senders or not finding.domains[0]:
            settled.append(replace(finding, deed=Deed.UNKNOWN, domains=()))
        else:
            settled.append(replace(finding, domains=finding.domains[:1]))
    return tuple(settled)


def _shared_hops(copy: Copy, other: Copy) -> int:
    """Return how many hops from the origin on both have in common."""
    count = 0
    for one, two in zip(copy.hops, other.hops, strict=False):
        if one.prefix_id != two.prefix_id:
            break
        count += 1
    return count
