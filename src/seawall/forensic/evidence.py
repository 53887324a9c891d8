"""What the copies show against an organisation: each kind of evidence (DESIGN §8), with the header lines that show it. Pure.

Owns the sentences and the weights; how they become a score is told in docs/score.md, which lists every weight. Refuses to
know who else is suspected, and what the score is held down by (suspects).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from seawall.forensic.beat import polling_beat
from seawall.forensic.copies import Copy
from seawall.forensic.domains import organisation
from seawall.forensic.findings import Deed, Scene
from seawall.forensic.ways import PICKUP
from seawall.model.row import Hop
from seawall.model.trace import Evidence, EvidenceKind, Quote

MOST_QUOTES: Final = 3
WEIGHTS: Final = {
    "marker-and-maker": 0.45,
    "marker": 0.3,
    "pickup": 0.4,
    "made-1": 0.25,
    "made-2": 0.45,
    "made-5": 0.6,
    "addressed": 0.2,
    "many-mailboxes": 0.15,
    "share": 0.3,
    "not-through-sender": 0.05,
    "cycle": 0.4,
    "cycle-1": 0.1,
    "longer-route": 0.3,
    "sent-again-1": 0.2,
    "sent-again-4": 0.65,
    "sent-again-10": 0.8,
    "sent-again-mailboxes": 0.15,
    "sent-again-late": 0.6,
    "fetched-again": 0.6,
    "fetched-again-12": 0.8,
    "multiplied-1": 0.45,
    "multiplied-3": 0.65,
    "multiplied-10": 0.8,
    "delivered-to-loop": 0.3,
    "posted-back": 0.2,
    "list-twice": 0.1,
    "beat": 0.1,
    "product": 0.1,
    "answers-8": 0.8,
    "answers-20": 0.9,
    "answers-to-reports": 0.5,
    "rule-loop": 0.45,
}
LATE: Final = 6 * 3600.0
"""Seconds after which no server still tries what it has handed over."""
SHARE: Final = 0.15
"""The part of a mailbox's copies that is a good part: several may make them."""
_FEW: Final = 2
_SEVERAL: Final = 5
_RETRIES: Final = 4
_MANY: Final = 10
_POLLS: Final = 12
_KNOWN_FAULT: Final = "3790"
"""The build of Windows Server 2003, which Small Business Server 2003 runs on."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is held against one organisation: the copies that it made, sent again, had fetched again, or handed on."""

    domain: str
    scenes: tuple[Scene, ...]
    made: tuple[Copy, ...]
    sent_again: tuple[tuple[Copy, Copy, int], ...]
    fetched_again: tuple[Copy, ...]
    multiplied: tuple[Copy, ...]
    handed_on: tuple[Copy, ...]

    @property
    def copies(self) -> tuple[Copy, ...]:
        """All of them."""
        return (
            *self.made,
            *(copy for copy, _, _ in self.sent_again),
            *self.fetched_again,
            *self.multiplied,
            *self.handed_on,
        )

    @property
    def creations(self) -> int:
        """How many times it made a copy: one that came to many, or several times by one way, was made once."""
        return len(
            {copy.hops[copy.way.steps[copy.way.believed].start].prefix_id for copy in self.made if copy.hops}
        )


def cases(scenes: Sequence[Scene]) -> list[Case]:
    """Return a case for each organisation that did something to a copy, or whose marker a copy bears."""
    made: dict[str, list[Copy]] = defaultdict(list)
    sent: dict[str, list[tuple[Copy, Copy, int]]] = defaultdict(list)
    fetched: dict[str, list[Copy]] = defaultdict(list)
    multiplied: dict[str, list[Copy]] = defaultdict(list)
    handed: dict[str, list[Copy]] = defaultdict(list)
    marked: set[str] = set()
    for scene in scenes:
        marked |= {name for copy in scene.copies for name in markers(copy)}
        for finding in scene.findings:
            copy = scene.copies[finding.copy]
            for name in finding.domains:
                match finding.deed:
                    case Deed.MADE:
                        made[name].append(copy)
                    case Deed.SENT_AGAIN if finding.other is not None:
                        sent[name].append((copy, scene.copies[finding.other], finding.shared_hops))
                    case Deed.FETCHED_AGAIN:
                        fetched[name].append(copy)
                    case Deed.MULTIPLIED:
                        multiplied[name].append(copy)
                    case Deed.HANDED_ON:
                        handed[name].append(copy)
                    case _:
                        pass
    names = {*made, *sent, *fetched, *multiplied, *handed, *marked} - {""}
    return [
        Case(
            domain=name,
            scenes=tuple(scenes),
            made=tuple(made[name]),
            sent_again=tuple(sent[name]),
            fetched_again=tuple(fetched[name]),
            multiplied=tuple(multiplied[name]),
            handed_on=tuple(handed[name]),
        )
        for name in sorted(names)
    ]


def markers(copy: Copy) -> Iterable[str]:
    """Return the organisations whose connector's marker a copy bears."""
    return {organisation(address.rpartition("@")[2]) for address in copy.marked_recipients}


def read_evidence(case: Case) -> list[Evidence]:
    """Return what is seen against one organisation, the weightiest first."""
    found = [evidence for kind in _KINDS for evidence in kind(case)]
    return sorted(found, key=lambda evidence: -evidence.weight)


def quote(copy: Copy, header: str, text: str) -> Quote:
    """Return a header line of a copy."""
    return Quote(mail=copy.name, header=header, text=text)


def received_of(copy: Copy, domain: str) -> Hop | None:
    """Return the topmost hop in which an organisation is named: that of who took the mail from it, else its own."""
    for place in range(len(copy.way.steps) - 1, -1, -1):
        step = copy.way.steps[place]
        if step.domain == domain and step.start < len(copy.hops):
            is_taken = place + 1 < len(copy.way.steps) and copy.way.steps[place + 1].is_joined
            return copy.hops[min(step.stop, len(copy.hops) - 1) if is_taken else step.start]
    return None


def _received(copies: Sequence[Copy], domain: str) -> tuple[Quote, ...]:
    quotes = []
    for copy in copies:
        hop = received_of(copy, domain)
        if hop is not None:
            quotes.append(quote(copy, "Received", hop.text))
        if len(quotes) == MOST_QUOTES:
            break
    return tuple(quotes)


def _marker(case: Case) -> Iterable[Evidence]:
    bearing = [copy for scene in case.scenes for copy in scene.copies if case.domain in markers(copy)]
    if not bearing:
        return
    is_maker = any(case.domain in markers(copy) for copy in case.made)
    yield Evidence(
        kind=EvidenceKind.CONNECTOR_MARKER,
        says=f"{_count(bearing)} bear an address that the POP3 connector of a server of {case.domain} writes",
        copies=len(bearing),
        weight=WEIGHTS["marker-and-maker" if is_maker else "marker"],
        quotes=tuple(
            quote(copy, "To", address)
            for copy in bearing[:MOST_QUOTES]
            for address in copy.marked_recipients
            if organisation(address.rpartition("@")[2]) == case.domain
        ),
    )


def _pickup(case: Case) -> Iterable[Evidence]:
    found = [
        copy
        for copy in case.made
        if copy.is_pickup_resubmission and organisation(copy.pickup_host) == case.domain
    ]
    if not found:
        return
    copy = found[0]
    apart = abs((copy.pickup_arrival or 0.0) - (copy.minted_at or 0.0))
    pickup = next(hop for hop in copy.hops if hop.text.lower().startswith(PICKUP))
    yield Evidence(
        kind=EvidenceKind.PICKUP_RESUBMISSION,
        says=(
            f"{_count(found)} came out of the pickup folder of {copy.pickup_host}: the Message-ID was minted there, on the "
            f"host {copy.minted_ip}, {apart:.2f} s from the moment in X-OriginalArrivalTime"
        ),
        copies=len(found),
        weight=WEIGHTS["pickup"],
        quotes=(quote(copy, "Received", pickup.text), quote(copy, "Message-ID", f"<{copy.message_id}>")),
    )


def _made(case: Case) -> Iterable[Evidence]:
    if not case.made:
        return
    # A Message-ID that other copies have too was not given by whoever made this one.
    own = set(map(id, case.made))
    others = {
        copy.message_id
        for scene in case.scenes
        for copy in scene.copies
        if id(copy) not in own and copy.message_id
    }
    reminted = [copy for copy in case.made if copy.message_id not in others]
    kept = [copy for copy in case.made if copy.message_id in others]
    weight = WEIGHTS[
        "made-5" if len(case.made) >= _SEVERAL else "made-2" if len(case.made) >= _FEW else "made-1"
    ]
    for kind, copies, says in (
        (EvidenceKind.REMINTED, reminted, "say the same under a Message-ID and with a way of their own"),
        (EvidenceKind.REPLAYED, kept, "have the Message-ID of the mail, and a way that begins anew"),
    ):
        if copies:
            yield Evidence(
                kind=kind,
                says=f"{_count(copies)} {says} at {case.domain}",
                copies=len(copies),
                weight=weight if copies is not kept or not reminted else 0.0,
                quotes=_received(copies, case.domain),
            )
    senders = [
        copy
        for scene in case.scenes
        for copy in scene.copies
        if scene.sender and scene.sender in copy.way.domains
    ]
    bypassing = [
        copy for copy in case.made if organisation(copy.sender_domain) not in copy.way.believed_domains
    ]
    if senders and bypassing:
        yield Evidence(
            kind=EvidenceKind.NOT_THROUGH_SENDER,
            says=f"{_count(bypassing)} bear the sender's name and did not come from the sender's servers",
            copies=len(bypassing),
            weight=WEIGHTS["not-through-sender"],
            quotes=_received(senders[:1], organisation(senders[0].sender_domain)),
        )


def _fan_out(case: Case) -> Iterable[Evidence]:
    boxes = {copy.box for copy in (*case.made, *case.handed_on)}
    if len(boxes) >= _FEW:
        yield Evidence(
            kind=EvidenceKind.FAN_OUT,
            says=f"what came from {case.domain} is in {len(boxes)} mailboxes",
            copies=len(case.made) + len(case.handed_on),
            weight=WEIGHTS["many-mailboxes"],
            quotes=(),
        )


def _share(case: Case) -> Iterable[Evidence]:
    """The copies of several mailboxes have in common that they came from it: nobody's forward goes to all of them."""
    boxes = repeated_boxes(case)
    if len(boxes) >= _FEW:
        yield Evidence(
            kind=EvidenceKind.SOURCE_OF_COPIES,
            says=f"in each of {len(boxes)} mailboxes, many of the copies came from {case.domain}",
            copies=sum(boxes.values()),
            weight=WEIGHTS["share"],
            quotes=(),
        )


def repeated_boxes(case: Case) -> dict[str, int]:
    """Return how many copies of it each mailbox has, where that is a good part of what needs an explanation there."""
    own: dict[str, int] = defaultdict(int)
    for copy in (*case.made, *case.handed_on):
        own[copy.box] += 1
    all_: dict[str, int] = defaultdict(int)
    for scene in case.scenes:
        for finding in scene.findings:
            all_[scene.copies[finding.copy].box] += 1
    return {box: count for box, count in own.items() if count >= _RETRIES and count >= SHARE * all_[box]}


def _addressed(case: Case) -> Iterable[Evidence]:
    """The copies' maker had the mail: it names somebody there."""
    if not case.copies:
        return
    for scene in case.scenes:
        for copy in scene.copies:
            for header, address in (
                *(("Delivered-To", found.address) for found in copy.delivered_to),
                *(("To or Cc", address) for address in copy.recipients),
                *(("Received", hop.recipient) for hop in copy.hops if hop.recipient),
            ):
                if organisation(address.rpartition("@")[2]) == case.domain and copy.recipient != address:
                    yield Evidence(
                        kind=EvidenceKind.REINJECTED,
                        says=f"the mail was addressed to {case.domain}, and came out there again",
                        copies=len(case.copies),
                        weight=WEIGHTS["addressed"],
                        quotes=(quote(copy, header, address),),
                    )
                    return


def _sent_again(case: Case) -> Iterable[Evidence]:
    if not case.sent_again:
        return
    copies = [copy for copy, _, _ in case.sent_again]
    by_box: dict[tuple[str, int], int] = defaultdict(int)
    for copy, first, shared in case.sent_again:
        by_box[copy.box, first.hops[max(shared - 1, 0)].prefix_id] += 1
    most = max(by_box.values())
    name = "sent-again-10" if most >= _MANY else "sent-again-4" if most >= _RETRIES else "sent-again-1"
    copy, first, shared = case.sent_again[0]
    quotes = [quote(copy, "Received", copy.hops[max(shared - 1, 0)].text)]
    quotes += [
        quote(one, "Received", one.hops[shared].text) for one in (first, copy) if shared < len(one.hops)
    ]
    yield Evidence(
        kind=EvidenceKind.FAN_OUT,
        says=(
            f"{case.domain} took in the mail once and sent it again: up to {most + 1} times to one mailbox, "
            f"{len(copies)} copies beyond the first in all"
        ),
        copies=len(copies),
        weight=WEIGHTS[name],
        quotes=tuple(quotes),
    )
    boxes = {copy.box for copy in copies}
    if len(boxes) >= _FEW and most >= _RETRIES:
        yield Evidence(
            kind=EvidenceKind.SOURCE_OF_COPIES,
            says=f"{len(boxes)} mailboxes got it again from {case.domain}",
            copies=len(copies),
            weight=WEIGHTS["sent-again-mailboxes"],
            quotes=(),
        )
    late = sent_late(case)
    if late:
        yield Evidence(
            kind=EvidenceKind.REPLAYED,
            says=f"{late} different mails left {case.domain} again, hours or days after they had left it first",
            copies=late,
            weight=WEIGHTS["sent-again-late"],
            quotes=(),
        )


def sent_late(case: Case) -> int:
    """Return how many different mails it sent again long after, 0 where they are a few."""
    late = {copy.message_id for copy, first, shared in case.sent_again if lag(copy, first, shared) >= LATE}
    return len(late) if len(late) >= _RETRIES else 0


def lag(copy: Copy, first: Copy, shared: int) -> float:
    """Return how many seconds later a copy left the last server that it has in common with the first."""
    if shared < min(len(copy.hops), len(first.hops)):
        times = copy.hops[shared].at, first.hops[shared].at
    else:
        times = copy.arrived, first.arrived
    return abs(times[0] - times[1]) if times[0] is not None and times[1] is not None else 0.0


def _fetched_again(case: Case) -> Iterable[Evidence]:
    if len(case.fetched_again) < _RETRIES:
        return
    by_box: dict[tuple[str, str], int] = defaultdict(int)
    for copy in case.fetched_again:
        by_box[copy.box, copy.message_id] += 1
    most = max(by_box.values())
    if most < _RETRIES:
        return
    yield Evidence(
        kind=EvidenceKind.SOURCE_OF_COPIES,
        says=f"the same mail, with the same lines from top to bottom, lies {most + 1} times in one mailbox",
        copies=len(case.fetched_again),
        weight=WEIGHTS["fetched-again-12" if most >= _POLLS else "fetched-again"],
        quotes=_received(case.fetched_again, case.domain),
    )


def _multiplied(case: Case) -> Iterable[Evidence]:
    if case.multiplied:
        copy = case.multiplied[0]
        others = len(case.multiplied)
        yield Evidence(
            kind=EvidenceKind.SOURCE_OF_COPIES,
            says=(
                f"{_count(case.multiplied)} for somebody else at {case.domain} lie in the mailbox of {copy.reader.owner}, "
                "who has his own"
            ),
            copies=len(case.multiplied),
            weight=WEIGHTS[
                "multiplied-10"
                if others >= _MANY
                else "multiplied-3"
                if others >= _RETRIES - 1
                else "multiplied-1"
            ],
            quotes=_received(case.multiplied, case.domain),
        )


def _handed_on(case: Case) -> Iterable[Evidence]:
    if not case.handed_on:
        return
    yield Evidence(
        kind=EvidenceKind.LONGER_ROUTE,
        says=f"{_count(case.handed_on)} went by {case.domain}, and the first ones did not",
        copies=len(case.handed_on),
        weight=WEIGHTS["longer-route"],
        quotes=_received(case.handed_on, case.domain),
    )


def _cycle(case: Case) -> Iterable[Evidence]:
    found = [copy for copy in case.copies if _rounds(copy, case.domain) >= _FEW]
    if found:
        most = max(found, key=lambda copy: _rounds(copy, case.domain))
        yield Evidence(
            kind=EvidenceKind.CYCLE,
            says=f"{_count(found)} passed {case.domain} more than once, up to {_rounds(most, case.domain)} times",
            copies=len(found),
            weight=WEIGHTS[
                "cycle" if len(found) >= _RETRIES or _rounds(most, case.domain) > _FEW else "cycle-1"
            ],
            quotes=tuple(
                quote(most, "Received", most.hops[step.start].text)
                for step in most.way.steps
                if step.domain == case.domain and step.start < len(most.hops)
            )[:MOST_QUOTES],
        )


def _rounds(copy: Copy, domain: str) -> int:
    between = copy.way.domains[: -copy.reader.steps or None]
    return between.count(domain)


def _delivered_to_loop(case: Case) -> Iterable[Evidence]:
    for copy in case.copies:
        addresses = [found.address for found in copy.delivered_to]
        for address in addresses:
            if addresses.count(address) > 1 and organisation(address.rpartition("@")[2]) == case.domain:
                yield Evidence(
                    kind=EvidenceKind.DELIVERED_TO_LOOP,
                    says=f"it was delivered to {address} {addresses.count(address)} times on one way",
                    copies=1,
                    weight=WEIGHTS["delivered-to-loop"],
                    quotes=tuple(quote(copy, "Delivered-To", one) for one in addresses[:MOST_QUOTES]),
                )
                return


def _posted_back(case: Case) -> Iterable[Evidence]:
    """The list got its own mail back."""
    lists = {name for scene in case.scenes for name in scene.lists}
    posted = [copy for copy in case.made if copy.list_id or lists & set(copy.way.believed_domains[1:])]
    if lists and posted and case.domain not in lists and case.creations >= _FEW:
        yield Evidence(
            kind=EvidenceKind.REINJECTED,
            says=f"{_count(posted)} came to the list from {case.domain}, after the list had sent the mail out",
            copies=len(posted),
            weight=WEIGHTS["posted-back"],
            quotes=_received(posted, case.domain),
        )


def _list_twice(case: Case) -> Iterable[Evidence]:
    for copy in case.made:
        names = [position.partition(":")[0] for position in copy.list_positions]
        twice = [
            position
            for position in copy.list_positions
            if names.count(position.partition(":")[0]) > 1 and not position.startswith("x-mailman")
        ]
        if len(set(twice)) > 1:
            yield Evidence(
                kind=EvidenceKind.LIST_TWICE,
                says="it had been through the list before it was sent there again: the list's own number is in it twice",
                copies=1,
                weight=WEIGHTS["list-twice"],
                quotes=tuple(quote(copy, *_named(position)) for position in twice[:MOST_QUOTES]),
            )
            return


def _named(position: str) -> tuple[str, str]:
    name, _, value = position.partition(":")
    return name.title(), value.strip()


def _beat(case: Case) -> Iterable[Evidence]:
    times = sorted({copy.hops[0].at for copy in case.made if copy.hops and copy.hops[0].at is not None})
    found = polling_beat(times)
    if found is not None:
        yield Evidence(
            kind=EvidenceKind.POLLING_BEAT,
            says=(
                f"they were made every {found.period / 60:g} minutes, as by a program that looks into a mailbox "
                f"(p = {found.p_value:.1e}, with {found.tried} periods tried)"
            ),
            copies=len(times),
            weight=WEIGHTS["beat"],
            quotes=(),
        )


def _product(case: Case) -> Iterable[Evidence]:
    found = [copy for copy in case.made if copy.is_pickup_resubmission and _KNOWN_FAULT in copy.mailer]
    if found:
        yield Evidence(
            kind=EvidenceKind.PRODUCT,
            says="the program that wrote it is of Windows Server 2003, on which Small Business Server 2003 runs",
            copies=len(found),
            weight=WEIGHTS["product"],
            quotes=(quote(found[0], "X-MimeOLE", found[0].mailer),),
        )


def _count(copies: Sequence[Copy]) -> str:
    return "1 copy" if len(copies) == 1 else f"{len(copies)} copies"


_KINDS: Final[tuple[Callable[[Case], Iterable[Evidence]], ...]] = (
    _marker, _pickup, _made, _fan_out, _share, _addressed, _sent_again, _fetched_again, _multiplied, _handed_on, _cycle,
    _delivered_to_loop, _posted_back, _list_twice, _beat, _product,
)  # fmt: skip
