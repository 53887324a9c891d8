"""A server's processes: started together, tied to the test run, ended together.

Owns: free ports, the process group, the tie to whoever started it.
Refuses to know: what the program is, and when it is ready.
"""

import contextlib
import dataclasses
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import psutil

START_TRIES: Final = 5  # a free port may be taken by another worker before the server binds it
P = TypeVar("P")


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in listeners]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A program with all that it starts, and a watcher that kills them when whoever started them is gone.

    Not the kernel's parent death signal: a process that changes its effective user, as Postfix's master does, loses it.
    """

    leader: subprocess.Popen[bytes]
    watcher: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """Of the leader; the number of the process group too."""
        return self.leader.pid

    def has_ended(self) -> bool:
        return self.leader.poll() is not None

    def end(self) -> None:
        """KILL for all of them: nothing of such a server is to be kept. A second call does nothing."""
        if self.leader.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self.leader.wait()
        self.watcher.kill()
        self.watcher.wait()
        assert self.watcher.stdin is not None
        self.watcher.stdin.close()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and living(self.pid):
            time.sleep(0.005)


def start(
    begin: Callable[[], tuple[Group, P]], is_ready: Callable[[Group, P], bool]
) -> tuple[Group, P] | None:
    """What `begin` started and its ports, once it answers; None where it never does. A port may be taken meanwhile."""
    for _ in range(START_TRIES):
        process, ports = begin()
        try:
            if is_ready(process, ports):
                return process, ports
        except BaseException:
            process.end()
            raise
        process.end()
    return None


def spawn(argv: Sequence[str], *, log: Path) -> Group:
    """The program in a session of its own, what it says added to the log."""
    with log.open("ab") as talk:
        leader = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=talk, stderr=talk, start_new_session=True
        )
        # Its standard input ends when no process holds the other end of the pipe any more, however the last one died.
        watcher = subprocess.Popen(
            ["/bin/sh", "-c", 'read -r _; kill -s KILL -- "-$1"', "watcher", str(leader.pid)],
            stdin=subprocess.PIPE,
            stdout=talk,
            stderr=talk,
            start_new_session=True,
        )
    return Group(leader=leader, watcher=watcher)


def living(group: int) -> list[int]:
    """The processes of a group that still run; one that waits for its parent to notice its end does not."""
    found = []
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            if os.getpgid(pid) == group and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
    return found
