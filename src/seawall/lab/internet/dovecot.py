"""Dovecot as the ISP's POP3 server: private, on loopback, without TLS, a Maildir for each box.

Owns its configuration and the Maildirs. The lab puts mail there as a delivery agent does. Needs root.
"""

import os
import pwd
import shutil
import string
from pathlib import Path
from typing import Final

from seawall.lab.internet.daemon import Daemon
from seawall.lab.internet.gate import free_port
from seawall.lab.internet.mail import Envelope
from seawall.lab.internet.smtp_server import OK
from seawall.lab.internet.stores import NAME, PASSWORD
from seawall.lab.internet.surroundings import Place, Surroundings

PROGRAM: Final = "/usr/sbin/dovecot"
HOST: Final = "127.0.0.1"
USER: Final = "mail"
CONFIGURATION: Final = string.Template("""\
base_dir = $root/run
state_dir = $root/state
log_path = $root/dovecot.log
protocols = pop3
listen = $host
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = %u
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u $root/users
}
userdb {
  driver = passwd-file
  args = username_format=%u $root/users
}
first_valid_uid = 1
mail_location = maildir:~/Maildir
service pop3-login {
  inet_listener pop3 {
    port = $port
  }
  inet_listener pop3s {
    port = 0
  }
}
service stats {
  client_limit = 1000
}
""")


class DovecotBox:
    """A POP3 box that Dovecot serves."""

    def __init__(self, around: Surroundings, *, address: str, home: Path, server: "Dovecot") -> None:
        self.address = address
        self.arrived = 0
        self._around = around
        self._home = home
        self._server = server
        self._known = 0

    @property
    def place(self) -> Place:
        """Where it is read."""
        return self._server.place

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing."""
        return self._count() == 0

    def answer(self) -> str:
        """Say that there is room."""
        return OK

    async def deliver(self, envelope: Envelope) -> None:
        """Put a mail into the Maildir."""
        self.arrived += 1
        self._known += 1
        now = self._around.clock.now.timestamp()
        name = f"{int(now)}.M{self.arrived:07}.lab"
        path = self._home / "Maildir" / "tmp" / name
        path.write_bytes(envelope.data.replace(b"\r\n", b"\n"))
        shutil.chown(path, USER, USER)
        path.rename(self._home / "Maildir" / "new" / name)
        self._around.journal.note("in its box", self.address, envelope.message_id)

    def erased(self) -> int:
        """Return how many mails left the box since this was asked last."""
        before, self._known = self._known, self._count()
        return before - self._known

    def lay_out(self) -> str:
        """Make its Maildir; return its line in Dovecot's file of users."""
        for folder in ("tmp", "new", "cur"):
            (self._home / "Maildir" / folder).mkdir(parents=True)
        for path in (self._home, *self._home.rglob("*")):
            shutil.chown(path, USER, USER)
        return f"{self.address}:{{PLAIN}}{PASSWORD}:{USER}:{USER}::{self._home}::\n"

    def _count(self) -> int:
        return sum(1 for folder in ("new", "cur") for _ in (self._home / "Maildir" / folder).iterdir())


class Dovecot:
    """Runs between `start` and `close`; `directory` is its own, and others may pass it."""

    def __init__(self, around: Surroundings, directory: Path) -> None:
        self._around = around
        self._root = directory
        self._port = 0
        self._boxes: list[DovecotBox] = []
        self._daemon: Daemon | None = None

    @property
    def place(self) -> Place:
        """Where boxes are read."""
        return Place(owner=NAME, host=HOST, port=self._port)

    def add(self, address: str) -> DovecotBox:
        """Give somebody a box."""
        box = DovecotBox(self._around, address=address, home=self._root / "mail" / address, server=self)
        self._boxes.append(box)
        return box

    async def start(self) -> None:
        """Start Dovecot, where anybody has a box there."""
        if not self._boxes:
            return
        self._port = free_port(HOST)
        for folder in (
            self._root,
            self._root / "run",
            self._root / "state",
            self._root / "mail",
        ):
            folder.mkdir(mode=0o755)
        (self._root / "users").write_text("".join(box.lay_out() for box in self._boxes), encoding="ascii")
        configuration = self._root / "dovecot.conf"
        configuration.write_text(
            CONFIGURATION.substitute(root=self._root, host=HOST, port=self._port), encoding="ascii"
        )
        self._daemon = Daemon([PROGRAM, "-F", "-c", str(configuration)], self._root / "talk.log")
        await self._daemon.answers(HOST, self._port)

    async def close(self) -> None:
        """Stop it."""
        if self._daemon is not None:
            self._daemon.end()


def unavailable() -> str | None:
    """Return why there can be no Dovecot here, or None."""
    if not Path(PROGRAM).exists():
        return "dovecot is not installed"
    if os.geteuid() != 0:
        return "dovecot needs root, for it changes to users of its own"
    try:
        pwd.getpwnam(USER)
    except KeyError:
        return f"dovecot needs the user {USER}, whose its boxes are here"
    return None
