"""SIGKILL at each system call of a run that hands mail over by LMTP, and what the next hop has after a restart.

The next hop is a toy that keeps all it is given. A mail that it has twice must be under one mark
each time, so that a Sieve script knows it again, and the ledger must say that it may be there twice.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from crash.points import FEW, MAX_RESTARTS, Installation, fresh, mail_number
from hostile.connector import lmtp_to
from seawall.facts.mark import FIELD
from seawall.lab import isp, sink
from seawall.lab.sink import Sink
from seawall.ledger.ledger import Ledger
from seawall.ledger.schema import delivery
from seawall.model.account import Speech


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """After a kill and a restart. `unmarked` are the copies under another mark, `unsaid` those that the ledger is silent of."""

    lost: int
    twice: int
    unmarked: int
    unsaid: int
    unerased: int
    was_killed: bool


class Handover(Installation):
    """Five mails, collected to a toy next hop."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.sink = Sink(Speech.LMTP)

    def destination(self) -> str:
        return lmtp_to(self.sink.port) + '\ntimeout = "5s"'

    def outcome(self, *, was_killed: bool) -> Outcome:
        marks = [(mail_number(mail.data), _mark(mail.data)) for mail in self.sink.mails]
        copies, different = (
            Counter(number for number, _ in marks),
            Counter(number for number, _ in set(marks)),
        )
        doubtful = _doubtful(self.root / "state" / "ledger.sqlite")
        return Outcome(
            lost=sum(copies[number] == 0 for number in range(1, FEW + 1)),
            twice=sum(count - 1 for count in copies.values()),
            unmarked=sum(count - 1 for count in different.values()),
            unsaid=sum(mark not in doubtful for (_, mark), count in Counter(marks).items() if count > 1),
            unerased=len(self.box.mails),
            was_killed=was_killed,
        )


def _mark(data: bytes) -> str:
    return data.partition(FIELD.encode() + b": ")[2][:32].decode("ascii")


def _doubtful(database: Path) -> set[str]:
    ledger = Ledger.open(database)
    try:
        return ledger.transact(
            lambda connection: set(
                connection.execute(delivery.select().where(delivery.c.doubts > 0)).scalars()
            )
        )
    finally:
        ledger.close()


def kill_at(root: Path, call: str, nth: int) -> Outcome:
    """Kill a run at the n-th call of one kind, restart until it ends well, and count."""
    handover = Handover(fresh(root))
    with isp.running(handover.isp), sink.running(handover.sink):
        handover.write()
        code = handover.run("-o", "/dev/null", "-e", f"inject={call}:signal=KILL:when={nth}")
        for _ in range(MAX_RESTARTS):
            if handover.run() == 0:
                return handover.outcome(was_killed=code not in {0, 1})
    raise AssertionError("it does not recover")
