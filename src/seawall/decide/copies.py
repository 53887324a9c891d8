"""Is a mail a copy of one that its recipient has, and did a machine make it (DESIGN §6)? Pure.

Owns the three identities and the independent signs. Content alone holds nothing: whoever is to be held must
differ from what was delivered in a way that only a machine explains. Each sign is about two mails, the one that
was delivered and the one that is judged, and says the same whichever came first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from seawall.model.address import Address
from seawall.model.facts import MessageFacts
from seawall.model.knowledge import Claim, Variant
from seawall.model.organisation import organisation
from seawall.model.replication import SignKind

_RESENT: Final = "resent"
_ID: Final = "id:"
_NO_SIGNS: Final[frozenset[str]] = frozenset()
_MARKER: Final = SignKind.CONNECTOR_MARKER.value
_PICKUP: Final = SignKind.PICKUP_RESUBMISSION.value


@dataclass(frozen=True, slots=True)
class Replication:
    """Why a mail is taken for a machine's copy of another: one sentence, and the header lines that show it.

    `is_certain` is False where a server may have sent the very same mail once more.
    """

    sentence: str
    evidence: tuple[str, ...]
    is_certain: bool = True


def content_key(content_id: bytes, recipient: Address) -> bytes:
    """Return what one content given to one recipient is remembered by."""
    return _digest(content_id, str(recipient).lower().encode("utf-8"))


def resend_key(resend_id: bytes, recipient: Address) -> bytes:
    """Return what one mail that came one way to one recipient is remembered by."""
    return _digest(resend_id, str(recipient).lower().encode("utf-8"))


def claim(facts: MessageFacts, content: bytes, resend: bytes | None) -> Claim:
    """Return what a delivery gives its recipient, by whose keys it will be remembered."""
    signs = _signs(facts)
    way = (" ".join(facts.passage.route), facts.passage.list_id, " ".join(sorted(signs)) if signs else "")
    variant = blake2b("\0".join(way).encode("utf-8", "replace"), digest_size=8, person=b"seawall-variant")
    return Claim(content, variant.digest(), *way, _message_id(facts), resend)


def claim_of(facts: MessageFacts, recipient: Address) -> Claim | None:
    """Return what a mail gives a recipient; None where its content is empty and matches nothing."""
    if facts.content_id is None:
        return None
    resend = resend_key(facts.resend_id, recipient) if facts.resend_id is not None else None
    return claim(facts, content_key(facts.content_id, recipient), resend)


def replication(facts: MessageFacts, delivered: Iterable[Variant]) -> Replication | None:
    """Return why a mail is a machine's copy of one of those that its recipient has, None where nothing says so.

    All of them have the same content. The signs, the surest first:

    *Connector marker*: one of the two bears a recipient that only the connector of 2003 writes. A person's reply
    to all bears it too, and comes by a list and directly under one Message-ID: so where both bear it, their
    Message-IDs must differ.
    *Pickup resubmission*: one of the two was made anew in a server's pickup folder, and they come from
    different organisations. A report that a program leaves in that folder every day always comes from one.
    *Another origin*: neither passed any organisation that the other had passed on the sender's side, and the
    sender's own, by the address in From, is one that only one of them shows. It is a machine's for sure where the one
    that is here came from the sender and the other has a Message-ID of its own; else a server, or the
    sender himself, may have sent it once more.

    For the last two both came by the same list or by none, and for the last no person sent one on.
    """
    signs = _signs(facts)
    found = None
    for variant in delivered:
        if _has(signs, _MARKER) or _has(variant.signs, _MARKER):
            if _minted(signs) != _minted(variant.signs):
                return Replication(
                    "a connector that sends mail again made a copy of a mail that is here already",
                    _evidence(facts),
                )
        elif facts.passage.list_id != variant.list_id:
            continue
        elif (_has(signs, _PICKUP) or _has(variant.signs, _PICKUP)) and origin(facts.passage.route) != origin(
            variant.route
        ):
            found = found or Replication(
                "a server's pickup folder sent a mail again that is here already", _evidence(facts)
            )
        elif (
            not (_has(signs, _RESENT) or _has(variant.signs, _RESENT))
            and is_elsewhere(facts.passage.route, variant.route, variant.list_id)
            and _lacks_sender(facts, variant)
        ):
            found = found or Replication(
                f"it says what a mail says that is here already, and comes from {origin(facts.passage.route)}, "
                f"not by {origin(variant.route)}",
                (f"route: {' → '.join(facts.passage.route)}", f"delivered by: {' → '.join(variant.route)}"),
                is_certain=_message_id(facts) != variant.message_id and _passed_sender(facts, variant.route),
            )
    return found


def is_elsewhere(route: tuple[str, ...], other: tuple[str, ...], list_id: str = "") -> bool:
    """Whether two routes begin at different organisations and neither shows the sender's side of the other.

    The last of each is the recipient's side, and so is the list's own organisation before it.
    """
    side, other_side = _senders_side(route, list_id), _senders_side(other, list_id)
    return bool(side and other_side) and not (set(side) & set(other) or set(other_side) & set(route))


def _senders_side(route: tuple[str, ...], list_id: str) -> tuple[str, ...]:
    side = route[:-1]
    if list_id:
        of_list = organisation(list_id.rstrip("> ").rpartition("<")[2])
        while side and side[-1] == of_list:
            side = side[:-1]
    return side


def _lacks_sender(facts: MessageFacts, variant: Variant) -> bool:
    """Whether one of the two passed the organisation of the address in From, and the other did not."""
    return _passed_sender(facts, facts.passage.route) != _passed_sender(facts, variant.route)


def _passed_sender(facts: MessageFacts, route: tuple[str, ...]) -> bool:
    sender = organisation(facts.sender.rpartition("@")[2])
    return bool(sender) and sender in route


def origin(route: tuple[str, ...]) -> str:
    """Return the organisation at which a route begins, "" where none can be told."""
    return next((name for name in route if not name.startswith("[")), "")


def _message_id(facts: MessageFacts) -> bytes:
    return blake2b(facts.message_id.encode("utf-8", "replace"), digest_size=8).digest()


def _signs(facts: MessageFacts) -> frozenset[str]:
    """Return a mail's signs as they are remembered; a machine's copy together with its Message-ID."""
    if not facts.passage.signs and not facts.passage.is_resent:
        return _NO_SIGNS
    signs = {sign.kind.value for sign in facts.passage.signs}
    if signs:
        signs.add(_ID + _message_id(facts).hex())
    if facts.passage.is_resent:
        signs.add(_RESENT)
    return frozenset(signs)


def _minted(signs: frozenset[str]) -> frozenset[str]:
    return frozenset(sign for sign in signs if sign.startswith(_ID))


def _has(signs: frozenset[str], kind: str) -> bool:
    return kind in signs


def _evidence(facts: MessageFacts) -> tuple[str, ...]:
    return tuple(sign.text for sign in facts.passage.signs) or (f"route: {' → '.join(facts.passage.route)}",)


def _digest(*parts: bytes) -> bytes:
    return blake2b(b"\0".join(parts), digest_size=16, person=b"seawall-key").digest()
