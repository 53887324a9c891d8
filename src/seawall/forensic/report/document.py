"""A Trace as one document, `seawall.trace/1` (docs/trace-json.md tells its keys), and the short `seawall.spot/1`.

Owns the keys. Text from mails stands in it as it is: JSON escapes it, and who shows it has to clean it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from seawall.forensic.report.moments import iso
from seawall.model.trace import Bounces, Departure, Evidence, Flood, Quote, Storm, Suspect, Trace, TreeNode

TRACE_SCHEMA: Final = "seawall.trace/1"
SPOT_SCHEMA: Final = "seawall.spot/1"
_NOTHING: Final = Quote(mail="", header="", text="")


def content(trace: Trace) -> Mapping[str, Any]:
    """Return the content of `seawall.trace/1`."""
    return {
        **_read(trace),
        "storms": [
            {
                **_storm(storm),
                "because": list(storm.because),
                "departures": [_departure(one) for one in storm.departures],
                "suspects": [_suspect(suspect) for suspect in storm.suspects],
                "tree": [_node(node) for node in storm.tree],
            }
            for storm in trace.storms
        ],
        "bounces": _bounces(trace.bounces),
        "unread": _unread(trace),
    }


def short_content(trace: Trace) -> Mapping[str, Any]:
    """Return the content of `seawall.spot/1`: storms without who makes them."""
    return {
        **_read(trace),
        "storms": [_storm(storm) for storm in trace.storms],
        "bounces": _bounces(trace.bounces),
        "unread": _unread(trace),
    }


def _read(trace: Trace) -> Mapping[str, Any]:
    return {
        "mails": trace.mails,
        "octets": trace.octets,
        "sources": trace.sources,
        "repeats": trace.repeats,
    }


def _storm(storm: Storm) -> Mapping[str, Any]:
    return {
        "id": storm.id,
        "species": storm.species.value,
        "sender": storm.sender,
        "subject": storm.subject,
        "message_id": storm.message_id,
        "first_seen": iso(storm.first_seen),
        "last_seen": iso(storm.last_seen),
        "copies": storm.copies,
        "recipients": storm.recipients,
        "contents": storm.contents,
        "sent_by_sender": len(storm.departures),
        "first_response": storm.first_response,
        "timeline": _timeline(storm.timeline, storm.span),
    }


def _timeline(counts: Sequence[tuple[float, int]], span: float) -> Mapping[str, Any]:
    return {
        "span_seconds": span,
        "counts": [{"from": iso(begin), "copies": copies} for begin, copies in counts],
    }


def _departure(departure: Departure) -> Mapping[str, Any]:
    return {"at": iso(departure.at), "host": departure.host, **_quote(departure.quote)}


def _suspect(suspect: Suspect) -> Mapping[str, Any]:
    return {
        "domain": suspect.domain,
        "hosts": list(suspect.hosts),
        "score": suspect.score,
        "score_sum": {
            "weights": [one.weight for one in suspect.evidence],
            "held_down_by": suspect.cap,
        },
        "is_mine": suspect.is_mine,
        "copies": suspect.copies,
        "product": suspect.product,
        "advice": suspect.advice,
        "contacts": list(suspect.contacts),
        "innocent_explanation": suspect.innocent_explanation,
        "evidence": [_evidence(one) for one in suspect.evidence],
    }


def _evidence(evidence: Evidence) -> Mapping[str, Any]:
    first = evidence.quotes[0] if evidence.quotes else _NOTHING
    return {
        "kind": evidence.kind.value,
        **_quote(first),
        "says": evidence.says,
        "copies": evidence.copies,
        "weight": evidence.weight,
        "quotes": [_quote(quote) for quote in evidence.quotes],
    }


def _quote(quote: Quote) -> Mapping[str, str]:
    return {"mail": quote.mail, "header": quote.header, "text": quote.text}


def _node(node: TreeNode) -> Mapping[str, Any]:
    return {
        "id": node.id,
        "parent": node.parent,
        "host": node.host,
        "client": node.client,
        "domain": node.domain,
        "copies": node.copies,
        "left": node.left,
        "first_seen": iso(node.first_seen),
        "suspected": node.suspected,
        "text": node.text,
    }


def _bounces(bounces: Bounces) -> Mapping[str, Any]:
    return {
        "dsn": bounces.reports,
        "mailbox_full": bounces.mailbox_full,
        "about_mail_not_sent_here": bounces.not_sent_here,
        "bounce_of_bounce": bounces.bounce_of_bounce,
        "causes": _counts("cause", bounces.causes),
        "reporters": _counts("reporter", bounces.reporters),
        "floods": [_flood(flood) for flood in bounces.floods],
    }


def _flood(flood: Flood) -> Mapping[str, Any]:
    return {
        "original_message_id": flood.original_message_id,
        "original_from": flood.original_from,
        "dsn": flood.reports,
        "recipients": flood.recipients,
        "causes": _counts("cause", flood.causes),
        "reporters": _counts("reporter", flood.reporters),
        "timeline": _timeline(flood.timeline, flood.span),
    }


def _counts(name: str, counts: Sequence[tuple[str, int]]) -> list[Mapping[str, Any]]:
    return [{name: what, "dsn": count} for what, count in counts]


def _unread(trace: Trace) -> list[Mapping[str, str]]:
    return [{"source": one.source, "reason": one.reason} for one in trace.unread]
