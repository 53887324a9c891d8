"""The page: one file that needs nothing else, with no script in it, for a browser and for paper.

Owns what is on it, and that it does no harm: the templates escape every value, `finalize` cleans it of what a page would
obey or be turned round by, and the policy in it lets the browser load nothing and run nothing.
"""

import base64
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from seawall.errors import Misconfigured, unwritable
from seawall.forensic.report import timeline as timelines
from seawall.forensic.report import words
from seawall.forensic.report.moments import counted, told
from seawall.forensic.report.picture import BOX_HEIGHT, BOX_WIDTH, picture
from seawall.forensic.report.terminal import flood_in_words
from seawall.forensic.report.timeline import Timeline, timeline
from seawall.model.text import clean
from seawall.model.trace import Flood, Storm, Trace

MOST_STORMS: Final = 30
MOST_SUSPECTS: Final = 12
MOST_EVIDENCE: Final = 20
MOST_UNREAD: Final = 100
MOST_TEXT: Final = 800
"""Characters of a line."""
MOST_MARKS: Final = 3


def html(trace: Trace, now: float, own: Sequence[str] = ()) -> str:
    """Return the page; `now` is a Unix time, `own` the reader's domains."""
    environment = _environment()
    style = environment.get_template("style.css").render()
    digest = base64.b64encode(hashlib.sha256(f"\n{style}\n".encode()).digest()).decode("ascii")
    return environment.get_template("page.html.j2").render(
        trace=trace,
        now=now,
        largest=max(trace.storms, key=lambda storm: storm.copies) if trace.storms else None,
        own=words.mine(trace, own),
        style_digest=digest,
        most_storms=MOST_STORMS,
        most_suspects=MOST_SUSPECTS,
        most_evidence=MOST_EVIDENCE,
        most_unread=MOST_UNREAD,
    )


def write_page(page: str, path: Path) -> None:
    """Write a page, for its owner alone: all of it or nothing; an earlier page there is replaced.

    Raises Misconfigured as refuse_unless_a_file does, and SeawallError where it can't be written.
    """
    refuse_unless_a_file(path)
    try:
        with NamedTemporaryFile(
            "w", encoding="utf-8", errors="replace", dir=path.parent, prefix=".seawall-", delete=False
        ) as fresh:
            try:
                fresh.write(page)
                fresh.flush()
                os.fsync(fresh.fileno())
                Path(fresh.name).replace(path)
            except BaseException:
                Path(fresh.name).unlink(missing_ok=True)
                raise
    except OSError as problem:
        raise unwritable(str(path), problem) from None


def refuse_unless_a_file(path: Path) -> None:
    """Raise Misconfigured where a directory, a link or anything else that is no file has the name, or nothing can have it."""
    try:
        path.lstat()
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as refused:
        # That no file can have the name, as one with a NUL, is asked here: is_file() would say that there is none.
        reason = refused.strerror if isinstance(refused, OSError) else str(refused)
        raise Misconfigured(f"{str(path)!r} cannot be written: {reason}") from None
    if path.is_symlink() or (path.exists() and not path.is_file()):
        kind = "a symbolic link" if path.is_symlink() else "a directory" if path.is_dir() else "no file"
        raise Misconfigured(f"{path} is {kind}: name another file with --html")
    if not path.parent.is_dir():
        raise Misconfigured(f"{path} cannot be written: {path.parent} is no directory")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("seawall.forensic.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "words": words,
        "told": told,
        "counted": counted,
        "what_it_is": words.WHAT_IT_IS,
        "picture": picture,
        "storm_timeline": _storm_timeline,
        "flood_timeline": _flood_timeline,
        "flood_in_words": flood_in_words,
        "peak_of": timelines.peak_of,
        "plot": timelines,
        "box_width": BOX_WIDTH,
        "box_height": BOX_HEIGHT,
    }
    environment.filters |= {"number": _number}
    return environment


def _harmless(value: Any) -> Any:
    """Return what a template is to show: a text is cleaned and cut first, each of its lines by itself."""
    if isinstance(value, str):
        return "\n".join(
            clean(line if len(line) <= MOST_TEXT else f"{line[: MOST_TEXT - 1]}…")
            for line in value.split("\n")
        )
    return value


def _number(value: float) -> str:
    return f"{value:,}"


def _storm_timeline(storm: Storm) -> Timeline | None:
    marks = [(departure.at, "left its origin") for departure in storm.departures[:MOST_MARKS]]
    return timeline(storm.timeline, storm.span, marks, "copies")


def _flood_timeline(flood: Flood) -> Timeline | None:
    return timeline(flood.timeline, flood.span, (), "reports")
