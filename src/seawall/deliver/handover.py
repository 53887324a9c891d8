"""One connection to a next hop, and mails handed over on it: SMTP or LMTP over `wire.smtp`.

Owns the order on the connection. A mail's end and the next mail's envelope leave together, so each
mail costs one round trip (RFC 2920 §3.1). Whatever error leaves a method, the connection is
finished: what was offered and not closed is in doubt, and never counts as delivered.
"""

import asyncio
import base64
import binascii
from collections import deque
from collections.abc import Awaitable, Sequence
from typing import Final, Self

from seawall.deliver.transfer import Diary, Transfer
from seawall.errors import (
    ConnectionLost,
    CredentialsRefused,
    Misconfigured,
    OurBug,
    ProtocolViolation,
    ServerRefused,
    Untrusted,
)
from seawall.model.account import Credentials, NextHopDestination, Server, Tls
from seawall.model.address import Address
from seawall.model.mail import CutContent
from seawall.model.outcome import Accepted, Deferred, Lost, Outcome, Refused
from seawall.net.connection import Connection, Nobody
from seawall.net.credentials import read_secret
from seawall.net.sasl import MECHANISMS
from seawall.wire import envelope
from seawall.wire.envelope import Offer
from seawall.wire.smtp import Command, Dialogue, Reply
from seawall.wire.transparency import Transparent

PIECE: Final = 64 * 2**10
"""Octets of a mail that are sent in one write, at the least where it has as many."""
CLOSING: Final = 421
"""The server closes the connection (RFC 5321 §3.8)."""


class Handover:
    """An open connection that takes mail."""

    def __init__(self, destination: NextHopDestination, connection: Connection, here: str) -> None:
        self._destination = destination
        self._connection = connection
        self._dialogue = Dialogue(destination.speech)
        self._replies: deque[Reply] = deque()
        self._here = here
        self._current: Transfer | None = None
        self._following: Transfer | None = None
        self._is_ended = False
        self.offer = Offer(parameters={})
        self.mechanism = ""

    @classmethod
    async def open(cls, destination: NextHopDestination, here: str) -> Self:
        """Connect, protect, log in.

        Raises Temporary where the next hop is down or turns us away, Misconfigured where it can
        never take mail so.
        """
        connection = await Connection.open(destination.place, destination.patience, Nobody(), is_bulk=False)
        handover = cls(destination, connection, here)
        try:
            await handover._greet()
        except BaseException:
            handover.abort()
            raise
        return handover

    @property
    def connection(self) -> Connection:
        """The connection below, for its certificate."""
        return self._connection

    @property
    def is_open(self) -> bool:
        """Whether it can be used again, as far as is known here."""
        return not self._connection.has_ended and not self._dialogue.expected

    def abort(self) -> None:
        """Close at once."""
        self._connection.abort()

    async def noop(self) -> None:
        """See whether the server is still there; raises Temporary where it is not."""
        await self._command(envelope.NOOP)

    async def quit(self) -> None:
        """Say good-bye and close, without waiting for the answer."""
        self._send(envelope.QUIT)
        await self._connection.close()

    async def would_accept(self, recipients: Sequence[Address]) -> tuple[Reply, ...]:
        """Ask in one transaction whether each recipient would be accepted, and hand nothing over.

        Returns a reply to each recipient, all of them that to MAIL where the transaction itself was refused.
        Together, because servers count a RSET as junk (Postfix's smtpd_junk_command_limit).
        """
        is_utf8 = any(not recipient.local_part.isascii() for recipient in recipients)
        commands = (
            envelope.mail("", 0, self.offer, is_utf8=is_utf8),
            *(envelope.rcpt(recipient, self.offer) for recipient in recipients),
            envelope.RSET,
        )
        if self._is_pipelining:
            self._send(*commands)
            mail, *rcpts, _ = [await self._reply() for _ in commands]
        else:
            mail, *rcpts, _ = [await self._command(command) for command in commands]
        return tuple(rcpts) if mail.is_positive else (mail,) * len(recipients)

    # ── the mails ───────────────────────────────────────────────────────────────────────

    async def carry(self, waiting: deque[Transfer], diary: Diary) -> None:
        """Hand over what is `waiting`, one after the other; each is closed in the diary with its outcome.

        Raises Temporary where the connection does not last; `give_up` then tells what that means.
        """
        self._following = self._next(waiting, diary)
        offered = self._announce(self._following, diary)
        while self._following is not None and offered is not None:
            self._current, self._is_ended, self._following = self._following, False, None
            outcome = await self._asked(self._current)
            await offered
            end = await self._send_content(self._current) if outcome is None else b""
            self._following = self._next(waiting, diary)
            offered = self._announce(self._following, diary, behind=end)
            if outcome is None:
                outcome = _outcome(await self._reply())
            diary.close(self._current.delivery_id, outcome)
            self._current = None

    def give_up(self, waiting: deque[Transfer], diary: Diary, why: str) -> bool:
        """After a failure: close the mail at which it came as lost, and put one that was only announced back.

        False where it came at no mail, so that none is to blame.
        """
        self.abort()
        if self._following is not None:
            waiting.appendleft(self._following)
        if self._current is None:
            return False
        diary.close(self._current.delivery_id, Lost(words=why, is_doubtful=self._is_ended))
        return True

    def _next(self, waiting: deque[Transfer], diary: Diary) -> Transfer | None:
        """Return the next mail that can be offered; those that cannot are closed as refused."""
        while waiting:
            transfer = waiting.popleft()
            why = self._unacceptable(transfer)
            if not why:
                return transfer
            diary.close(transfer.delivery_id, Refused(why))
        return None

    def _announce(
        self, transfer: Transfer | None, diary: Diary, *, behind: bytes = b""
    ) -> Awaitable[None] | None:
        """Send the end of the mail before, and where the server allows it the envelope with it, in one packet."""
        if transfer is not None and self._is_pipelining:
            behind += self._dialogue.send(self._envelope(transfer))
        if behind:
            self._connection.send(behind)
        return diary.offer(transfer.delivery_id) if transfer is not None else None

    def _envelope(self, transfer: Transfer) -> tuple[Command, ...]:
        is_utf8 = not transfer.recipient.local_part.isascii()
        return (
            envelope.mail(transfer.reverse_path, transfer.octets, self.offer, is_utf8=is_utf8),
            envelope.rcpt(transfer.recipient, self.offer),
            envelope.DATA,
        )

    @property
    def _is_pipelining(self) -> bool:
        return self.offer.has("PIPELINING")

    async def _asked(self, transfer: Transfer) -> Outcome | None:
        """Read the replies to an envelope: an outcome where the mail is not wanted, None where it is."""
        if not self._is_pipelining:
            return await self._ask(transfer)
        mail, rcpt, data = await self._reply(), await self._reply(), await self._reply()
        if data.is_intermediate:
            return None
        return _outcome(next((reply for reply in (mail, rcpt) if not reply.is_positive), data))

    async def _ask(self, transfer: Transfer) -> Outcome | None:
        """Send an envelope to a server that takes one command at a time."""
        for command in self._envelope(transfer):
            reply = await self._command(command)
            if reply.is_intermediate:
                return None
            if not reply.is_positive:
                if command is not envelope.DATA:
                    await self._command(envelope.RSET)
                return _outcome(reply)
        raise ProtocolViolation(f"the next hop answered DATA with {reply.words}")

    async def _send_content(self, transfer: Transfer) -> bytes:
        """Send a mail's content; return its end, which is for the caller to send at once."""
        encoder = Transparent()
        content = transfer.content
        if transfer.return_path is not None and self.offer.has("DSN"):
            # It went into the envelope, and whoever delivers finally writes it again (RFC 5321 §4.4).
            content = CutContent(content, *transfer.return_path)
        unsent = encoder.encode(transfer.top)
        for piece in content.chunks():
            unsent += encoder.encode(piece)
            if len(unsent) > PIECE:
                self._connection.send(unsent)
                unsent = b""
                await self._connection.drain()
        self._is_ended = True
        if self._dialogue.end_mail() != 1:
            raise OurBug("a mail for one recipient has more than one reply")
        return unsent + encoder.end()

    def _unacceptable(self, transfer: Transfer) -> str:
        """Say why a mail cannot be offered here; empty where it can."""
        most = self.offer.most_octets
        if most is not None and transfer.octets > most:
            return f"it has {transfer.octets} octets, and the next hop takes at most {most}"
        if not transfer.recipient.local_part.isascii() and not self.offer.has("SMTPUTF8"):
            return f"the next hop takes no address such as {transfer.recipient} (it has no SMTPUTF8)"
        if not self.offer.has("8BITMIME") and any(not piece.isascii() for piece in transfer.content.chunks()):
            return "the mail holds octets beyond ASCII, and the next hop takes none (it has no 8BITMIME)"
        return ""

    # ── the beginning ───────────────────────────────────────────────────────────────────

    async def _greet(self) -> None:
        await self._positive(await self._reply())
        await self._hello()
        place = self._destination.place
        if isinstance(place, Server) and place.tls is Tls.STARTTLS:
            if not self.offer.has("STARTTLS"):
                raise Untrusted(f"{place.host} offers no STARTTLS; nothing was sent to it")
            await self._positive(await self._command(envelope.STARTTLS))
            await self._connection.start_tls(place)
            self._dialogue.secured()
            # What was offered in the clear may have been forged (RFC 3207 §4.2).
            await self._hello()
        if self._destination.credentials is not None:
            await self._log_in(self._destination.credentials)

    async def _hello(self) -> None:
        reply = await self._positive(
            await self._command(envelope.hello(self._destination.speech, self._here))
        )
        self.offer = Offer.read(reply.lines)

    async def _log_in(self, credentials: Credentials) -> None:
        secret = await read_secret(credentials.secret)
        user = credentials.user
        name = next((name for name in MECHANISMS if name in self.offer.mechanisms), None)
        if name is None:
            raise Misconfigured(
                f"{self._destination.name} offers no way to log in that is spoken here "
                f"({' '.join(self.offer.mechanisms) or 'it offers none'})"
            )
        exchange = MECHANISMS[name](user, secret)
        initial = base64.b64encode(next(exchange))
        # LOGIN has no initial response in its one description; the others have.
        reply = await self._command(envelope.auth(name, None if name == "LOGIN" else initial))
        response, is_first = initial, name == "LOGIN"
        while reply.is_intermediate:
            if not is_first:
                try:
                    response = base64.b64encode(exchange.send(_challenge(reply)))
                except StopIteration:
                    raise ProtocolViolation(f"the next hop does not end {name}") from None
            is_first = False
            self._connection.send(self._dialogue.answer(response))
            reply = await self._reply()
        if reply.is_positive and name.startswith("SCRAM") and response:
            raise ProtocolViolation(f"the next hop accepted {name} without proving itself")
        if not reply.is_positive and not reply.is_temporary:
            words = secret.hidden_in(reply.words, user)
            raise CredentialsRefused(f"{self._destination.name} refused to log in by {name}: {words}")
        if not reply.is_positive:
            words = secret.hidden_in(reply.words, user)
            raise ServerRefused(f"{self._destination.name} cannot be logged in to by {name} now: {words}")
        self.mechanism = name

    # ── commands and replies ────────────────────────────────────────────────────────────

    def _send(self, *commands: Command) -> None:
        self._connection.send(self._dialogue.send(commands))

    async def _command(self, command: Command) -> Reply:
        self._send(command)
        return await self._reply()

    async def _reply(self) -> Reply:
        patience = self._destination.patience
        try:
            async with asyncio.timeout(patience):
                while not self._replies:
                    self._replies.extend(self._dialogue.receive(await self._connection.receive()))
        except TimeoutError as problem:
            raise ConnectionLost(
                f"{self._destination.name} took over {patience:.0f} s for an answer"
            ) from problem
        reply = self._replies.popleft()
        if reply.code == CLOSING:
            raise ConnectionLost(f"{self._destination.name} closes the connection: {reply.words}")
        return reply

    async def _positive(self, reply: Reply) -> Reply:
        if not reply.is_positive:
            what = reply.command.verb.replace("GREETING", "the connection")
            raise ServerRefused(f"{self._destination.name} turned {what} away: {reply.words}")
        return reply


def _challenge(reply: Reply) -> bytes:
    try:
        return base64.b64decode(reply.lines[-1], validate=True)
    except binascii.Error as problem:
        raise ProtocolViolation("the next hop's SASL challenge is not base64") from problem


def _outcome(reply: Reply) -> Outcome:
    if reply.is_positive:
        return Accepted(reply.words)
    return Deferred(reply.words) if reply.is_temporary else Refused(reply.words)
