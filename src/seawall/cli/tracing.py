"""What `spot`, `trace` and `notify` have in common: sources → Trace, with a progress bar, and a place for the facts.

Owns the directory of facts, and how a missing extra is told. Refuses to know what is done with a Trace.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from seawall.errors import Misconfigured, unwritable

if TYPE_CHECKING:
    from seawall.forensic.gather import Progress
    from seawall.model.trace import Suspect, Trace

FAILED: Final = 1
STORM_FOUND: Final = 3
MOST_ASKED: Final = 50
"""Domains that the registries are asked about."""
_EXTRA: Final = frozenset(("duckdb", "jinja2", "pyarrow", "publicsuffixlist", "zstandard"))

SourcesArgument = Annotated[
    str,
    Parameter(
        help="Mailboxes, archives, directories of mails, logs, facts in Parquet, pops:// or imaps:// addresses (docs/sources.md)."
    ),
]
MineOption = Annotated[
    tuple[str, ...], Parameter(name="--mine", help="A domain of your own; may be given several times.")
]
PasswordFileOption = Annotated[
    Path | None,
    Parameter(name="--password-file", help="Where the password of a POP3 or IMAP mailbox stands."),
]
WorkersOption = Annotated[
    int | None, Parameter(name="--workers", help="How many processes read; as many as there are processors.")
]
RdapOption = Annotated[
    bool,
    Parameter(name="--rdap", help="Ask the registries, by RDAP, whom a suspect's domain names for abuse."),
]
ExitCodeOption = Annotated[bool, Parameter(name="--exit-code", help="Exit 3 where a storm was found.")]


def traced(
    command: str,
    sources: Sequence[str],
    *,
    mine: Sequence[str] = (),
    facts: Path | None = None,
    password_file: Path | None = None,
    workers: int | None = None,
) -> "Trace":
    """Read sources and return what they tell. The facts are kept in `facts`, a new directory, or thrown away at the end.

    Raises Misconfigured where there is no source, where the extra is missing, and for what the options may not be.
    """
    if not sources:
        raise Misconfigured(f"seawall {command}: name at least one source: a mailbox, an archive, a log")
    if workers is not None and workers < 1:
        raise Misconfigured(f"seawall {command}: --workers is at least 1")
    own = domains_of(command, mine)
    with extra_needed(command):
        from seawall.forensic.gather import gather  # noqa: PLC0415 - keeps --help quick
        from seawall.forensic.trace import Order, trace  # noqa: PLC0415
    more: dict[str, Any] = {} if password_file is None else {"password_file": str(password_file)}
    with _directory(facts) as out, _watching() as tell:
        gathered = gather(sources, out, workers=workers or os.cpu_count() or 1, tell=tell, **more)
        return trace(gathered, Order(mine=own))


@contextmanager
def extra_needed(command: str) -> Iterator[None]:
    """Say which extra is missing where what it brings can't be imported."""
    try:
        yield
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise Misconfigured(
            f"seawall {command} needs more than the base: pip install 'seawall[trace]'"
        ) from None


def domains_of(command: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return domains in A-labels; raises Misconfigured where one is none."""
    from seawall.model.address import domain_in_a_labels  # noqa: PLC0415 - keeps --help quick

    try:
        return tuple(domain_in_a_labels(name) for name in names)
    except ValueError as refused:
        raise Misconfigured(f"seawall {command}: --mine: {refused}") from None


def with_registered_contacts(found: "Trace") -> "Trace":
    """Return a trace whose suspects have the contacts that the registries know too; each is asked once for a domain.

    What was not to be had is told on stderr. Raises Misconfigured where the extra is missing.
    """
    from seawall.cli.output import talk  # noqa: PLC0415 - keeps --help quick
    from seawall.forensic.contacts import Contacts, find_contacts  # noqa: PLC0415
    from seawall.forensic.rdap import abuse_addresses_by_rdap  # noqa: PLC0415

    ask = abuse_addresses_by_rdap()
    answers: dict[str, Contacts] = {}
    for domain in dict.fromkeys(one.domain for storm in found.storms for one in storm.suspects):
        if len(answers) == MOST_ASKED:
            talk(f"the registries were asked about {MOST_ASKED} domains, and about no more")
            break
        answers[domain] = find_contacts(domain, ask)
        for note in answers[domain].notes:
            talk(f"{domain}: {note}")

    def told(suspect: "Suspect") -> "Suspect":
        answer = answers.get(suspect.domain)
        return replace(suspect, contacts=answer.addresses) if answer and answer.addresses else suspect

    storms = tuple(replace(storm, suspects=tuple(map(told, storm.suspects))) for storm in found.storms)
    return replace(found, storms=storms)


def now() -> float:
    """Return the Unix time."""
    from seawall.daemon import surroundings  # noqa: PLC0415 - keeps --help quick

    return surroundings().now()


def ends_with(found: "Trace", *, exit_code: bool) -> int:
    """Return a command's exit code."""
    if found.unread and not found.mails:
        return FAILED
    return STORM_FOUND if exit_code and found.storms else 0


@contextmanager
def _directory(facts: Path | None) -> Iterator[Path]:
    """Yield a directory for facts: a new one that stays, or one that is gone afterwards, whatever happens."""
    if facts is None:
        from tempfile import TemporaryDirectory  # noqa: PLC0415 - keeps --help quick

        from seawall.cli.ending import terminated_as_interrupted  # noqa: PLC0415

        with terminated_as_interrupted(), TemporaryDirectory(prefix="seawall-facts-") as made:
            yield Path(made)
        return
    try:
        facts.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise Misconfigured(f"{facts} is there already: name a new directory with --facts") from None
    except OSError as problem:
        raise unwritable(str(facts), problem) from None
    yield facts


@contextmanager
def _watching() -> "Iterator[Callable[[Progress], None]]":
    """Show on a terminal how far the reading is, how fast it goes, and how long it still takes."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Shown  # noqa: PLC0415

    columns = (
        TextColumn("reading"),
        BarColumn(),
        TextColumn("{task.fields[mails]:,} mails, {task.fields[speed]:,.0f} a second"),
        TimeRemainingColumn(),
    )
    with Shown(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=None, mails=0, speed=0.0)

        def tell(progress: "Progress") -> None:
            elapsed = shown.tasks[0].elapsed or 0.0
            shown.update(
                task,
                total=progress.all_octets,
                completed=progress.octets,
                mails=progress.mails,
                speed=progress.mails / elapsed if elapsed else 0.0,
            )

        yield tell
