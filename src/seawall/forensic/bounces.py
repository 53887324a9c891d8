"""The reports of failed deliveries: who reports, why, about what, and the floods among them."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from seawall.forensic.curve import curve
from seawall.forensic.domains import organisation
from seawall.model.bounce import BounceCause
from seawall.model.trace import Bounces, Flood

FLOOD: Final = 5
"""Reports about one mail that are told apart."""
MOST_FLOODS: Final = 20
MOST_NAMES: Final = 20


def read_bounces(rows: Sequence[Mapping[str, Any]], mine: frozenset[str]) -> Bounces:
    """Return what reports say; `mine` are the reader's own domains, by which it is told what was never sent here."""
    by_mail: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["report"]["original_message_id"]:
            by_mail[row["report"]["original_message_id"]].append(row)
    floods = [
        _flood(message_id, reports)
        for message_id, reports in sorted(by_mail.items(), key=lambda item: (-len(item[1]), item[0]))[
            :MOST_FLOODS
        ]
        if len(reports) >= FLOOD
    ]
    return Bounces(
        reports=len(rows),
        mailbox_full=sum(row["report"]["cause"] == BounceCause.MAILBOX_FULL.value for row in rows),
        bounce_of_bounce=sum(row["report"]["is_about_bounce"] for row in rows),
        not_sent_here=sum(_is_foreign(row["report"], mine) for row in rows) if mine else None,
        causes=_counted(row["report"]["cause"] for row in rows),
        reporters=_counted(row["report"]["reporter"] for row in rows),
        floods=tuple(floods),
    )


def _is_foreign(report: Mapping[str, Any], mine: frozenset[str]) -> bool:
    """Whether the mail that a report is about passed none of the reader's servers, as far as its returned header shows."""
    hosts = report["original_hosts"]
    return bool(hosts) and not any(organisation(host) in mine for host in hosts)


def _flood(message_id: str, rows: Sequence[Mapping[str, Any]]) -> Flood:
    times = [row["arrived"] for row in rows if row["arrived"] is not None]
    span, timeline = curve(times)
    return Flood(
        original_message_id=message_id,
        original_from=rows[0]["report"]["original_from"],
        reports=len(rows),
        causes=_counted(row["report"]["cause"] for row in rows),
        reporters=_counted(row["report"]["reporter"] for row in rows),
        recipients=len({address for row in rows for address in row["report"]["recipients"]}),
        timeline=timeline,
        span=span,
    )


def _counted(names: Any) -> tuple[tuple[str, int], ...]:
    return tuple(
        sorted(Counter(name for name in names if name).items(), key=lambda item: (-item[1], item[0]))[
            :MOST_NAMES
        ]
    )
