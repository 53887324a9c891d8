"""`seawall spot`: is this a storm, how many copies, are bounces flooding in? Quick, and names nobody."""

from seawall.cli.options import JsonOption
from seawall.cli.output import document, say
from seawall.cli.tracing import (
    ExitCodeOption,
    PasswordFileOption,
    SourcesArgument,
    WorkersOption,
    ends_with,
    extra_needed,
    now,
    traced,
)


def spot(
    *sources: SourcesArgument,
    password_file: PasswordFileOption = None,
    workers: WorkersOption = None,
    exit_code: ExitCodeOption = False,
    json: JsonOption = False,
) -> int:
    """Tell whether there is a mail storm, and how large it is.

    Reads mailboxes, archives and logs, and changes nothing. Exits 0 where that worked; with --exit-code, 3 where a
    storm was found. `docs/trace.md` is the guide.
    """
    with extra_needed("spot"):
        from seawall.forensic.report.document import SPOT_SCHEMA, short_content  # noqa: PLC0415 - keeps --help quick
        from seawall.forensic.report.terminal import short_report  # noqa: PLC0415
    found = traced("spot", sources, password_file=password_file, workers=workers)
    if json:
        document(SPOT_SCHEMA, short_content(found))
    else:
        for line in short_report(found, now()):
            say(line)
    return ends_with(found, exit_code=exit_code)
