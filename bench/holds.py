"""What is set aside of real mail: every set of the corpus through a real Dovecot and the connector, as if to one mailbox.

    holds.py                   every set twice, and all of them in one mailbox twice: at once, and as they came
    holds.py --only list-alsa-devel
    holds.py --verbose         each mail set aside with sentence, evidence and the mails of the same content
    holds.py --write           the tables into docs/holds.md too

"At once" is one first poll of a full box. "As they came" is a first poll of an empty box, and then a poll for every 200
mails in the order of their arrival dates, so that rules of rate may fire. The clock stands still behind the last mail:
nothing is ever forgotten, so more is set aside than in life. Where the corpus is not beside this checkout it says so.
"""

import argparse
import collections
import itertools
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from unittest import mock

from boxes import server, workplace
from hostile.connector import Connector
from seawall.collect import judging
from seawall.decide.case import Mail, Policy
from seawall.decide.judge import Judgement, judge
from seawall.facts.dates import moment
from seawall.facts.message import read_message
from seawall.model.facts import MessageFacts
from seawall.model.guard import DEFAULT_ACTIONS, Action
from seawall.model.knowledge import Known
from seawall.model.secret import PasswordFile
from seawall.model.verdict import Reason
from sections import write_section
from servers.dovecot import Dovecot

CORPUS: Final = Path(__file__).resolve().parents[2] / "shared" / "corpus"
DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "holds.md"
ALL: Final = "all in one mailbox"
_BOXES: Final = itertools.count(1)
A_POLL: Final = 200
"""Mails that have come when it is polled again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A mail of the corpus."""

    set_name: str
    path: Path
    raw: bytes
    facts: MessageFacts

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def arrived(self) -> float:
        found = moment(self.facts.arrived)
        return found if found is not None else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A mail that was set aside, why, and the delivered mails of the same content."""

    sample: Sample
    action: Action
    reason: Reason
    sentence: str = ""
    evidence: tuple[str, ...] = ()
    copies: tuple[Sample, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        return self.sample.set_name, self.sample.name, self.reason.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a box. `otherwise`: mails that were delivered, and are told of by a reason of their own."""

    box: str
    is_at_once: bool
    mails: int
    delivered: int
    aside: tuple[Aside, ...]
    otherwise: collections.Counter[str]


def sets() -> list[str]:
    """The corpus's sets of mails, by name; empty where there is no corpus."""
    return sorted(path.parent.name for path in CORPUS.glob("*/messages"))


def samples(set_name: str) -> list[Sample]:
    found = []
    for path in sorted((CORPUS / set_name / "messages").iterdir()):
        raw = path.read_bytes()
        found.append(Sample(set_name=set_name, path=path, raw=raw, facts=read_served(raw)))
    return found


def read_served(raw: bytes) -> MessageFacts:
    """The facts of a mail as a POP3 server hands it over, with CRLF."""
    served = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return read_message(served[: 2**20], len(served), b"")


@contextmanager
def noted() -> Iterator[dict[tuple[bytes, Reason], tuple[str, tuple[str, ...]]]]:
    """Note each verdict's sentence and evidence, by the mail's header and the reason: no log tells them of what is filed."""
    told: dict[tuple[bytes, Reason], tuple[str, tuple[str, ...]]] = {}

    def noting(mails: Sequence[Mail], known: Known, policy: Policy) -> Judgement:
        judged = judge(mails, known, policy)
        for mail, verdicts in zip(mails, judged.verdicts, strict=True):
            for verdict in verdicts:
                told[mail.facts.header_digest, verdict.reason] = (
                    verdict.sentence,
                    getattr(verdict, "evidence", ()),
                )
        return judged

    with mock.patch.object(judging, "judge", noting):
        yield told


@dataclass(frozen=True, slots=True)
class At:
    """Where the connector calls."""

    host: str
    port: int


def collect(
    dovecot: Dovecot, root: Path, box: str, mails: Sequence[Sample], *, is_at_once: bool, a_poll: int = A_POLL
) -> Outcome:
    """Take a box of mails through the connector; AssertionError where one of them is not accounted for."""
    root.mkdir(parents=True)
    # Dovecot serves the files' names as UIDLs: they tell which mail the log names.
    user = dovecot.add_user(f"holds{next(_BOXES)}", settings={"pop3_uidl_format": "%f"})
    connector = Connector(root, patience=60.0)
    (root / "password").write_text(dovecot.password)
    connector.account = replace(connector.account, user=user, secret=PasswordFile(str(root / "password")))
    place = At(dovecot.host, dovecot.pop3_port)
    if is_at_once:
        parts = [list(mails)]
    else:
        mails = sorted(mails, key=lambda mail: (mail.arrived, mail.name))
        parts = [[], *(list(mails[at : at + a_poll]) for at in range(0, len(mails), a_poll))]
    with noted() as told:
        for part in parts:
            dovecot.fill(user, [mail.raw for mail in part])
            report = connector.poll(place)
            assert report.went_well, report.problem
            come = report.delivered + report.held + report.filed
            assert come == len(part), f"{box}: {come} of {len(part)} mails came, {report.known} were known"
    return _outcome(connector, told, box, mails, is_at_once=is_at_once)


def _outcome(
    connector: Connector,
    told: dict[tuple[bytes, Reason], tuple[str, tuple[str, ...]]],
    box: str,
    mails: Sequence[Sample],
    *,
    is_at_once: bool,
) -> Outcome:
    aside: list[tuple[Sample, str, Reason]] = []
    delivered: set[int] = set()
    otherwise: collections.Counter[str] = collections.Counter()
    for _, event, fields in connector.log.lines:
        if event not in {"held", "filed", "delivered"}:
            continue
        number = int(fields["uidl"].partition(".M")[2].partition("P")[0]) - 1
        reason = Reason(fields["reason"])
        if event == "delivered":
            delivered.add(number)
            if reason is not Reason.DELIVERED:
                otherwise[reason.value] += 1
        else:
            aside.append((mails[number], event, reason))
    found = []
    for sample, event, reason in aside:
        sentence, evidence = told[sample.facts.header_digest, reason]
        content = sample.facts.content_id
        same = tuple(
            mails[number]
            for number in sorted(delivered)
            if content is not None and mails[number].facts.content_id == content
        )
        action = Action.HOLD if event == "held" else Action.FILE
        found.append(
            Aside(
                sample=sample, action=action, reason=reason, sentence=sentence, evidence=evidence, copies=same
            )
        )
    return Outcome(
        box=box,
        is_at_once=is_at_once,
        mails=len(mails),
        delivered=len(delivered),
        aside=tuple(sorted(found, key=lambda one: one.key)),
        otherwise=otherwise,
    )


def table(outcomes: Sequence[Outcome]) -> str:
    """Box by reason, in Markdown."""
    reasons = [reason for reason in DEFAULT_ACTIONS if reason is not Reason.REPLY_ALL_STORM]
    met = [reason for reason in reasons if any(one.reason is reason for o in outcomes for one in o.aside)]
    titles = [f"`{reason.value}`" for reason in met]
    lines = [
        f"| box | collected | mails | delivered | {' | '.join(titles)} |",
        f"|---|---|--:|--:|{'--:|' * len(met)}",
    ]
    for outcome in outcomes:
        counts = collections.Counter(one.reason for one in outcome.aside)
        cells = " | ".join(str(counts[reason] or "") for reason in met)
        how = "at once" if outcome.is_at_once else "as it came"
        lines.append(f"| {outcome.box} | {how} | {outcome.mails:,} | {outcome.delivered:,} | {cells} |")
    return "\n".join(lines)


def listing(outcomes: Sequence[Outcome]) -> str:
    """Each mail that was set aside in either way of one box, with what it is a copy of, for a person who reads them."""
    lines = []
    for outcome in outcomes:
        lines.append(f"== {outcome.box}, {'at once' if outcome.is_at_once else 'as it came'}")
        lines += [f"   delivered for {reason}: {count}" for reason, count in outcome.otherwise.items()]
        for one in outcome.aside:
            lines.append(f"{one.action.value} {one.reason.value} {one.sample.set_name}/{one.sample.name}")
            lines.append(f"    {one.sentence}; {' | '.join(one.evidence)}")
            lines += [f"    same content: {copy.set_name}/{copy.name}" for copy in one.copies[:4]]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", action="append", help="this set, or 'all'; several times")
    parser.add_argument("--verbose", action="store_true", help="tell each mail that was set aside")
    parser.add_argument("--write", action="store_true", help="write the table into docs/holds.md")
    asked = parser.parse_args()
    if not sets():
        sys.exit(f"There is no corpus of real mail at {CORPUS}.")
    boxes = {name: samples(name) for name in sets()}
    boxes[ALL] = [mail for name in sets() for mail in boxes[name]]
    outcomes = []
    with workplace(None) as place, server(place) as dovecot:
        for number, (name, mails) in enumerate(boxes.items()):
            if asked.only and name not in asked.only and not (name == ALL and "all" in asked.only):
                continue
            for is_at_once in (True, False):
                root = place / f"{number}{'a' if is_at_once else 'b'}"
                outcomes.append(collect(dovecot, root, name, mails, is_at_once=is_at_once))
                print(f"{name}: {len(outcomes[-1].aside)} set aside", file=sys.stderr)
    if asked.verbose:
        print(listing(outcomes))
    print(table(outcomes))
    if asked.write:
        write_section("holds", table(outcomes), DOCUMENT)


if __name__ == "__main__":
    main()
