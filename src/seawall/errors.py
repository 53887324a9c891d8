"""The kinds of failure, in one file.

What a caller does about a failure depends on its kind alone: try again (`Temporary`), set aside
or leave (`Permanent`), ask a person to mend the configuration (`Misconfigured`), or mend Seawall
(`OurBug`). A message is one plain sentence that names what failed; it never holds a secret, and
text that came from a server or a mail is shown escaped.
"""

import errno
from typing import Final

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says where a disk, a quota or a file is full."""


class SeawallError(Exception):
    """Anything that Seawall reports by itself; the text is one sentence for a person."""


class Temporary(SeawallError):
    """Theirs, and it may pass: try again later, lose nothing meanwhile."""


class Permanent(SeawallError):
    """Theirs, and trying again will not help: leave it, or set it aside."""


class Misconfigured(SeawallError):
    """The person's: nothing is polled until the configuration changes."""


class OurBug(SeawallError):
    """Ours: an invariant of this program does not hold."""


class ConnectionLost(Temporary):
    """The server cannot be reached, went away, or sent nothing for too long."""


class ProtocolViolation(Temporary):
    """The server broke the protocol: the connection is desynchronised and must be closed, never reused."""


class ServerRefused(Temporary):
    """The server answered -ERR.

    `code` is the extended response code without its brackets and in upper case, such as
    `IN-USE`, `SYS/TEMP` or `LOGIN-DELAY`; empty where there is none (RFC 2449 §8, RFC 3206).
    """

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class CredentialsRefused(ServerRefused):
    """The server says that the user or the password is wrong: [AUTH] (RFC 3206 §4)."""


class TooLarge(Permanent):
    """A mail, or a reply, went past its bound; the connection that carried it was closed."""


class NextHopFailed(Temporary):
    """The server or program that mail is handed to cannot take any now; the POP3 server is not to blame."""


class StorageFull(Temporary):
    """The disk is full, or below its watermark: polling stops, and nothing is erased."""


class StateInUse(Misconfigured):
    """Another process works with this state directory."""


class Untrusted(Temporary):
    """The server's certificate does not prove who it is; nothing was sent to it."""


def unwritable(where: str, problem: OSError) -> SeawallError:
    """Say what it means that something could not be written there."""
    if problem.errno in FULL:
        return StorageFull(f"{where} is full: {problem.strerror}")
    return Temporary(f"{where} cannot be written: {problem.strerror or problem}")
