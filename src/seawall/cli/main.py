"""The command `seawall`: which commands there are, and what each kind of failure ends with.

Owns the exit codes. A command's module is imported when that command is called or its own help
is asked for, or to suggest it for a mistyped one; `seawall --help` imports none and answers at once.

Exit codes: 0 it worked; 1 it failed, and says why; 2 the command line or the configuration is
wrong; 70 a bug in Seawall; 130 interrupted. A command may return others and documents them.
"""

import io
import sys
import traceback
from collections.abc import Sequence
from typing import Final, NoReturn

from cyclopts import App, CycloptsError, Parameter

from seawall import __version__
from seawall.cli.output import NobodyReads, finish, talk
from seawall.errors import Misconfigured, OurBug, SeawallError

FAILED: Final = 1
MISUSED: Final = 2
BUG: Final = 70
INTERRUPTED: Final = 130

COMMANDS: Final = (
    ("demo", "seawall.cli.demo:demo", "Show the main job on this machine alone; nothing to set up."),
    ("init", "seawall.cli.init:init", "Write a commented seawall.toml; nothing is overwritten."),
    ("check", "seawall.cli.check:check", "Connect to every account and destination, and change nothing."),
    ("config show", "seawall.cli.config:show", "Show every value in force and where it came from."),
    ("run", "seawall.cli.run:run", "Collect and deliver, until stopped or once."),
    ("status", "seawall.cli.status:status", "Show each account: last poll, what came, what is wrong."),
    (
        "resume",
        "seawall.cli.resume:resume",
        "Close a breaker: poll an account again, deliver a storm's copies.",
    ),
    ("held list", "seawall.cli.held:list_", "List what is set aside, and why."),
    ("held show", "seawall.cli.held:show", "Show one mail that is set aside, with its evidence."),
    ("held release", "seawall.cli.held:release", "Deliver mails that are set aside."),
    ("held drop", "seawall.cli.held:drop", "Drop mails that are set aside, for good."),
    ("adopt", "seawall.cli.adopt:adopt", "Mark what is at the server as seen, and fetch none of it."),
    ("spot", "seawall.cli.spot:spot", "Tell whether there is a mail storm, and how large it is."),
    ("trace", "seawall.cli.trace:trace", "Name the servers that make a mail storm, with the evidence."),
    (
        "notify",
        "seawall.cli.notify:notify",
        "Write a notice to the postmaster of each suspect; nothing is sent.",
    ),
    ("audit", "seawall.cli.audit:audit", "Tell whether a connector amplifies, loses, cuts or doubles mail."),
    ("lab", "seawall.cli.lab:lab", "Let a storm happen on this machine alone, and see what stops it."),
    (
        "storms",
        "seawall.cli.storms:storms",
        "Write mail storms as mailboxes, with the truth beside them.",
    ),
    ("explain", "seawall.cli.explain:explain", "Say who would receive a mail and why; changes nothing."),
)

_GROUPS: Final = {
    "config": "Explain the configuration.",
    "held": "See, release or drop what is set aside.",
}


def application(arguments: Sequence[str] = ()) -> App:
    """Return the command line; nothing is imported for a command until it is called.

    A command that `arguments` call speaks for itself by its docstring; the others, by one line each.
    """
    app = App(
        name="seawall",
        help="A POP3 connector that cannot start a mail storm.",
        version=f"seawall {__version__}",
        help_format="plaintext",
        help_formatter="plain",
        default_parameter=Parameter(negative=(), show_default=False),
        result_action="return_value",
        print_error=False,
        exit_on_error=False,
        suppress_keyboard_interrupt=False,
    )
    groups: dict[str, App] = {}
    for order, (words, function, line) in enumerate(COMMANDS):
        group, _, name = words.rpartition(" ")
        if group and group not in groups:
            groups[group] = App(name=group, help=_GROUPS[group], sort_key=order)
            app.command(groups[group])
        is_called = list(arguments[: words.count(" ") + 1]) == words.split(" ")
        (groups[group] if group else app).command(
            function, name=name, help=None if is_called else line, sort_key=order
        )
    return app


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line that `arguments` is, sys.argv if not given, and exit."""
    # A mail may hold what the terminal's encoding does not.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(exit_code(sys.argv[1:] if arguments is None else arguments))


def exit_code(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; whatever fails is told on stderr."""
    try:
        result = application(arguments)(list(arguments))
        finish()
    except KeyboardInterrupt:
        return INTERRUPTED
    except NobodyReads:
        return FAILED
    except Exception as failure:  # noqa: BLE001 - the border: it is told, and ends the process
        return _told(failure)
    return result if isinstance(result, int) else 0


def _told(failure: Exception) -> int:
    match failure:
        case Misconfigured():
            talk(str(failure))
            return MISUSED
        case CycloptsError():
            talk(f"seawall: {failure}")
            return MISUSED
        case SeawallError() if not isinstance(failure, OurBug):
            talk(f"seawall: {failure}")
            return FAILED
    talk("".join(traceback.format_exception(failure)).rstrip("\n"))
    talk(f"seawall: a bug: {type(failure).__name__}: {failure}")
    return BUG
