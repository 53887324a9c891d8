"""What the copies show against an organisation: each kind of evidence (DESIGN §8), with the header lines that show it. Pure.

Owns the sentences, and which weight each gets; how these become a score is told in docs/score.md. Refuses to
know who else is suspected, and what the score is held down by (caps).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final

from seawall.forensic.beat import polling_beat
from seawall.forensic.case import Case, markers, repeated_boxes
from seawall.forensic.copies import Copy
from seawall.forensic.domains import organisation
from seawall.forensic.quotes import MOST_QUOTES, counted, quote, quoted_hops
from seawall.forensic.ways import PICKUP
from seawall.forensic.weights import WEIGHTS
from seawall.model.trace import Evidence, EvidenceKind

_FEW: Final = 2
_SEVERAL: Final = 5
_RETRIES: Final = 4
_MANY: Final = 10
_POLLS: Final = 12
_KNOWN_FAULT: Final = "3790"
"""The build of Windows Server 2003, which Small Business Server 2003 runs on."""


def read_evidence(case: Case) -> list[Evidence]:
    """Return what is seen against one organisation, the weightiest first."""
    found = [evidence for kind in _KINDS for evidence in kind(case)]
    return sorted(found, key=lambda evidence: -evidence.weight)


def _marker(case: Case) -> Iterable[Evidence]:
    bearing = [copy for scene in case.scenes for copy in scene.copies if case.domain in markers(copy)]
    if not bearing:
        return
    is_maker = any(case.domain in markers(copy) for copy in case.made)
    yield Evidence(
        kind=EvidenceKind.CONNECTOR_MARKER,
        says=f"{counted(bearing, 'bears', 'bear')} an address that the POP3 connector of a server of {case.domain} writes",
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
            f"{counted(found)} came out of the pickup folder of {copy.pickup_host}: the Message-ID was minted there, on the "
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
        (
            EvidenceKind.REMINTED,
            reminted,
            ("says", "say", "the same under a new Message-ID, and the way begins"),
        ),
        (EvidenceKind.REPLAYED, kept, ("has", "have", "the Message-ID of the mail, and the way begins anew")),
    ):
        if copies:
            yield Evidence(
                kind=kind,
                says=f"{counted(copies, says[0], says[1])} {says[2]} at {case.domain}",
                copies=len(copies),
                weight=weight if copies is not kept or not reminted else 0.0,
                quotes=quoted_hops(copies, case.domain),
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
            says=f"{counted(bypassing, 'bears', 'bear')} the sender's name and did not come from the sender's servers",
            copies=len(bypassing),
            weight=WEIGHTS["not-through-sender"],
            quotes=quoted_hops(senders[:1], organisation(senders[0].sender_domain)),
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


def _addressed(case: Case) -> Iterable[Evidence]:
    """The copies' maker had the mail: it names somebody there, or has a line of that server below where its way begins anew."""
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
    for copy in case.made:
        for step in copy.way.steps[: copy.way.believed]:
            if step.domain == case.domain and step.start < step.stop:
                yield Evidence(
                    kind=EvidenceKind.REINJECTED,
                    says=f"the mail had come to {case.domain} before, and came out there again",
                    copies=len(case.made),
                    weight=WEIGHTS["addressed"],
                    quotes=(quote(copy, "Received", copy.hops[step.start].text),),
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
    quotes = [quote(copy, "Received", copy.hops[shared - 1].text)] if shared else []
    quotes += [
        quote(one, "Received", one.hops[shared].text) for one in (first, copy) if shared < len(one.hops)
    ]
    yield Evidence(
        kind=EvidenceKind.FAN_OUT,
        says=(
            (
                f"{case.domain} handed the same mail in again: up to {most + 1} times for one recipient, "
                if copy.is_logged
                else f"{case.domain} took in the mail once and sent it again: up to {most + 1} times to one mailbox, "
            )
            + f"{len(copies)} copies beyond the first in all"
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


def _late(case: Case) -> Iterable[Evidence]:
    """Mails that lay there for long: a queue, a folder or an archive was sent out again."""
    late = case.late
    if len(late) >= _RETRIES:
        yield Evidence(
            kind=EvidenceKind.REPLAYED,
            says=f"{len(late)} different mails came out of {case.domain} again, hours or days after they were first sent",
            copies=len(late),
            weight=WEIGHTS["sent-again-late"],
            quotes=quoted_hops(tuple(late.values()), case.domain),
        )


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
        quotes=quoted_hops(case.fetched_again, case.domain),
    )


def _multiplied(case: Case) -> Iterable[Evidence]:
    if case.multiplied:
        copy = case.multiplied[0]
        others = len(case.multiplied)
        yield Evidence(
            kind=EvidenceKind.SOURCE_OF_COPIES,
            says=(
                f"{counted(case.multiplied)} for somebody else at {case.domain} came into the mailbox of {copy.reader.owner}, "
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
            quotes=quoted_hops(case.multiplied, case.domain),
        )


def _handed_on(case: Case) -> Iterable[Evidence]:
    if not case.handed_on:
        return
    yield Evidence(
        kind=EvidenceKind.LONGER_ROUTE,
        says=f"{counted(case.handed_on)} went by {case.domain}, and the first ones did not",
        copies=len(case.handed_on),
        weight=WEIGHTS["longer-route"],
        quotes=quoted_hops(case.handed_on, case.domain),
    )


def _cycle(case: Case) -> Iterable[Evidence]:
    found = [copy for copy in case.copies if _rounds(copy, case.domain) >= _FEW]
    if found:
        most = max(found, key=lambda copy: _rounds(copy, case.domain))
        yield Evidence(
            kind=EvidenceKind.CYCLE,
            says=f"{counted(found)} passed {case.domain} more than once, up to {_rounds(most, case.domain)} times",
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
            says=f"{counted(posted)} came to the list from {case.domain}, after the list had sent the mail out",
            copies=len(posted),
            weight=WEIGHTS["posted-back"],
            quotes=quoted_hops(posted, case.domain),
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


_KINDS: Final[tuple[Callable[[Case], Iterable[Evidence]], ...]] = (
    _marker, _pickup, _made, _fan_out, _share, _addressed, _sent_again, _late, _fetched_again, _multiplied, _handed_on, _cycle,
    _delivered_to_loop, _posted_back, _list_twice, _beat, _product,
)  # fmt: skip
