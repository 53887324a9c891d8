"""`seawall demo`: the main job on loopback with nothing to configure."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from seawall.cli.output import say, talk

if TYPE_CHECKING:
    from seawall.cli.progress import Progress
    from seawall.collect.report import Report

CONFIGURATION = """
[local]
domains    = ["example.org"]
postmaster = "postmaster@example.org"
state      = "state"
min_free   = "1 MB"

[destination.main]
kind = "maildir"
path = "Maildir"

[[account]]
name = "office"
host = "127.0.0.1"
port = {port}
tls  = "none"
user = "{user}"
password_file = "password"
to   = "{recipient}"
"""
RECIPIENT = "alice@example.org"
USER = "office@isp.test"
PASSWORD = "demo"  # noqa: S105 -- of a box that lives as long as the demo
FAILED = 1


def demo(
    directory: Annotated[Path, Parameter(help="Where to put Maildir, state and configuration.")] = Path(
        "demo"
    ),
) -> int:
    """Show the main job on this machine alone; nothing to set up.

    A toy ISP on loopback holds everyday mail and one mail to fifty people, of whom three are
    here. The real connector collects it into DIRECTORY/Maildir (./demo by default).
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
    box = Box((*everyday_mails(), storm_mail()))
    talk(f"A toy ISP on loopback holds {len(box.mails)} mails for {RECIPIENT}.")
    talk(f"One of them is addressed to {STORM_ADDRESSEES} people, most of them elsewhere.")
    with running(ToyIsp({USER: (PASSWORD, box)})) as isp, bar() as progress:
        report = _collect(directory, isp.port, progress)
    mails = sorted((directory / "Maildir" / "new").iterdir())
    for recipient, subject in report.deliveries:
        say(f"delivered to {recipient}: {subject}")
    say(f"{len(mails)} mails in {directory / 'Maildir'}, once each, of {report.listed} at the ISP")
    strangers = {recipient for recipient, _ in report.deliveries} - {RECIPIENT}
    say(f"written to anyone else: {len(strangers)} (Seawall takes recipients from its configuration alone)")
    return (
        0 if report.went_well and not strangers and len(mails) == report.listed == len(box.mails) else FAILED
    )


def _collect(directory: Path, port: int, progress: "Progress | None") -> "Report":
    """Write a configuration as a person would, and run the connector by it."""
    import asyncio  # noqa: PLC0415 - keeps --help quick

    from seawall.config.load import load  # noqa: PLC0415
    from seawall.daemon import collect, open_log  # noqa: PLC0415

    (directory / "password").touch(mode=0o600)
    (directory / "password").write_text(f"{PASSWORD}\n", encoding="ascii")
    (directory / "seawall.toml").write_text(
        CONFIGURATION.format(port=port, user=USER, recipient=RECIPIENT), encoding="ascii"
    )
    settings = load(directory / "seawall.toml").settings
    with (directory / "log").open("a", encoding="ascii") as stream:
        log = open_log(stream=stream)
        (report,) = asyncio.run(collect(settings, settings.accounts, once=True, progress=progress, log=log))
    return report
