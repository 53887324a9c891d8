"""The guard over any mail, any knowledge, any order and any crash: nothing raises, nothing comes twice, nothing is lost."""

import asyncio
import quopri
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from ipaddress import IPv4Address
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import Connection, Table, func, select

from hostile.cases import hostile_mails
from hostile.connector import PASSWORD, USER, Connector, native
from seawall.collect.dispatch import Consignment, Item, Resumption, Route
from seawall.collect.release import Held
from seawall.collect.surroundings import Surroundings
from seawall.decide.case import Mail, Policy, questions, repeated
from seawall.decide.copies import claim_of
from seawall.decide.judge import Judgement, judge
from seawall.deliver.trace import Hop
from seawall.facts.mark import mark_value
from seawall.facts.message import read_message
from seawall.lab import copywriter
from seawall.lab import isp as lab_isp
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp
from seawall.lab.mails import everyday_mails
from seawall.ledger import deliveries, setaside, statements, windows
from seawall.ledger.ledger import Ledger
from seawall.ledger.records import HeldRecord, OutdatedError
from seawall.ledger.schema import delivery, seen, stored_copy, tally
from seawall.ledger.state import State
from seawall.model.account import Account, MaildirDestination, Server, Settings, Tls
from seawall.model.address import Address
from seawall.model.envelope import EnvelopeName, Mailboxes, Multidrop
from seawall.model.facts import MessageFacts
from seawall.model.guard import Action, Guard
from seawall.model.knowledge import Claim, Entry, Known, Variant
from seawall.model.mail import Listed, MemoryContent, RawMail
from seawall.model.secret import PasswordFile
from seawall.model.verdict import Deliver, Hold, Reason, recipients_of
from seawall.retrieve.session import Retrieved

KEY = b"k" * 32
NOW = 1_800_000_000.0
ALICE, BOB, POSTMASTER = (Address.parse(f"{name}@example.org") for name in ("alice", "bob", "postmaster"))
MAILBOXES = Mailboxes.build({ALICE: (), BOB: (), POSTMASTER: ()})
ENVELOPE = EnvelopeName.parse("X-Original-To")
CATCH_ALL = Multidrop(envelope=ENVELOPE, isp=("isp.example",), isp_hops=1, unknown=POSTMASTER)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def policy(to: Address | Multidrop = ALICE, *, guard: Guard | None = None, **changes: Any) -> Policy:
    values: dict[str, Any] = {"account": "office", "to": to, "mailboxes": MAILBOXES, "now": NOW}
    return Policy(**{**values, "guard": guard or Guard(), **changes})


def facts_of(raw: bytes) -> MessageFacts:
    return read_message(raw[: 2**20], len(raw), KEY, ENVELOPE)


# ── (a) nothing raises ──────────────────────────────────────────────────────────────────────

NAMES = (
    *(
        "From",
        "Subject",
        "Message-ID",
        "In-Reply-To",
        "References",
        "Date",
        "To",
        "Cc",
        "Received",
        "Received",
    ),
    *("Return-Path", "Delivered-To", "X-Original-To", "List-Id", "X-Loop", "Content-Type", "Resent-From"),
    *(
        "Content-Transfer-Encoding",
        "X-Seawall-Mark",
        "X-OriginalArrivalTime",
        "Auto-Submitted",
        "X-Failed-Recipients",
    ),
)
VALUES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"from a.one.test by mx.isp.example; Mon, 23 Nov 2026 01:00:00 +0000",
            b"from mail pickup service by x.test with Microsoft SMTPSVC; Mon, 23 Nov 99999 01:00 +9999",
            b"x (UTC) FILETIME=[00000000:FFFFFFFF]",
            b"<0001ffffffff$00000000$0300a8c0@x.test>",
            b"mspop3connector.a@b.test, alice@example.org",
            b"=?utf-8?Q?=FF=FE?= =?punycode?B?////?= =?\xff?Q?x?= =?utf-16?B?2AA=?=",
            b"=?idna?Q?xn--a?= =?unicode_escape?Q?=5CN{x}?= =?a=00b?Q?x?=",
            b"multipart/mixed; boundary=b",
            b"multipart/report; report-type=delivery-status; boundary=b",
            b'text/plain; charset="utf-16"',
            b"text/plain; charset=undefined",
            b"text/plain; charset=punycode",
            b"base64",
            b"quoted-printable",
            b"<>",
            b"MAILER-DAEMON@x.test",
            b"alice@example.org",
            mark_value("0" * 32, KEY).encode(),
        ]
    ),
)
PIECES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [b"--b\r\n", b"--b--\r\n", b"\r\n", b"\n", b"Content-Type: message/rfc822\r\n\r\n", b"=\r\n", b"=F"]
    ),
)


@st.composite
def odd_mails(draw: st.DrawFn) -> bytes:
    fields = draw(st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=12))
    header = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in fields)
    return header + b"\r\n" + b"".join(draw(st.lists(PIECES, max_size=8)))


odd_batches = st.lists(st.one_of(odd_mails(), st.binary(max_size=200)), max_size=6)
words = st.text(max_size=12)
entries = st.lists(st.builds(Entry, st.floats(0, 2 * NOW), words, words), max_size=6).map(tuple)
ways = st.lists(st.sampled_from(["one.test", "two.test", "isp.example", ""]), max_size=4).map(tuple)
marks_of_ways = st.frozensets(
    st.sampled_from(["connector-marker", "pickup-resubmission", "resent", "id:1", "x"])
)
variants = st.lists(
    st.builds(Variant, st.integers(0, 9), ways, words, marks_of_ways, st.just(b""), st.integers(-1, 3)),
    max_size=3,
).map(tuple)
guards = st.builds(
    Guard,
    actions=st.dictionaries(st.sampled_from(list(Reason)), st.sampled_from(list(Action))),
    storm_copies=st.integers(0, 6),
    storm_origins=st.integers(0, 4),
    bounces=st.integers(0, 4),
    repliers=st.integers(0, 4),
    own_marks=st.integers(0, 4),
    sent_by=st.sampled_from([(), ("isp.example",)]),
)


@st.composite
def knowledge_of(draw: st.DrawFn, mails: Sequence[Mail], by: Policy) -> Known:
    """Any answers to what a batch asks."""
    asked = questions(mails, by)

    def some(keys: Any) -> list[Any]:
        return [key for key in sorted(keys) if draw(st.booleans())]

    again = [repeated(one.content_id, one.recipient) for one in asked.contents.values()]
    tallies = {*asked.tallies, *(key for pair in again for key in pair)}
    return Known(
        contents={key: draw(variants) for key in some(asked.contents)},
        resends=frozenset(some(asked.resends)),
        tallies={key: draw(entries) for key in some(tallies)},
        storms=frozenset(some({storm for _, storm in again})),
        marks=dict.fromkeys(some(asked.marks), str(draw(st.sampled_from([ALICE, BOB])))),
        as_of=draw(st.integers(0, 9)),
    )


def is_accounted_for(judgement: Judgement, mails: Sequence[Mail]) -> None:
    """Each mail has its verdicts, each names somebody, and nobody is named by two."""
    assert len(judgement.verdicts) == len(mails)
    for verdicts in judgement.verdicts:
        everybody = [one for verdict in verdicts for one in recipients_of(verdict)]
        assert everybody
        assert len(everybody) == len(set(everybody))
        assert all(isinstance(verdict, Deliver | Hold) and verdict.sentence for verdict in verdicts)


@QUICK
@given(
    data=st.data(),
    raws=odd_batches,
    guard=guards,
    to=st.sampled_from([ALICE, CATCH_ALL]),
    flags=st.integers(0, 7),
)
def test_any_mail_and_any_knowledge_are_judged(
    data: st.DataObject, raws: list[bytes], guard: Guard, to: Address | Multidrop, flags: int
) -> None:
    by = policy(
        to,
        guard=guard,
        sees_loops=bool(flags & 1),
        can_file=bool(flags & 2),
        is_first_poll=bool(flags & 4),
    )
    mails = [Mail.of(facts_of(raw), by) for raw in raws]
    judgement = judge(mails, data.draw(knowledge_of(mails, by)), by)
    is_accounted_for(judgement, mails)
    for verdicts, gives in zip(judgement.verdicts, judgement.claims, strict=True):
        assert set(gives) <= {ALICE, BOB, POSTMASTER}
        for verdict in verdicts:
            for recipient in recipients_of(verdict):
                assert recipient in {ALICE, BOB, POSTMASTER}


def test_hostile_mails_are_judged_and_in_time() -> None:
    mails = [Mail.of(facts_of(raw), policy()) for raw in (*hostile_mails().values(), *everyday_mails())]
    is_accounted_for(judge(mails, Known(), policy()), mails)


# ── (b) the order of a batch ────────────────────────────────────────────────────────────────

SERVERS = tuple(
    copywriter.Connector(
        host=f"sbs.{name}.test",
        user="office",
        domain=f"{name}.test",
        internal_address=IPv4Address("192.168.0.3"),
        internal_domain=f"{name}.local",
        public_address=IPv4Address("192.0.2.9"),
    )
    for name in ("club", "sail", "rope")
)


def hop(helo: str, by: str, at: float, identity: str) -> str:
    address = f"192.0.2.{sum(helo.encode()) % 250 + 1}"
    return f"Received: from {helo} ([{address}])\r\n\tby {by} with ESMTP id {identity}; {formatdate(at)}"


def written(
    top: Sequence[str],
    family: int,
    message_id: str,
    at: float,
    *,
    more: Sequence[str] = (),
    body: bytes | None = None,
) -> bytes:
    lines = [
        *top,
        f"From: Member <member{family}@home{family}.test>",
        "To: alice@example.org, crew@lists.test",
        f"Subject: Regatta {family}",
        f"Date: {formatdate(at)}",
        f"Message-ID: <{message_id}>",
        *more,
    ]
    text = body or f"Who brings boat {family}? Caf\u00e9 = at four.\r\n".encode()
    return "".join(line + "\r\n" for line in lines).encode() + b"\r\n" + text


def original(family: int, number: int = 0, at: float = NOW - 9000) -> bytes:
    home = f"home{family}.test"
    top = [
        hop(f"out.{home}", "mx.isp.example", at, f"top{number}"),
        hop(f"pc.{home}", f"out.{home}", at, f"low{family}"),
    ]
    return written(top, family, f"first@{home}", at)


def repeat(family: int, number: int) -> bytes:
    """The same text once more by its author, as a daily report is."""
    home, at = f"home{family}.test", NOW - 5000 + number
    top = [
        hop(f"out.{home}", "mx.isp.example", at, f"r{number}"),
        hop(f"pc.{home}", f"out.{home}", at, f"r{number}"),
    ]
    return written(top, family, f"repeat{number}@{home}", at)


def connector_copy(family: int, number: int) -> bytes:
    server = SERVERS[number % len(SERVERS)]
    at = datetime.fromtimestamp(NOW - 8000 + 60 * number, UTC)
    copy = copywriter.resend(original(family), server, at=at, number=number)
    arrival = copywriter.Hop(
        helo=server.host,
        address=server.public_address,
        by="mx.isp.example",
        identity=f"copy{number}",
        at=at + timedelta(seconds=2),
    )
    return copywriter.relayed(copy, [arrival])


def recoded_copy(family: int, number: int) -> bytes:
    text = quopri.encodestring(f"Who brings boat {family}? Caf\u00e9 = at four.\n".encode()).replace(
        b"\n", b"\r\n"
    )
    more = ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable"]
    at = NOW - 7000 + number
    top = [
        hop(f"gw.gate{number}.test", "mx.isp.example", at, f"gw{number}"),
        hop("x.lan", f"gw.gate{number}.test", at, "x"),
    ]
    return written(top, family, f"first@home{family}.test", at, more=more, body=text)


def list_copy(family: int, number: int) -> bytes:
    at = NOW - 6000 + number
    more = ["List-Id: <crew.lists.test>", "References: <thread@lists.test>"]
    return written(
        [hop("lists.test", "mx.isp.example", at, f"l{number}")],
        family,
        f"first@home{family}.test",
        at,
        more=more,
    )


def report(family: int, number: int) -> bytes:
    at = NOW - 4000 + number
    body = (
        "--dsn\r\nContent-Type: text/plain\r\n\r\nNot delivered.\r\n--dsn\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx{number}.test\r\n\r\nFinal-Recipient: rfc822; x{number}@y.test\r\nAction: failed\r\n"
        "Status: 5.2.2\r\n--dsn\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"From: alice@example.org\r\nSubject: Mine {family}\r\nMessage-ID: <mine{number}@example.org>\r\n\r\n--dsn--\r\n"
    )
    lines = [
        "Return-Path: <>",
        hop(f"mx{number}.test", "mx.isp.example", at, f"d{number}"),
        f"From: MAILER-DAEMON@mx{number}.test",
        "Subject: Undelivered Mail Returned to Sender",
        f"Message-ID: <dsn{number}@mx{number}.test>",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=dsn",
    ]
    return ("".join(line + "\r\n" for line in lines) + "\r\n" + body).encode()


def came_back(family: int, number: int) -> bytes:
    return f"X-Seawall-Mark: {mark_value(f'{number:032x}', KEY)}\r\n".encode() + original(family, number)


MAKERS: tuple[Callable[[int, int], bytes], ...] = (
    original,
    connector_copy,
    connector_copy,
    recoded_copy,
    repeat,
    list_copy,
    report,
    came_back,
)
piles = st.lists(
    st.builds(
        lambda maker, family, number: maker(family, number),
        st.sampled_from(MAKERS),
        st.integers(0, 1),
        st.integers(0, 8),
    ),
    min_size=2,
    max_size=14,
)
THRIFTY = Guard(storm_copies=3, bounces=3, repliers=2, own_marks=3)


def outcome(raws: Sequence[bytes], by: Policy, known: Known) -> Counter[tuple[bytes, str]]:
    mails = [Mail.of(facts_of(raw), by) for raw in raws]
    judgement = judge(mails, known, by)
    return Counter(
        (raw, ("" if isinstance(verdict, Deliver) else "held ") + verdict.reason.value)
        for raw, verdicts in zip(raws, judgement.verdicts, strict=True)
        for verdict in verdicts
        if isinstance(verdict, Deliver | Hold)
    )


@QUICK
@given(raws=piles, seed=st.integers(0, 2**32), is_first_poll=st.booleans(), data=st.data())
def test_the_order_of_a_batch_changes_nothing(
    raws: list[bytes], seed: int, is_first_poll: bool, data: st.DataObject
) -> None:
    by = policy(guard=THRIFTY, is_first_poll=is_first_poll)
    mails = [Mail.of(facts_of(raw), by) for raw in raws]
    known = data.draw(knowledge_of(mails, by))
    shuffled = list(raws)
    Random(seed).shuffle(shuffled)
    assert outcome(shuffled, by, known) == outcome(raws, by, known)
    assert outcome(raws[::-1], by, known) == outcome(raws, by, known)


@QUICK
@given(numbers=st.lists(st.integers(0, 30), min_size=1, unique=True), seed=st.integers(0, 2**32))
def test_of_an_original_and_any_copies_the_original_comes(numbers: list[int], seed: int) -> None:
    pile = [original(0), *(connector_copy(0, number) for number in numbers)]
    Random(seed).shuffle(pile)
    delivered = [raw for (raw, how), _ in outcome(pile, policy(), Known()).items() if how == "delivered"]
    assert delivered == [original(0)]


# ── (c) once, whatever happens in between ───────────────────────────────────────────────────


def account(name: str) -> Account:
    return Account(
        name=name,
        server=Server(host="127.0.0.1", port=110, tls=Tls.NONE),
        user=USER,
        secret=PasswordFile("/nowhere"),
        to=ALICE,
        destination=MaildirDestination(name="main", path="/mail/{user}"),
    )


@dataclass
class Seat:
    """One account: its mails on the server by number, and what is settled of them."""

    account: Account
    account_id: int
    mails: dict[int, bytes] = field(default_factory=dict)
    settled: set[int] = field(default_factory=set)


@dataclass
class Begun:
    """A batch that was intended and not yet brought to its end."""

    seat: Seat
    items: list[Item]


class Connectors(RuleBasedStateMachine):
    """Two accounts with one recipient, the real ledger, and every way in which a delivery ends or does not."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self.ledger = Ledger.open(State.make(str(Path(self._directory.name) / "state")).database)
        self.seats = [
            Seat(account(name), self.ledger.transact(statements.open_account, name).account_id)
            for name in ("one", "two")
        ]
        self.tokens = iter(range(10**6))
        self.numbers = iter(range(10**6))
        self.families: dict[bytes, int] = {}
        self.delivered: Counter[int] = Counter()
        self.released: set[int] = set()
        self.by_token: dict[str, bytes] = {}
        self.now = NOW

    def teardown(self) -> None:
        try:
            self.everything_comes()
        finally:
            self.ledger.close()
            self._directory.cleanup()

    # mails come to the ISP

    @rule(seat=st.integers(0, 1), family=st.integers(0, 1), number=st.integers(0, 3))
    def a_copy_arrives(self, seat: int, family: int, number: int) -> None:
        self.arrives(seat, family, connector_copy(family, number))

    @rule(seat=st.integers(0, 1), family=st.integers(0, 1), number=st.integers(0, 2))
    def the_original_arrives(self, seat: int, family: int, number: int) -> None:
        """By a number over 0 its server sent it once more."""
        self.arrives(seat, family, original(family, number))

    @rule(family=st.integers(0, 1), number=st.integers(0, 3), is_copy=st.booleans())
    def both_boxes_get_it(self, family: int, number: int, is_copy: bool) -> None:
        for seat in (0, 1):
            self.arrives(seat, family, connector_copy(family, number) if is_copy else original(family))

    def arrives(self, seat: int, family: int, raw: bytes) -> None:
        self.families[raw] = family
        self.seats[seat].mails[next(self.numbers)] = raw

    # accounts poll

    @rule(seat=st.integers(0, 1), fate=st.sampled_from(["done", "failed", "crash", "late crash", "half"]))
    def poll(self, seat: int, fate: str) -> None:
        self.settle(self.seats[seat])
        self.end(self.intend(self.seats[seat]), fate)

    @rule(seconds=st.sampled_from([60.0, 86400.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.ledger.transact(windows.forget, self.now, 9e9, 10**6)

    @rule(number=st.integers(0, 9), is_delivered=st.booleans())
    def a_person_releases(self, number: int, is_delivered: bool) -> None:
        """It is by a person's word: he has it from then on, and the next copy is judged by that."""
        held = self.ledger.transact(setaside.held_mails)
        if not held:
            return
        record = held[number % len(held)]
        raw = self.by_token[record.base_name.partition(":")[0]]
        token = f"{next(self.tokens):032x}"
        item = self.route(self.seats[0]).item(
            retrieved(0, raw),
            facts_of(raw),
            Deliver(recipients=(ALICE,)),
            ALICE,
            token,
            claim=claim_of(facts_of(raw), ALICE),
        )
        assert self.ledger.transact(setaside.intend_release, record.held_id, item.delivery, self.now)
        self.ledger.transact(setaside.end_release, token, self.now, is_delivered=is_delivered)
        if is_delivered:
            self.released.add(self.families[raw])

    # how a poll goes (collect/delivering)

    def route(self, seat: Seat) -> Route:
        here = Hop(server="pop.isp.example", address="", is_protected=False, here="here.test")
        return Route(account=seat.account, held="/held", hop=here, now=self.now, mark_key=KEY)

    def prepare(self, seat: Seat) -> tuple[list[Consignment], Any, int]:
        self.now += 1
        listed = [Listed(number=number, uidl=b"%d" % number, octets=None) for number in sorted(seat.mails)]
        fresh = [entry for entry in listed if entry.number not in seat.settled]
        resumption = Resumption(self.ledger.transact(deliveries.open_copies, seat.account_id), listed)
        mails = [retrieved(entry.number, seat.mails[entry.number]) for entry in fresh]
        facts = [facts_of(mail.mail.head) for mail in mails]
        copies = [
            resumption.take(mail.listed, fact.header_digest) for mail, fact in zip(mails, facts, strict=True)
        ]
        by = policy(account=seat.account.name, now=self.now)
        judged = [
            Mail.of(
                fact,
                by,
                own_contents=frozenset(
                    one.seen_id for one in (copy.begun if copy else ()) if one.seen_id is not None
                ),
                own_resends=frozenset(
                    one.resend for one in (copy.begun if copy else ()) if one.resend is not None
                ),
            )
            for fact, copy in zip(facts, copies, strict=True)
        ]
        known = self.ledger.transact(windows.knowledge, questions(judged, by))
        judgement = judge(judged, known, by)
        is_accounted_for(judgement, judged)
        route = self.route(seat)
        consignments = []
        for mail, fact, copy, verdicts, gives in zip(
            mails, facts, copies, judgement.verdicts, judgement.claims, strict=True
        ):
            items = []
            for verdict in verdicts:
                assert isinstance(verdict, Deliver | Hold)
                token = f"{next(self.tokens):032x}"
                begun = copy.begun[0] if copy and copy.begun else None
                items.append(
                    route.item(mail, fact, verdict, ALICE, token, claim=gives.get(ALICE)).after(begun)
                )
            consignments.append(Consignment(mail=mail, facts=fact, items=tuple(items), copy=copy))
        return consignments, judgement.news, known.as_of

    def intend(self, seat: Seat, first: tuple[list[Consignment], Any, int] | None = None) -> Begun:
        for _ in range(4):
            consignments, news, as_of = first or self.prepare(seat)
            first = None
            try:
                self.ledger.transact(
                    deliveries.intend_judged,
                    seat.account_id,
                    [one.intent for one in consignments],
                    self.now,
                    news=news,
                    as_of=as_of,
                )
            except OutdatedError:
                continue
            return Begun(seat, [item for one in consignments for item in one.items])
        raise AssertionError("it is judged again for ever")

    def end(self, begun: Begun, fate: str) -> None:
        for item in begun.items:
            self.by_token[item.delivery.base_name] = item.mail.mail.head
        if fate == "crash":
            return
        good = begun.items[: len(begun.items) // 2] if fate == "half" else begun.items
        bad = begun.items[len(good) :] if fate == "half" else []
        if fate == "failed":
            good, bad = [], begun.items
        self.ledger.transact(deliveries.postpone, [item.delivery_id for item in bad])
        self.ledger.transact(deliveries.note_staged, [item.delivery_id for item in good], self.now)
        if fate != "late crash":
            self.note(begun.seat, good)

    def note(self, seat: Seat, items: Sequence[Item]) -> None:
        ids = [item.delivery_id for item in items]
        self.ledger.transact(deliveries.note_delivered, seat.account_id, ids, self.now)
        for item in items:
            seat.settled.add(item.mail.listed.number)
            if isinstance(item.verdict, Deliver) and item.folder is None:
                self.delivered[self.families[item.mail.mail.head]] += 1

    def settle(self, seat: Seat) -> None:
        """What a crash left: staged is there, intended is not."""
        left = self.ledger.transact(deliveries.left_open, seat.account_id)
        for one in left.to_files:
            if one.staged_at is None:
                self.ledger.transact(deliveries.postpone, [one.delivery_id])
                continue
            uidl, is_maildir = self.where(one.delivery_id)
            self.ledger.transact(deliveries.note_delivered, seat.account_id, [one.delivery_id], self.now)
            number = int(uidl)
            seat.settled.add(number)
            self.delivered[self.families[seat.mails[number]]] += is_maildir

    def where(self, delivery_id: str) -> tuple[bytes, bool]:
        def look(connection: Connection) -> tuple[bytes, bool]:
            row = connection.execute(
                select(stored_copy.c.uidl, delivery.c.directory)
                .join(delivery, delivery.c.copy_id == stored_copy.c.id)
                .where(delivery.c.id == delivery_id)
            ).one()
            return row.uidl, row.directory == "/mail/alice"

        return self.ledger.transact(look)

    # what holds

    @invariant()
    def nothing_comes_twice(self) -> None:
        assert not self.delivered or max(self.delivered.values()) <= 1, self.delivered

    def everything_comes(self) -> None:
        """All that waits comes again, and goes well: each content is there, once, or by a person's word."""
        for seat in self.seats:
            self.settle(seat)
            self.end(self.intend(seat), "done")
        for seat in self.seats:
            assert seat.settled == set(seat.mails)
        self.all_is_there()

    def all_is_there(self) -> None:
        assert self.delivered.keys() | self.released == set(self.families.values())


class Racing(Connectors):
    """Both accounts judge at one time."""

    @rule(fate=st.sampled_from(["done", "failed", "crash", "late crash"]), last=st.integers(0, 1))
    def race(self, fate: str, last: int) -> None:
        """Both judge by what is known now; then one intends, and then the other."""
        for seat in self.seats:
            self.settle(seat)
        prepared = [(seat, self.prepare(seat)) for seat in (self.seats[1 - last], self.seats[last])]
        begun = [self.intend(seat, first) for seat, first in prepared]
        for one in begun:
            self.end(one, fate)


class Leaving(Connectors):
    """Mail leaves the server before it is delivered: what it claimed is free again."""

    @rule(seat=st.integers(0, 1), number=st.integers(0, 9))
    def one_leaves(self, seat: int, number: int) -> None:
        of = self.seats[seat]
        self.settle(of)
        waiting = sorted(of.mails.keys() - of.settled)
        if not waiting:
            return
        gone = waiting[number % len(waiting)]
        del of.mails[gone]
        left = self.ledger.transact(deliveries.open_copies, of.account_id)
        copies = [copy.copy_id for copy in left if copy.uidl == b"%d" % gone]
        self.ledger.transact(deliveries.abandon, copies)

    def all_is_there(self) -> None:
        """A copy that was held beside a mail that left is in Held, and there a person finds it."""
        held = {self.families[self.by_token[one.base_name.partition(":")[0]]] for one in self.held()}
        stayed = {self.families[raw] for seat in self.seats for raw in seat.mails.values()}
        assert stayed <= self.delivered.keys() | held

    def held(self) -> list[HeldRecord]:
        return self.ledger.transact(setaside.held_mails, setaside.Choice(every=True))


def retrieved(number: int, raw: bytes) -> Retrieved:
    return Retrieved(
        listed=Listed(number=number, uidl=b"%d" % number, octets=len(raw)),
        mail=RawMail(head=raw, content=MemoryContent(raw)),
    )


STEPS = settings(
    max_examples=25,
    stateful_step_count=14,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestRacing = Racing.TestCase
TestRacing.settings = STEPS
TestLeaving = Leaving.TestCase
TestLeaving.settings = STEPS


# ── (d) what is set aside can be released as it came ────────────────────────────────────────

BODIES = (
    b"plain\r\n",
    b"dots\r\n.\r\n..\r\nand \xff\x00 octets\r\n",
    b"no empty line\r\n",
    b"  \r\n\r\n\r\nx\r\n",
)


def with_body(raw: bytes, body: bytes) -> bytes:
    return raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + body


def released(connector: Connector) -> None:
    """Release all that is held, one after the other."""
    state = State.make(connector.site.state)
    ledger = Ledger.open(state.database)
    tokens = iter(f"{n:032x}" for n in range(10**8, 10**9))
    held = Held(
        Settings(site=connector.site, accounts=(connector.account,)),
        ledger=ledger,
        state=state,
        surroundings=Surroundings(
            now=lambda: connector.now,
            token=lambda: next(tokens),
            pick=lambda numbers, most: numbers[:most],
            chance=lambda: 0.5,
            here="here.example.org",
            log=connector.log,
        ),
    )

    async def work() -> None:
        await held.settle()
        for record in ledger.transact(setaside.held_mails):
            await held.release(record.held_id)

    try:
        asyncio.run(work())
    finally:
        ledger.close()


@pytest.mark.parametrize("body", BODIES)
def test_what_the_guard_sets_aside_is_released_as_it_came(tmp_path: Path, body: bytes) -> None:
    pile = [
        with_body(original(0), body),
        *(with_body(connector_copy(0, number), body) for number in range(6)),
    ]
    pile += [
        with_body(original(0, 7), body),
        2 * b"X-Loop: alice@example.org\r\n" + with_body(original(1), body),
    ]
    pile += [b"Delivered-To: a@b.test\r\n" * 2 + with_body(original(1, 2), body)]
    connector = Connector(tmp_path)
    connector.site = replace(
        connector.site, guard=Guard(actions={**Guard().actions, Reason.DUPLICATE: Action.HOLD})
    )
    with lab_isp.running(ToyIsp({USER: (PASSWORD, Box(pile))})) as isp:
        done = connector.poll(isp)
    reasons = {fields["reason"] for _, event, fields in connector.log.lines if event == "held"}
    assert (done.delivered, done.held) == (1, len(pile) - 1)
    assert reasons >= {"replicated", "storm", "duplicate", "loop-header", "delivered-to-loop"}
    released(connector)
    assert connector.delivered() == native(*pile)


# ── (e) the windows stay within their bounds ────────────────────────────────────────────────


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(State.make(str(tmp_path / "state")).database)
    yield opened
    opened.close()


def counted(ledger: Ledger, table: Table) -> int:
    return ledger.transact(
        lambda connection: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
    )


def some_claim(number: int) -> Claim:
    return Claim(
        content=b"%d" % (number // 2),
        variant=b"%d" % (number % 2),
        route="",
        list_id="",
        signs="",
        message_id=b"",
        resend=None,
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.lists(st.integers(0, 60), max_size=30), st.floats(0, 50 * 86400.0), st.integers(0, 20)),
        max_size=6,
    )
)
def test_whatever_comes_the_windows_stay_within_their_bounds(
    ledger: Ledger, steps: list[tuple[list[int], float, int]]
) -> None:
    now, window = NOW, 90 * 86400.0
    for numbers, later, most in steps:
        now += later

        def write(connection: Connection, numbers: list[int] = numbers, now: float = now) -> None:
            windows.take(connection, [some_claim(number) for number in numbers], now)
            windows.note_tallies(
                connection, {b"%d" % number: (Entry(now, "", ""),) for number in numbers}, now
            )

        ledger.transact(write)
        ledger.transact(windows.forget, now, window, most)
        # The newest content may stay, so that no id is given twice.
        assert counted(ledger, seen) <= max(most, 1)
        assert counted(ledger, tally) <= most
        assert older_than(ledger, seen, now - window) <= 1
        assert older_than(ledger, tally, now - window) == 0


def older_than(ledger: Ledger, table: Table, moment: float) -> int:
    query = select(func.count()).select_from(table).where(table.c.last_at < moment)
    return ledger.transact(lambda connection: int(connection.execute(query).scalar_one()))


def test_a_tally_keeps_a_bounded_number_of_entries() -> None:
    by = policy(guard=Guard(bounces=10**6, repliers=10**6, own_marks=10**6, storm_copies=10**6))
    mails = [Mail.of(facts_of(raw), policy()) for raw in (list_copy(0, number) for number in range(600))]
    mails += [Mail.of(facts_of(repeat(0, number)), policy()) for number in range(600)]
    news = judge(mails, Known(), by).news
    assert news.tallies
    assert max(map(len, news.tallies.values())) <= 256


def test_many_small_polls_stay_within_the_bounds_too(tmp_path: Path) -> None:
    connector = Connector(tmp_path)
    connector.site = replace(connector.site, guard=Guard(window_mails=20))
    box = Box()
    with lab_isp.running(ToyIsp({USER: (PASSWORD, box)})) as isp:
        for some in range(3):
            for number in range(20):
                box.add(with_body(original(0, number), b"text %d\r\n" % (20 * some + number)))
            connector.poll(isp)
    opened = Ledger.open(State.make(connector.site.state).database)
    try:
        assert counted(opened, seen) <= 40
        assert counted(opened, delivery) <= 40
    finally:
        opened.close()
