"""The collectors that are compared: how each is configured for one POP3 box and one Maildir, and how it is run.

Owns: their configuration files, command lines and clean exit codes. Each has a private home: no state is shared
between two collectors, and none with the machine's own. Refuses to know: boxes, clocks, and how to judge a result.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

SOURCES: Final = Path(__file__).parent / "c"
BARE: Final = Path(__file__).parent / "bare.py"
SEAWALL: Final = Path(sys.executable).parent / "seawall"
HOST: Final = "127.0.0.1"
USER: Final = "mail"  # getmail6 and fdm's fetching child do not work as root
TO_USER: Final = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lmtp:
    """An LMTP server on loopback. recipients: a POP3 user and the address that gets that box's mails, each."""

    port: int
    recipients: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One box to collect into one Maildir, or boxes to hand over by LMTP.

    home: the collector's own directory: configuration, state, password. tools: where compile_tools wrote.
    lmtp: where the mails go instead of the Maildir.
    """

    port: int
    user: str
    password: str
    keep: bool
    home: Path
    maildir: Path
    tools: Path
    lmtp: Lmtp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What collects once. stale: files that a killed run leaves and that a person has to remove by hand."""

    argv: Sequence[str]
    env: Mapping[str, str]
    clean_exits: frozenset[int] = frozenset({0})
    stale: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """A program under comparison. needs: the tools of bench/c without which it cannot be run.

    as_root: it is run as the user who runs the bench, because its interpreter may lie where nobody else can read.
    pipelines: it does not wait a round trip or more for each mail. boxes: between so many a box is divided for it.
    """

    name: str
    program: str
    version_argv: tuple[str, ...]
    prepare: Callable[[Errand], Command]
    needs: tuple[str, ...] = field(default=())
    as_root: bool = False
    pipelines: bool = True
    boxes: int = 1

    @property
    def family(self) -> str:
        """The program, whatever its settings: "seawall" of "seawall, 4 connections"."""
        return self.name.partition(",")[0]

    def missing(self, tools: Path) -> str | None:
        """Why it cannot be run here, or None."""
        if shutil.which(self.program) is None:
            return f"{self.name} is not installed"
        absent = [tool for tool in self.needs if not (tools / tool).exists()]
        return f"{self.name} needs a C compiler for bench/c/{absent[0]}.c" if absent else None

    def version(self) -> str:
        """The version as the program itself tells it; "?" where it doesn't."""
        if not self.version_argv:
            return ""
        answer = subprocess.run(
            [self.program, *self.version_argv],
            capture_output=True,
            text=True,
            check=False,
            env=environment(),
        )
        if self.name == "fdm":  # it tells its version only when it starts to work
            found = re.search(r"version is: fdm ([\w.+-]+)", answer.stdout + answer.stderr)
        else:
            found = re.search(r"(\d+\.\d[\w.]*)", answer.stdout + answer.stderr)
        return found[1] if found else "?"


def compile_tools(tools: Path) -> None:
    """Compile bench/c into the directory `tools`, where there is a compiler."""
    tools.mkdir(parents=True, exist_ok=True)
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return
    for source in sorted(SOURCES.glob("*.c")):
        subprocess.run([compiler, "-O2", "-o", str(tools / source.stem), str(source)], check=True)


def set_up(collector: Collector, errand: Errand) -> Command:
    """Make the home and the Maildir, both empty, and configure the collector in them."""
    errand.home.mkdir(mode=0o700)
    errand.maildir.mkdir(mode=0o700)
    for folder in ("tmp", "new", "cur"):
        (errand.maildir / folder).mkdir(mode=0o700)
    command = collector.prepare(errand)
    if not collector.as_root:
        for top in (errand.home, errand.maildir):
            for path in (top, *top.rglob("*")):
                shutil.chown(path, USER, USER)
        command = replace(command, argv=(*TO_USER, *command.argv))
    return command


def environment(home: Path | None = None) -> dict[str, str]:
    return {
        "HOME": str(home or "/"),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "USER": USER,
        "LOGNAME": USER,
    }


def private_file(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def seawall_configuration(errand: Errand, *, destination: str, boxes: Sequence[tuple[str, str]]) -> Path:
    """Write seawall.toml. destination: the lines of its section; boxes: POP3 user and recipient, each."""
    password_file = private_file(errand.home / "password", f"{errand.password}\n")
    accounts = "".join(
        f"""
[[account]]
name = "{user}"
host = "{HOST}"
port = {errand.port}
tls  = "none"
user = "{user}"
password_file = "{password_file}"
to    = "{recipient}"
keep  = "{"forever" if errand.keep else "none"}"
start = "all"
max_size = "50 MB"
destination = "main"
"""
        for user, recipient in boxes
    )
    return private_file(
        errand.home / "seawall.toml",
        f"""\
[local]
domains    = ["example.org"]
postmaster = "postmaster@example.org"
state      = "{errand.home / "state"}"

[destination.main]
{destination}
{accounts}""",
    )


def _raw(errand: Errand) -> Command:
    argv = [str(errand.tools / "raw"), str(errand.port), errand.user, errand.password]
    return Command(argv=argv, env=environment(errand.home))


def _fetchmail(errand: Errand) -> Command:
    pid_file = errand.home / "pid"
    configuration = private_file(
        errand.home / "fetchmailrc",
        f"""\
set pidfile "{pid_file}"
set idfile "{errand.home / "fetchids"}"
set no bouncemail
poll {HOST} service {errand.port} protocol POP3 timeout 60 uidl
  user "{errand.user}" password "{errand.password}" is "mail" here
  {"keep" if errand.keep else "nokeep"} sslproto ""
  mda "{errand.tools / "mda"} {errand.maildir}"
""",
    )
    argv = ["fetchmail", "--silent", "--nosyslog", "--fetchmailrc", str(configuration)]
    return Command(
        argv=argv, env=environment(errand.home), clean_exits=frozenset({0, 1})
    )  # 1: no mail waited


def getmail_retriever(errand: Errand) -> str:
    """The part of a getmailrc that says where mail comes from."""
    return f"""\
[retriever]
type = SimplePOP3Retriever
server = {HOST}
port = {errand.port}
username = {errand.user}
password = {errand.password}
timeout = 20
"""


def _getmail(errand: Errand) -> Command:
    directory = errand.home / "getmail"
    directory.mkdir(exist_ok=True)
    private_file(
        directory / "getmailrc",
        f"""\
{getmail_retriever(errand)}[destination]
type = Maildir
path = {errand.maildir}/
[options]
read_all = false
delete = {str(not errand.keep).lower()}
""",
    )
    return Command(argv=["getmail", "--quiet", "--getmaildir", str(directory)], env=environment(errand.home))


def _mpop(errand: Errand) -> Command:
    configuration = private_file(
        errand.home / "mpoprc",
        f"""\
account default
host {HOST}
port {errand.port}
tls off
auth user
user {errand.user}
password {errand.password}
delivery maildir {errand.maildir}
uidls_file {errand.home / "uidls"}
keep {"on" if errand.keep else "off"}
""",
    )
    return Command(argv=["mpop", "--quiet", "--file", str(configuration)], env=environment(errand.home))


def _fdm(errand: Errand) -> Command:
    lock = errand.home / "fdm.lock"
    only, keep = (f'new-only cache "{errand.home / "fdm.cache"}" ', " keep") if errand.keep else ("", "")
    configuration = private_file(
        errand.home / "fdm.conf",
        f"""\
set lock-file "{lock}"
set unmatched-mail keep
account "box" pop3 server "{HOST}" port {errand.port} user "{errand.user}" pass "{errand.password}" {only}no-apop{keep}
action "in" maildir "{errand.maildir}"
match all action "in"
""",
    )
    argv = ["fdm", "-f", str(configuration), "fetch"]
    return Command(argv=argv, env=environment(errand.home), stale=(lock,))


def _bare_c(errand: Errand) -> Command:
    argv = [str(errand.tools / "bare"), str(errand.port), errand.user, errand.password, str(errand.maildir)]
    return Command(argv=argv, env=environment(errand.home))


def _bare_py(errand: Errand) -> Command:
    argv = [sys.executable, "-I", "-S", str(BARE), str(errand.port)]  # no site-packages: it needs none
    argv += [errand.user, errand.password, str(errand.maildir)]
    return Command(argv=argv, env=environment(errand.home))


def _seawall(errand: Errand) -> Command:
    configuration = seawall_configuration(
        errand,
        destination=f'kind = "maildir"\npath = "{errand.maildir}"',
        boxes=[(errand.user, "alice@example.org")],
    )
    argv = [str(SEAWALL), "run", "--once", "--config", str(configuration)]
    return Command(argv=argv, env=environment(errand.home))


RAW: Final = Collector(name="raw", program="sh", version_argv=(), prepare=_raw, needs=("raw",), as_root=True)

BARE_LOOPS: Final = (
    Collector(name="bare-c", program="sh", version_argv=(), prepare=_bare_c, needs=("bare",), as_root=True),
    Collector(name="bare-py", program=sys.executable, version_argv=(), prepare=_bare_py, as_root=True),
)

COLLECTORS: Final = (
    Collector(
        name="seawall", program=str(SEAWALL), version_argv=("--version",), prepare=_seawall, as_root=True
    ),
    Collector(name="mpop", program="mpop", version_argv=("--version",), prepare=_mpop),
    Collector(
        name="fdm", program="fdm", version_argv=("-nv", "-f", "/dev/null"), prepare=_fdm, pipelines=False
    ),
    Collector(
        name="fetchmail",
        program="fetchmail",
        version_argv=("--version",),
        prepare=_fetchmail,
        needs=("mda",),
        pipelines=False,
    ),
    Collector(
        name="getmail6", program="getmail", version_argv=("--version",), prepare=_getmail, pipelines=False
    ),
)


def chosen(
    names: Sequence[str], tools: Path, *, among: Sequence[Collector] = COLLECTORS
) -> tuple[list[Collector], list[str]]:
    """The collectors of these names ("all": every one) that can be run here, and why each of the others cannot."""
    wanted = [one for one in among if one.family in names or "all" in names]
    reasons = [reason for one in wanted if (reason := one.missing(tools)) is not None]
    return [one for one in wanted if one.missing(tools) is None], reasons
