"""`seawall trace`: which servers make a storm, with the evidence."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from seawall.cli.options import JsonOption
from seawall.cli.output import document, say, talk
from seawall.cli.tracing import (
    ExitCodeOption,
    MineOption,
    PasswordFileOption,
    RdapOption,
    SourcesArgument,
    WorkersOption,
    domains_of,
    ends_with,
    extra_needed,
    now,
    traced,
    with_registered_contacts,
)


def trace(
    *sources: SourcesArgument,
    mine: MineOption = (),
    html: Annotated[
        Path | None,
        Parameter(help="Write a page there too, in one file for any browser; an earlier one is replaced."),
    ] = None,
    facts: Annotated[
        Path | None,
        Parameter(help="Keep the facts that were read in this new directory; it can be a source."),
    ] = None,
    rdap: RdapOption = False,
    password_file: PasswordFileOption = None,
    workers: WorkersOption = None,
    exit_code: ExitCodeOption = False,
    json: JsonOption = False,
) -> int:
    """Name the servers that make a mail storm, with the evidence.

    Reads mailboxes, archives and logs, and changes nothing; asks nobody, unless --rdap is given or a source is at
    another server. Exits 0 where that worked; with --exit-code, 3 where a storm was found. `docs/trace.md` is the guide.
    """
    with extra_needed("trace"):
        from seawall.forensic.report.document import TRACE_SCHEMA, content  # noqa: PLC0415 - keeps --help quick
        from seawall.forensic.report.page import html as page  # noqa: PLC0415
        from seawall.forensic.report.page import refuse_unless_a_file, write_page  # noqa: PLC0415
        from seawall.forensic.report.terminal import report  # noqa: PLC0415
    if html is not None:
        # Now, and not after an hour of reading.
        refuse_unless_a_file(html)
    found = traced("trace", sources, mine=mine, facts=facts, password_file=password_file, workers=workers)
    if rdap:
        found = with_registered_contacts(found)
    at, own = now(), domains_of("trace", mine)
    if html is not None:
        write_page(page(found, at, own), html)
    if json:
        document(TRACE_SCHEMA, content(found))
    else:
        for line in report(found, at, own):
            say(line)
    if html is not None:
        talk(f"the page: {html}")
    return ends_with(found, exit_code=exit_code)
