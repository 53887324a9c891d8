"""A private Postfix on loopback: SMTP with and without TLS and AUTH, local(8) or virtual(8) behind its queue.

Owns: the server's configuration, its certificate, its queue, its log and what lies in its users' Maildirs.
Refuses to know: pytest (conftest.py), Seawall, the outside: a mail for elsewhere is dropped and counted.

Needs root (master changes user), Postfix 3.5 or later, and a place that user postfix may pass (the default is made so).
Debian 12 has 3.7.11. Of smtpd_forbid_bare_newline it has all that 3.9 has: "normalize" takes lines that end in a lone
LF, and ends a mail at CRLF . CRLF alone; "reject" answers 550 to one; "yes" means "normalize"; the default is "no".
"""

import contextlib
import dataclasses
import json
import os
import pwd
import re
import shutil
import socket
import string
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, Self

import trustme

from servers.maildirs import in_order_of_arrival
from servers.processes import Group, free_ports, spawn, start

MAIL_USER: Final = "mail"  # Debian's own: no account is made for the tests
LOCAL_DOMAIN: Final = "example.org"
OLDEST: Final = (3, 5)
COMMANDS: Final = Path("/usr/sbin")
DAEMONS: Final = Path("/usr/lib/postfix/sbin")
FENCE: Final = "seawall-fence"

CONFIGURATION: Final = string.Template((Path(__file__).parent / "postfix.cf").read_text(encoding="ascii"))
SERVICES: Final = string.Template((Path(__file__).parent / "postfix-master.cf").read_text(encoding="ascii"))

# Who owns each folder of the queue, and who may do what there: as Postfix's own post-install makes them.
PRIVATE_FOLDERS: Final = (
    "active",
    "bounce",
    "corrupt",
    "defer",
    "deferred",
    "flush",
    "hold",
    "incoming",
    "private",
    "saved",
    "trace",
)
SHARED_FOLDERS: Final = {"public": 0o2710, "maildrop": 0o1730}

TAKEN: Final = re.compile(r"/cleanup\[\d+\]: (\w+): (?:resent-)?message-id=")
REMOVED: Final = re.compile(r"/qmgr\[\d+\]: (\w+): removed$", re.MULTILINE)
FOREIGN: Final = re.compile(r"/foreign/discard\[\d+\]: \w+: to=<([^>]*)>")


class PostfixUnavailableError(Exception):
    """There is no Postfix that these tests can use; the text says why."""


def unavailable() -> str | None:
    """Why no private Postfix can be started on this machine, or None."""
    if os.geteuid() != 0:
        return "not root: Postfix cannot change to its users"
    if not (DAEMONS / "master").exists():
        return "Postfix is not installed (tests/servers/install.sh)"
    numbers = re.match(r"(\d+)\.(\d+)", version())
    if numbers is None or (int(numbers[1]), int(numbers[2])) < OLDEST:
        return f"Postfix {version()} is installed; the configuration here is for 3.5 and later"
    return None


def version() -> str:
    """Postfix's version, "3.7.11"."""
    argv = [str(COMMANDS / "postconf"), "-d", "-h", "mail_version"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A mail in the queue. folder: incoming, active, deferred, hold. sender: empty for the null reverse-path."""

    queue_id: str
    folder: str
    sender: str
    recipients: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Ports:
    smtp: int
    smtps: int
    submission: int


class Postfix:
    """A running server. Use as a context manager, or call stop().

    virtual: addresses whose mail virtual(8) puts into a Maildir; their domains are this server's.
    local: users whose mail local(8) puts into a Maildir, each as USER@example.org, which is this server's then. A mail
        with a Delivered-To of its recipient bounces here: "mail forwarding loop".
    fails_later: every mail to one of them is taken, and fails for good in the queue (5.1.1); a bounce goes to the
        sender, unless there is none or the recipient carried NOTIFY=NEVER.
    refuses: what RCPT is answered, {"bob@example.org": "450 4.2.2 full"}; Postfix puts the address into the text.
    dsn, pipelining: whether EHLO offers them. bare_newline: see the head of this file; loopback is not excepted.
    auth_socket: Dovecot.auth_socket; its users can then authenticate on submission_port.
    settings: parameters of main.cf, in place of those in postfix.cf. Of use: {"mynetworks": "192.0.2.1"} relays for
        nobody; {"local_header_rewrite_clients": ""} adds no missing Date, From or Message-ID for loopback and
        completes no address; {"message_size_limit": "1000"}; {"virtual_transport": "later:"} takes
        every mail and defers it; {"virtual_transport": f"lmtp:inet:127.0.0.1:{dovecot.lmtp_port}"}.

    host and ca_file are what a client needs to verify the certificate, which is for localhost and 127.0.0.1.
    smtp_port offers STARTTLS; smtps_port begins with TLS; submission_port wants STARTTLS and AUTH before RCPT. From
    loopback the first two relay to anywhere, which means: foreign() tells, and nothing leaves.
    """

    host: Final = "127.0.0.1"

    def __init__(
        self,
        *,
        virtual: Sequence[str] = (),
        local: Sequence[str] = (),
        fails_later: bool = False,
        refuses: Mapping[str, str] | None = None,
        dsn: bool = True,
        pipelining: bool = True,
        bare_newline: Literal["no", "normalize", "reject", "yes"] = "no",
        auth_socket: Path | None = None,
        settings: Mapping[str, str] | None = None,
        parent: Path | None = None,
    ) -> None:
        reason = unavailable()
        if reason is not None:
            raise PostfixUnavailableError(reason)
        virtual_domains = sorted({address.rpartition("@")[2] for address in virtual})
        if local and LOCAL_DOMAIN in virtual_domains:
            raise ValueError(f"{LOCAL_DOMAIN} is either local's or virtual's")
        self.root = Path(tempfile.mkdtemp(prefix="seawall-postfix-", dir=parent))
        self.ca_file = self.root / "ca.pem"
        self._fences = 0
        self._boxes = {name: self.root / "mail" / name / "Maildir" for name in (*virtual, *local)}
        owner = pwd.getpwnam(MAIL_USER)
        configuration = CONFIGURATION.substitute(
            root=self.root,
            mydestination=LOCAL_DOMAIN if local else "",
            aliases=_inline({user: f"{self._boxes[user]}/" for user in local}),
            virtual_domains=" ".join(virtual_domains),
            virtual_boxes=_inline({address: f"{address}/Maildir/" for address in virtual}),
            mail_uid=owner.pw_uid,
            mail_gid=owner.pw_gid,
            local_transport="failure:" if fails_later else "local:",
            virtual_transport="failure:" if fails_later else "virtual:",
            refusals=_inline(refuses or {}),
            discarded_keywords=", ".join(
                keyword for keyword, offered in (("dsn", dsn), ("pipelining", pipelining)) if not offered
            ),
        )
        changes = {
            "smtpd_forbid_bare_newline": bare_newline,
            "smtpd_forbid_bare_newline_exclusions": "",
            **(settings or {}),
        }
        try:
            self._lay_out(_with_settings(configuration, changes))
            self._process, ports = self._start(auth_socket)
        except BaseException:
            shutil.rmtree(self.root, ignore_errors=True)
            raise
        self.smtp_port = ports.smtp
        self.smtps_port = ports.smtps
        self.submission_port = ports.submission

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- what became of the mail ------------------------------------------------------------------------------

    def delivered(self, user: str) -> list[bytes]:
        """The mails in a box, in the order of arrival, as they lie on disk. user: as virtual or local names it."""
        return [path.read_bytes() for path in in_order_of_arrival(self._boxes[user])]

    def foreign(self) -> list[str]:
        """The recipients outside to whom Postfix would have sent mail by now, bounces of its own among it."""
        return FOREIGN.findall(self.log())

    def queue(self) -> list[Queued]:
        answer = self._command("postqueue", "-j")
        return [
            Queued(
                queue_id=entry["queue_id"],
                folder=entry["queue_name"],
                sender=entry["sender"] if entry["sender"] != "MAILER-DAEMON" else "",
                recipients=tuple(recipient["address"] for recipient in entry["recipients"]),
            )
            for entry in map(json.loads, answer.splitlines())
        ]

    def settle(self, timeout: float = 20) -> None:
        """Wait until every mail taken, and every bounce made of it, is delivered, dropped or deferred."""
        deadline = time.monotonic() + timeout
        seen_before = None
        while True:
            log = self.log()
            seen = set(TAKEN.findall(log))
            moving = [name for name in seen - set(REMOVED.findall(log)) if self._moves(name)]
            # A bounce is in the log before its cause leaves the queue, so one quiet look may miss it and two don't.
            if not moving and seen == seen_before:
                return
            seen_before = None if moving else seen
            if time.monotonic() > deadline:
                raise TimeoutError(f"still on the move: {self.queue()}")
            if moving:
                time.sleep(0.02)

    def log(self) -> str:
        """The mail log: all that was logged before this call."""
        path = self.root / "mail.log"
        self._fences += 1
        fence = f"{FENCE}-{self._fences}."
        # Every process logs through one queue of postlogd's, so what stands above the fence is complete.
        self._command("postlog", "-t", "fence", fence)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            # A server that only just started may answer before postlogd has made the file.
            text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
            if fence in text:
                lines = text.partition(fence)[0].splitlines(keepends=True)[:-1]
                return "".join(line for line in lines if FENCE not in line)
            time.sleep(0.005)
        raise TimeoutError("Postfix no longer writes its log")

    # --- the server -------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop the server and remove everything. A second call does nothing."""
        self._process.end()
        shutil.rmtree(self.root, ignore_errors=True)

    def _moves(self, queue_id: str) -> bool:
        """In this order: a mail goes from incoming to active, and would be missed in the other."""
        return any((self.root / "spool" / folder / queue_id).exists() for folder in ("incoming", "active"))

    def _command(self, name: str, *arguments: str) -> str:
        argv = [str(COMMANDS / name), "-c", str(self.root / "etc"), *arguments]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    def _lay_out(self, configuration: str) -> None:
        self.root.chmod(0o755)
        spool = self.root / "spool"
        for folder in (self.root / "etc", spool, spool / "pid", self.root / "mail"):
            folder.mkdir(mode=0o755)
        for folder in (self.root / "data", *(spool / name for name in PRIVATE_FOLDERS)):
            folder.mkdir(mode=0o700)
            shutil.chown(folder, "postfix")
        for name, mode in SHARED_FOLDERS.items():
            shared = spool / name
            shared.mkdir()
            shutil.chown(shared, "postfix", "postdrop")
            shared.chmod(mode)
        for box in self._boxes.values():
            for name in ("cur", "new", "tmp"):
                (box / name).mkdir(parents=True)
            for owned in (box.parent, box, *box.iterdir()):
                shutil.chown(owned, MAIL_USER, MAIL_USER)
        authority = trustme.CA()
        certificate = authority.issue_cert("localhost", "127.0.0.1")
        authority.cert_pem.write_to_path(self.ca_file)
        certificate.private_key_pem.write_to_path(self.root / "key.pem")
        for index, part in enumerate(certificate.cert_chain_pems):
            part.write_to_path(self.root / "cert.pem", append=index > 0)
        main = self.root / "etc" / "main.cf"
        main.write_text(configuration, encoding="ascii")
        os.utime(main, (0, 0))  # each process waits until nobody has written to it for a second

    def _start(self, auth_socket: Path | None) -> tuple[Group, _Ports]:
        started = start(lambda: self._begin(auth_socket), self._greets)
        if started is None:
            said = [path.read_text(encoding="utf-8", errors="replace") for path in self.root.glob("*.log")]
            raise PostfixUnavailableError(f"Postfix does not start:\n{''.join(said)[-2000:]}")
        return started

    def _begin(self, auth_socket: Path | None) -> tuple[Group, _Ports]:
        smtp, smtps, submission = free_ports(3)
        ports = _Ports(smtp=smtp, smtps=smtps, submission=submission)
        services = SERVICES.substitute(
            authenticates="no" if auth_socket is None else "yes",
            auth_socket=auth_socket or "nowhere",
            **{f"{name}_port": port for name, port in dataclasses.asdict(ports).items()},
        )
        (self.root / "etc" / "master.cf").write_text(services, encoding="ascii")
        # Not `postfix start-fg`: it checks for seconds what was laid out here, and stands between us and master.
        argv = [str(DAEMONS / "master"), "-c", str(self.root / "etc")]
        return spawn(argv, log=self.root / "talk.log"), ports

    def _greets(self, process: Group, ports: _Ports) -> bool:
        """Wait until SMTP answers; False when master ended instead (a port was taken).

        It must name itself: for a moment whoever took the port answers in its place.
        """
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not process.has_ended():
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", ports.smtp), timeout=5) as connection,
            ):
                if str(self.root).encode() in connection.recv(512):
                    return True
            time.sleep(0.02)
        return False


def _inline(table: Mapping[str, str]) -> str:
    return ", ".join(f"{{ {key} = {value} }}" for key, value in table.items()) or "{ nothing = nothing }"


def _with_settings(configuration: str, settings: Mapping[str, str]) -> str:
    """Each parameter once: Postfix warns of a second one in the log of every process."""
    kept = [line for line in configuration.splitlines() if line.partition(" =")[0] not in settings]
    return "".join(f"{line}\n" for line in [*kept, *(f"{key} = {value}" for key, value in settings.items())])
