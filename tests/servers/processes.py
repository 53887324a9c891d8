"""A server's processes: started together, tied to the test run, ended together.

Owns: free ports, the process group, the tie to whoever started it.
Refuses to know: what the program is, and when it is ready.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import psutil


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in listeners]


def spawn(argv: Sequence[str], *, log: Path) -> subprocess.Popen[bytes]:
    """The program in a process group of its own, what it says added to the log."""
    setpriv = shutil.which("setpriv")
    if setpriv is not None:  # a test run that is killed takes its server with it
        argv = [setpriv, "--pdeathsig", "TERM", *argv]
    with log.open("ab") as talk:
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=talk, stderr=talk, start_new_session=True
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """KILL for the whole group, master and children alike: nothing of this server is to be kept."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and living(process.pid):
        time.sleep(0.005)


def living(group: int) -> list[int]:
    """The processes of a group that still run; one that waits for its parent to notice its end does not."""
    found = []
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            if os.getpgid(pid) == group and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
    return found
