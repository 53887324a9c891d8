"""`seawall lab`: a small internet on loopback, in which storms happen for real."""

import json as json_format
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from seawall.cli.options import JsonOption
from seawall.cli.output import document, say, talk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from seawall.lab.internet.world import Outcome

MARK = "timeline.jsonl"
"""The first that a run writes and the last that is removed: a directory with it is an earlier run's."""
OURS = ("mail", "report.json", "picture.svg", MARK)


def lab(
    scenario: Annotated[
        str, Parameter(help="One that comes with Seawall, by name, or a .toml file of your own.")
    ] = "two-unpatched",
    *,
    out: Annotated[
        Path, Parameter(help="Where to put the mails, the timeline, the report, the picture.")
    ] = Path("lab"),
    speed: Annotated[
        float | None,
        Parameter(help="Lab seconds that pass in one second; without it no time passes but that of work."),
    ] = None,
    mails: Annotated[
        int | None, Parameter(help="Stop after so many mails; the scenario's bound otherwise.")
    ] = None,
    list_: Annotated[
        bool, Parameter(name="--list", help="List the scenarios that come with Seawall.")
    ] = False,
    json: JsonOption = False,
) -> int:
    """Let a storm happen on this machine alone, and see what stops it.

    Builds a small internet on loopback: organisations with mail servers, POP3 boxes at a toy ISP, and
    connectors that collect them. Nothing gets out: it runs in a network of its own where the system allows
    that, it refuses every other address and every name that somebody could own, and it stops by itself.

    Exits 0 however the run ended; `docs/lab.md` tells what a scenario may say, and what is in OUT.
    """
    from dataclasses import replace  # noqa: PLC0415 - keeps --help quick

    from seawall.cli.ending import terminated_as_interrupted  # noqa: PLC0415
    from seawall.errors import Misconfigured  # noqa: PLC0415
    from seawall.lab.confinement import enter  # noqa: PLC0415
    from seawall.lab.internet import report  # noqa: PLC0415
    from seawall.lab.internet.bounds import MOST  # noqa: PLC0415
    from seawall.lab.internet.picture import svg  # noqa: PLC0415
    from seawall.lab.internet.reading import find, load, shipped  # noqa: PLC0415
    from seawall.lab.internet.world import absent, play  # noqa: PLC0415

    if list_:
        for name, path in shipped().items():
            say(f"{name}: {load(path).about}")
        return 0
    chosen = find(scenario)
    if speed is not None:
        if not speed > 0:
            raise Misconfigured("--speed must be over 0")
        chosen = replace(chosen, speed=speed)
    if mails is not None:
        if not 0 < mails <= MOST.mails:
            raise Misconfigured(f"--mails must be 1 to {MOST.mails}")
        chosen = replace(chosen, bounds=replace(chosen.bounds, mails=mails))
    if missing := absent(chosen):
        raise Misconfigured("\n".join(missing))
    _clear(out)
    # While this process has one thread; what it starts later is in there with it.
    confinement = enter()
    talk(f"The lab is confined to {confinement.value}.")
    with _writing(out):
        with terminated_as_interrupted(), _watching() as watch:
            outcome = play(chosen, out, confinement=confinement, watch=watch)
        found = report.content(outcome)
        (out / "report.json").write_text(
            json_format.dumps({"schema": report.SCHEMA, **found}, indent=2) + "\n", encoding="ascii"
        )
        (out / "picture.svg").write_text(svg(outcome), encoding="utf-8")
    if json:
        document(report.SCHEMA, found)
    else:
        _tell(outcome, out)
    return 0


def _tell(outcome: "Outcome", out: Path) -> None:
    from seawall.lab.internet.report import sentences  # noqa: PLC0415 - keeps --help quick

    for sentence in sentences(outcome):
        say(sentence)
    say(f"the mails: {out / 'mail'}; who did what: {out / MARK}; in figures: {out / 'report.json'}")
    say(f"a picture: {out / 'picture.svg'}")


def _clear(out: Path) -> None:
    """Have a directory with nothing in it but the mark; raises Misconfigured where it holds what no run wrote."""
    import shutil  # noqa: PLC0415 - keeps --help quick

    from seawall.errors import Misconfigured  # noqa: PLC0415

    otherwise = "name another directory with --out"
    try:
        if out.is_symlink():
            raise Misconfigured(f"{out} is a symbolic link: {otherwise}")
        out.mkdir(parents=True, exist_ok=True)
        held = {path.name for path in out.iterdir()}
        if held and (MARK not in held or held - set(OURS)):
            raise Misconfigured(f"{out} holds something else: {otherwise}")
        for path in (out / name for name in OURS if name in held):
            if path.name == "mail" and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        (out / MARK).touch()
    except OSError as refused:
        raise Misconfigured(f"{out} cannot be written: {refused.strerror}: {otherwise}") from None


@contextmanager
def _writing(out: Path) -> "Iterator[None]":
    """Raise StorageFull where the disk is: a storm is many octets, and that is no bug."""
    from seawall.errors import FULL, unwritable  # noqa: PLC0415 - keeps --help quick

    try:
        yield
    except OSError as problem:
        if problem.errno not in FULL:
            raise
        raise unwritable(str(out), problem) from None


@contextmanager
def _watching() -> "Iterator[Callable[[datetime, int], None] | None]":
    """Show on a terminal how far a run is; yield None where nobody watches."""
    import sys  # noqa: PLC0415 - keeps --help quick

    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415

    with Console(stderr=True).status("") as status:
        yield lambda at, mails: status.update(f"{at:%a %H:%M} in the lab, {mails:,} mails")
