"""SIGKILL at each system call that changes something, and what is left after a restart.

A real `seawall run --once` under strace collects a few mails from a toy ISP that erases them as
they come; strace kills whichever of its processes makes the call. Between the kill and the restart a reader moves new mail to cur/ and erases some, as a
mail program would. strace delivers the signal as the call is entered, so what stands before it
happened and what stands behind it did not.
"""

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hostile.connector import PASSWORD, USER, configuration
from seawall.collect.keeping import opened
from seawall.deliver.writer import WORTHWHILE
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running
from seawall.ledger import setaside
from seawall.ledger.ledger import Ledger

CALLS: Final = (
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "unlink",
    "unlinkat",
    "sendto",
    "ftruncate",
)
"""Every call that changes the disk or reaches the server; an open is always followed by a write to what it made."""
FEW: Final = 5
MANY: Final = WORTHWHILE + 3
"""So many that another process writes them, which is killed like the first."""
MAX_RESTARTS: Final = 10
_MESSAGE_ID = re.compile(rb"^Message-ID: <(\d+)@", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """After a kill and a restart: the mails that nobody has, those that came twice, whether the kill struck."""

    lost: int
    twice: int
    was_killed: bool
    left_in_tmp: int
    unerased: int


class Installation:
    """A configuration, a Maildir and a box of a few mails, all fresh."""

    def __init__(self, root: Path, *, keep: str = "none", mails: int = FEW) -> None:
        self.root = root
        self.keep = keep
        self.mails = mails
        self.box = Box([mail(number) for number in range(1, mails + 1)])
        self.isp = ToyIsp({USER: (PASSWORD, self.box)})
        self.read: Counter[int] = Counter()

    def write(self) -> None:
        (self.root / "password").write_text(PASSWORD + "\n")
        more = f'keep = "{self.keep}"\ntimeout = "5s"'
        text = configuration(self.isp.port, self.destination(), more=more)
        (self.root / "seawall.toml").write_text(text)

    def destination(self) -> str:
        return 'kind = "maildir"\npath = "mail/{user}"'

    def command(self) -> list[str]:
        return [sys.executable, "-m", "seawall", "run", "--once", "--config", str(self.root / "seawall.toml")]

    def run(self, *strace: str) -> int:
        """Run once, under strace where it has arguments; return the exit code."""
        prefix = ["strace", "-f", "-qq", *strace] if strace else []
        return subprocess.run(
            [*prefix, *self.command()], capture_output=True, check=False, timeout=120
        ).returncode

    def take(self, *, erases: bool) -> None:
        """Do as a mail reader does: move what is new to cur/, and erase every second of it."""
        new, cur = (self.root / "mail" / "alice" / name for name in ("new", "cur"))
        for at, path in enumerate(sorted(new.glob("*"))):
            self.read[mail_number(path.read_bytes())] += 1
            if erases and at % 2:
                path.unlink()
            else:
                path.rename(cur / f"{path.name}:2,S")


def mail(number: int) -> bytes:
    return b"Message-ID: <%d@example.net>\r\nSubject: %d\r\n\r\nbody %d\r\n" % (number, number, number)


def mail_number(mail: bytes) -> int:
    found = _MESSAGE_ID.search(mail)
    assert found, mail
    return int(found.group(1))


class Holding(Installation):
    """A few mails that pass too many servers, two and two with one body: all are held."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.box = Box([looping(number) for number in range(1, FEW + 1)])
        self.isp = ToyIsp({USER: (PASSWORD, self.box)})

    def held(self) -> Counter[bytes]:
        """The mails that a person finds in Held, as they would be released."""
        ledger = Ledger.open(self.root / "state" / "ledger.sqlite")
        found: Counter[bytes] = Counter()
        try:
            for record in ledger.transact(setaside.held_mails):
                with opened(record) as raw:
                    found[b"".join(raw.content.chunks())] += 1
        finally:
            ledger.close()
        return found

    def left_over(self) -> int:
        """Bodies that no mail has, and files that are half-written."""
        state = self.root / "state" / "held"
        bodies = len({number % 2 for number in range(1, FEW + 1)})
        return len(list((state / "bodies").iterdir())) - bodies + len(list((state / "tmp").iterdir()))


def looping(number: int) -> bytes:
    header, _ = mail(number).split(b"\r\n\r\n")
    hops = b"Received: from a by b; Mon, 23 Nov 2026 01:00:00 +0000\r\n" * 101
    return hops + header + b"\r\n\r\n" + b"body %d\r\n" % (number % 2)


def hold_at(root: Path, call: str, nth: int) -> tuple[bool, bool, int, int]:
    """Kill a run at the n-th call of one kind, restart until it ends well.

    Return whether exactly what was served is held, whether the kill struck, what is left over, what is not erased.
    """
    holding = Holding(fresh(root))
    with running(holding.isp):
        holding.write()
        code = holding.run("-o", "/dev/null", "-e", f"inject={call}:signal=KILL:when={nth}")
        # One more than it takes: what the last one left is swept as the next begins.
        assert 0 in [holding.run() for _ in range(2)]
        assert holding.run() == 0
    is_all = holding.held() == Counter(looping(number) for number in range(1, FEW + 1))
    return is_all, code not in {0, 1}, holding.left_over(), len(holding.box.mails)


def counts(root: Path, mails: int) -> dict[str, int]:
    """How often one thread makes each call in an undisturbed run: the points to kill at."""
    installation = Installation(fresh(root), mails=mails)
    with running(installation.isp):
        return count(installation)


def count(installation: Installation) -> dict[str, int]:
    """The same for an installation whose servers run."""
    log = installation.root / "counts.strace"
    installation.write()
    assert installation.run("-o", str(log), "-e", "trace=" + ",".join(CALLS)) == 0
    by_thread: Counter[tuple[str, str]] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        found = re.match(r"(\d+)\s+(\w+)\(", line)
        if found:
            by_thread[found.group(1), found.group(2)] += 1
    return {call: max((n for (_, name), n in by_thread.items() if name == call), default=0) for call in CALLS}


def points(found: dict[str, int], every: int = 1) -> Iterator[tuple[str, int]]:
    """The points to kill at, or each `every`-th of them."""
    pairs = [(call, nth) for call, most in found.items() for nth in range(1, most + 1)]
    yield from pairs[::every]


def kill_at(root: Path, call: str, nth: int, *, mails: int = FEW, keep: str = "none") -> Outcome:
    """Kill a run at the n-th call of one kind, let a reader at the Maildir, restart until it ends well, and count."""
    installation = Installation(fresh(root), keep=keep, mails=mails)
    with running(installation.isp):
        installation.write()
        code = installation.run("-o", "/dev/null", "-e", f"inject={call}:signal=KILL:when={nth}")
        was_killed = code not in {0, 1}
        installation.take(erases=True)
        for _ in range(MAX_RESTARTS):
            if installation.run() == 0:
                break
        else:
            raise AssertionError("it does not recover")
        installation.take(erases=False)
    tmp = list((root / "mail" / "alice" / "tmp").glob("*"))
    return Outcome(
        lost=sum(installation.read[n] == 0 for n in range(1, mails + 1)),
        twice=sum(installation.read[n] > 1 for n in range(1, mails + 1)),
        was_killed=was_killed,
        left_in_tmp=len(tmp),
        unerased=len(installation.box.mails) if keep == "none" else 0,
    )


def fresh(root: Path) -> Path:
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    return root
