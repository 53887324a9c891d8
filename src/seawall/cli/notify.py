"""`seawall notify`: a notice to each suspect's postmaster, as files. Nothing is sent."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from seawall.cli.output import say
from seawall.cli.tracing import (
    MineOption,
    PasswordFileOption,
    RdapOption,
    SourcesArgument,
    WorkersOption,
    extra_needed,
    now,
    registered_contacts,
    traced,
)
from seawall.errors import Misconfigured


def notify(
    *sources: SourcesArgument,
    out: Annotated[Path, Parameter(help="Where the notices go.")],
    mine: MineOption = (),
    reporter: Annotated[
        str | None, Parameter(help="Your address, for questions; it stands in the notices.")
    ] = None,
    rdap: RdapOption = False,
    password_file: PasswordFileOption = None,
    workers: WorkersOption = None,
) -> int:
    """Write a notice to the postmaster of each suspect; nothing is sent.

    A suspect is whoever `seawall trace` gives a score of 0.5 or more. Each notice is there as text, as a mail to be
    sent, and as a report for machines (ARF, RFC 5965). Exits 0 where that worked, with a notice or without one.
    """
    if reporter is not None:
        _must_be_an_address(reporter)
    with extra_needed("notify"):
        from seawall.forensic.notices import notices, write_notices  # noqa: PLC0415 - keeps --help quick
    found = traced("notify", sources, mine=mine, password_file=password_file, workers=workers)
    registered = registered_contacts(found) if rdap else None
    written = write_notices(notices(found, reporter, now(), registered), out)
    for path in written:
        say(str(path))
    if not written:
        say(
            "No notice was written: nobody is suspected strongly enough."
            if found.storms
            else "No notice was written: no storm was found."
        )
    return 0


def _must_be_an_address(text: str) -> None:
    """Raise Misconfigured now, and not after an hour of reading."""
    from seawall.forensic.contacts import mail_address  # noqa: PLC0415 - keeps --help quick

    if not mail_address(text):
        raise Misconfigured(f"seawall notify: --reporter: {text!r} is no address that can be written to")
