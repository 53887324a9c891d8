"""Running a connector once, as a stranger: in a process group of its own, with a limit, watched from outside.

Owns the child: its start, its end, its time, its memory, and that nothing of it is left. Refuses to know what it
was started for.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from grp import getgrnam
from pathlib import Path
from pwd import getpwnam
from typing import Final

from seawall.errors import Misconfigured
from seawall.lab.connectors.preparing import Command, environment, program
from seawall.lab.connectors.profile import Profile

STRANGER: Final = "nobody"
GROUP: Final = "nogroup"
"""Who runs, where root audits, what refuses to work for root."""
_ENDS_WITH_PARENT: Final = ("setpriv", "--pdeathsig", "KILL", "--")
"""Runs a command that is killed when we are (util-linux); without it a kill of ours may leave a connector."""
LONGEST_TALK: Final = 4096
LOOK_SECONDS: Final = 0.01


class Ended(Enum):
    """How a run ended: by itself, well or not; killed as it was meant to be; or stopped because it went on."""

    CLEAN = "clean"
    FAILED = "failed"
    KILLED = "killed"
    HUNG = "hung"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run. `peak_octets` is the largest resident set of its processes, `talk` the end of what it said."""

    ended: Ended
    exit_code: int
    seconds: float
    peak_octets: int
    talk: str


def missing(profile: Profile) -> str | None:
    """Return why the connector cannot be run here, or None."""
    if shutil.which(program(profile)) is None:
        return f"{profile.name}: {profile.program} is not installed"
    return None


def version(profile: Profile) -> str:
    """Return the version as the program itself tells it; "?" where it does not, "" where it is not asked."""
    if not profile.version_pattern:
        return ""
    with tempfile.TemporaryDirectory(prefix="seawall-version-") as home:
        give(profile, Path(home))
        argv = (program(profile), *profile.version_arguments)
        told = run(
            profile, Command(argv=argv, env=environment(Path(home)), clean_exits=frozenset({0})), limit=20.0
        )
    found = re.search(profile.version_pattern, told.talk)
    return found[1] if found else "?"


def give(profile: Profile, *places: Path) -> None:
    """Make the places, and all in them, the stranger's where it has to be one."""
    if _user(profile) is None:
        return
    for place in places:
        for path in (place, *place.rglob("*")):
            # Of a link the link: the connector may have made it, and it may lead anywhere.
            os.chown(path, getpwnam(STRANGER).pw_uid, getgrnam(GROUP).gr_gid, follow_symlinks=False)


def run(
    profile: Profile,
    command: Command,
    *,
    limit: float,
    kill_when: Callable[[], bool] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Run:
    """Run a command to its end, for at most `limit` seconds; SIGKILL at once where `kill_when` comes true.

    Raises Misconfigured where the program cannot be started.
    """
    if shutil.which(command.argv[0]) is None:
        raise Misconfigured(f"{command.argv[0]} cannot be started: there is no such program")
    started = clock()
    user = _user(profile)
    with tempfile.TemporaryFile() as talk:
        try:
            child = subprocess.Popen(  # noqa: S603 - a profile's program, which a person named
                (*_ENDS_WITH_PARENT, *command.argv) if shutil.which(_ENDS_WITH_PARENT[0]) else command.argv,
                stdin=subprocess.DEVNULL,
                stdout=talk,
                stderr=talk,
                env=dict(command.env),
                cwd=command.env["HOME"],
                start_new_session=True,
                user=user,
                group=None if user is None else GROUP,
                extra_groups=None if user is None else (),
            )
        except OSError as refused:
            raise Misconfigured(f"{command.argv[0]} cannot be started: {refused.strerror}") from None
        ended, peak = _wait(child, started + limit, kill_when, clock)
        seconds = clock() - started
        exit_code = child.returncode
        talk.seek(max(0, talk.tell() - LONGEST_TALK))
        said = talk.read(LONGEST_TALK).decode("utf-8", "replace")
    if ended is None:
        ended = Ended.CLEAN if exit_code in command.clean_exits else Ended.FAILED
    return Run(ended=ended, exit_code=exit_code, seconds=seconds, peak_octets=peak, talk=said)


def _wait(
    child: "subprocess.Popen[bytes]",
    deadline: float,
    kill_when: Callable[[], bool] | None,
    clock: Callable[[], float],
) -> tuple[Ended | None, int]:
    """Wait for the child; return how it was ended, None for by itself, and its peak in octets."""
    ended: Ended | None = None
    peak = 0
    try:
        while True:
            peak = max(peak, *map(_resident, _with_descendants(child.pid)))
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(LOOK_SECONDS)
                return ended, peak
            if ended is None and kill_when is not None and kill_when():
                ended = Ended.KILLED
            elif ended is None and clock() > deadline:
                ended = Ended.HUNG
            if ended is not None:
                _kill(child.pid)
    finally:
        # Also what it left behind in its session.
        _kill(child.pid)
        child.wait()


def _with_descendants(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
            yield from _with_descendants(int(child))


def _resident(pid: int) -> int:
    """Return the octets that a process had in memory at most; 0 where the system does not tell (proc(5), VmHWM)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _user(profile: Profile) -> str | None:
    return STRANGER if profile.needs_a_user and os.geteuid() == 0 else None
