"""The running process: the clock, signals, readiness, logs, the lock, and what is started and stopped when.

Owns everything that is true once for a process. Refuses to know what a mail is.
"""

import asyncio
import os
import random
import resource
import secrets
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final, TextIO, TypeVar

from seawall.collect.errands import Errands
from seawall.collect.places import SILENT_FOR_EACH
from seawall.collect.release import Held
from seawall.collect.report import Report
from seawall.collect.schedule import Schedule
from seawall.collect.surroundings import Log, Surroundings
from seawall.deliver.writer import Writer
from seawall.errors import OurBug, StateInUse
from seawall.ledger.ledger import Ledger
from seawall.ledger.state import Lock, State
from seawall.log import FORMS, LineLog
from seawall.model.account import Account, MaildirDestination, Settings

GRACE_SECONDS: Final = 60.0
"""After SIGTERM the batch under way is finished; what takes longer is cut off, which loses nothing."""

DESCRIPTORS_FOR_EACH: Final = 2
"""A connection, and a large mail's spool file or a name server's socket."""
DESCRIPTORS_FOR_ALL: Final = 1024
"""The ledger, the Maildirs and files of the batches that are being written."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What runs in one process on one state directory."""

    settings: Settings
    state: State
    ledger: Ledger
    surroundings: Surroundings
    stop: asyncio.Event
    writer: Writer | None

    def schedule(self) -> Schedule:
        """Return the polls of all accounts."""
        if self.writer is None:
            raise OurBug("accounts are polled by a process that does not have the state for itself")
        return Schedule(
            self.settings,
            ledger=self.ledger,
            state=self.state,
            surroundings=self.surroundings,
            stop=self.stop,
            writer=self.writer,
        )

    def errands(self, account: Account) -> Errands:
        """Return what a person can ask of an account's box."""
        return Errands(account, ledger=self.ledger, surroundings=self.surroundings)

    def held(self) -> Held:
        """Return the mails that are set aside."""
        return Held(self.settings, ledger=self.ledger, state=self.state, surroundings=self.surroundings)


def surroundings(
    progress: Callable[[str, int, int], None] | None = None, log: Log | None = None
) -> Surroundings:
    """Return the real clock, randomness and names; what is logged goes to stderr where `log` is not given."""
    chance = random.SystemRandom()
    return Surroundings(
        now=time.time,
        token=lambda: secrets.token_hex(16),
        pick=lambda numbers, most: chance.sample(numbers, min(most, len(numbers))),
        chance=chance.random,
        here=socket.gethostname(),
        log=log or open_log(),
        progress=progress or (lambda _account, _done, _all: None),
    )


def open_log(form: str = "logfmt", stream: TextIO | None = None) -> LineLog:
    """Return a log on a stream, or on stderr; its form is one of `log.FORMS`."""
    return LineLog(stream or sys.stderr, FORMS[form], time.time)


@asynccontextmanager
async def process(
    settings: Settings,
    *,
    collects: bool,
    progress: Callable[[str, int, int], None] | None = None,
    log: Log | None = None,
) -> AsyncIterator[Process]:
    """Open the state and the ledger. One that `collects` has them for itself: raises StateInUse otherwise."""
    async with AsyncExitStack() as stack:
        state = State.make(settings.site.state)
        writer = None
        if collects:
            lock = Lock(state.root / "lock", "collecting")
            stack.callback(lock.release)
            writer = Writer(lock.descriptor)
            stack.callback(writer.close)
        ledger = Ledger.open(state.database)
        stack.callback(ledger.close)
        running = Process(
            settings=settings,
            state=state,
            ledger=ledger,
            surroundings=surroundings(progress, log),
            stop=asyncio.Event(),
            writer=writer,
        )
        yield running


async def settle_releases(running: Process) -> None:
    """Settle what a killed `held release` left, unless one is at work now."""
    try:
        lock = Lock(running.state.root / "held.lock", "releasing held mail")
    except StateInUse:
        return
    try:
        await running.held().settle()
    finally:
        lock.release()


async def collect(
    settings: Settings,
    accounts: Sequence[Account],
    *,
    once: bool,
    progress: Callable[[str, int, int], None] | None = None,
    log: Log | None = None,
) -> list[Report]:
    """Run the connector: one poll of each account, or polls until a signal ends it."""
    async with process(settings, collects=True, progress=progress, log=log) as running:
        if os.geteuid() == 0 and any(isinstance(one.destination, MaildirDestination) for one in accounts):
            running.surroundings.log.warning(
                "running-as-root", advice="run as the user who owns the Maildir, or deliver by LMTP"
            )
        await settle_releases(running)
        make_room(settings.site.at_once)
        schedule = running.schedule()
        notify("READY=1", running.surroundings.log)
        if once:
            return await _until_signal(running, lambda: schedule.once(accounts)) or []
        await _until_signal(running, lambda: schedule.forever(accounts))
        return []


def make_room(at_once: int) -> None:
    """Have a thread and descriptors for every poll that may be under way.

    Host names are resolved in the loop's threads, and a name server that is dead holds one for half
    a minute: with the few that a loop has by default it would keep others' mail from being written.
    """
    polls = at_once * (1 + SILENT_FOR_EACH)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(polls, thread_name_prefix="work"))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = polls * DESCRIPTORS_FOR_EACH + DESCRIPTORS_FOR_ALL
    if soft != resource.RLIM_INFINITY and soft < needed:
        most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


async def _until_signal(running: Process, work: Callable[[], Awaitable[T]]) -> T | None:
    """Do `work`; the first SIGTERM or SIGINT asks it to end, the second or a minute's wait cuts it off."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work())

    def asked() -> None:
        if running.stop.is_set():
            task.cancel()
            return
        notify("STOPPING=1", running.surroundings.log)
        running.surroundings.log.info("stopping")
        running.stop.set()
        loop.call_later(GRACE_SECONDS, task.cancel)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked)
    try:
        return await task
    except asyncio.CancelledError:
        if not running.stop.is_set():
            raise
        return None
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def notify(message: str, log: Log) -> None:
    """Tell systemd how the process stands (sd_notify(3)); nothing where it did not start this one."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        try:
            channel.sendto(message.encode(), address.replace("@", "\0", 1))
        except OSError:
            log.warning("not-notified", address=address)
