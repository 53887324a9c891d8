"""An organisation's or an ISP's mail server: it takes mail by SMTP, delivers its own, and hands the rest on.

Owns the queue, the trace that each server writes (RFC 5321 §4.4), and bounces (§6.1). Refuses to know what becomes of a
mail that it delivers: a mailbox, a POP3 box, a list. What a next hop does not take at once is bounced at once: nothing
in the lab is down for a while.
"""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Final, Protocol

from seawall.errors import SeawallError
from seawall.lab.internet.letters import Failure, bounce
from seawall.lab.internet.mail import Envelope, hops
from seawall.lab.internet.smtp_client import SmtpClient, connected
from seawall.lab.internet.smtp_server import OK, SmtpServer
from seawall.lab.internet.surroundings import Place, Surroundings
from seawall.lab.server_time import date
from seawall.model.account import Speech

MOST_HOPS: Final = 50
"""As Postfix has it (hopcount_limit); RFC 5321 §6.3 wants 100 at least, which only takes longer."""
FULL_LAB: Final = "452 4.3.1 the lab takes no more: its bound is reached"
UNKNOWN_USER: Final = "550 5.1.1 no such user here"
UNROUTABLE: Final = "550 5.1.2 no such domain"
TOO_MANY_HOPS: Final = "554 5.4.6 too many hops"


class Local(Protocol):
    """An address that a server delivers to."""

    def answer(self) -> str:
        """Return the reply to RCPT."""
        ...

    async def deliver(self, envelope: Envelope) -> None:
        """Take a mail for this address alone, all trace on top."""
        ...


class MailServer(Protocol):
    """An organisation's server: the lab's own (`Mta`) or a real one. `place` is where it takes mail by SMTP.

    `outside` counts the recipients elsewhere to whom it was told to send.
    """

    name: str
    outside: Counter[str]

    @property
    def serves(self) -> dict[str, Local]:
        """The addresses that it delivers to."""
        ...

    @property
    def domains(self) -> set[str]:
        """The domains that are its own alone: it knows all their addresses."""
        ...

    @property
    def place(self) -> Place:
        """Where it takes mail by SMTP."""
        ...

    @property
    def lmtp_port(self) -> int:
        """Where it takes mail by LMTP, for its own addresses alone."""
        ...

    async def start(self) -> None:
        """Have a port."""
        ...

    async def open(self) -> None:
        """Take mail, now that all servers have their ports."""
        ...

    async def close(self) -> None:
        """Stop."""
        ...


class Mta:
    """A mail server named `name`. `serves` maps the addresses that it delivers to; `domains` are its own alone.

    `outside` counts the recipients elsewhere to whom it was told to send.
    """

    def __init__(self, around: Surroundings, *, owner: str, name: str, host: str = "127.0.0.1") -> None:
        self.owner = owner
        self.name = name
        self.serves: dict[str, Local] = {}
        self.domains: set[str] = set()
        self.outside: Counter[str] = Counter()
        self._around = around
        self._queue: list[Envelope] = []
        self._taken = 0
        self._made = 0
        self._smtp = SmtpServer(name, self, host=host)
        self._lmtp = SmtpServer(name, _DeliversOnly(self), speech=Speech.LMTP, host=host)

    async def start(self) -> None:
        """Listen, by SMTP and by LMTP."""
        await self._smtp.start()
        await self._lmtp.start()

    async def open(self) -> None:
        """Do nothing: it takes mail already."""

    async def close(self) -> None:
        """Stop listening; what is queued stays there."""
        try:
            await self._smtp.close()
        finally:
            await self._lmtp.close()

    @property
    def place(self) -> Place:
        """Where it takes mail by SMTP."""
        return Place(owner=self.owner, host=self._smtp.host, port=self._smtp.port)

    @property
    def lmtp_port(self) -> int:
        """Where it takes mail by LMTP, for its own addresses alone."""
        return self._lmtp.port

    def answer(self, recipient: str) -> str:
        """Return the reply to RCPT: it relays for whoever is on loopback, as a small office's server does."""
        found = self._local(recipient)
        if found is not None:
            return found.answer()
        return UNKNOWN_USER if _domain(recipient) in self.domains or "@" not in recipient else OK

    async def take(self, envelope: Envelope, helo: str, peer: str) -> str:
        """Deliver what is for its own, queue the rest."""
        if not self._around.meter.has_room(len(envelope.recipients), len(envelope.data)):
            return FULL_LAB
        if hops(envelope.data) >= MOST_HOPS:
            return TOO_MANY_HOPS
        self._taken += 1
        seen = self._around.addresses.get(helo, peer)
        sole = f"\r\n\tfor <{envelope.recipients[0]}>" if len(envelope.recipients) == 1 else ""
        identity = f"{self._taken:06X}"
        stamped = envelope.under(
            f"Received: from {helo} ({helo} [{seen}])\r\n\tby {self.name} (Seawall lab) with ESMTP id {identity}{sole}; "
            f"{date(self._around.clock.now)}"
        )
        elsewhere = []
        for recipient in envelope.recipients:
            local = self._local(recipient)
            if local is None:
                elsewhere.append(recipient)
                self.outside[recipient] += 1
                continue
            await local.deliver(
                stamped.to([recipient]).under(
                    f"Return-Path: <{envelope.reverse_path}>",
                    f"X-Original-To: {recipient}",
                    f"Delivered-To: {recipient.lower()}",
                )
            )
        if elsewhere:
            self.queue(stamped.to(elsewhere))
        return f"250 2.0.0 ok: queued as {identity}"

    def queue(self, envelope: Envelope) -> None:
        """Hand a mail on, when it has lain in the queue for a while."""
        if not self._queue:
            self._around.clock.plan(self._around.transit, self._run_queue)
        self._queue.append(envelope)

    async def _run_queue(self) -> None:
        """Hand on all that is queued: one connection for each next hop."""
        queued, self._queue = self._queue, []
        parts: dict[Place | None, list[tuple[int, Envelope]]] = {}
        for number, envelope in enumerate(queued):
            for place, recipients in self._routed(envelope).items():
                parts.setdefault(place, []).append((number, envelope.to(recipients)))
        failures: dict[int, list[Failure]] = {}
        for place, mails in parts.items():
            async for number, failed in self._hand_all_on(place, mails):
                failures.setdefault(number, []).extend(failed)
        if self._around.meter.reached is None:
            for number, failed in failures.items():
                self._bounce(queued[number], failed)

    def _routed(self, envelope: Envelope) -> dict[Place | None, list[str]]:
        """Return who is reached where; None is nowhere."""
        places: dict[Place | None, list[str]] = {}
        for recipient in envelope.recipients:
            places.setdefault(self._around.routes.get(_domain(recipient)), []).append(recipient)
        return places

    async def _hand_all_on(
        self, place: Place | None, mails: Sequence[tuple[int, Envelope]]
    ) -> AsyncIterator[tuple[int, list[Failure]]]:
        """Hand mails to one next hop, and yield who did not get them."""
        waiting = list(mails[::-1])
        words = UNROUTABLE
        if place is not None:
            try:
                async with connected(place.host, place.port, self.name) as client:
                    while waiting and self._around.meter.reached is None:
                        number, envelope = waiting[-1]
                        if failed := await self._hand_on(client, place, envelope):
                            yield number, failed
                        waiting.pop()
            except (OSError, SeawallError) as problem:
                words = f"554 5.4.1 {problem}"
        for number, envelope in waiting:
            yield number, [_failure(recipient, words) for recipient in envelope.recipients]

    async def _hand_on(self, client: SmtpClient, place: Place, envelope: Envelope) -> list[Failure]:
        answers = await client.send(envelope)
        taken = sum(answer.reply.is_positive for answer in answers)
        if taken:
            self._around.journal.handed_on(self.owner, place.owner, envelope, taken)
        return [
            _failure(answer.recipient, answer.reply.words)
            for answer in answers
            if not answer.reply.is_positive
        ]

    def _bounce(self, envelope: Envelope, failed: Sequence[Failure]) -> None:
        """Tell the sender; the null reverse-path has none, which is what ends a bounce's own failure (RFC 5321 §4.5.5)."""
        journal = self._around.journal
        if not envelope.reverse_path:
            journal.note(
                "dropped", self.owner, envelope.message_id, failed=[each.recipient for each in failed]
            )
            return
        self._made += 1
        made = bounce(
            envelope,
            failed,
            server=self.name,
            at=self._around.clock.now,
            identity=f"bounce.{self._made}@{self.name}",
        )
        journal.families.add(made.message_id, envelope.message_id, "bounce")
        journal.bounced(self.owner, made, [each.recipient for each in failed])
        self.queue(made)

    def _local(self, recipient: str) -> Local | None:
        return self.serves.get(recipient.lower())


class _DeliversOnly:
    """The desk of an LMTP port: it has no queue (RFC 2033 §1), and so relays nothing."""

    def __init__(self, mta: Mta) -> None:
        self._mta = mta

    def answer(self, recipient: str) -> str:
        return self._mta.answer(recipient) if recipient.lower() in self._mta.serves else UNKNOWN_USER

    async def take(self, envelope: Envelope, helo: str, peer: str) -> str:
        return await self._mta.take(envelope, helo, peer)


def _domain(recipient: str) -> str:
    return recipient.rpartition("@")[2].lower()


def _failure(recipient: str, words: str) -> Failure:
    """Read a reply: its enhanced code is the status, in class 5, for the lab does not try again."""
    parts = words.split(" ")
    status = parts[1] if len(parts) > 1 and parts[1].count(".") == 2 else "5.0.0"  # noqa: PLR2004 -- RFC 3463 §2
    return Failure(recipient=recipient, status=f"5{status[1:]}", words=words)
