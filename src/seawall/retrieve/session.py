"""One POP3 session: connect, log in, list, read, erase, quit (RFC 1939), over `wire.pop3`.

Owns the order of commands on the connection and how many are under way. Refuses to know what is
known already, who receives a mail, and when one may be erased. Whatever error leaves a method,
the connection is finished: the caller aborts the session and nothing in it counts as erased.
"""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from seawall.errors import OurBug, ProtocolViolation, ServerRefused
from seawall.model.account import Account, Server, Tls
from seawall.model.mail import Listed, RawMail
from seawall.model.secret import Secret
from seawall.model.text import shown
from seawall.net.connection import Connection, Listener, Nobody
from seawall.retrieve.login import log_in, mechanisms
from seawall.retrieve.spool import HEAD_OCTETS, Incoming, Spool
from seawall.wire import commands
from seawall.wire.pop3 import Command, Content, Dialogue, Event, Status, apop_timestamp
from seawall.wire.replies import Capabilities, listing, octets

WINDOW_OCTETS: Final = 4 * 2**20
"""How many octets of replies may be asked for ahead of what has come in."""
UNKNOWN_OCTETS: Final = 64 * 2**10
"""What a mail without a usable size counts for in the window and in a batch."""
SMALL_REPLY: Final = 512
"""What a status line counts for in the window."""
UIDL_LINE: Final = 640
MAX_LISTING: Final = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the server holds: its mails by number, and whether it has UIDL at all."""

    entries: tuple[Listed, ...]
    has_uidl: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """A mail that came whole."""

    listed: Listed
    mail: RawMail


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRetrieved:
    """A mail that the server would not hand over; `why` is its own words."""

    listed: Listed
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What `Session.open` needs: the server, the user, how long to wait for a byte, and who hears of the waits."""

    server: Server
    user: str
    secret: Secret
    patience: float = 60.0
    listener: Listener = field(default_factory=Nobody, repr=False)

    @classmethod
    def to(cls, account: Account, secret: Secret, listener: Listener | None = None) -> Self:
        """Return the login to an account's box."""
        return cls(
            server=account.server,
            user=account.user,
            secret=secret,
            patience=account.patience,
            listener=listener or Nobody(),
        )


class Session:
    """A logged-in session."""

    def __init__(self, connection: Connection, patience: float) -> None:
        self._connection = connection
        self._dialogue = Dialogue()
        self._events: deque[Event] = deque()
        self._patience = patience
        self.capabilities = Capabilities.unknown()
        self.greeting = b""
        self.mechanism = ""
        self.in_flight: Listed | None = None
        self.reading: Sequence[Listed] = ()
        self._stat: Status | None = None

    @classmethod
    async def open(cls, login: Login) -> Self:
        """Connect, protect, log in; raises the errors of a connection, ServerRefused or CredentialsRefused."""
        session = cls(await Connection.open(login.server, login.patience, login.listener), login.patience)
        try:
            await session._greet(login)
        except BaseException:
            session.abort()
            raise
        return session

    @property
    def connection(self) -> Connection:
        """The connection below, for its address and its certificate."""
        return self._connection

    def abort(self) -> None:
        """Close without QUIT: the server erases nothing (RFC 1939 §6)."""
        self._connection.abort()

    async def _greet(self, login: Login) -> None:
        greeting = await self._event()
        if not isinstance(greeting, Status) or not greeting.is_positive:
            code, text = (greeting.code, greeting.text) if isinstance(greeting, Status) else ("", b"")
            raise ServerRefused(f"the server turned the connection away: {shown(text)}", code=code)
        self.greeting = greeting.text
        await self._read_capabilities()
        if login.server.tls is Tls.STARTTLS:
            status = await self._status(commands.STLS)
            if not status.is_positive:
                raise ServerRefused(f"the server refused STLS: {shown(status.text)}", code=status.code)
            await self._connection.start_tls(login.server)
            self._dialogue.secured()
            # What was announced in the clear may have been forged (RFC 2595 §4).
            await self._read_capabilities()
        is_protected = self._connection.tls is not None
        timestamp = apop_timestamp(greeting.text)
        self.mechanism = await log_in(
            self._exchange,
            mechanisms(self.capabilities, timestamp, is_protected=is_protected),
            user=login.user,
            secret=login.secret,
            timestamp=timestamp,
            knows_auth_code=self.capabilities.has("AUTH-RESP-CODE"),
        )
        # Capabilities may change with the login (RFC 2449 §5).
        await self._read_capabilities()
        self._stat = await self._status(commands.STAT)

    async def list_mails(self) -> Listing:
        """Return what the server holds. Where LIST and UIDL disagree, a mail in either is listed.

        Raises ServerRefused where the server answers neither.
        """
        if self._stat is None:
            raise OurBug("the session is not logged in")
        count, _, _ = self._stat.text.partition(b" ")
        bound = 64 * 2**10 + (octets(count) or 0) * UIDL_LINE if self._stat.is_positive else MAX_LISTING
        bound = min(bound, MAX_LISTING)
        uidls, sizes = [
            reply
            async for reply in self._multiline([commands.uidl_all(bound), commands.list_all(bound)], bound)
        ]
        if uidls is None and sizes is None:
            raise ServerRefused("the server answers neither UIDL nor LIST")
        found_uidls = listing(uidls) if uidls is not None else {}
        found_sizes = listing(sizes) if sizes is not None else {}
        return Listing(
            has_uidl=uidls is not None,
            entries=tuple(
                Listed(
                    number=number,
                    uidl=found_uidls.get(number) or None,
                    octets=octets(found_sizes[number]) if number in found_sizes else None,
                )
                for number in sorted(found_uidls.keys() | found_sizes.keys())
            ),
        )

    async def headers(self, numbers: Iterable[int]) -> AsyncIterator[bytes | None]:
        """Yield for each number the reply to TOP n 0, its first MiB; None where the server refuses."""
        async for reply in self._multiline([commands.top(number) for number in numbers], HEAD_OCTETS):
            yield reply

    async def retrieve(
        self, batches: Iterable[Sequence[Listed]], *, max_octets: int, spool: Spool
    ) -> AsyncGenerator[tuple[Retrieved | NotRetrieved, ...], None]:
        """Read mails in batches, and yield each batch once it is known to be whole.

        Behind each batch stands a STAT whose reply must be the one of the login: the sender of a
        mail cannot know it, so a reply that was forged inside a mail (on a server that does not
        stuff dots) is found out before anything of its batch is used. `batches` is asked for more
        only as the window allows, and may end early. `in_flight` is the mail that was being read
        when an error came, `reading` the batch. Raises TooLarge for a mail over `max_octets`.
        """
        sent: deque[Sequence[Listed]] = deque()
        pipeline = self._pipeline(_fenced(batches, sent, max_octets))
        results: list[Retrieved | NotRetrieved] = []
        incoming = Incoming(spool)
        try:
            async for event in pipeline:
                if event.command.verb == "STAT":
                    sent.popleft()
                    self._check_fence(event)
                    batch, results = tuple(results), []
                    self._reads(sent, results)
                    yield batch
                    continue
                self._reads(sent, results)
                listed = sent[0][len(results)]
                if isinstance(event, Content):
                    await incoming.add(event.data)
                    if event.is_last:
                        results.append(Retrieved(listed=listed, mail=await incoming.whole()))
                        incoming = Incoming(spool)
                        _refuse_reply(results[-1])
                elif isinstance(event, Status) and not event.is_positive:
                    results.append(NotRetrieved(listed=listed, why=shown(event.text)))
                self._reads(sent, results)
        finally:
            incoming.close()
            for result in results:
                if isinstance(result, Retrieved):
                    result.mail.content.close()

    def _reads(self, sent: deque[Sequence[Listed]], results: Sequence[object]) -> None:
        """Note which mail's reply comes next, and in which batch."""
        self.reading = sent[0] if sent else ()
        self.in_flight = self.reading[len(results)] if len(results) < len(self.reading) else None

    async def erase(self, numbers: Sequence[int]) -> tuple[bool, ...]:
        """Mark mails as deleted; True for each that the server took. They go at `quit`, not before."""
        asked = [(commands.dele(number), SMALL_REPLY) for number in numbers]
        replies = [event async for event in self._pipeline(asked)]
        return tuple(isinstance(reply, Status) and reply.is_positive for reply in replies)

    async def quit(self) -> bool:
        """End the session; True where the server says that it erased what it was told to (RFC 1939 §6)."""
        status = await self._status(commands.QUIT)
        await self._connection.close()
        return status.is_positive

    def _check_fence(self, event: Event) -> None:
        stat = self._stat
        is_more_than_asked = self._dialogue.failure is not None and not self._dialogue.expected
        if stat is None or not isinstance(event, Status) or not _same_stat(event, stat) or is_more_than_asked:
            raise ProtocolViolation(
                "the server's replies do not belong to what was asked: "
                "a mail on it may hold a forged reply that it did not stuff"
            )

    async def _read_capabilities(self) -> None:
        async for reply in self._multiline([commands.CAPA], commands.MAX_CAPABILITIES):
            self.capabilities = Capabilities.parse(reply) if reply is not None else Capabilities.unknown()

    async def _exchange(self, command: Command) -> Event:
        self._connection.send(self._dialogue.send([command]))
        return await self._event()

    async def _status(self, command: Command) -> Status:
        event = await self._exchange(command)
        if not isinstance(event, Status):
            raise ProtocolViolation(f"the server answered {command.verb} with a challenge")
        return event

    async def _multiline(self, asked: Sequence[Command], keep: int) -> AsyncIterator[bytes | None]:
        """Yield the content of each reply, cut to `keep` octets; None for each refusal."""
        content = bytearray()
        async for event in self._pipeline((command, UNKNOWN_OCTETS) for command in asked):
            if isinstance(event, Content):
                content += event.data[: max(0, keep - len(content))]
                if event.is_last:
                    yield bytes(content)
                    content.clear()
            elif isinstance(event, Status) and not event.is_positive:
                yield None

    async def _pipeline(self, asked: Iterable[tuple[Command, int]]) -> AsyncIterator[Event]:
        """Send commands as far ahead as the window allows, one at a time without PIPELINING; yield their events.

        Each command comes with the octets that its reply is expected to have.
        """
        source = iter(asked)
        window = WINDOW_OCTETS if self.capabilities.has("PIPELINING") else 0
        under_way: deque[int] = deque()
        outstanding = 0
        is_exhausted = False
        while True:
            ready: list[Command] = []
            # Half the window at a time: commands that leave together cost one system call, and the server one.
            is_due = not under_way or outstanding <= window // 2
            while is_due and not is_exhausted and (not under_way or outstanding < window):
                following = next(source, None)
                if following is None:
                    is_exhausted = True
                    break
                command, weight = following
                ready.append(command)
                under_way.append(weight)
                outstanding += weight
            if ready:
                self._connection.send(self._dialogue.send(ready))
            if not under_way:
                return
            event = self._events.popleft() if self._events else await self._event()
            if isinstance(event, Content):
                is_finished = event.is_last
            else:
                is_finished = isinstance(event, Status) and not (
                    event.is_positive and event.command.is_multiline
                )
            if is_finished:
                outstanding -= under_way.popleft()
            yield event

    async def _event(self) -> Event:
        while not self._events:
            self._events.extend(self._dialogue.receive(await self._connection.receive()))
        return self._events.popleft()


def _refuse_reply(result: Retrieved | NotRetrieved) -> None:
    """A mail that begins with a reply is a sign of one reply too many, which would become part of it."""
    if isinstance(result, Retrieved) and result.mail.head.startswith((b"+OK", b"-ERR")):
        raise ProtocolViolation("the mail begins with a POP3 reply: the server sent one too many")


def _fenced(
    batches: Iterable[Sequence[Listed]], sent: deque[Sequence[Listed]], max_octets: int
) -> Iterable[tuple[Command, int]]:
    for batch in batches:
        sent.append(batch)
        for listed in batch:
            yield commands.retr(listed.number, max_octets), listed.octets or UNKNOWN_OCTETS
        yield commands.STAT, SMALL_REPLY


def _same_stat(reply: Status, first: Status) -> bool:
    return reply.is_positive == first.is_positive and (
        not reply.is_positive or reply.text.split()[:2] == first.text.split()[:2]
    )
