"""`seawall demo`: the main job on loopback with nothing to configure."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from seawall.cli.output import say, talk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seawall.cli.progress import Progress
    from seawall.collect.report import Report

CONFIGURATION = """
[local]
domains    = ["example.org"]
postmaster = "postmaster@example.org"
state      = "state"
min_free   = "1 MB"
digest_destination = "postmaster"

[destination.main]
kind = "maildir"
path = "Maildir"

[destination.postmaster]
kind = "maildir"
path = "postmaster"

[[account]]
name = "office"
host = "127.0.0.1"
port = {port}
tls  = "none"
user = "{user}"
password_file = "password"
to   = "{recipient}"
destination = "main"
"""
RECIPIENT = "alice@example.org"
USER = "office@isp.test"
PASSWORD = "demo"  # noqa: S105 -- of a box that lives as long as the demo
COPIES = 40
"""A quarter of an hour apart: what two servers make of one mail in ten hours."""
REASONS = {
    "replicated": "a server made it out of a mail that is here already",
    "storm": "one more such copy, once there were too many",
}
FAILED = 1


def demo(
    directory: Annotated[Path, Parameter(help="Where to put Maildir, state and configuration.")] = Path(
        "demo"
    ),
) -> int:
    """Show the main job on this machine alone; nothing to set up.

    A toy ISP on loopback holds everyday mail and one mail to fifty people, of whom three are
    here. The real connector collects it into DIRECTORY/Maildir (./demo by default). Then that
    mail comes back as a storm of copies, and is set aside.
    """
    import shutil  # noqa: PLC0415 - keeps --help quick

    from seawall.cli.progress import bar  # noqa: PLC0415
    from seawall.lab.box import Box  # noqa: PLC0415
    from seawall.lab.isp import ToyIsp, running  # noqa: PLC0415
    from seawall.lab.mails import STORM_ADDRESSEES, everyday_mails, storm_mail  # noqa: PLC0415

    marker = directory / "seawall.toml"
    if directory.exists() and not marker.exists() and any(directory.iterdir()):
        talk(f"seawall: {directory} holds something else: name another directory")
        return FAILED
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    maildir = directory / "Maildir"
    box = Box((*everyday_mails(), storm_mail()))
    originals = len(box.mails)
    talk(f"A toy ISP on loopback holds {originals} mails for {RECIPIENT}.")
    talk(f"One of them is addressed to {STORM_ADDRESSEES} people, most of them elsewhere.")
    with running(ToyIsp({USER: (PASSWORD, box)})) as isp, bar() as progress:
        _configure(directory, isp.port)
        first = _collect(directory, progress)
        for recipient, subject in first.deliveries:
            say(f"delivered to {recipient}: {subject}")
        say(f"{_mails_in(maildir)} mails in {maildir}, once each, of {first.listed} at the ISP")
        talk(
            "Two of the fifty have a server with the fault of 2003. It sends each mail that it collects again,"
        )
        talk("to everybody whom the mail names. The other one gets that and does the same: a mail storm.")
        for copy in _storm():
            box.add(copy)
        second = _collect(directory, progress)
    is_storm_aside = _tell_of_the_storm(directory, second)
    strangers = {recipient for one in (first, second) for recipient, _ in one.deliveries} - {RECIPIENT}
    say(f"sent to anyone else: {len(strangers)} (Seawall takes recipients from its configuration alone)")
    say(f"see what is set aside: {_program()} held list --all-copies --config {directory / 'seawall.toml'}")
    is_each_once = first.listed == first.delivered == originals == _mails_in(maildir)
    is_well = first.went_well and second.went_well
    return 0 if is_well and is_each_once and is_storm_aside and not strangers else FAILED


def _storm() -> "Iterator[bytes]":
    """Yield the copies of the storm's mail as they come back to the ISP, from two servers that feed each other."""
    from datetime import UTC, datetime  # noqa: PLC0415 - keeps --help quick
    from ipaddress import IPv4Address  # noqa: PLC0415
    from random import Random  # noqa: PLC0415

    from seawall.lab.copywriter import Connector, storm  # noqa: PLC0415
    from seawall.lab.mails import EPOCH, storm_mail  # noqa: PLC0415

    faulty = [
        Connector(
            host=f"mail.{domain}",
            user=user,
            domain=domain,
            internal_address=IPv4Address(f"192.168.{number}.2"),
            internal_domain=f"office.{domain}",
            public_address=IPv4Address(f"203.0.113.{number}"),
        )
        for number, (user, domain) in enumerate(
            [("member00", "example.com"), ("member01", "example.net")], start=1
        )
    ]
    draw = Random(0)  # noqa: S311 -- reproducible, not secret
    return storm(storm_mail(), faulty, COPIES, start=datetime.fromtimestamp(EPOCH, UTC), draw=draw)


def _tell_of_the_storm(directory: Path, report: "Report") -> bool:
    """Say what became of the copies; whether that is what should."""
    from collections import Counter  # noqa: PLC0415 - keeps --help quick

    from seawall.cli import desk  # noqa: PLC0415
    from seawall.config.load import load  # noqa: PLC0415
    from seawall.ledger.setaside import EVERYTHING  # noqa: PLC0415

    settings = load(directory / "seawall.toml").settings
    reasons = Counter(record.note.reason for record in desk.held_mails(settings, EVERYTHING))
    alarms = [line for line in (directory / "log").read_text("ascii").splitlines() if " level=error " in line]
    say(f"then {COPIES} copies of one of them came: {report.delivered} delivered, {report.held} set aside")
    for reason, count in sorted(reasons.items()):
        say(f"  {count} {reason}: {REASONS.get(reason, 'this should not be')}")
    told = _mails_in(directory / "postmaster")
    say(
        f"alarms: {len(alarms)}, and {told} mail to the postmaster, in {directory / 'postmaster'}: one for all copies"
    )
    return (
        not report.delivered
        and report.held == COPIES == reasons.total()
        and reasons.keys() == REASONS.keys()
        and len(alarms) == told == 1
        and " event=breaker-opened " in alarms[0]
    )


def _mails_in(maildir: Path) -> int:
    new = maildir / "new"
    return sum(1 for _ in new.iterdir()) if new.is_dir() else 0


def _program() -> str:
    """Return by what name this program was started, so that what is said can be pasted."""
    import sys  # noqa: PLC0415 - keeps --help quick

    return sys.argv[0] if Path(sys.argv[0]).name == "seawall" else "seawall"


def _configure(directory: Path, port: int) -> None:
    """Write a configuration as a person would."""
    (directory / "password").touch(mode=0o600)
    (directory / "password").write_text(f"{PASSWORD}\n", encoding="ascii")
    (directory / "seawall.toml").write_text(
        CONFIGURATION.format(port=port, user=USER, recipient=RECIPIENT), encoding="ascii"
    )


def _collect(directory: Path, progress: "Progress | None") -> "Report":
    """Run the connector once by the configuration."""
    import asyncio  # noqa: PLC0415 - keeps --help quick

    from seawall.config.load import load  # noqa: PLC0415
    from seawall.daemon import collect, open_log  # noqa: PLC0415

    settings = load(directory / "seawall.toml").settings
    with (directory / "log").open("a", encoding="ascii") as stream:
        log = open_log(stream=stream)
        (report,) = asyncio.run(collect(settings, settings.accounts, once=True, progress=progress, log=log))
    return report
