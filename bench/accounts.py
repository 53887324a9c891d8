"""Measure one process with many accounts: `seawall run --once` over toy ISPs, a new mail in each box.

    accounts.py                                 1,000 accounts at 10 hosts, one mail each
    accounts.py --accounts 5000 --hosts 50

The toy ISPs are Python and run in this process; Seawall is a process of its own, with fresh state and one Maildir for
each account, all on loopback and plain TCP. The second run finds nothing new: it is what a poll costs by itself. Each
mail must lie in its Maildir once, whole; otherwise the run is void and the program ends with 1.
"""

import argparse
import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from boxes import look_into, mails, workplace
from peers import SEAWALL, compile_tools
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running

PASSWORD: Final = "opensesame"
MAIL_OCTETS: Final = 4_000
LIMIT_SECONDS: Final = 1800


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One measured run; `most_at_a_host` counts sessions, as the busiest toy ISP saw them."""

    title: str
    wall_seconds: float
    cpu_seconds: float
    peak_kib: int
    status: int
    most_at_a_host: int


@contextlib.contextmanager
def isps(hosts: int, users: Sequence[str]) -> Iterator[list[ToyIsp]]:
    """So many toy ISPs, each in a thread, and the users dealt out among them, each with one mail of his own."""
    boxes = {
        user: (PASSWORD, Box([mail.replace(b"\n", b"\r\n")]))
        for user, mail in zip(users, mails(len(users), MAIL_OCTETS), strict=True)
    }
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(running(ToyIsp({user: boxes[user] for user in users[host::hosts]})))
            for host in range(hosts)
        ]


def configuration(place: Path, ports: dict[str, int]) -> Path:
    """Write the seawall.toml of all accounts."""
    (place / "password").touch(mode=0o600)
    (place / "password").write_text(PASSWORD + "\n", encoding="ascii")
    accounts = "".join(
        f"""
[[account]]
name = "{user}"
host = "127.0.0.1"
port = {port}
tls  = "none"
user = "{user}"
password_file = "password"
to   = "{user}@example.org"
keep = "forever"
"""
        for user, port in ports.items()
    )
    path = place / "seawall.toml"
    path.write_text(
        f"""
[local]
domains = ["example.org"]
postmaster = "postmaster@example.org"
state = "state"
[destination.main]
kind = "maildir"
path = "mail/{{user}}"
{accounts}""",
        encoding="ascii",
    )
    return path


def measure(title: str, place: Path, written: Path, servers: Sequence[ToyIsp]) -> Run:
    """Run Seawall once over all accounts."""
    for isp in servers:
        isp.most_at_once = 0
    report = place / "report"
    argv = [str(place / "tools" / "timed"), str(report), str(LIMIT_SECONDS)]
    argv += [str(SEAWALL), "run", "--once", "--config", str(written)]
    with (place / "log").open("wb") as log:
        subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True)
    wall, user_cpu, system_cpu, peak, status = report.read_text(encoding="ascii").split()
    return Run(
        title=title,
        wall_seconds=float(wall),
        cpu_seconds=float(user_cpu) + float(system_cpu),
        peak_kib=int(peak),
        status=int(status),
        most_at_a_host=max(isp.most_at_once for isp in servers),
    )


def missing(place: Path, users: Sequence[str]) -> int:
    """How many of these have not exactly their own mail, whole."""
    wrong = 0
    for number, user in enumerate(users):
        found = look_into(place / "mail" / user)
        wrong += found.cut > 0 or found.copies != {number: 1}
    return wrong


def table(runs: Sequence[Run], accounts: int) -> str:
    lines = [
        "| run | s | accounts/s | CPU ms an account | peak MB | sessions at a host, at most |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {run.title} | {run.wall_seconds:.1f} | {accounts / run.wall_seconds:,.0f}"
        f" | {run.cpu_seconds / accounts * 1000:.1f} | {run.peak_kib / 1024:.0f} | {run.most_at_a_host} |"
        for run in runs
    ]
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--hosts", type=int, default=10)
    parser.add_argument("--dir", type=Path, help="where boxes and Maildirs lie (default: /var/tmp)")
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    users = [f"user{number}" for number in range(asked.accounts)]
    with workplace(asked.dir) as place, isps(asked.hosts, users) as servers:
        compile_tools(place / "tools")
        ports = {user: servers[number % asked.hosts].port for number, user in enumerate(users)}
        written = configuration(place, ports)
        runs = [measure(title, place, written, servers) for title in ("one new mail each", "nothing new")]
        wrong = missing(place, users)
        log = (place / "log").read_text(encoding="utf-8", errors="replace")
    print(table(runs, asked.accounts))
    if wrong or any(run.status for run in runs):
        print(f"void: {wrong} accounts without exactly their mail; exits {[run.status for run in runs]}")
        print(log[-1000:])
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
