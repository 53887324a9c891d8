"""Postfix as an organisation's mail server: private, on loopback, without DNS and without a way out.

Owns its configuration and its log. It routes by a table of the lab's ports, hands what is its people's to the lab by LMTP,
and keeps the rest until the clock has moved on (defer_transports), as the lab's own servers do. Its own trace bears the
machine's time. Needs root.
"""

import asyncio
import os
import pwd
import re
import shutil
import string
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from seawall.errors import ConnectionLost
from seawall.lab.internet.daemon import LOOK_SECONDS, PATIENCE, Daemon
from seawall.lab.internet.gate import free_port
from seawall.lab.internet.mta import Local, Mta
from seawall.lab.internet.surroundings import Place, Surroundings

COMMANDS: Final = Path("/usr/sbin")
MASTER: Final = Path("/usr/lib/postfix/sbin/master")
MAIN: Final = string.Template("""\
compatibility_level = 3.6
queue_directory = $root/spool
data_directory = $root/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
mail_owner = postfix
setgid_group = postdrop
maillog_file = $root/mail.log
maillog_file_prefixes = $root
myhostname = $name
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
disable_dns_lookups = yes
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
mynetworks = 127.0.0.0/8
enable_long_queue_ids = yes
local_transport = error:5.1.1 no such user here
default_transport = error:5.1.2 no such domain
relay_domains =
transport_maps = texthash:$root/etc/transport
smtpd_relay_restrictions = permit_mynetworks, reject
defer_transports = smtp
queue_run_delay = 1h
minimal_backoff_time = 1h
maximal_backoff_time = 1h
in_flow_delay = 0s
fast_flush_domains =
notify_classes =
alias_maps =
alias_database =
local_recipient_maps =
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
""")
SERVICES: Final = string.Template("""\
$host:$port inet n - n - 100 smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
smtp unix - - n - - smtp
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
""")
# As Postfix's own post-install makes them.
_PRIVATE: Final = ("active", "bounce", "corrupt", "defer", "deferred", "incoming", "private", "trace")
_PUBLIC: Final = (("public", 0o2710), ("maildrop", 0o1730))
_TOLD: Final = re.compile(r"postfix/error\[\d+\]: (\w+): to=<([^>]*)>, ")
"""What it keeps, and what it knows no way for."""
_SENT: Final = re.compile(r"postfix/smtp\[\d+\]: \w+: to=<[^>]*>, .*relay=[^,]*:(\d+), .*status=sent ")
_NULL_PATH: Final = re.compile(r"/qmgr\[\d+\]: (\w+): from=<>,")
_BOUNCED: Final = re.compile(r"sender non-delivery notification: \w+$", re.MULTILINE)


class Postfix:
    """A private Postfix; it is an organisation's server as `Mta` is. `directory` is its own, and others may pass it."""

    def __init__(self, around: Surroundings, *, owner: str, name: str, host: str, directory: Path) -> None:
        self.owner = owner
        self.name = name
        self.outside: Counter[str] = Counter()
        self._around = around
        self._host = host
        self._port = 0
        self._root = directory
        # Its people's mail ends here, behind its own LMTP client.
        self._delivery = Mta(around, owner=owner, name=f"lmtp.{name}", host=host)
        self._daemon: Daemon | None = None
        self._log_read = 0
        self._is_flush_planned = False

    @property
    def serves(self) -> dict[str, Local]:
        """The addresses that it delivers to; it reads them when it is opened."""
        return self._delivery.serves

    @property
    def domains(self) -> set[str]:
        """The domains that are its own alone."""
        return self._delivery.domains

    @property
    def place(self) -> Place:
        """Where it takes mail by SMTP."""
        return Place(owner=self.owner, host=self._host, port=self._port)

    @property
    def lmtp_port(self) -> int:
        """Where its people's mail is taken by LMTP."""
        return self._delivery.lmtp_port

    async def start(self) -> None:
        """Have a port, and the place behind it."""
        self._port = free_port(self._host)
        await self._delivery.start()

    async def open(self) -> None:
        """Start Postfix, now that it is known where each domain's mail goes."""
        self._lay_out()
        self._daemon = Daemon([str(MASTER), "-c", str(self._root / "etc")], self._root / "talk.log")
        await self._daemon.answers(self._host, self._port)
        self._around.clock.settling.append(self._settle)

    async def close(self) -> None:
        """Stop it."""
        if self._daemon is not None:
            self._daemon.end()
        await self._delivery.close()

    async def _settle(self) -> None:
        """Wait until it has done what it does at once, and plan the rest."""
        await self._is_idle(lambda: self._queued("incoming", "active"))
        self._read_log()
        if self._queued("deferred") and not self._is_flush_planned:
            self._is_flush_planned = True
            self._around.clock.plan(self._around.transit, self._flush)

    async def _flush(self) -> None:
        """Let it hand on what it keeps, as `postqueue -f` does; a bounce of that is kept in its turn."""
        self._is_flush_planned = False
        kept = self._queued("deferred")
        command = await asyncio.create_subprocess_exec(
            COMMANDS / "postqueue", "-c", self._root / "etc", "-f", stdin=subprocess.DEVNULL
        )
        await command.wait()
        await self._is_idle(lambda: kept & self._queued("deferred") | self._queued("incoming", "active"))

    async def _is_idle(self, busy: Callable[[], object]) -> None:
        """Wait until two looks in a row find nothing: a bounce is queued just before its cause is gone."""
        quiet = 0
        try:
            async with asyncio.timeout(PATIENCE):
                while quiet < 2 and self._around.meter.reached is None:  # noqa: PLR2004 - the two looks
                    quiet = 0 if busy() else quiet + 1
                    # Postfix tells nobody that its queue is empty.
                    await asyncio.sleep(LOOK_SECONDS / 2)
        except TimeoutError:
            raise ConnectionLost(f"{self.name}: Postfix does not come to rest") from None

    def _queued(self, *folders: str) -> set[str]:
        """Return the ids of the mails there; some folders are split into others."""
        return {
            name
            for folder in folders
            for _, _, files in os.walk(self._root / "spool" / folder)
            for name in files
        }

    def _read_log(self) -> None:
        """Count what it was told to send, and what it sent, since it was looked at last."""
        path = self._root / "mail.log"
        if not path.exists():
            return
        with path.open("rb") as stream:
            stream.seek(self._log_read)
            lines = stream.read()
        lines = lines[: lines.rfind(b"\n") + 1]
        self._log_read += len(lines)
        text = lines.decode("utf-8", "replace")
        owners = {place.port: place.owner for place in self._around.routes.values()}
        own = set(_NULL_PATH.findall(text))
        self.outside.update(recipient for queue_id, recipient in _TOLD.findall(text) if queue_id not in own)
        for port in _SENT.findall(text):
            self._around.journal.traffic[self.owner, owners.get(int(port), "?")] += 1
        self._around.journal.bounces[self.owner] += len(_BOUNCED.findall(text))

    def _lay_out(self) -> None:
        root, spool = self._root, self._root / "spool"
        for folder in (root, root / "etc", spool, spool / "pid"):
            folder.mkdir(mode=0o755)
        for folder in (root / "data", *(spool / name for name in _PRIVATE)):
            folder.mkdir(mode=0o700)
            shutil.chown(folder, "postfix")
        for name, mode in _PUBLIC:
            (spool / name).mkdir()
            shutil.chown(spool / name, "postfix", "postdrop")
            (spool / name).chmod(mode)
        etc = root / "etc"
        (etc / "transport").write_text(self._transport(), encoding="ascii")
        (etc / "master.cf").write_text(
            SERVICES.substitute(host=self._host, port=self._port), encoding="ascii"
        )
        main = etc / "main.cf"
        main.write_text(MAIN.substitute(root=root, name=self.name), encoding="ascii")
        # Each of its processes waits until nobody has written to it for a second.
        os.utime(main, (0, 0))

    def _transport(self) -> str:
        """Return the table of routes: each person's mail to the lab, each domain's to its server."""
        lmtp = f"lmtp:inet:{self._host}:{self.lmtp_port}"
        people = [f"{address} {lmtp}" for address in self.serves]
        domains = [
            f"{domain} smtp:[{place.host}]:{place.port}"
            for domain, place in self._around.routes.items()
            if domain not in self.domains
        ]
        own = [f"{domain} error:5.1.1 no such user here" for domain in self.domains]
        return "".join(f"{line}\n" for line in (*people, *domains, *own))


def unavailable() -> str | None:
    """Return why there can be no Postfix here, or None."""
    if not MASTER.exists():
        return "postfix is not installed"
    if os.geteuid() != 0:
        return "postfix needs root, for it changes to users of its own"
    try:
        pwd.getpwnam("postfix")
    except KeyError:
        return "postfix has no user of its own here"
    return None
