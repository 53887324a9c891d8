"""`seawall notify`: a notice to each suspect's postmaster, as files. Nothing is sent."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    traced,
    with_registered_contacts,
)
from seawall.errors import Misconfigured

if TYPE_CHECKING:
    from seawall.model.address import Address


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

    A suspect is whoever `seawall trace` gives a score over 0.5. Each notice is there as text, as a mail to be
    sent, and as a report for machines (ARF, RFC 5965). Exits 0 where that worked, with a notice or without one.
    """
    who = None if reporter is None else _address(reporter)
    with extra_needed("notify"):
        from seawall.forensic.notices import notices, write_notices  # noqa: PLC0415 - keeps --help quick
    found = traced("notify", sources, mine=mine, password_file=password_file, workers=workers)
    if rdap:
        found = with_registered_contacts(found)
    at = now()
    written = write_notices(notices(found, who, at), out, who, at)
    for path in written:
        say(str(path))
    if not written:
        say(
            "No notice was written: nobody is suspected strongly enough."
            if found.storms
            else "No notice was written: no storm was found."
        )
    return 0


def _address(text: str) -> "Address":
    """Return an address; raises Misconfigured where it is none."""
    from seawall.model.address import Address  # noqa: PLC0415 - keeps --help quick

    try:
        return Address.parse(text)
    except ValueError as refused:
        raise Misconfigured(f"seawall notify: --reporter: {refused}") from None
