"""Promise 2 and 3 under SIGKILL: nothing lost, nothing twice, at whatever system call it comes."""

import os
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from crash import handovers
from crash.points import (
    FEW,
    MANY,
    Holding,
    Installation,
    count,
    counts,
    fresh,
    hold_at,
    kill_at,
    points,
)
from seawall.lab import sink
from seawall.lab.isp import running

pytestmark = pytest.mark.server


@pytest.fixture(autouse=True)
def strace() -> None:
    if shutil.which("strace") is None:
        if os.environ.get("SEAWALL_REQUIRE_SERVERS") == "1":
            pytest.fail("strace is not installed")
        pytest.skip("strace is not installed")


def kill_at_points(root: Path, every: int, mails: int = FEW) -> None:
    struck: Counter[str] = Counter()
    for call, nth in points(counts(root / "count", mails), every):
        outcome = kill_at(root / "run", call, nth, mails=mails)
        assert (outcome.lost, outcome.twice, outcome.left_in_tmp, outcome.unerased) == (0, 0, 0, 0), (
            call,
            nth,
        )
        struck[call] += outcome.was_killed
    print("\n".join(f"{call:10} killed at {n}" for call, n in struck.items()))  # noqa: T201
    assert sum(struck.values()) >= 5


def test_a_kill_at_some_system_calls_loses_and_doubles_nothing(tmp_path: Path) -> None:
    kill_at_points(tmp_path, 13)


def test_a_kill_at_some_system_calls_of_two_processes_loses_and_doubles_nothing(tmp_path: Path) -> None:
    kill_at_points(tmp_path, 37, MANY)


@pytest.mark.soak
def test_a_kill_at_every_second_system_call_of_two_processes_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    kill_at_points(tmp_path, 2, MANY)


@pytest.mark.soak
def test_a_kill_at_every_system_call_loses_and_doubles_nothing(tmp_path: Path) -> None:
    kill_at_points(tmp_path, 1)


def hold_at_points(root: Path, every: int) -> None:
    struck: Counter[str] = Counter()
    rehearsal = Holding(fresh(root / "count"))
    with running(rehearsal.isp):
        found = count(rehearsal)
    for call, nth in points(found, every):
        is_all, was_killed, left_over, unerased = hold_at(root / "run", call, nth)
        assert (is_all, left_over, unerased) == (True, 0, 0), (call, nth)
        struck[call] += was_killed
    print("\n".join(f"{call:10} killed at {n}" for call, n in struck.items()))  # noqa: T201
    assert sum(struck.values()) >= 5


def test_a_kill_at_some_system_calls_loses_no_held_mail_and_no_body(tmp_path: Path) -> None:
    hold_at_points(tmp_path, 13)


@pytest.mark.soak
def test_a_kill_at_every_system_call_loses_no_held_mail_and_no_body(tmp_path: Path) -> None:
    hold_at_points(tmp_path, 1)


def hand_over_at_points(root: Path, every: int) -> None:
    struck: Counter[str] = Counter()
    twice: Counter[str] = Counter()
    rehearsal = handovers.Handover(fresh(root / "count"))
    with running(rehearsal.isp), sink.running(rehearsal.sink):
        found = count(rehearsal)
    for call, nth in points(found, every):
        outcome = handovers.kill_at(root / "run", call, nth)
        assert (outcome.lost, outcome.unmarked, outcome.unsaid, outcome.unerased) == (0, 0, 0, 0), (call, nth)
        # One that the next hop answers, one whose outcome is being written: nothing else is in doubt.
        assert outcome.twice <= 2, (call, nth)
        struck[call] += outcome.was_killed
        twice[call] += outcome.twice
    print("\n".join(f"{call:10} killed at {n}, twice {twice[call]}" for call, n in struck.items()))  # noqa: T201
    assert sum(struck.values()) >= 5


def test_a_kill_at_some_system_calls_of_a_handover_loses_nothing_and_knows_what_is_twice(
    tmp_path: Path,
) -> None:
    hand_over_at_points(tmp_path, 13)


@pytest.mark.soak
def test_a_kill_at_every_system_call_of_a_handover_loses_nothing_and_knows_what_is_twice(
    tmp_path: Path,
) -> None:
    hand_over_at_points(tmp_path, 1)


@pytest.mark.parametrize("mails", [FEW, MANY])
def test_the_order_of_system_calls_is_the_one_that_is_safe(tmp_path: Path, mails: int) -> None:
    """fsync(file) < rename < fsync(directory) < commit < DELE, each for all mails of the batch."""
    installation = Installation(tmp_path, mails=mails)
    log = tmp_path / "order.strace"
    with running(installation.isp):
        installation.write()
        calls = "trace=fsync,fdatasync,rename,renameat,renameat2,sendto"
        assert installation.run("-y", "-s", "200", "-o", str(log), "-e", calls) == 0
    lines = log.read_text().splitlines()

    def where(pattern: str) -> list[int]:
        return [at for at, line in enumerate(lines) if re.search(pattern, line)]

    files = where(r"fsync\(\d+<[^>]*/mail/alice/tmp/[^>]+>")
    temporary = where(r"fsync\(\d+<[^>]*/mail/alice/tmp>")
    renames = where(r"rename\w*\(\d+<[^>]*/alice/tmp>")
    directory = where(r"fsync\(\d+<[^>]*/mail/alice/new>")
    commits = where(r"sync\(\d+<[^>]*ledger\.sqlite-wal>")
    deletes = where(r"sendto\(.*DELE 1")
    assert len(files) == len(renames) == mails
    assert len(deletes) == 1
    assert max(files) < min(temporary) < min(renames)
    assert any(max(temporary) < commit < min(renames) for commit in commits), "staged is committed first"
    assert max(renames) < min(directory)
    assert any(max(directory) < commit < min(deletes) for commit in commits), "delivered is committed first"
