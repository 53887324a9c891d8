"""One mail's verdict from its facts: who receives it, or why nobody does yet. Pure.

The recipient comes from the account alone. Nothing here can read a To, Cc, Bcc or Resent field:
MessageFacts has none (promise 1).
"""

from collections.abc import Mapping
from typing import Final

from seawall.model.address import Address
from seawall.model.facts import MessageFacts
from seawall.model.verdict import Deliver, Hold, Reason, Verdict

MAX_HOPS: Final = 100
"""Received fields after which a mail is taken to be in a loop (RFC 5321 §6.3)."""


def decide(facts: MessageFacts, recipient: Address, delivered_marks: Mapping[str, str]) -> Verdict:
    """Return the verdict on a mail of a single mailbox.

    `delivered_marks` says of the deliveries that genuine marks name who received them: delivery →
    address. A mark whose delivery went to somebody else, or is not known, holds nothing: it is a
    redirect, or a restored backup.
    """
    if facts.received_hops > MAX_HOPS:
        return Hold(
            recipients=(recipient,),
            reason=Reason.TOO_MANY_HOPS,
            sentence=f"it passed {facts.received_hops} servers, more than {MAX_HOPS}: it is in a loop",
            evidence=(f"{facts.received_hops} Received fields",),
        )
    for mark in facts.marks:
        if mark.is_genuine and delivered_marks.get(mark.delivery) == str(recipient):
            return Hold(
                recipients=(recipient,),
                reason=Reason.OWN_MARK,
                sentence=f"Seawall delivered it to {recipient} before, and it came back",
                evidence=(f"mark of delivery {mark.delivery}",),
            )
    return Deliver(recipients=(recipient,))
