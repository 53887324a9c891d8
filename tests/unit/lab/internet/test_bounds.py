"""A runaway is stopped at each of its bounds, and nothing of it is left."""

import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path
from textwrap import dedent

import psutil
import pytest

from seawall.errors import Misconfigured
from seawall.lab.internet.bounds import End
from seawall.lab.internet.journal import CUT_SHORT
from seawall.lab.internet.reading import load
from unit.lab.internet.staging import LETTER, SENDER, crowd, played, unpatched, written

RUNAWAY = SENDER + unpatched(3) + crowd(2) + LETTER


@pytest.mark.parametrize(
    ("bound", "end"),
    [
        ("mails = 300", End.MAILS),
        ('octets = "300 kB"', End.OCTETS),
        ('lab_time = "40m"', End.LAB_TIME),
        ('wall_time = "1s"', End.WALL_TIME),
    ],
)
def test_a_runaway_is_stopped_at_each_bound_and_says_which(tmp_path: Path, bound: str, end: End) -> None:
    slow = "speed = 600.0\n" if end is End.WALL_TIME else ""
    before = set(threading.enumerate()), psutil.Process().num_fds(), len(psutil.Process().children())
    outcome = played(tmp_path, f"{slow}[bounds]\n{bound}\n{RUNAWAY}")
    assert outcome.end is end
    assert (
        set(threading.enumerate()),
        psutil.Process().num_fds(),
        len(psutil.Process().children()),
    ) == before


def test_no_bound_is_ever_passed(tmp_path: Path) -> None:
    outcome = played(tmp_path, f'[bounds]\nmails = 300\noctets = "100 MB"\n{RUNAWAY}')
    assert outcome.mails <= 300
    arrived = sum(counts.total() for counts in outcome.journal.arrivals.values())
    assert 0 < arrived < 300
    assert [poll.problem for poll in outcome.journal.polls if poll.problem] in ([], [CUT_SHORT])


@pytest.mark.parametrize(
    "bound", ["mails = 100_000_000", "mails = 0", 'octets = "9 TB"', 'lab_time = "52w"', 'wall_time = "7d"']
)
def test_a_scenario_cannot_ask_for_more_than_the_most(tmp_path: Path, bound: str) -> None:
    with pytest.raises(Misconfigured, match=r"scenario\.toml:3: bounds\."):
        load(written(tmp_path, f"[bounds]\n{bound}\n{RUNAWAY}"))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_all_that_was_started_a_connector_in_its_poll_too(
    tmp_path: Path, how: signal.Signals
) -> None:
    """As Ctrl-C does, while a child that would never end collects."""
    profile = tmp_path / "slow.toml"
    here = tmp_path / "here"
    os.mkfifo(here)
    profile.write_text(
        dedent(f"""\
            name = "slow"
            about = "It never ends."
            program = "{sys.executable}"
            version = {{ arguments = [], pattern = "(.)" }}
            keep = {{ forever = "", erase = "" }}
            command = ["{{program}}", "-c", "import os, time; print(os.getpid(), file=open('{here}', 'w'), flush=True); time.sleep(600)"]
            [way.maildir]
            deliver = "maildir"
        """),
        encoding="utf-8",
    )
    organisation = f'[[organisation]]\ndomain = "slow.test"\nconnector = "{profile}"\n'
    scenario = written(tmp_path, SENDER + organisation + LETTER)
    program = "import sys; from pathlib import Path; from seawall.cli.lab import lab; lab(sys.argv[1], out=Path(sys.argv[2]))"
    run = subprocess.Popen(
        [sys.executable, "-c", program, str(scenario), str(tmp_path / "out")], stderr=subprocess.PIPE
    )
    with run:
        child = psutil.Process(int(_told_by(here)))
        run.send_signal(how)
        _, said = run.communicate(timeout=60)
    assert b"KeyboardInterrupt" in said
    assert not child.is_running()


def _told_by(fifo: Path) -> str:
    """Wait for what a process writes there."""
    with os.fdopen(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)) as stream:
        assert select.select([stream], [], [], 60)[0]
        return stream.readline()
