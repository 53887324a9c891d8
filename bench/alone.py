"""What Seawall costs by itself: its memory while it waits, and its help.

Owns: both measures. Refuses to know: goals, and other programs.
"""

import re
import signal
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from peers import SEAWALL, Errand, environment, seawall_configuration

HELP_RUNS: Final = 10
LIMIT_SECONDS: Final = 30
PAUSE_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """idle_kib: resident in a `seawall run` that has polled its one empty box and waits; idle_peak_kib: until then."""

    idle_kib: int
    idle_peak_kib: int
    help_seconds: float


def alone(errand: Errand) -> Alone:
    """Both measures; the errand's box is empty."""
    resident, peak = idle(errand)
    return Alone(idle_kib=resident, idle_peak_kib=peak, help_seconds=help_seconds())


def idle(errand: Errand) -> tuple[int, int]:
    """VmRSS and VmHWM of an idle `seawall run`, in KiB."""
    errand.home.mkdir()
    configuration = seawall_configuration(
        errand,
        destination=f'kind = "maildir"\npath = "{errand.maildir}"',
        boxes=[(errand.user, "alice@example.org")],
    )
    log = errand.home / "log"
    with log.open("wb") as talk:
        seawall = subprocess.Popen(
            [str(SEAWALL), "run", "--config", str(configuration)],
            env=environment(errand.home),
            stdin=subprocess.DEVNULL,
            stdout=talk,
            stderr=talk,
        )
    try:
        deadline = time.monotonic() + LIMIT_SECONDS
        while b"event=polled" not in log.read_bytes():
            if time.monotonic() > deadline or seawall.poll() is not None:
                raise RuntimeError(f"seawall run does not poll: {log.read_text(encoding='utf-8')[-500:]}")
            time.sleep(PAUSE_SECONDS)
        time.sleep(1)  # what follows a poll has ended too
        return resident(seawall.pid)
    finally:
        seawall.send_signal(signal.SIGTERM)
        seawall.wait()


def resident(pid: int) -> tuple[int, int]:
    """VmRSS and VmHWM of a process, in KiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", status, re.MULTILINE))
    return int(found["VmRSS"]), int(found["VmHWM"])


def help_seconds() -> float:
    """The median of ten `seawall --help`, after one that is not counted."""
    walls = []
    for _ in range(HELP_RUNS + 1):
        start = time.perf_counter()
        subprocess.run([str(SEAWALL), "--help"], env=environment(), stdout=subprocess.DEVNULL, check=True)
        walls.append(time.perf_counter() - start)
    return statistics.median(walls[1:])
