"""The report for a terminal: the answer first, then each storm, who makes it and what to do, the bounces, what was not read.

Owns the order and the layout. Each line is clean and at most WIDTH columns; the page and the document have all that is
summed up here.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from seawall.forensic.report.columns import wrapped
from seawall.forensic.report.moments import counted, lasting, told
from seawall.forensic.report.timeline import peak_of
from seawall.forensic.report.words import (
    NAMED,
    WHAT_IT_IS,
    answer,
    certainty,
    going_on,
    innocence,
    listed,
    mine,
    placed,
    score_sum,
    sender,
    shortened,
    stop_first,
    subject,
)
from seawall.model.trace import Bounces, Evidence, Flood, Storm, Suspect, Trace

WIDTH: Final = 88
MOST_STORMS: Final = 5
"""Told in full; of the others, each has a line."""
MOST_LINES: Final = 20
MOST_SUSPECTS: Final = 3
MOST_EVIDENCE: Final = 3
_MARGIN: Final = "  "
_LABEL: Final = 15
_QUOTED: Final = f"{' ' * (2 + _LABEL)}| "


def report(trace: Trace, now: float, own: Sequence[str] = ()) -> Iterator[str]:
    """Yield the lines of `seawall trace`; `now` is a Unix time, `own` the reader's domains."""
    yield from _opening(trace, now, (mine(trace, own),))
    for number, storm in enumerate(trace.storms[:MOST_STORMS], start=1):
        yield ""
        yield from _storm(storm, number, len(trace.storms), now)
    yield from _more_storms(trace.storms[MOST_STORMS:], MOST_STORMS + 1)
    yield from _ending(trace)


def short_report(trace: Trace, now: float) -> Iterator[str]:
    """Yield the lines of `seawall spot`: storms and floods of bounces, without who makes them."""
    yield from _opening(trace, now, ())
    for number, storm in enumerate(trace.storms[:MOST_LINES], start=1):
        yield ""
        yield from wrapped(f"{_heading(number, len(trace.storms))}{_quoted(storm)}", WIDTH)
        yield from _row("what it is", f"{storm.species.value}. {WHAT_IT_IS[storm.species]}")
        yield from _row("whose", sender(storm))
        yield from _row("copies", _copies(storm))
        yield from _row("when", _when(storm, now))
    yield from _more_storms(trace.storms[MOST_LINES:], MOST_LINES + 1)
    if trace.storms:
        yield ""
        yield from wrapped("Which servers make it: seawall trace, with the same sources.", WIDTH)
    yield from _ending(trace)


def _opening(trace: Trace, now: float, more: Sequence[str]) -> Iterator[str]:
    yield from wrapped(answer(trace), WIDTH)
    if trace.storms:
        largest = max(trace.storms, key=lambda storm: storm.copies)
        yield from wrapped(going_on(largest, now), WIDTH)
        if more:
            yield from wrapped(stop_first(largest), WIDTH)
    for sentence in filter(None, more):
        yield from wrapped(sentence, WIDTH)
    if trace.unread:
        yield from wrapped(
            f"{counted(len(trace.unread), 'source')} could not be read, and may hold more: see the end.",
            WIDTH,
        )


def _storm(storm: Storm, number: int, storms: int, now: float) -> Iterator[str]:
    yield from wrapped(f"{_heading(number, storms)}{_quoted(storm)}", WIDTH)
    yield from _row("what it is", f"{storm.species.value}. {WHAT_IT_IS[storm.species]}")
    yield from _row("copies", _copies(storm))
    yield from _row("when", _when(storm, now))
    if storm.because:
        yield from _row(
            "how that shows", shortened(" ".join(_sentence(one) for one in storm.because[:3]), 500)
        )
    if storm.first_response:
        yield from _row("do first", shortened(storm.first_response, 600))
    yield from _row("the sender", innocence(storm))
    shown = storm.suspects[:MOST_SUSPECTS]
    for place, suspect in enumerate(shown, start=1):
        yield ""
        yield from _suspect(suspect, place, storm)
    rest = storm.suspects[len(shown) :]
    if rest:
        yield ""
        names = listed([f"{shortened(one.domain, 60)} ({one.score:.2f})" for one in rest], 6)
        yield from wrapped(f"Less suspected: {names}.", WIDTH, _MARGIN)
    if not storm.suspects:
        yield ""
        yield from wrapped(
            "Nobody is suspected: these mails do not show who makes the copies. Other people's mailboxes may.",
            WIDTH,
            _MARGIN,
        )


def _suspect(suspect: Suspect, place: int, storm: Storm) -> Iterator[str]:
    yield from wrapped(
        f"{shortened(suspect.domain, 70)}: {certainty(suspect.score)} (score {suspect.score:.2f} of 1); "
        f"{suspect.copies:,} of {counted(storm.copies, 'copy', 'copies')} passed it",
        WIDTH,
        f"{_MARGIN}{place}. ",
        _MARGIN * 2 + " ",
    )
    if suspect.is_mine:
        yield from _part("yours", "This is your own server.")
    if suspect.hosts or suspect.product:
        hosts = listed([shortened(host, 80) for host in suspect.hosts])
        yield from _part("which", "; ".join(filter(None, (hosts, shortened(suspect.product or "", 120)))))
    for number, evidence in enumerate(suspect.evidence[:MOST_EVIDENCE]):
        yield from _evidence(evidence, "why" if not number else "")
    if len(suspect.evidence) > MOST_EVIDENCE:
        yield from _part(
            "", f"and {counted(len(suspect.evidence) - MOST_EVIDENCE, 'more sign')}: --html shows all"
        )
    yield from _part("the score", score_sum(suspect))
    if suspect.innocent_explanation:
        yield from _part("or else", shortened(suspect.innocent_explanation, 400))
    if suspect.advice:
        yield from _part("to be done", shortened(suspect.advice, 600))
    if suspect.contacts:
        who = listed([shortened(contact, 80) for contact in suspect.contacts], 4)
        yield from _part("tell", "your own administrator" if suspect.is_mine else who)
    if suspect.score <= NAMED:
        yield from _part("", "This is not enough to accuse anybody: ask first.")


def _evidence(evidence: Evidence, label: str) -> Iterator[str]:
    yield from _part(
        label, f"{shortened(_sentence(evidence.says), 400)} (+{evidence.weight:.2f})".replace("+-", "-")
    )
    for quote in evidence.quotes[:1]:
        where = placed(quote.mail, 60)
        for line in (f"{shortened(quote.header, 40)}: {shortened(quote.text, 240)}", f"in {where}"):
            yield from wrapped(line, WIDTH, _QUOTED, _QUOTED)


def _more_storms(storms: Sequence[Storm], first: int) -> Iterator[str]:
    if not storms:
        return
    yield ""
    for number, storm in enumerate(storms[:MOST_LINES], start=first):
        who = f"; {shortened(storm.suspects[0].domain, 40)}" if storm.suspects else ""
        yield from wrapped(
            f"Storm {number}: {counted(storm.copies, 'copy', 'copies')}, {storm.species.value}, {_quoted(storm)}{who}",
            WIDTH,
        )
    if len(storms) > MOST_LINES:
        yield from wrapped(f"and {counted(len(storms) - MOST_LINES, 'more storm')}: --json has all.", WIDTH)


def _ending(trace: Trace) -> Iterator[str]:
    if trace.bounces.reports:
        yield ""
        yield from _bounces(trace.bounces)
    yield ""
    read = f"Read: {counted(trace.mails, 'mail')} from {counted(trace.sources, 'source')}."
    if trace.repeats:
        read += f" {counted(trace.repeats, 'mail')} repeat another, as ordinary mail does, and are no storm."
    yield from wrapped(read, WIDTH)
    if trace.unread:
        yield from wrapped("Not read:", WIDTH)
        for one in trace.unread[:MOST_LINES]:
            yield from wrapped(
                f"{shortened(one.source, 200)}: {shortened(one.reason, 200)}", WIDTH, _MARGIN, _MARGIN * 2
            )
        if len(trace.unread) > MOST_LINES:
            yield from wrapped(
                f"and {len(trace.unread) - MOST_LINES:,} more: --json has all.", WIDTH, _MARGIN
            )


def _bounces(bounces: Bounces) -> Iterator[str]:
    yield from wrapped(f"Bounces: {counted(bounces.reports, 'report')} of failed deliveries.", WIDTH)
    causes = listed([f"{shortened(cause, 40)} {number:,}" for cause, number in bounces.causes], 6)
    facts = chain(
        (f"{bounces.mailbox_full:,} because a mailbox is full",) if bounces.mailbox_full else (),
        (f"{bounces.bounce_of_bounce:,} about another bounce",) if bounces.bounce_of_bounce else (),
        (f"{bounces.not_sent_here:,} about mail that was not sent here",) if bounces.not_sent_here else (),
    )
    if said := "; ".join(facts):
        yield from _row("of these", said)
    if causes:
        yield from _row("causes", causes)
    for flood in bounces.floods[:MOST_STORMS]:
        yield from _row("flood", flood_in_words(flood))
    if len(bounces.floods) > MOST_STORMS:
        yield from _row("", f"and {counted(len(bounces.floods) - MOST_STORMS, 'more flood')}: --json has all")


def flood_in_words(flood: Flood) -> str:
    """Return one flood of bounces in a sentence."""
    who = shortened(flood.original_from, 80) or "somebody who is not named"
    said = f"{counted(flood.reports, 'report')} about one mail that bears the name of {who}"
    if flood.recipients:
        said += f", for {counted(flood.recipients, 'recipient')}"
    if flood.reporters:
        said += f", most from {shortened(flood.reporters[0][0], 80)} ({flood.reporters[0][1]:,})"
    return said + "."


def _heading(number: int, storms: int) -> str:
    return f"Storm {number} of {storms:,}: " if storms > 1 else "The storm: "


def _quoted(storm: Storm) -> str:
    return f"“{subject(storm)}”"


def _copies(storm: Storm) -> str:
    said = counted(storm.copies, "copy", "copies")
    if storm.contents > 1:
        said += f" of {storm.contents:,} different mails"
    if storm.recipients:
        said += f", for {counted(storm.recipients, 'recipient')}"
    return f"{said}. {peak_of(storm.timeline, storm.span)}".rstrip()


def _when(storm: Storm, now: float) -> str:
    if storm.first_seen is None or storm.last_seen is None:
        return going_on(storm, now)
    return f"from {told(storm.first_seen)}, for {lasting(storm.last_seen - storm.first_seen)}. {going_on(storm, now)}"


def _sentence(text: str) -> str:
    """Return a clause that came without a full stop as a sentence."""
    text = text[:1].upper() + text[1:]
    return text if not text or text[-1] in ".!?…" else f"{text}."


def _row(label: str, text: str) -> Iterator[str]:
    return wrapped(text, WIDTH, f"{_MARGIN}{label:<{_LABEL}}")


def _part(label: str, text: str) -> Iterator[str]:
    return wrapped(text, WIDTH, f"     {label:<{_LABEL - 3}}")
