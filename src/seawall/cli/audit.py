"""`seawall audit`: does a connector amplify, lose, cut or double? It is played with as a stranger."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from seawall.cli.options import JsonOption
from seawall.cli.output import document, finish, say, talk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seawall.lab.audit.case import Case
    from seawall.lab.audit.contest import Entry, Trial

HARMFUL = 1


def audit(
    *connectors: Annotated[
        str,
        Parameter(
            help="Profiles by name, NAME=PROGRAM for another program, or files; seawall if none is given."
        ),
    ],
    command: Annotated[
        str | None,
        Parameter(help="Instead: a command that collects once; {pop3_port} and other words are filled in."),
    ] = None,
    ports: Annotated[
        bool, Parameter(help="Instead: print ports, and wait for a connector that you point at them.")
    ] = False,
    deliver: Annotated[
        Literal["maildir", "smtp", "lmtp"], Parameter(help="Where COMMAND puts mail.")
    ] = "smtp",
    cases: Annotated[
        Path | None, Parameter(help="A directory of cases, in place of those that come with Seawall.")
    ] = None,
    only: Annotated[
        tuple[str, ...],
        Parameter(help="Only cases in whose GROUP/NAME this stands; may be given several times."),
    ] = (),
    wait: Annotated[float, Parameter(help="With --ports: seconds that each poll is waited for.")] = 600.0,
    unconfined: Annotated[
        bool, Parameter(help="Go on where the system gives no network of its own: mail may get out.")
    ] = False,
    junit: Annotated[Path | None, Parameter(help="Write JUnit XML there too.")] = None,
    json: JsonOption = False,
) -> int:
    """Tell whether a connector amplifies, loses, cuts or doubles mail.

    Offers it a POP3 box and an SMTP and an LMTP server on loopback, plays the cases, and looks at what arrived.
    It runs in a network of its own where the system allows that, so that nothing gets out.

    Exits 0 if no connector amplifies or loses, 1 if one does, 2 if one never came. `docs/audit.md` tells what is looked at, and how to write
    a profile or a case.
    """
    from seawall.cli.ending import terminated_as_interrupted  # noqa: PLC0415 - keeps --help quick
    from seawall.cli.progress import bar  # noqa: PLC0415
    from seawall.errors import Misconfigured  # noqa: PLC0415
    from seawall.lab.audit import reading, report  # noqa: PLC0415
    from seawall.lab.audit.contest import Result, contest, meetings  # noqa: PLC0415
    from seawall.lab.confinement import is_possible  # noqa: PLC0415

    if sum((bool(connectors), command is not None, ports)) > 1:
        raise Misconfigured(
            "connectors, --command and --ports are three ways to say what is audited: keep one of them"
        )
    chosen = [
        case
        for case in (reading.find(cases) if cases else reading.shipped())
        if not only or any(part in f"{case.group}/{case.name}" for part in only)
    ]
    if not chosen:
        raise Misconfigured(f"no case has {' or '.join(only)} in its name")
    if ports:
        trials = list(_with_ports(chosen, wait))
    else:
        if not (unconfined or is_possible()):
            raise Misconfigured(
                "this system gives no network of its own: what is audited could send mail to the world, and nobody would see "
                "its bounces; --unconfined goes on"
            )
        planned = meetings(chosen, list(_entries(connectors, command, deliver)))
        trials = []
        with terminated_as_interrupted(), bar() as progress:
            for trial in contest(planned):
                trials.append(trial)
                if progress:
                    progress("trials", len(trials), len(planned))
    if junit:
        junit.write_bytes(report.junit(trials))
    if json:
        document(report.SCHEMA, report.content(trials))
    else:
        _tell(trials)
    if absent := report.never_there(trials):
        raise Misconfigured("\n".join(absent))
    return HARMFUL if any(trial.result is Result.FAILED for trial in trials) else 0


def _entries(connectors: "Sequence[str]", command: str | None, deliver: str) -> "Iterator[Entry]":
    """Yield who takes part, each with its version; raises Misconfigured where one is not installed."""
    from seawall.errors import Misconfigured  # noqa: PLC0415 - keeps --help quick
    from seawall.lab.audit.contest import Entry  # noqa: PLC0415
    from seawall.lab.connectors.profile import Deliver  # noqa: PLC0415
    from seawall.lab.connectors.reading import find, of_command  # noqa: PLC0415
    from seawall.lab.connectors.run import missing, version  # noqa: PLC0415

    profiles = (
        [of_command(command, Deliver(deliver))]
        if command
        else [find(named) for named in connectors or ("seawall",)]
    )
    reasons = [reason for profile in profiles if (reason := missing(profile))]
    if reasons:
        raise Misconfigured("\n".join(reasons))
    for profile in profiles:
        yield Entry(profile=profile, version=version(profile))


def _with_ports(chosen: "Sequence[Case]", wait: float) -> "Iterator[Trial]":
    """Play the cases with whoever comes to the ports, which stay the same."""
    from seawall.lab.audit.elsewhere import fitting, free_ports, play_elsewhere  # noqa: PLC0415 - keeps --help quick
    from seawall.lab.audit.trial import PASSWORD, USER  # noqa: PLC0415

    ports = free_ports()
    talk(f"POP3: 127.0.0.1, port {ports.pop3}, no TLS, user {USER}, password {PASSWORD}")
    talk(f"deliver by SMTP to port {ports.smtp}, or by LMTP to port {ports.lmtp}; erase what was delivered")
    planned = fitting(chosen)
    for number, meeting in enumerate(planned, start=1):
        talk(f"{number} of {len(planned)}: {meeting.case.group}/{meeting.case.name}: waiting for a poll")
        yield play_elsewhere(meeting, ports, wait)


def _tell(trials: "Sequence[Trial]") -> None:
    from seawall.lab.audit import report  # noqa: PLC0415 - keeps --help quick

    say(report.in_columns(report.rows(trials)))
    say("")
    if len({trial.connector for trial in trials}) == 1:
        for line in report.details(trials):
            say(line)
    for line in report.summary(trials):
        say(line)
    finish()
