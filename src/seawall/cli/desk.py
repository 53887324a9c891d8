"""What a person asks of an installation, and does to it, beside whoever runs: the commands' other half.

Owns the reading of the ledger for people. Refuses to know how an answer is printed.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from typing import Final

from seawall.collect import inspect
from seawall.collect.adoption import Adoption
from seawall.collect.check.finding import Finding
from seawall.collect.check.survey import AT_ONCE, Survey, survey
from seawall.collect.inspect import Preview
from seawall.collect.judging import policy
from seawall.collect.keeping import find_body, find_held, opened
from seawall.collect.release import Held
from seawall.daemon import make_room, process, surroundings
from seawall.decide.case import Mail, questions
from seawall.decide.judge import judge
from seawall.errors import Permanent, SeawallError, StorageFull, Temporary
from seawall.facts.message import read_message
from seawall.facts.section import header_section
from seawall.ledger import breakers, deliveries, digests, setaside, statements, windows
from seawall.ledger.breakers import BrokenAccount, StormRecord
from seawall.ledger.digests import LastDigest
from seawall.ledger.ledger import Ledger
from seawall.ledger.records import HeldRecord, HeldStorm
from seawall.ledger.setaside import Choice
from seawall.ledger.state import KEY_OCTETS, Lock, State
from seawall.model.account import Account, Settings, chosen
from seawall.model.facts import MessageFacts
from seawall.model.knowledge import Known
from seawall.model.text import shown
from seawall.model.verdict import Verdict

SOME: Final = 500
"""Held mails that are read at once."""
GIVE_UP_AFTER: Final = 20
"""Failures in a row that may pass, after which those that are left are not tried: a next hop may be down."""
UNSHOWN_SECONDS: Final = 1.0
"""What takes no longer shows no progress."""


async def preview(settings: Settings, accounts: Sequence[Account]) -> list[Preview]:
    """Say for each account what a poll would do; where nothing ran yet, no state is made for that."""
    with ExitStack() as stack:
        if State.existing(settings.site.state) is None:
            passing = stack.enter_context(TemporaryDirectory(prefix="seawall-"))
            settings = replace(settings, site=replace(settings.site, state=passing))
        return await _preview(settings, accounts)


async def _preview(settings: Settings, accounts: Sequence[Account]) -> list[Preview]:
    async with process(settings, collects=False) as running:
        return [await inspect.preview(account, running.errands(account)) for account in accounts]


async def adopt_account(
    settings: Settings, account: Account, seen: Collection[bytes] | None = None, *, is_sure: bool = True
) -> Adoption:
    """Mark what is at the server as seen, all of it or what `seen` lists; say what becomes of each mail."""
    async with process(settings, collects=True) as running:
        return await running.errands(account).adopt(seen, is_sure=is_sure)


async def check_all(settings: Settings, tell: Callable[[Finding], None]) -> Survey:
    """Look at every account and destination; `tell` hears of each as soon as it is known."""
    around = surroundings()
    make_room(AT_ONCE)
    return await survey(settings, here=around.here, now=around.now(), tell=tell)


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleSeen:
    """A mail that cannot be brought, for `status`."""

    uidl: str
    why: str
    failures: int
    retry_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSeen:
    """An account, for `status`; moments are Unix seconds.

    `maybe_twice` counts the deliveries that a next hop may have kept twice: it was offered them, and
    the answer was lost; `held` what was set aside, whatever became of it. `broken_at` is when its
    breaker opened.
    """

    name: str
    polled_at: float | None = None
    succeeded_at: float | None = None
    next_poll_at: float | None = None
    delivered: int = 0
    held: int = 0
    known: int = 0
    maybe_twice: int = 0
    failures: int = 0
    problem: str = ""
    is_stopped: bool = False
    broken_at: float | None = None
    broken_for: str = ""
    troubles: tuple[TroubleSeen, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StormSeen:
    """A storm whose breaker is open, for `status`; `closes_at` is when it closes by itself if no copy comes."""

    storm: int
    kind: str
    sender: str
    subject: str
    copies: int
    opened_at: float
    last_at: float
    closes_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What `status` shows."""

    accounts: tuple[AccountSeen, ...]
    held: int
    storms: tuple[StormSeen, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What `status --prometheus` prints beside the overview."""

    held_by_reason: Mapping[str, int]
    held_octets: int
    held_max: int
    storms_opened: int
    last_digest: LastDigest | None


@contextmanager
def ledger_of(settings: Settings) -> Iterator[Ledger | None]:
    """Open the ledger beside whoever runs; None where nothing ran yet."""
    state = State.existing(settings.site.state)
    if state is None:
        yield None
        return
    ledger = Ledger.open(state.database)
    try:
        yield ledger
    finally:
        ledger.close()


def overview(settings: Settings) -> Overview:
    """Return how the configured accounts stand."""
    with ledger_of(settings) as ledger:
        if ledger is None:
            return Overview(
                accounts=tuple(AccountSeen(name=account.name) for account in settings.accounts), held=0
            )
        seen = tuple(_account_seen(ledger, account.name) for account in settings.accounts)
        storms = [
            StormSeen(
                storm=one.storm_id,
                kind=one.kind,
                sender=one.sender,
                subject=one.subject,
                copies=one.copies,
                opened_at=one.opened_at or 0.0,
                last_at=one.last_at,
                closes_at=one.last_at + settings.site.guard.quiet,
            )
            for one in ledger.transact(breakers.open_storms)
        ]
        mails, _ = ledger.transact(digests.in_held)
        return Overview(accounts=seen, held=mails, storms=tuple(storms))


def measures(settings: Settings) -> Measures:
    """Return what is counted over all accounts."""
    held_max = settings.site.guard.held_max
    with ledger_of(settings) as ledger:
        if ledger is None:
            return Measures(
                held_by_reason={}, held_octets=0, held_max=held_max, storms_opened=0, last_digest=None
            )
        return Measures(
            held_by_reason=ledger.transact(digests.held_by_reason),
            held_octets=ledger.transact(digests.in_held)[1],
            held_max=held_max,
            storms_opened=ledger.transact(breakers.count_opened),
            last_digest=ledger.transact(digests.last_digest),
        )


def resume(
    settings: Settings, names: Sequence[str], storms: Sequence[int]
) -> tuple[list[BrokenAccount], list[StormRecord]]:
    """Close the breakers of accounts and storms, all or none, beside whoever runs; return what they were.

    Raises Misconfigured for an account that is none, Permanent for one whose breaker is not open.
    """
    chosen(settings, names)
    with ledger_of(settings) as ledger:
        if ledger is None:
            raise Permanent("nothing ran here yet: no breaker is open")
        return ledger.transact(breakers.resume, names, storms, surroundings().now())


def _account_seen(ledger: Ledger, name: str) -> AccountSeen:
    record = ledger.transact(statements.open_account, name)
    troubles = ledger.transact(statements.troubles, record.account_id)
    set_aside = ledger.transact(deliveries.count_held, record.account_id)
    return AccountSeen(
        name=name,
        polled_at=record.polled_at,
        succeeded_at=record.succeeded_at,
        next_poll_at=record.next_poll_at,
        delivered=record.delivered - set_aside,
        held=set_aside,
        known=ledger.transact(statements.count_known, record.account_id),
        maybe_twice=ledger.transact(deliveries.count_doubts, record.account_id),
        failures=record.failures,
        problem=record.problem,
        is_stopped=record.stopped_for is not None or record.broken_at is not None,
        broken_at=record.broken_at,
        broken_for=record.broken_for,
        troubles=tuple(
            TroubleSeen(
                uidl=shown(found.key), why=found.why, failures=found.failures, retry_at=found.retry_at
            )
            for found in troubles.values()
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSeen:
    """One held mail, for a person: the paths of its file and of its body's, and its header."""

    record: HeldRecord
    path: str
    body_path: str | None
    header: str


def storms(settings: Settings, *, every: bool) -> list[HeldStorm]:
    """Return the storms that have copies in Held; with `every` also those whose copies have left."""
    with ledger_of(settings) as ledger:
        return ledger.transact(setaside.storms, every=every) if ledger else []


def held_mails(settings: Settings, choice: Choice) -> Iterator[HeldRecord]:
    """Yield what is set aside, oldest first, some at a time: a storm may have more than fit into memory."""
    with ledger_of(settings) as ledger:
        after = 0
        while ledger and (some := ledger.transact(setaside.held_mails, choice, after=after, most=SOME)):
            yield from some
            after = some[-1].held_id


def held_mail(settings: Settings, held_id: int) -> HeldSeen:
    """Return one held mail; raises Permanent where there is none."""
    record = _held_record(settings, held_id)
    path, body = find_held(record), find_body(record)
    with path.open("rb") as file:
        header = header_section(file.read(64 * 2**10))
    return HeldSeen(
        record=record,
        path=str(path),
        body_path=str(body) if body else None,
        header=header.decode("utf-8", "replace").replace("\r\n", "\n"),
    )


def held_octets(settings: Settings, held_id: int) -> Iterator[bytes]:
    """Yield a held mail as it was served; raises Permanent where it is not there."""
    with opened(_held_record(settings, held_id)) as mail:
        yield from mail.content.chunks()


def _held_record(settings: Settings, held_id: int) -> HeldRecord:
    with ledger_of(settings) as ledger:
        record = ledger.transact(setaside.held_mail, held_id) if ledger else None
    if record is None:
        raise Permanent(f"there is no held mail {held_id}")
    return record


def work_on_held(
    settings: Settings,
    act: Callable[[Held, int], Awaitable[HeldRecord]],
    which: Sequence[int] | Choice,
    *,
    tell: Callable[[int, SeawallError], None],
    progress: Callable[[str, int, int], None] | None = None,
) -> int:
    """Release or drop held mails, oldest first, one process at a time; a connector may run meanwhile.

    Goes on behind a failure, which `tell` hears of, and returns how many failed; it ends where the
    disk is full, or where so many in a row failed for a reason that passes. One mail alone raises its failure.
    """

    async def work() -> int:
        async with process(settings, collects=False) as running:
            lock = Lock(running.state.root / "held.lock", "releasing held mail")
            try:
                held = running.held()
                await held.settle()
                return await _work_through(running.ledger, held)
            finally:
                lock.release()

    async def _work_through(ledger: Ledger, held: Held) -> int:
        if isinstance(which, Choice):
            total = await ledger.do(setaside.count, which)
        else:
            total = len(set(which))
        began, done, failed, in_a_row = time.monotonic(), 0, 0, 0
        async for held_id in _numbers(ledger, which):
            done += 1
            try:
                await act(held, held_id)
                in_a_row = 0
            except SeawallError as problem:
                if total == 1:
                    raise
                tell(held_id, problem)
                failed += 1
                in_a_row = in_a_row + 1 if isinstance(problem, Temporary) else 0
                if isinstance(problem, StorageFull) or in_a_row >= GIVE_UP_AFTER:
                    raise Temporary(f"given up with {total - done} mails left as they were") from problem
            if progress is not None and time.monotonic() - began > UNSHOWN_SECONDS:
                progress("held", done, max(done, total))
        return failed

    return asyncio.run(work())


async def _numbers(ledger: Ledger, which: Sequence[int] | Choice) -> AsyncIterator[int]:
    """Yield the numbers of held mails, oldest first, some at a time."""
    if not isinstance(which, Choice):
        for held_id in sorted(set(which)):
            yield held_id
        return
    after = 0
    while some := await ledger.do(setaside.held_ids, which, after, SOME):
        for held_id in some:
            yield held_id
        after = some[-1]


def explain_mail(
    settings: Settings, account: Account, head: bytes, octets: int
) -> tuple[MessageFacts, tuple[Verdict, ...]]:
    """Return a mail's facts and verdicts, as a poll would find them."""
    state = State.existing(settings.site.state)
    key = state.mark_key() if state else bytes(KEY_OCTETS)
    facts = read_message(_as_served(head), octets, key, account.envelope)
    by = policy(account, settings.site, now=surroundings().now())
    mails = [Mail.of(facts, by)]
    with ledger_of(settings) as ledger:
        known = ledger.transact(windows.knowledge, questions(mails, by)) if ledger else Known()
    return facts, judge(mails, known, by).verdicts[0]


def _as_served(head: bytes) -> bytes:
    """A mail in a file has LF line ends; a server sends CRLF."""
    return head.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
