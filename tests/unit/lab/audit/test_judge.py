"""What a connector did, beside what a case demands: a table of both, and the findings that they make."""

from pathlib import Path
from typing import Any

import pytest

from seawall.lab.audit.arrivals import Arrival
from seawall.lab.audit.case import Case, Mail, Then
from seawall.lab.audit.judge import POSTMASTER, Finding, Kind, Played, foreign_deliveries, judge
from seawall.lab.behaviour import Behaviour, Endless
from seawall.lab.connectors.profile import Deliver, Keep, Serves
from seawall.lab.connectors.run import Ended, Run

ALICE, BOB, CAROL = (f"{name}@example.org" for name in ("alice", "bob", "carol"))
DAVE, ERIN = "dave@example.com", "erin@example.net"
SENDER = "mallory@example.com"
ONE = b"Message-ID: <1@example.net>\r\nSubject: one\r\n\r\na first line\r\nand a second line\r\n"
TWO = b"Message-ID: <2@example.net>\r\nSubject: two\r\n\r\nanother beginning\r\nMAIL FROM:<x@example.com>\r\nand what follows it\r\n"
HEADER = ONE.partition(b"\r\n\r\n")[0]
BODY = ONE.partition(b"\r\n\r\n")[2]
ALTERED = ONE.replace(b"a second line", b"an other line")
CUT = ONE[:-12]
PIECE = b"MAIL FROM:<x@example.com>\nand what follows it\n"
NOTICE = b"From: <MAILER-DAEMON@mx.example.org>\nSubject: returned\n\nno such mailbox here\n"
ENDLESS = b"Message-ID: <without.end@example.net>\r\nSubject: endless\r\n\r\n"


def case(
    *recipients: str,
    both: bool = False,
    keep: Keep = Keep.ERASE,
    server: Behaviour | None = None,
    **then: Any,
) -> Case:
    """A case whose box holds ONE for `recipients`, Alice if none is given, and TWO for Alice where `both` is said."""
    mails = {"one": Mail(name="one", octets=ONE, recipients=recipients or (ALICE,))}
    if both:
        mails["two"] = Mail(name="two", octets=TWO, recipients=(ALICE,))
    return Case(
        path=Path("case.toml"),
        name="synthetic",
        group="tables",
        title="a title",
        about="About it.\n",
        serves=Serves.SINGLE,
        deliver=(Deliver.SMTP,),
        every_way=False,
        keep=keep,
        mails=mails,
        box=tuple(mails),
        server=server or Behaviour(),
        steps=(),
        then=Then(**{"arrives": tuple(mails)} | then),
    )


def sent(recipient: str, octets: bytes = ONE, reverse_path: str = SENDER) -> Arrival:
    """A mail that a next hop was given."""
    return Arrival(recipient=recipient, reverse_path=reverse_path, octets=octets)


def filed(recipient: str, octets: bytes = ONE) -> Arrival:
    """A mail in a file that the connector wrote by itself."""
    return Arrival(recipient=recipient, reverse_path=None, octets=octets)


def run(ended: Ended = Ended.CLEAN, peak_octets: int = 10**6) -> Run:
    return Run(ended=ended, exit_code=0, seconds=0.5, peak_octets=peak_octets, talk="")


def played(
    *arrivals: Arrival,
    left: tuple[bytes, ...] = (),
    kept: tuple[bytes, ...] = (),
    runs: tuple[Run, ...] = (run(),),
) -> Played:
    return Played(arrivals=arrivals, left=left, kept=kept, runs=runs)


def endless(mail: int, again: bytes) -> Behaviour:
    return Behaviour(replies={("RETR", mail): Endless(head=b"+OK\r\n" + ENDLESS, again=again)})


GOOD = {
    "sent once": (case(), played(sent(ALICE))),
    "written into a file once": (case(), played(filed(ALICE))),
    "with trace, and the line ends of files": (
        case(),
        played(filed(ALICE, b"Received: by here; now\n" + ONE.replace(b"\r\n", b"\n"))),
    ),
    "to a mailbox spelled otherwise": (case(), played(sent("Alice@EXAMPLE.org"))),
    "to each of two": (case(ALICE, BOB), played(sent(ALICE), sent(BOB))),
    "delivered, and not erased yet": (case(), played(sent(ALICE), left=(ONE,))),
    "kept at the server as it was asked": (case(keep=Keep.FOREVER), played(sent(ALICE), left=(ONE,))),
    "twice where two are allowed": (case(copies={"one": 2}), played(sent(ALICE), sent(ALICE))),
    "left where it need not arrive": (case(arrives=()), played(left=(ONE,))),
    "aside in a file where it need not arrive": (case(arrives=()), played(kept=(ONE,))),
    "aside with its header in one file and its body in another": (
        case(arrives=()),
        played(kept=(b"Received: by here\r\n" + HEADER, BODY)),
    ),
    "aside with the postmaster where it need not arrive": (case(arrives=()), played(sent(POSTMASTER))),
    "the postmaster has it too": (case(), played(sent(ALICE), sent(POSTMASTER.title()))),
    "the server is named with a dot, or as localhost": (
        case(ALICE, BOB),
        played(sent("alice@localhost"), sent("bob@example.org.")),
    ),
    "the postmaster is told": (case(), played(sent(ALICE), sent(POSTMASTER, NOTICE, ""))),
    "a mailbox is told": (case(), played(sent(ALICE), sent(ALICE, NOTICE, ""))),
    "unfit, and changed for the next hop": (case(unfit=frozenset({"one"})), played(sent(ALICE, ALTERED))),
    "unfit, and left": (case(unfit=frozenset({"one"})), played(left=(ONE,))),
    "unfit, and aside": (case(unfit=frozenset({"one"})), played(kept=(ONE,))),
    "killed, as it was meant to be": (
        case(),
        played(sent(ALICE), runs=(run(Ended.KILLED), run(Ended.FAILED))),
    ),
    "with as much memory as there is": (
        case(memory=10**8),
        played(sent(ALICE), runs=(run(peak_octets=10**8),)),
    ),
    "a reply without end that was given up": (
        case(both=True, server=endless(2, b"and so on\r\n"), arrives=("one",)),
        played(sent(ALICE), left=(TWO,)),
    ),
}


@pytest.mark.parametrize("what", GOOD)
def test_nothing_is_wrong_with(what: str) -> None:
    assert judge(*GOOD[what]) == ()


BAD: dict[str, tuple[Case, Played, list[tuple[Kind, str, int]]]] = {
    "sent outside": (
        case(),
        played(sent(ALICE), sent(DAVE), sent(ERIN)),
        [(Kind.FOREIGN, "one", 2)],
    ),
    "sent outside changed, and cut": (
        case(),
        played(sent(ALICE), sent(DAVE, ALTERED), sent(ERIN, CUT)),
        [(Kind.FOREIGN, "one", 2), (Kind.CUT, "one", 1), (Kind.ALTERED, "one", 1)],
    ),
    "sent outside whole, with no reverse-path": (
        case(),
        played(sent(ALICE), sent(DAVE, ONE, "")),
        [(Kind.FOREIGN, "one", 1)],
    ),
    "a subdomain is outside": (
        case(),
        played(sent(ALICE), sent("alice@sub.example.org")),
        [(Kind.FOREIGN, "one", 1)],
    ),
    "another's postmaster is outside": (
        case(),
        played(sent(ALICE), sent("postmaster@example.com")),
        [(Kind.FOREIGN, "one", 1)],
    ),
    "another mailbox too": (
        case(),
        played(sent(ALICE), sent(BOB), sent(CAROL)),
        [(Kind.MISDELIVERED, "one", 2)],
    ),
    "another mailbox instead": (
        case(),
        played(sent(BOB)),
        [(Kind.MISDELIVERED, "one", 1), (Kind.LOST, "one", 1)],
    ),
    "a notice to somebody outside": (
        case(),
        played(sent(ALICE), sent(SENDER, NOTICE, ""), sent(SENDER, NOTICE, "")),
        [(Kind.BOUNCED, "", 2)],
    ),
    "a notice with a reverse-path": (
        case(),
        played(sent(ALICE), sent(SENDER, NOTICE, "root@example.org")),
        [(Kind.BOUNCED, "", 1)],
    ),
    "a bounce that quotes the header": (
        case(),
        played(sent(SENDER, NOTICE + b"\n" + HEADER + b"\n", ""), left=(ONE,)),
        [(Kind.BOUNCED, "", 1), (Kind.STUCK, "one", 1)],
    ),
    "a bounce that quotes all of the mail": (
        case(),
        played(sent(SENDER, NOTICE + b"\n" + ONE, ""), left=(ONE,)),
        [(Kind.BOUNCED, "", 1), (Kind.STUCK, "one", 1)],
    ),
    "a bounce into a mailbox is a piece of the mail": (
        case(both=True),
        played(sent(ALICE), sent(ALICE, TWO), sent(ALICE, b"Subject: returned\n\n" + PIECE, "")),
        [(Kind.SPLIT, "two", 1)],
    ),
    "twice": (case(), played(sent(ALICE), filed(ALICE)), [(Kind.DOUBLED, "one", 2)]),
    "three times where two are allowed": (
        case(copies={"one": 2}),
        played(sent(ALICE), sent(ALICE), sent(ALICE)),
        [(Kind.DOUBLED, "one", 3)],
    ),
    "twice for one of two": (
        case(ALICE, BOB),
        played(sent(ALICE), sent(BOB), sent(BOB)),
        [(Kind.DOUBLED, "one", 2)],
    ),
    "once whole, and once changed": (
        case(),
        played(sent(ALICE), sent(ALICE, ALTERED)),
        [(Kind.DOUBLED, "one", 2), (Kind.ALTERED, "one", 1)],
    ),
    "gone": (case(), played(), [(Kind.LOST, "one", 1)]),
    "gone, where it need not arrive": (case(arrives=()), played(), [(Kind.LOST, "one", 1)]),
    "gone for two of three": (case(ALICE, BOB, CAROL), played(sent(BOB)), [(Kind.LOST, "one", 2)]),
    "gone, and unfit": (case(unfit=frozenset({"one"})), played(), [(Kind.LOST, "one", 1)]),
    "gone but for its header in a file": (case(), played(kept=(HEADER,)), [(Kind.LOST, "one", 1)]),
    "gone, and another is left": (
        case(both=True),
        played(sent(ALICE, TWO), left=(TWO,)),
        [(Kind.LOST, "one", 1)],
    ),
    "cut": (case(), played(sent(ALICE, CUT)), [(Kind.CUT, "one", 1)]),
    "cut, and then whole": (case(), played(sent(ALICE, CUT), sent(ALICE)), [(Kind.CUT, "one", 1)]),
    "the postmaster has it twice": (
        case(),
        played(sent(ALICE), sent(POSTMASTER), sent(POSTMASTER)),
        [(Kind.DOUBLED, "one", 2)],
    ),
    "cut for one of two": (
        case(ALICE, BOB),
        played(sent(ALICE), sent(BOB, CUT)),
        [(Kind.CUT, "one", 1)],
    ),
    "cut, and with the postmaster": (
        case(),
        played(sent(POSTMASTER, CUT)),
        [(Kind.LOST, "one", 1), (Kind.CUT, "one", 1)],
    ),
    "cut, and left": (
        case(),
        played(sent(ALICE, CUT), left=(ONE,)),
        [(Kind.CUT, "one", 1), (Kind.STUCK, "one", 1)],
    ),
    "a piece of it as a mail": (
        case(both=True),
        played(sent(ALICE), sent(ALICE, TWO), filed(ALICE, PIECE), filed(ALICE, PIECE)),
        [(Kind.SPLIT, "two", 2)],
    ),
    "changed": (case(), played(sent(ALICE, ALTERED)), [(Kind.ALTERED, "one", 1)]),
    "unfit, and changed in a file": (
        case(unfit=frozenset({"one"})),
        played(filed(ALICE, ALTERED)),
        [(Kind.ALTERED, "one", 1)],
    ),
    "unfit, and cut for the next hop": (
        case(unfit=frozenset({"one"})),
        played(sent(ALICE, CUT)),
        [(Kind.CUT, "one", 1)],
    ),
    "left": (case(), played(left=(ONE,)), [(Kind.STUCK, "one", 1)]),
    "left for one of two": (
        case(ALICE, BOB),
        played(sent(ALICE), left=(ONE,)),
        [(Kind.STUCK, "one", 1)],
    ),
    "aside in a file": (case(), played(kept=(ONE,)), [(Kind.STUCK, "one", 1)]),
    "aside with the postmaster": (
        case(),
        played(sent(POSTMASTER, ALTERED)),
        [(Kind.ALTERED, "one", 1), (Kind.STUCK, "one", 1)],
    ),
    "delivered, and erased where it was to stay": (
        case(keep=Keep.FOREVER),
        played(sent(ALICE)),
        [(Kind.ERASED, "one", 1)],
    ),
    "gone where it was to stay": (
        case(keep=Keep.FOREVER),
        played(),
        [(Kind.LOST, "one", 1), (Kind.ERASED, "one", 1)],
    ),
    "hung in two of three polls": (
        case(),
        played(sent(ALICE), runs=(run(Ended.HUNG), run(), run(Ended.HUNG))),
        [(Kind.HUNG, "", 2)],
    ),
    "too much memory": (
        case(memory=10**8),
        played(sent(ALICE), runs=(run(), run(peak_octets=10**8 + 1))),
        [(Kind.MEMORY, "", 1)],
    ),
    "the beginning of a body without end": (
        case(both=True, server=endless(2, b"and so on\r\n")),
        played(sent(ALICE), filed(ALICE, ENDLESS + b"and so on\r\n" * 1000)),
        [(Kind.CUT, "two", 1)],
    ),
    "the beginning of a line without end": (
        case(both=True, server=endless(2, b"x" * 64)),
        played(sent(ALICE), filed(ALICE, ENDLESS + b"x" * 64_000)),
        [(Kind.CUT, "two", 1)],
    ),
    "the first octets of what never ends": (
        case(both=True, server=endless(2, b"line %d\r\n")),
        played(sent(ALICE), filed(ALICE, ENDLESS + b"li"), left=(TWO,)),
        [(Kind.CUT, "two", 1), (Kind.STUCK, "two", 1)],
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_wrong_is_found_the_worst_first(what: str) -> None:
    a_case, what_happened, expected = BAD[what]
    found = judge(a_case, what_happened)
    assert [(one.kind, one.mail, one.count) for one in found] == expected


def test_every_kind_is_found_above() -> None:
    assert {kind for _, _, expected in BAD.values() for kind, _, _ in expected} == set(Kind)


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("sent outside", "2 times sent to somebody outside example.org"),
        ("another mailbox instead", "once delivered to a mailbox that it is not for"),
        ("a notice to somebody outside", f"a mail of the connector's own went outside, to {SENDER}"),
        ("twice", "one recipient has it 2 times"),
        ("gone for two of three", f"erased at the server, and not with {ALICE}, {CAROL}"),
        ("left for one of two", f"not delivered to {BOB}: it stays at the server"),
        ("aside in a file", f"not delivered to {ALICE}: the connector keeps it aside"),
        ("hung in two of three polls", "went on until it was stopped, in 2 of 3 polls"),
    ],
)
def test_a_finding_is_told_in_a_sentence(what: str, sentence: str) -> None:
    a_case, what_happened, _ = BAD[what]
    assert judge(a_case, what_happened)[0].text == sentence


def test_too_much_memory_is_told_in_megabytes_beside_what_is_allowed() -> None:
    found = judge(case(memory=256 * 2**20), played(sent(ALICE), runs=(run(peak_octets=3 * 10**9),)))
    assert found == (Finding(kind=Kind.MEMORY, mail="", count=1, text="3000 MB in memory, where 268 do"),)


def test_of_many_who_were_bounced_to_three_are_named() -> None:
    bounces = (sent(f"user{number}@example.com", NOTICE, "") for number in range(9))
    (found,) = judge(case(), played(sent(ALICE), *bounces))
    assert found.count == 9
    assert found.text.endswith("to user0@example.com, user1@example.com, user2@example.com")


def test_what_a_storm_is_made_of_is_every_mail_that_went_outside() -> None:
    arrivals = (sent(ALICE), sent(POSTMASTER), sent(DAVE), sent(DAVE.upper()), sent(SENDER, NOTICE, ""))
    assert foreign_deliveries(arrivals) == 3
