"""One command under bench/c/timed.c: its time, its CPU and its peak memory, and what it writes to files under strace.

Owns: those two ways to run a command and the reading of what they report. Refuses to know: what the command does.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LIMIT_SECONDS: Final = 1800
WRITES: Final = "write,writev,pwrite64,pwritev,pwritev2,sendfile,copy_file_range"
SYNCS: Final = "fsync,fdatasync,sync_file_range,syncfs"
# `pwrite64(5</var/tmp/x/ledger.sqlite-wal>, ""..., 4096, 32) = 4096`; copy_file_range has the file that it reads before the one that it writes
CALL: Final = re.compile(r"^(\w+)\((?:\d+<[^>]*>, [^,]+, )?\d+<(/[^>]*)>.*\) += (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What one command took. peak_kib: of the largest of its processes. status: its exit code, or 128 + signal."""

    wall_seconds: float
    cpu_seconds: float
    peak_kib: int
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What one command wrote to the files below some directories; sockets, pipes and its log do not count."""

    octets: int
    writes: int
    syncs: int


def time_command(
    argv: Sequence[str], *, env: Mapping[str, str] | None, tools: Path, log: Path, limit: int = LIMIT_SECONDS
) -> Timing:
    """Run a command to its end; `log` gets all that it says. tools: where compile_tools wrote."""
    report = log.with_suffix(".report")
    with log.open("wb") as output:
        subprocess.run(
            [str(tools / "timed"), str(report), str(limit), *argv],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=True,
        )
    wall, user_cpu, system_cpu, peak, status = report.read_text(encoding="ascii").split()
    return Timing(
        wall_seconds=float(wall),
        cpu_seconds=float(user_cpu) + float(system_cpu),
        peak_kib=int(peak),
        status=int(status),
    )


def has_strace() -> bool:
    return shutil.which("strace") is not None


def watch_writes(
    argv: Sequence[str], *, env: Mapping[str, str] | None, below: Sequence[Path], log: Path
) -> Written:
    """Run a command under strace and count what it writes to files below these directories."""
    # A file for each thread: in one file a call that another thread interrupts would be torn in two.
    traces = log.with_suffix(".strace")
    traces.mkdir()
    watched = ["strace", "-ff", "-y", "-qq", "-s", "0", "-e", "signal=none", "-o", str(traces / "of")]
    watched += ["-e", f"trace={WRITES},{SYNCS}", "--", *argv]
    with log.open("wb") as output:
        subprocess.run(watched, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
    trace = "".join(path.read_text(encoding="utf-8", errors="replace") for path in traces.iterdir())
    return count_writes(trace, below)


def count_writes(trace: str, below: Sequence[Path]) -> Written:
    """Read what strace -y wrote, a call a line. A call that failed wrote nothing."""
    octets = writes = syncs = 0
    for name, path, result in CALL.findall(trace):
        if not any(Path(path).is_relative_to(directory) for directory in below):
            continue
        if name in SYNCS.split(","):
            syncs += 1
        else:
            writes += 1
            octets += int(result)
    return Written(octets=octets, writes=writes, syncs=syncs)
