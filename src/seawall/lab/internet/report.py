"""What a run showed: one document, and a few sentences.

Owns the words and the sums. Refuses to print: what came out of a mail is text here, and whoever prints it cleans it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from seawall.lab.internet.bounds import End
from seawall.lab.internet.journal import CUT_SHORT, Journal, Poll
from seawall.lab.internet.scenario import UNPATCHED, Scenario
from seawall.lab.internet.world import Outcome

SCHEMA: Final = "seawall.lab/1"
MOST_SHOWN: Final = 8
"""Organisations, and polls of one, that the sentences name."""
_COPIES: Final = frozenset({"genuine", "copy"})
_ENDS: Final = {
    End.QUIET: "It ended by itself: no mail was on its way any more",
    End.MAILS: "It was stopped at its bound of {bounds.mails:,} mails",
    End.OCTETS: "It was stopped at its bound of {bounds.octets:,} octets",
    End.LAB_TIME: "It was stopped at its bound of lab time",
    End.WALL_TIME: "It was stopped at its bound of real time",
}


def addressees(scenario: Scenario) -> int:
    """Return how many mailboxes the genuine mails were for, each list's subscribers among them."""
    lists = {each.address: each.subscribers for each in scenario.lists}
    return sum(
        len({person for who in (*letter.to, *letter.cc) for person in lists.get(who, (who,))})
        for letter in scenario.letters
    )


def copies(journal: Journal) -> Mapping[str, int]:
    """Return how often each user has the genuine mail that they have most often, the mail itself included."""
    found = {}
    for user, counts in journal.arrivals.items():
        by_root: Counter[str] = Counter()
        for (root, kind), count in counts.items():
            by_root[root] += count if kind in _COPIES else 0
        found[user] = max(by_root.values(), default=0)
    return found


def bounces_to(journal: Journal, user: str) -> int:
    """Return how many bounces a user got."""
    return sum(count for (_, kind), count in journal.arrivals.get(user, {}).items() if kind == "bounce")


def factor(polls: list[Poll]) -> float:
    """Return how many recipients outside were sent to, for each mail that was fetched, in whole polls."""
    polls = [poll for poll in polls if poll.problem != CUT_SHORT]
    return sum(poll.outside for poll in polls) / max(1, sum(poll.fetched for poll in polls))


def content(outcome: Outcome) -> Mapping[str, Any]:
    """Return the document's content; docs/lab.md tells its keys."""
    journal, scenario = outcome.journal, outcome.scenario
    most = copies(journal)
    arrived = sum(counts.total() for counts in journal.arrivals.values())
    people = [person.address for each in scenario.organisations for person in each.people]
    return {
        "scenario": scenario.name,
        "about": scenario.about,
        "confinement": outcome.confinement.name.lower(),
        "started": scenario.start.isoformat(),
        "ended": {"why": outcome.end.value, "at": outcome.ended_at.isoformat()},
        "mails": outcome.mails,
        "octets": outcome.octets,
        "addressees": addressees(scenario),
        "arrived": arrived,
        "amplification_factor": round(arrived / max(1, addressees(scenario)), 3),
        "organisations": [
            _organisation(outcome, each.domain, each.stints[0].connector) for each in scenario.organisations
        ],
        "users": [
            {
                "address": user,
                "received": journal.arrivals.get(user, Counter()).total(),
                "copies": most.get(user, 0),
                "bounces": bounces_to(journal, user),
            }
            for user in people
        ],
        "generations": [
            {"generation": number, "arrived": count} for number, count in sorted(journal.generations.items())
        ],
        "sent_again": [
            {"who": who, "mail": root, "copies": count, "recipients": journal.resent_to[who, root]}
            for (who, root), count in sorted(journal.resent.items())
        ],
        "traffic": [
            {"from": sender, "to": taker, "mails": count}
            for (sender, taker), count in sorted(journal.traffic.items())
        ],
    }


def _organisation(outcome: Outcome, domain: str, connector: str) -> Mapping[str, Any]:
    polls = [poll for poll in outcome.journal.polls if poll.organisation == domain]
    return {
        "domain": domain,
        "connector": connector,
        "fetched": sum(poll.fetched for poll in polls),
        "kept": sum(poll.kept for poll in polls),
        "outside": sum(poll.outside for poll in polls),
        "amplification_factor": round(factor(polls), 3),
        "bounces_made": outcome.journal.bounces[domain],
        "polls": [
            {
                "number": poll.number,
                "at": poll.at.isoformat(),
                "connector": poll.connector,
                "fetched": poll.fetched,
                "kept": poll.kept,
                "outside": poll.outside,
                "to_markers": poll.to_markers,
                "problem": poll.problem,
            }
            for poll in polls
        ],
    }


def sentences(outcome: Outcome) -> Iterator[str]:
    """Yield what a person wants to know first."""
    journal, scenario = outcome.journal, outcome.scenario
    arrived = sum(counts.total() for counts in journal.arrivals.values())
    yield f"{scenario.name}: {scenario.about}"
    yield (
        f"{len(scenario.letters)} genuine, for {addressees(scenario)} mailboxes; {arrived:,} mails arrived in all, "
        f"{arrived / max(1, addressees(scenario)):,.1f} for each that was meant"
    )
    active = [
        (each.domain, polls)
        for each in scenario.organisations
        if (polls := [poll for poll in journal.polls if poll.organisation == each.domain])
    ]
    for domain, polls in active[:MOST_SHOWN]:
        yield from _of_one(domain, polls)
    if len(active) > MOST_SHOWN:
        yield f"and {len(active) - MOST_SHOWN} more organisations that collect"
    most = copies(journal)
    if most:
        user = max(most, key=lambda each: most[each])
        others = Counter(most.values()).most_common(1)[0][0]
        yield f"most copies of one mail: {most[user]:,}, at {user}; what most people have: {others:,}"
    flooded = Counter({user: bounces_to(journal, user) for user in journal.arrivals})
    for user, count in flooded.most_common(1):
        if count:
            yield f"most bounces: {count:,}, at {user}"
    yield f"{_ENDS[outcome.end].format(bounds=scenario.bounds)}, {_hours(outcome)} after it began (lab time)"


def _of_one(domain: str, polls: list[Poll]) -> Iterator[str]:
    names = ", then ".join(dict.fromkeys(poll.connector for poll in polls))
    whole = [poll for poll in polls if poll.problem != CUT_SHORT]
    fetched, kept, outside = (
        sum(getattr(poll, name) for poll in whole) for name in ("fetched", "kept", "outside")
    )
    row = " ".join(f"{poll.fetched:,}" for poll in whole[:MOST_SHOWN])
    more = " …" if len(polls) > len(whole[:MOST_SHOWN]) else ""
    said = f"{domain} ({names}): mails fetched {fetched:,} ({row}{more})"
    if outside or UNPATCHED in names:
        said += f", recipients outside that they were sent on to {outside:,}: {factor(polls):.1f} for each"
    else:
        said += f", kept {kept:,}, sent nothing outside"
    yield said
    problems = [poll for poll in whole if poll.problem]
    if problems:
        yield f"  {len(problems)} of its polls went wrong; the first: {problems[0].problem}"


def _hours(outcome: Outcome) -> str:
    minutes = int((outcome.ended_at - outcome.scenario.start).total_seconds()) // 60
    return f"{minutes // 60} h {minutes % 60:02} min"
