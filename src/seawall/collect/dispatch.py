"""From a verdict to what the ledger intends and what is written to the disk. Pure."""

from dataclasses import dataclass, field

from seawall.deliver import maildir
from seawall.deliver.staging import Parcel, Placement
from seawall.deliver.trace import Hop, trace
from seawall.ledger.records import HeldNote, Intent, NewDelivery
from seawall.model.account import Account
from seawall.model.facts import MessageFacts
from seawall.model.verdict import Deliver, Hold, Verdict
from seawall.retrieve.session import Retrieved


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The way of an account's mails in one session: its Maildir, Held, the hop they came by, the marks' key."""

    account: Account
    maildir: str
    held: str
    hop: Hop
    mark_key: bytes = field(repr=False)

    def delivery(self, verdict: Verdict, token: str, now: float) -> NewDelivery:
        """Return the delivery that a verdict asks for; `token` becomes its id."""
        return NewDelivery(
            delivery_id=token,
            recipient=str(self.account.to),
            directory=self.maildir if isinstance(verdict, Deliver) else self.held,
            base_name=maildir.base_name(now, token, self.hop.here),
        )

    def intent(
        self, retrieved: Retrieved, facts: MessageFacts, verdict: Verdict, delivery: NewDelivery
    ) -> Intent:
        """Return what the ledger is told before anything is written."""
        held = None
        if isinstance(verdict, Hold):
            held = HeldNote(
                account=self.account.name,
                recipient=delivery.recipient,
                reason=verdict.reason.value,
                sentence=verdict.sentence,
                evidence=verdict.evidence,
                message_id=facts.message_id,
                sender=facts.from_,
                subject=facts.subject,
                octets=facts.octets,
                reverse_path=facts.reverse_path,
                server=self.hop.server,
            )
        return Intent(
            uidl=retrieved.listed.uidl,
            octets=retrieved.listed.octets,
            header_digest=facts.header_digest,
            delivery=delivery,
            held=held,
        )

    def parcel(
        self,
        retrieved: Retrieved,
        facts: MessageFacts,
        verdict: Verdict,
        delivery: NewDelivery,
        now: float,
    ) -> Parcel:
        """Return what is written: in Held the mail as served, in a Maildir with the trace on top."""
        if isinstance(verdict, Hold):
            return Parcel(
                placement=placement_of(delivery), top=b"", content=retrieved.mail.content, is_native=False
            )
        top = trace(
            delivery_id=delivery.delivery_id,
            recipient=self.account.to,
            reverse_path=facts.reverse_path,
            hop=self.hop,
            mark_key=self.mark_key,
            now=now,
        )
        return Parcel(placement=placement_of(delivery), top=top, content=retrieved.mail.content)


def placement_of(delivery: NewDelivery) -> Placement:
    """Return where a delivery is written."""
    return Placement(directory=delivery.directory, base_name=delivery.base_name)
