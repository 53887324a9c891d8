"""One mail's verdict from its own facts: who receives it, or why nobody does yet. Pure.

What other mails have to do with it is decided in `judge`.
The recipient comes from the account alone. Nothing here can read a To, Cc, Bcc or Resent field:
MessageFacts has none (promise 1).
"""

from collections.abc import Mapping
from typing import Final

from seawall.decide.recipient import MAX_EVIDENCE
from seawall.model.address import Address
from seawall.model.facts import MessageFacts
from seawall.model.organisation import organisation
from seawall.model.verdict import Deliver, Hold, Reason, Verdict

MAX_HOPS: Final = 100
"""Received fields after which a mail is taken to be in a loop (RFC 5321 §6.3)."""


def decide(
    facts: MessageFacts,
    receives: tuple[Address, ...] | Hold,
    delivered_marks: Mapping[str, str],
    *,
    sees_loops: bool = False,
) -> tuple[Verdict, ...]:
    """Return the verdicts on a mail: one or more, and no recipient in two of them.

    `receives` are its recipients, or why nobody does yet (`recipient.recipients`); `delivered_marks` says of the
    deliveries that genuine marks name who received them: delivery → address. A mark whose
    delivery went to somebody else, or is not known, holds nothing: it is a redirect, or a restored backup;
    one that went to a recipient of this mail holds it for him alone. `sees_loops` says that the next hop
    takes a Delivered-To that names its recipient for a loop, and would drop or bounce the mail.
    """
    everybody = receives.recipients if isinstance(receives, Hold) else receives
    if facts.received_hops > MAX_HOPS:
        return (
            Hold(
                recipients=everybody,
                reason=Reason.TOO_MANY_HOPS,
                sentence=f"it passed {facts.received_hops} servers, more than {MAX_HOPS}: it is in a loop",
                evidence=(f"{facts.received_hops} Received fields",),
            ),
        )
    if (twice := _twice(facts.delivered_to)) is not None:
        return (
            Hold(
                recipients=everybody,
                reason=Reason.DELIVERED_TO_LOOP,
                sentence=f"it was delivered to {twice} twice before it came here: it is in a loop",
                evidence=tuple(f"Delivered-To: {address}" for address in facts.delivered_to[:MAX_EVIDENCE]),
            ),
        )
    if isinstance(receives, Hold):
        return (receives,)
    came_back: dict[str, str] = {}
    for mark in facts.marks:
        if mark.is_genuine and mark.delivery in delivered_marks:
            came_back.setdefault(delivered_marks[mark.delivery], mark.delivery)
    verdicts: list[Verdict] = [
        Hold(
            recipients=(recipient,),
            reason=Reason.OWN_MARK,
            sentence=f"Seawall delivered it to {recipient} before, and it came back",
            evidence=(f"mark of delivery {came_back[str(recipient)]}",),
        )
        for recipient in receives
        if str(recipient) in came_back
    ]
    others = [recipient for recipient in receives if str(recipient) not in came_back]
    own_headers = [one for one in others if str(one).lower() in facts.passage.loop_addresses]
    verdicts += [
        Hold(
            recipients=(recipient,),
            reason=Reason.LOOP_HEADER,
            sentence=f"a list, a robot or a rule of {recipient} wrote its loop header into it twice: it came back",
            evidence=facts.passage.automation or (f"a loop header names {recipient}",),
        )
        for recipient in own_headers
    ]
    others = [recipient for recipient in others if recipient not in own_headers]
    loops = [one for one in others if sees_loops and str(one).lower() in facts.delivered_to]
    verdicts += [
        Hold(
            recipients=(recipient,),
            reason=Reason.WOULD_LOOP,
            sentence=f"its Delivered-To names {recipient} already: the next hop would take it for a loop",
            evidence=(f"Delivered-To: {recipient}",),
        )
        for recipient in loops
    ]
    delivered = tuple(recipient for recipient in others if recipient not in loops)
    if delivered:
        verdicts.insert(0, Deliver(recipients=delivered))
    return tuple(verdicts)


def _twice(delivered_to: tuple[str, ...]) -> str | None:
    """Return the full address that stands twice in Delivered-To (RFC 9228 §4), None where none does."""
    met: set[str] = set()
    for address in delivered_to:
        if address in met and organisation(address.rpartition("@")[2]):
            return address
        met.add(address)
    return None
