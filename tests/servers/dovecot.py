"""A private Dovecot on loopback: POP3 and LMTP, with TLS and without, and boxes that a test fills on disk.

Owns: the server's configuration, its certificate, its users and what lies in their Maildirs.
Refuses to know: pytest (conftest.py) and Seawall.

Needs root (Dovecot changes user), Dovecot 2.3 with LMTP and Pigeonhole's Sieve, and a place that other users may pass (the default is made so).
"""

import dataclasses
import os
import shutil
import socket
import string
import subprocess
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

import trustme

from servers.maildirs import in_order_of_arrival
from servers.processes import Group, free_ports, spawn, start

MAIL_USER: Final = "mail"  # Debian's own: no account is made for the tests
PASSWORD: Final = "secret"
SIEVE_COMPILER: Final = "/usr/bin/sievec"
NEEDED_FILES: Final = {
    "POP3": "/usr/lib/dovecot/pop3",
    "LMTP": "/usr/lib/dovecot/lmtp",
    "Sieve": "/usr/lib/dovecot/modules/lib90_sieve_plugin.so",
}
FIRST_ARRIVAL: Final = 1_700_000_000
UIDL_STATE: Final = ("dovecot-uidlist", "dovecot.index*", "dovecot-keywords")

CONFIGURATION: Final = string.Template((Path(__file__).parent / "dovecot.conf").read_text(encoding="ascii"))


class DovecotUnavailableError(Exception):
    """There is no Dovecot that these tests can use; the text says why."""


def unavailable() -> str | None:
    """Why no private Dovecot can be started on this machine, or None."""
    if os.geteuid() != 0:
        return "not root: Dovecot cannot change to its users"
    missing = [name for name, path in NEEDED_FILES.items() if not Path(path).exists()]
    if dovecot_program() is None or missing:
        return (
            f"Dovecot with {', '.join(missing or NEEDED_FILES)} is not installed (tests/servers/install.sh)"
        )
    if not version().startswith("2.3."):
        return f"Dovecot {version()} is installed; the configuration here is for 2.3"
    return None


def dovecot_program() -> str | None:
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def version() -> str:
    """Dovecot's version, "2.3.19.1"; empty where there is none."""
    program = dovecot_program()
    if program is None:
        return ""
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return answer.stdout.split()[0]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Ports:
    pop3: int
    pop3s: int
    lmtp: int
    lmtps: int


class Dovecot:
    """A running server. Use as a context manager, or call stop().

    settings: lines of dovecot.conf for everybody, {"pop3_no_flag_updates": "yes", "pop3_deleted_flag": "$POP3Deleted"}.
    add_user takes the same for one user. host and ca_file are what a client needs to verify the certificate,
    which is for localhost and 127.0.0.1.

    POP3: pop3_port (with STLS), pop3s_port. LMTP: lmtp_port (with STARTTLS), lmtps_port, lmtp_socket (a Unix socket);
    a mail to NAME@any.domain, in any case and with any +tag, goes to the user NAME, and 550 answers an unknown one.
    auth_socket speaks Dovecot's authentication protocol, for the SASL of a Postfix.
    """

    host: Final = "127.0.0.1"
    password: Final = PASSWORD

    def __init__(
        self,
        *,
        users: Sequence[str] = ("alice", "bob"),
        settings: Mapping[str, str] | None = None,
        parent: Path | None = None,
    ) -> None:
        reason = unavailable()
        if reason is not None:
            raise DovecotUnavailableError(reason)
        self.root = Path(tempfile.mkdtemp(prefix="seawall-dovecot-", dir=parent))
        self.ca_file = self.root / "ca.pem"
        self._settings = dict(settings or {})
        self._arrivals: dict[str, int] = {}
        try:
            self._lay_out()
            for user in users:
                self.add_user(user)
            self._process, ports = self._start()
        except BaseException:
            shutil.rmtree(self.root, ignore_errors=True)
            raise
        self.pop3_port = ports.pop3
        self.pop3s_port = ports.pop3s
        self.lmtp_port = ports.lmtp
        self.lmtps_port = ports.lmtps
        self.lmtp_socket = self.root / "run" / "lmtp"
        self.auth_socket = self.root / "run" / "auth-client"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- users and their boxes --------------------------------------------------------------------------------

    def add_user(
        self, user: str, *, password: str = PASSWORD, settings: Mapping[str, str] | None = None
    ) -> str:
        """A new user with an empty box, and settings of their own ({"pop3_uidl_format": "%f"}); returns the name.

        A box that takes no mail of 1 KiB or more by LMTP: {"quota_rule": "*:storage=1K"} answers the mail's end with
        552 5.2.2, and with "quota_full_tempfail": "yes" beside it 452 4.2.2. Quota does not bind fill().
        """
        home = self.root / "mail" / user
        for folder in ("cur", "new", "tmp"):
            (home / "Maildir" / folder).mkdir(parents=True, exist_ok=True)
        for path in (home, home / "Maildir", *(home / "Maildir").iterdir()):
            shutil.chown(path, MAIL_USER, MAIL_USER)
        own = " ".join(f"userdb_{key}={value.replace('%', '%%')}" for key, value in (settings or {}).items())
        line = f"{user}:{{PLAIN}}{password}:{MAIL_USER}:{MAIL_USER}::{home}::{own}\n"
        # A file a user: Dovecot looks at most once a second whether a file that it has read has changed.
        (self.root / "users" / user).write_text(line, encoding="ascii")
        return user

    def sieve(self, user: str, script: str) -> None:
        """Install the user's personal Sieve script, in place of an earlier one. ValueError: it does not compile."""
        path = self.root / "mail" / user / ".dovecot.sieve"
        path.write_text(script, encoding="utf-8")
        compiled = subprocess.run(
            [SIEVE_COMPILER, "-c", str(self.root / "dovecot.conf"), str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        if compiled.returncode != 0:  # Pigeonhole itself would deliver as if there were no script
            path.unlink()
            raise ValueError(compiled.stderr)
        for written in (path, path.with_suffix(".svbin")):
            shutil.chown(written, MAIL_USER, MAIL_USER)

    def maildir(self, user: str) -> Path:
        return self.root / "mail" / user / "Maildir"

    def fill(
        self, user: str, mails: Sequence[bytes], *, uidls: Sequence[str] | None = None, folder: str = "cur"
    ) -> None:
        """More mail arrives, after what is there and in the order given. folder: cur or new.

        uidls, one a mail and only into an emptied or fresh box, are served as they are, duplicates too. In a box that
        gets mail by LMTP as well, what LMTP brings is numbered at once and what was filled when somebody looks.
        """
        box = self.maildir(user)
        names = []
        for mail in mails:
            arrival = self._arrivals[user] = self._arrivals.get(user, 0) + 1
            wire_size = len(mail) + mail.count(b"\n") - mail.count(b"\r\n")
            name = f"{FIRST_ARRIVAL + arrival}.M{arrival:06d}P1.seawall,S={len(mail)},W={wire_size}"
            names.append(name)
            path = box / folder / (f"{name}:2," if folder == "cur" else name)
            path.write_bytes(mail)
            shutil.chown(path, MAIL_USER, MAIL_USER)
        if uidls is not None:
            self._write_uidls(user, dict(zip(names, uidls, strict=True)))

    def empty(self, user: str) -> None:
        """Every mail goes; mail that arrives later gets UIDLs never used before."""
        for path in in_order_of_arrival(self.maildir(user)):
            path.unlink()

    def rebuild(self, user: str, mails: Sequence[bytes], *, uidls: Sequence[str] | None = None) -> None:
        """The box anew, as an administrator restores it: other mails, and nothing remembered of the old ones.

        Without uidls, UIDLs are new ones with the default pop3_uidl_format, and with "%u" or "%f" the first ones again.
        """
        self.empty(user)
        self._forget_uidls(user)
        self._arrivals[user] = 0
        self.fill(user, mails, uidls=uidls)

    def change_uidls(self, user: str) -> None:
        """The same mails, each under a UIDL never used before (with the default pop3_uidl_format)."""
        self._forget_uidls(user)

    def set_uidls(self, user: str, uidls: Sequence[str]) -> None:
        """The same mails in the same order, under these UIDLs."""
        names = [path.name.partition(":")[0] for path in in_order_of_arrival(self.maildir(user))]
        self._write_uidls(user, dict(zip(names, uidls, strict=True)))

    def raw_mails(self, user: str) -> list[bytes]:
        """What is in the box now, in the order of arrival, as it lies on disk."""
        return [path.read_bytes() for path in in_order_of_arrival(self.maildir(user))]

    def count(self, user: str) -> int:
        return len(in_order_of_arrival(self.maildir(user)))

    # --- the server -------------------------------------------------------------------------------------------

    def log(self) -> str:
        return (self.root / "dovecot.log").read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        """Stop the server and remove everything. A second call does nothing."""
        self._process.end()
        shutil.rmtree(self.root, ignore_errors=True)

    def _lay_out(self) -> None:
        self.root.chmod(0o755)
        for name in ("run", "state", "mail", "users"):
            (self.root / name).mkdir()
        shutil.chown(self.root / "mail", MAIL_USER, MAIL_USER)
        authority = trustme.CA()
        certificate = authority.issue_cert("localhost", "127.0.0.1")
        authority.cert_pem.write_to_path(self.ca_file)
        certificate.private_key_pem.write_to_path(self.root / "key.pem")
        for index, part in enumerate(certificate.cert_chain_pems):
            part.write_to_path(self.root / "cert.pem", append=index > 0)

    def _start(self) -> tuple[Group, _Ports]:
        started = start(self._begin, self._greets)
        if started is None:
            raise DovecotUnavailableError(f"Dovecot does not start:\n{self.log()[-2000:]}")
        return started

    def _begin(self) -> tuple[Group, _Ports]:
        program = dovecot_program()
        assert program is not None
        pop3, pop3s, lmtp, lmtps = free_ports(4)
        ports = _Ports(pop3=pop3, pop3s=pop3s, lmtp=lmtp, lmtps=lmtps)
        settings = "\n".join(f'{key} = "{value}"' for key, value in self._settings.items())
        path = self.root / "dovecot.conf"
        text = CONFIGURATION.substitute(
            root=self.root,
            settings=settings,
            **{f"{name}_port": port for name, port in dataclasses.asdict(ports).items()},
        )
        path.write_text(text, encoding="ascii")
        return spawn([program, "-F", "-c", str(path)], log=self.root / "dovecot.log"), ports

    def _greets(self, process: Group, ports: _Ports) -> bool:
        """Wait until every port answers; False when Dovecot ended instead (a port was taken).

        It must name itself: for a moment whoever took the port answers in its place.
        """
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not process.has_ended():
            try:
                greetings = [_greeting(port) for port in (ports.pop3, ports.lmtp)]
                for port in (ports.pop3s, ports.lmtps):
                    with socket.create_connection(("127.0.0.1", port), timeout=5):
                        pass
            except OSError:
                time.sleep(0.02)
                continue
            if all(str(self.root).encode() in greeting for greeting in greetings):
                return True
        return False

    def _forget_uidls(self, user: str) -> None:
        """dovecot-uidvalidity stays, so that Dovecot takes a higher one for the next list."""
        for pattern in UIDL_STATE:
            for path in self.maildir(user).glob(pattern):
                path.unlink()

    def _write_uidls(self, user: str, uidls: Mapping[str, str]) -> None:
        """Dovecot's own list, version 3: `UID P<POP3 UIDL> :<file>`."""
        self._forget_uidls(user)
        lines = [f"3 V{FIRST_ARRIVAL} N{len(uidls) + 1} G{uuid.uuid4().hex}"]
        lines += [f"{uid} P{uidl} :{name}" for uid, (name, uidl) in enumerate(uidls.items(), start=1)]
        path = self.maildir(user) / "dovecot-uidlist"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="latin-1")
        shutil.chown(path, MAIL_USER, MAIL_USER)


def _greeting(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        return connection.recv(512)
