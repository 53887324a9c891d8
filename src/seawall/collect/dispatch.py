"""From a verdict to what the ledger intends, what is written to the disk and what a next hop is offered. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from seawall.deliver import maildir
from seawall.deliver.staging import Parcel, Placement
from seawall.deliver.trace import Hop, final_trace, gateway_trace
from seawall.deliver.transfer import Transfer
from seawall.facts.section import body_start
from seawall.ledger.records import Begun, HeldNote, Intent, NewDelivery, OpenCopy
from seawall.model.account import Account, MaildirDestination
from seawall.model.address import Address
from seawall.model.copy import KnownCopy
from seawall.model.facts import MessageFacts
from seawall.model.knowledge import Claim
from seawall.model.mail import Content, Listed, MemoryContent
from seawall.model.verdict import Deliver, Hold, Reason
from seawall.retrieve.session import Retrieved

NEXT_HOP: Final = ""
"""The directory of a delivery that a next hop takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One mail for one recipient, and the delivery that the ledger knows it by.

    `is_done` where the recipient has it from an earlier time, and another one has not; `is_blocked`
    where a crash left it in a directory that cannot be reached since.
    """

    mail: Retrieved
    facts: MessageFacts
    verdict: Deliver | Hold
    recipient: Address
    delivery: NewDelivery
    is_new: bool = True
    is_done: bool = False
    is_blocked: bool = False

    @property
    def delivery_id(self) -> str:
        """The delivery's id."""
        return self.delivery.delivery_id

    @property
    def is_transfer(self) -> bool:
        """Whether a next hop takes it."""
        return self.delivery.directory == NEXT_HOP

    @property
    def folder(self) -> str | None:
        """The folder of the recipient's Maildir that it goes into, None where it goes into no folder."""
        return self.verdict.folder if isinstance(self.verdict, Deliver) and not self.is_transfer else None

    @property
    def placement(self) -> Placement:
        """Where it is written, if it is written here."""
        return Placement(directory=self.delivery.directory, base_name=self.delivery.base_name)

    def kept_as(self, body: bytes | None, kept_octets: int) -> "Item":
        """Return an item that is to be held, with what of it is kept where."""
        if self.delivery.held is None:
            return self
        note = replace(self.delivery.held, body=body, kept_octets=kept_octets)
        return replace(self, delivery=replace(self.delivery, held=note))

    def after(self, before: Begun | None) -> "Item":
        """Return the item in the light of what was begun for it: done, or under the same delivery id as then.

        By that id a next hop that may have the mail knows it again (RFC 7352).
        """
        if before is None:
            return self
        is_blocked = not before.is_delivered and before.directory != NEXT_HOP
        if not (before.is_delivered or is_blocked or self.is_transfer):
            return replace(self, delivery=replace(self.delivery, doubts=before.doubts))
        delivery = replace(
            self.delivery,
            delivery_id=before.delivery_id,
            directory=before.directory,
            base_name=before.base_name,
        )
        return replace(
            self, delivery=delivery, is_new=False, is_done=before.is_delivered, is_blocked=is_blocked
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Consignment:
    """One mail and the recipients that are still to get it; `copy` where it was retrieved before."""

    mail: Retrieved
    facts: MessageFacts
    items: tuple[Item, ...]
    copy: OpenCopy | None = None

    @property
    def intent(self) -> Intent:
        """What the ledger is told before anything is done."""
        return Intent(
            uidl=self.mail.listed.uidl,
            octets=self.mail.listed.octets,
            header_digest=self.facts.header_digest,
            deliveries=tuple(item.delivery for item in self.items if item.is_new),
            copy_id=self.copy.copy_id if self.copy else None,
            goes_on=tuple(item.delivery_id for item in self.items if not item.is_new),
        )

    def settled(self, copy_id: int, settled_at: float) -> KnownCopy:
        """Return the copy as known, once every recipient has it."""
        return KnownCopy(
            copy_id=copy_id,
            uidl=self.mail.listed.uidl,
            octets=self.mail.listed.octets,
            header_digest=self.facts.header_digest,
            settled_at=settled_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The way of an account's mails in one session: Held, the hop they came by, this moment, the marks' key."""

    account: Account
    held: str
    hop: Hop
    now: float
    mark_key: bytes = field(repr=False)

    def item(
        self,
        mail: Retrieved,
        facts: MessageFacts,
        verdict: Deliver | Hold,
        recipient: Address,
        token: str,
        *,
        claim: Claim | None = None,
    ) -> Item:
        """Return what a verdict asks for, for one of its recipients; `token` becomes the delivery's id.

        `claim` is what it gives him.
        """
        destination = self.account.destination
        held = None
        if isinstance(verdict, Hold):
            held = self._note(facts, verdict, recipient)
            directory = self.held
        elif isinstance(destination, MaildirDestination):
            directory = maildir.directory(destination, recipient)
            if verdict.folder is not None:
                directory = maildir.folder(directory, verdict.folder)
        else:
            directory = NEXT_HOP
        delivery = NewDelivery(
            delivery_id=token,
            recipient=str(recipient),
            directory=directory,
            base_name=self._base_name(token) if directory != NEXT_HOP else "",
            held=held,
            claim=claim,
        )
        return Item(mail=mail, facts=facts, verdict=verdict, recipient=recipient, delivery=delivery)

    def unanswered(self, deliver: Deliver, doubts: int) -> Hold:
        """Return the verdict on a mail to which the next hop's answer was lost so often."""
        return Hold(
            recipients=deliver.recipients,
            reason=Reason.UNANSWERED,
            sentence=f"{self.account.destination.name} was given it {doubts} times and never answered: it may have it as often",
            evidence=(f"{doubts} answers lost",),
        )

    def refused(self, item: Item, words: str) -> Item:
        """Return the item as one to be set aside, since the next hop will never take it."""
        verdict = Hold(
            recipients=(item.recipient,),
            reason=Reason.REJECTED,
            sentence=f"{self.account.destination.name} does not take it: {words}",
            evidence=(words,),
        )
        delivery = replace(
            item.delivery,
            directory=self.held,
            base_name=self._base_name(item.delivery_id),
            held=self._note(item.facts, verdict, item.recipient),
            claim=None,
        )
        return replace(item, verdict=verdict, delivery=delivery)

    def parcel(self, item: Item) -> Parcel:
        """Return what is written: in Held the header as served, in a Maildir the mail with the trace on top."""
        content: Content = item.mail.mail.content
        if isinstance(item.verdict, Hold):
            held = item.delivery.held
            if held is not None and held.body is not None:
                content = MemoryContent(item.mail.mail.head[: body_start(item.mail.mail.head)])
            return Parcel(placement=item.placement, top=b"", content=content, is_native=False)
        top = final_trace(
            delivery_id=item.delivery_id,
            recipient=item.recipient,
            reverse_path=item.facts.reverse_path,
            hop=self.hop,
            mark_key=self.mark_key,
            now=self.now,
        )
        return Parcel(placement=item.placement, top=top, content=content)

    def transfer(self, item: Item) -> Transfer:
        """Return what a next hop is offered; the reverse-path is the one that the ISP wrote on top, else null."""
        return_path = item.facts.return_path if item.facts.reverse_path is not None else None
        return Transfer(
            delivery_id=item.delivery_id,
            recipient=item.recipient,
            reverse_path=(item.facts.reverse_path or "") if return_path else "",
            return_path=return_path,
            top=gateway_trace(
                delivery_id=item.delivery_id,
                recipient=item.recipient,
                hop=self.hop,
                mark_key=self.mark_key,
                now=self.now,
            ),
            content=item.mail.mail.content,
        )

    def _base_name(self, token: str) -> str:
        return maildir.base_name(self.now, token, self.hop.here)

    def _note(self, facts: MessageFacts, verdict: Hold, recipient: Address) -> HeldNote:
        return HeldNote(
            account=self.account.name,
            recipient=str(recipient),
            reason=verdict.reason.value,
            sentence=verdict.sentence,
            evidence=verdict.evidence,
            message_id=facts.message_id,
            sender=facts.from_,
            subject=facts.subject,
            octets=facts.octets,
            reverse_path=facts.reverse_path,
            server=self.hop.server,
            storm=verdict.storm,
        )


class Resumption:
    """The copies that some recipient is still to get, matched with mails as these come again."""

    def __init__(self, copies: Iterable[OpenCopy], listed: Iterable[Listed]) -> None:
        self._by_digest: defaultdict[bytes, list[OpenCopy]] = defaultdict(list)
        for copy in copies:
            self._by_digest[copy.header_digest].append(copy)
        # A large box has many UIDLs, and mostly nothing of it is open.
        self._present = {entry.uidl for entry in listed} if self._by_digest else set()

    def take(self, listed: Listed, header_digest: bytes) -> OpenCopy | None:
        """Return the copy that a mail is, None where it comes for the first time.

        Its header must be the one that was served before, and its UIDL too, or else that one must
        be gone: two mails with one header are two copies.
        """
        copies = self._by_digest.get(header_digest, [])
        for copy in copies:
            if copy.uidl == listed.uidl:
                copies.remove(copy)
                return copy
        for copy in copies:
            if copy.uidl not in self._present:
                copies.remove(copy)
                return copy
        return None


def begun(copy: OpenCopy | None, recipient: Address) -> Begun | None:
    """Return what was begun for a recipient of a copy; None where nothing was."""
    for found in copy.begun if copy else ():
        if found.recipient == str(recipient):
            return found
    return None
