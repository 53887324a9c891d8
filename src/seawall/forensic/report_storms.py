"""Storms that show in reports of failed deliveries and in marks against loops: routing loops, ticket loops, floods, rules.

Owns their signatures. Anybody can write a report, or a mark: nobody gets more than half the score by one.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, TypeVar

from seawall.forensic.advice import advice_for, innocent_explanation
from seawall.forensic.caps import POSSIBLE
from seawall.forensic.copies import Copy
from seawall.forensic.domains import organisation
from seawall.forensic.engine import MAX_COPIES, Facts
from seawall.forensic.findings import lists_of, read_scene
from seawall.forensic.quotes import MOST_QUOTES
from seawall.forensic.storms import Found
from seawall.forensic.weights import WEIGHTS
from seawall.model.bounce import BounceCause
from seawall.model.trace import Evidence, EvidenceKind, Quote, Species, Suspect

DAY: Final = 86_400.0
LOOPED: Final = 3
"""Different mails to one domain that ended in a loop."""
ANSWERED: Final = 8
"""Answers to one server's reports within a day."""
FLOOD: Final = 20
"""Reports within a day about mail in one domain's name."""
REPORTERS: Final = 5
"""Servers that write them."""
RULED: Final = 4
"""Mails on which one rule or recipe set its mark twice."""
_MOST_NAMED: Final = 8
_MACHINES: Final = frozenset(
    ("mailer-daemon", "mailerdaemon", "postmaster", "microsoftexchange", "double-bounce", "bounce", "bounces")
)
"""To whom nobody writes but a program that answers reports."""

Read = Callable[[Sequence[Mapping[str, Any]]], list[Copy]]
Reports = Sequence[Mapping[str, Any]]
_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Explained:
    """What the storms that were found already explain: the mails' Message-IDs, and the domains likely to make them."""

    message_ids: frozenset[str]
    domains: frozenset[str]


def explained_by(found: Iterable[Found]) -> Explained:
    """Return what storms explain."""
    storms = tuple(found)
    return Explained(
        frozenset(
            copy.message_id
            for storm in storms
            for scene in storm.scenes
            for copy in scene.copies
            if copy.message_id
        ),
        frozenset(
            suspect.domain for storm in storms for suspect in storm.suspects if suspect.score > POSSIBLE
        ),
    )


def report_storms(facts: Facts, read: Read, explained: Explained, mine: frozenset[str]) -> Iterable[Found]:
    """Yield the storms that reports and marks show, without what is explained; `read` makes copies of rows."""
    reports = [
        row for row in facts.reports() if row["report"]["original_message_id"] not in explained.message_ids
    ]

    def mails(chosen: Reports) -> list[Copy]:
        return read(facts.mails([row["mail"] for row in chosen[:MAX_COPIES]]))

    for domain, chosen in routing_loops(reports).items():
        yield _routing_loop(domain, chosen, mails(chosen), mine)
    for (author, reporter), chosen in ticket_loops(reports).items():
        yield _ticket_loop(author, reporter, chosen, mails(chosen), mine)
    for domain, chosen in floods(reports, explained.domains | mine).items():
        flood = _flood(domain, chosen, mails(chosen))
        if flood is not None:
            yield flood
    marked = [copy for copy in read(facts.marked_twice()) if copy.message_id not in explained.message_ids]
    for address, copies in rule_loops(marked).items():
        yield _rule_loop(address, copies, mine)


def routing_loops(reports: Reports) -> dict[str, Reports]:
    """Return the reports that mail to a domain ran in a circle (RFC 3463 X.4.6; Exchange's 5.4.14), by that domain."""
    by_domain: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in reports:
        if row["report"]["cause"] == BounceCause.LOOP.value:
            for domain in {_domain(address) for address in row["report"]["recipients"]} - {""}:
                by_domain[domain].append(row)
    return _sorted(
        {domain: chosen for domain, chosen in by_domain.items() if len(_originals(chosen)) >= LOOPED}
    )


def ticket_loops(reports: Reports) -> dict[tuple[str, str], Reports]:
    """Return the reports that somebody's mail to a server's own address failed, by his address and the server.

    Who writes to MAILER-DAEMON is a program that takes a report for a letter, as a ticket system does; the report that
    it gets is the next one. A report about a report is no sign: those end at a postmaster every day.
    """
    by_sides: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in reports:
        report = row["report"]
        locals_ = {address.rpartition("@")[0].lower() for address in report["recipients"]}
        author = _address(report["original_from"])
        if locals_ and locals_ <= _MACHINES and author and author.rpartition("@")[0] not in _MACHINES:
            by_sides[author, report["reporter"].lower()].append(row)
    return _sorted(
        {
            sides: chosen
            for sides, chosen in by_sides.items()
            if len(_originals(chosen)) >= ANSWERED and _within_a_day(chosen, ANSWERED)
        }
    )


def floods(reports: Reports, own: Collection[str]) -> dict[str, Reports]:
    """Return the reports about mail in a domain's name that passed none of its servers, by domain, where they are many.

    `own` are further domains whose servers explain a mail. A mail whose returned header is not there explains nothing.
    """
    by_domain: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in reports:
        domain = _domain(_address(row["report"]["original_from"]))
        passed = {organisation(host) for host in row["report"]["original_hosts"]} - {""}
        if domain and passed and domain not in passed and passed.isdisjoint(own):
            by_domain[domain].append(row)
    return _sorted({domain: chosen for domain, chosen in by_domain.items() if _is_flood(chosen)})


def rule_loops(copies: Sequence[Copy]) -> dict[str, list[Copy]]:
    """Return the mails on which a rule's or a recipe's mark stands twice, by the address in it; a list's is none."""
    by_address: dict[str, list[Copy]] = defaultdict(list)
    for copy in copies:
        if not copy.list_id and not any(lists_of(copy)):
            for address in copy.loop_addresses:
                by_address[address].append(copy)
    return {
        address: chosen
        for address, chosen in sorted(by_address.items())
        if len({copy.message_id or copy.name for copy in chosen}) >= RULED
    }


def _is_flood(reports: Reports) -> bool:
    return len({row["report"]["reporter"] for row in reports}) >= REPORTERS and _within_a_day(reports, FLOOD)


def _within_a_day(reports: Reports, count: int) -> bool:
    times = sorted(row["arrived"] for row in reports if row["arrived"] is not None)
    return any(last - first <= DAY for first, last in zip(times, times[count - 1 :], strict=False))


def _originals(reports: Reports) -> set[str]:
    """Return the mails that reports are about, one for each report that doesn't say."""
    return {row["report"]["original_message_id"] or f"{row['source']}\0{row['place']}" for row in reports}


def _sorted(groups: dict[_Key, list[Mapping[str, Any]]]) -> dict[_Key, Reports]:
    return dict(sorted(groups.items(), key=lambda item: (-len(item[1]), str(item[0])))[:_MOST_NAMED])


def _address(value: str) -> str:
    """Return the address of a From as a report has it, in lower case."""
    return value.rpartition("<")[2].strip("<> ").lower()


def _domain(address: str) -> str:
    return organisation(address.rpartition("@")[2].strip("<> ").lower())


def _routing_loop(domain: str, reports: Reports, copies: Sequence[Copy], mine: frozenset[str]) -> Found:
    passed: dict[str, list[tuple[Mapping[str, Any], int]]] = defaultdict(list)
    for row in reports:
        stretches = [
            name
            for name, _ in groupby(organisation(host) for host in row["report"]["original_hosts"])
            if name
        ]
        for name, rounds in Counter(stretches).items():
            if rounds > 1:
                passed[name].append((row, rounds))
    suspects = [
        _suspect(
            name,
            Species.ROUTING_LOOP,
            Evidence(
                kind=EvidenceKind.CYCLE,
                says=(
                    f"{len(rows)} returned headers show that the mail passed {name} more than once, "
                    f"up to {max(rounds for _, rounds in rows)} times"
                ),
                copies=len(rows),
                weight=WEIGHTS["cycle"],
                quotes=tuple(
                    _quote(
                        row, "Received (returned)", "by " + ", by ".join(row["report"]["original_hosts"][:16])
                    )
                    for row, _ in rows[:MOST_QUOTES]
                ),
            ),
            {
                host
                for row, _ in rows
                for host in row["report"]["original_hosts"]
                if organisation(host) == name
            },
            mine,
        )
        for name, rows in sorted(passed.items(), key=lambda item: (-len(item[1]), item[0]))[:_MOST_NAMED]
    ]
    why = f"{len(_originals(reports))} different mails to {domain} came back because they ran in a circle"
    return Found(Species.ROUTING_LOOP, (read_scene(copies),), tuple(suspects), (why,), len(reports))


def _ticket_loop(
    author: str, reporter: str, reports: Reports, copies: Sequence[Copy], mine: frozenset[str]
) -> Found:
    why = f"{author} answered {len(reports)} reports of {reporter or 'a server'}, and each answer made another report"
    evidence = Evidence(
        kind=EvidenceKind.ANSWERS,
        says=f"{author} wrote {len(reports)} mails to the address that reports come from, to which only programs write",
        copies=len(reports),
        weight=WEIGHTS["answers-to-reports"],
        quotes=tuple(
            _quote(row, "Final-Recipient", ", ".join(row["report"]["recipients"][:MOST_QUOTES]))
            for row in reports[:MOST_QUOTES]
        ),
    )
    domain = _domain(author)
    suspects = (_suspect(domain, Species.TICKET_LOOP, evidence, (), mine),) if domain else ()
    return Found(Species.TICKET_LOOP, (read_scene(copies),), suspects, (why,), len(reports))


def _flood(domain: str, reports: Reports, copies: Sequence[Copy]) -> Found | None:
    """Return the flood, None where the mail passed the mailbox's own provider, who may send for the domain too."""
    own = {step.domain for copy in copies for step in copy.way.steps[-copy.reader.steps :]}
    left = [
        row
        for row in reports
        if own.isdisjoint(organisation(host) for host in row["report"]["original_hosts"])
    ]
    if not _is_flood(left):
        return None
    names = len({row["report"]["reporter"] for row in left})
    why = (
        f"{len(left)} reports of {names} servers are about mail in the name of {domain} that passed none of its servers, "
        "as far as the returned headers show"
    )
    return Found(Species.BACKSCATTER, (read_scene(copies),), (), (why,), len(left))


def _rule_loop(address: str, copies: Sequence[Copy], mine: frozenset[str]) -> Found:
    why = f"{len(copies)} mails bear the mark of a rule or a recipe of {address} twice: it sent them on, and they came back to it"
    evidence = Evidence(
        kind=EvidenceKind.DELIVERED_TO_LOOP,
        says=f"{len(copies)} mails went twice through what {address} sends on by itself",
        copies=len(copies),
        weight=WEIGHTS["rule-loop"],
        quotes=tuple(
            Quote(mail=copy.name, header="X-MS-Exchange-Inbox-Rules-Loop or X-Loop", text=address)
            for copy in copies[:MOST_QUOTES]
        ),
    )
    domain = _domain(address)
    suspects = (_suspect(domain, Species.RULE_LOOP, evidence, (), mine),) if domain else ()
    return Found(Species.RULE_LOOP, (read_scene(copies),), suspects, (why,), len(copies))


def _suspect(
    domain: str, species: Species, evidence: Evidence, hosts: Iterable[str], mine: frozenset[str]
) -> Suspect:
    return Suspect(
        domain=domain,
        hosts=tuple(sorted(hosts)[:_MOST_NAMED]),
        score=evidence.weight,
        copies=evidence.copies,
        product=None,
        advice=advice_for(species, None),
        contacts=(f"postmaster@{domain}", f"abuse@{domain}"),
        innocent_explanation=innocent_explanation(species),
        evidence=(evidence,),
        is_mine=domain in mine,
    )


def _quote(row: Mapping[str, Any], header: str, text: str) -> Quote:
    return Quote(mail=f"{row['source']}:{row['place'] + 1}", header=header, text=text)
