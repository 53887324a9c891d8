"""A network of the lab's own: what runs in it can reach this machine's loopback address and nothing else.

Owns the namespace (Linux, network_namespaces(7)): one with a loopback interface alone, whose ports, 25 among
them, are free. Refuses to know what runs there. The calling process goes in for good, with all it starts later.
"""

import contextlib
import ctypes
import errno
import fcntl
import ipaddress
import os
import signal
import socket
import struct
import sys
from enum import Enum
from pathlib import Path
from typing import Final

from seawall.errors import Misconfigured

_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36
_SIOCSIFFLAGS: Final = 0x8914
_IFF_UP_RUNNING: Final = 0x41


class Confinement(Enum):
    """What keeps the lab's mail in: a network of its own, or only that each address is looked at first."""

    NAMESPACE = "a network of its own"
    PORTS = "this machine's loopback address"


def enter() -> Confinement:
    """Put this process, which has one thread so far, into a network of its own; say whether the system let it.

    Without root a user namespace is made for that, in which there is this process's user and no other. Where the
    system allows half of it, nothing is done: a child has tried it before.
    """
    if not is_possible():
        return Confinement.PORTS
    _go_in()
    return Confinement.NAMESPACE


def is_possible() -> bool:
    """Whether this system lets this user have a network of his own. The caller has one thread."""
    if not sys.platform.startswith("linux"):
        return False
    child = os.fork()
    if child == 0:
        try:
            _go_in()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _go_in() -> None:
    """Raises OSError where the system refuses a part of it."""
    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if uid == 0:
        _call(libc.unshare(_CLONE_NEWNET))
    else:
        _call(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET))
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP_RUNNING))


def end_with_parent() -> None:
    """End this process, and all that it started, when the one that started it ends, however that ends (Linux), or says so."""

    def end(*_: object) -> None:
        end_children()
        os._exit(1)

    signal.signal(signal.SIGTERM, end)
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def adopt_orphans() -> None:
    """Become the parent of whatever a child leaves behind, in a session of its own too (Linux), for `end_children`."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_children() -> None:
    """Kill all children of this process's main thread, and those that they leave, until there is none."""
    own = Path(f"/proc/self/task/{os.getpid()}/children")
    while own.exists() and (children := own.read_text(encoding="ascii").split()):
        for child in children:
            with contextlib.suppress(ProcessLookupError, ChildProcessError, PermissionError):
                os.kill(int(child), signal.SIGKILL)
                os.waitpid(int(child), 0)


def loopback(host: str) -> str:
    """Return `host`, an address of this machine's loopback network; raises Misconfigured for any other, and for a name."""
    try:
        if ipaddress.ip_address(host).is_loopback:
            return host
    except ValueError:
        pass
    raise Misconfigured(f"{host!r} is not a loopback address: the lab reaches nothing else")


def _call(result: int) -> None:
    if result:
        number = ctypes.get_errno() or errno.EPERM
        raise OSError(number, os.strerror(number))
