"""Every row of the peers' hostile table, and ours: three mails, of which one, or the server, is hostile.

For each: nothing lost, nothing cut, split or doubled; the good mails arrive; nothing is erased
that is not here; and it ends.
"""

import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hostile.connector import PASSWORD, USER, Connector
from seawall.lab.behaviour import Behaviour, Ending, Endless, Pace, Stop, refusing_logins
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running
from seawall.model.account import KeepFor, KeepForever

ONE = b"Message-ID: <1@example.net>\r\nSubject: one\r\n\r\nfirst\r\n"
TWO = b"Message-ID: <2@example.net>\r\nSubject: two\r\n\r\nsecond, a little longer\r\n"
THREE = b"Message-ID: <3@example.net>\r\nSubject: three\r\n\r\nthird, and longer than the second\r\n"
HEAD = b"Message-ID: <2@example.net>\r\nSubject: hostile\r\n\r\n"
FORGED = b"+OK 50 octets\r\nMessage-ID: <forged@example.net>\r\n\r\nforged\r\n"


@dataclass(frozen=True)
class Case:
    """`arrives` says which of the three mails must be delivered after two polls; the others must be left."""

    name: str
    two: bytes = TWO
    behaviour: Behaviour = field(default_factory=Behaviour)
    arrives: str = "123"
    erases: bool = True
    settings: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def in_a_maildir(mail: bytes) -> bytes:
    """CRLF becomes LF there; bare LF and CR stay."""
    return mail.replace(b"\r\n", b"\n")


def reply(verb: str, number: int | None, octets: bytes | Endless) -> Behaviour:
    return Behaviour(replies={(verb, number): octets})


MAILS = [
    Case("LF.LF and SMTP commands", two=HEAD + b"a\n.\nMAIL FROM:<x@example.com>\r\n"),
    Case("LF.LF and a forged reply", two=HEAD + b"a\n.\n" + FORGED),
    Case("LF.CRLF and a forged reply", two=HEAD + b"a\n.\r\n" + FORGED),
    Case("CRLF.LF and a forged reply", two=HEAD + b"a\r\n.\n" + FORGED),
    Case("CR.CR", two=HEAD + b"a\r.\rb\r\n"),
    Case("CR.CRLF and a forged reply", two=HEAD + b"a\r.\r\n" + FORGED),
    Case("CRLF.CR", two=HEAD + b"a\r\n.\rb\r\n"),
    Case("NUL", two=HEAD + b"a\0b\0\r\n"),
    Case("8 bit and invalid UTF-8", two=HEAD + bytes(range(128, 256)) + b"\r\n"),
    Case("a header line of 1 MB", two=b"Subject: " + b"x" * 2**20 + b"\r\n\r\nbody\r\n"),
    Case("a body line of 1 MB", two=HEAD + b"x" * 2**20 + b"\r\n"),
    Case("100,000 headers", two=b"X-Many: y\r\n" * 100_000 + b"\r\nbody\r\n"),
    Case("2,000 Received with one hop each folded", two=b"X-Folded: a\r\n b\r\n" * 2000 + b"\r\nbody\r\n"),
    Case(
        "3,000 nested multiparts",
        two=b"".join(
            b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(3000)
        ),
    ),
    Case("an empty mail", two=b""),
    Case("a mail of one empty line", two=b"\r\n"),
    Case("header only", two=b"Message-ID: <2@example.net>\r\nSubject: two\r\n\r\n"),
    Case("no blank line", two=b"Message-ID: <2@example.net>\r\nSubject: two\r\n"),
    Case("a body without a header", two=b"\r\nonly a body\r\n"),
    Case("To: unlisted-recipients", two=b"To: unlisted-recipients:; (no To-header on input)\r\n\r\nx\r\n"),
    Case(
        "1,000 addressees",
        two=b"To: " + b", ".join(b"u%d@example.com" % n for n in range(1000)) + b"\r\n\r\nx\r\n",
    ),
    Case("lines that begin with dots", two=HEAD + b".\r\n..\r\n.foo\r\n...\r\n"),
    Case("From_ in the body", two=HEAD + b"From the beginning\r\n>From\r\n"),
    Case("5 MB", two=HEAD + b"0123456789abcde\r\n" * 300_000),
]

SERVERS = [
    Case(".foo is not stuffed", two=HEAD + b".foo\r\nb\r\n.bar\r\n", behaviour=Behaviour(stuffs_dots=False)),
    Case(
        "nothing is stuffed, and a mail forges a reply",
        two=HEAD + b"a\r\n.\r\n" + FORGED,
        behaviour=Behaviour(stuffs_dots=False),
        arrives="13",
    ),
    Case("drops mid-mail, each time", behaviour=Behaviour(stops=(Stop(at=("RETR", 2)),)), arrives="13"),
    Case("drops mid-mail, once", behaviour=Behaviour(stops=(Stop(at=("RETR", 2), times=1),))),
    Case(
        "hangs mid-mail", behaviour=Behaviour(stops=(Stop(at=("RETR", 2), ending=Ending.HANG),)), arrives="13"
    ),
    Case(
        "an endless body",
        behaviour=reply("RETR", 2, Endless(head=b"+OK\r\n" + HEAD, again=b"more and more\r\n")),
        arrives="13",
        settings={"max_octets": 2_000_000},
    ),
    Case(
        "endless headers",
        behaviour=reply("RETR", 2, Endless(head=b"+OK\r\n", again=b"X-More: and more\r\n")),
        arrives="13",
        settings={"max_octets": 2_000_000},
    ),
    Case(
        "an endless line",
        behaviour=reply("RETR", 2, Endless(head=b"+OK\r\n" + HEAD, again=b"x" * 1000)),
        arrives="13",
        settings={"max_octets": 2_000_000},
    ),
    Case(
        "an endless LIST",
        behaviour=reply("LIST", None, Endless(head=b"+OK\r\n", again=b"%d 100\r\n")),
        arrives="",
    ),
    Case(
        "an endless UIDL",
        behaviour=reply("UIDL", None, Endless(head=b"+OK\r\n", again=b"%d u\r\n")),
        arrives="",
    ),
    Case(
        "an endless status line",
        behaviour=reply("RETR", 2, Endless(head=b"+OK ", again=b"x" * 1000)),
        arrives="13",
    ),
    Case("a size too low", behaviour=Behaviour(sizes={2: b"1"})),
    Case("a size too high", behaviour=Behaviour(sizes={2: b"99999"})),
    Case("a size above max_size", behaviour=Behaviour(sizes={2: b"999999999999"}), arrives="13"),
    Case("a size negative", behaviour=Behaviour(sizes={2: b"-5"})),
    Case("a size that is no number", behaviour=Behaviour(sizes={2: b"many"})),
    Case("no size", behaviour=Behaviour(sizes={2: b""})),
    Case("two mails with one UIDL", behaviour=Behaviour(uidls={1: b"same", 2: b"same"})),
    Case("all mails with one UIDL", behaviour=Behaviour(uidls={None: b"same"})),
    Case("a UIDL of 300 octets", behaviour=Behaviour(uidls={2: b"../../etc/passwd\xff" * 17})),
    Case("a UIDL with spaces", behaviour=Behaviour(uidls={2: b"a b  c"})),
    Case("an empty UIDL", behaviour=Behaviour(uidls={2: b""})),
    Case("UIDL refused", behaviour=reply("UIDL", None, b"-ERR no\r\n")),
    Case("no UIDL", behaviour=Behaviour(lacks=frozenset({"UIDL"}))),
    Case("no TOP", behaviour=Behaviour(lacks=frozenset({"TOP"}))),
    Case("no UIDL and no TOP", behaviour=Behaviour(lacks=frozenset({"UIDL", "TOP"}))),
    Case("no CAPA", behaviour=Behaviour(lacks=frozenset({"CAPA"}))),
    Case("no PIPELINING", behaviour=Behaviour(lacks=frozenset({"PIPELINING"}))),
    Case(
        "as in 1990",
        behaviour=Behaviour(lacks=frozenset({"CAPA", "UIDL", "TOP", "PIPELINING", "AUTH"}), sasl=()),
    ),
    Case("LIST refused", behaviour=reply("LIST", None, b"-ERR no\r\n")),
    Case("STAT refused", behaviour=reply("STAT", None, b"-ERR no\r\n")),
    Case("RETR refused", behaviour=reply("RETR", 2, b"-ERR no such mail\r\n"), arrives="13"),
    Case("DELE refused", behaviour=reply("DELE", 2, b"-ERR no\r\n"), erases=False),
    Case(
        "QUIT refused, nothing erased",
        behaviour=Behaviour(replies={("QUIT", None): b"-ERR no\r\n"}, quit_erases=False),
        erases=False,
    ),
    Case("QUIT refused, all erased", behaviour=Behaviour(replies={("QUIT", None): b"-ERR no\r\n"})),
    Case("QUIT unanswered", behaviour=Behaviour(stops=(Stop(at=("QUIT", None), after=0),)), erases=False),
    Case("STAT says 5", behaviour=reply("STAT", None, b"+OK 5 1000\r\n")),
    Case("UIDL lists two of three", behaviour=Behaviour(unlisted=frozenset({("UIDL", 2)}))),
    Case("LIST lists two of three", behaviour=Behaviour(unlisted=frozenset({("LIST", 2)}))),
    Case("gaps in the numbers", behaviour=Behaviour(gaps=frozenset({1, 3}))),
    Case(
        "a status line of 1 MB",
        behaviour=Behaviour(before={("RETR", 2): b"+OK " + b"x" * 2**20}, line_end=b"\r\n"),
    ),
    Case("status lines with a bare LF", behaviour=Behaviour(line_end=b"\n"), arrives=""),
    Case(
        "terminal escapes in a refusal",
        behaviour=reply("RETR", 2, b"-ERR \x1b[2J\x1b]0;gone\x07\r\n"),
        arrives="13",
    ),
    Case("an unasked line", behaviour=Behaviour(behind={("STAT", None): b"* BYE\r\n"}), arrives=""),
    Case("replies an octet at a time", behaviour=Behaviour(pace=Pace(octets=(1,)))),
    Case("replies in odd pieces", behaviour=Behaviour(pace=Pace(octets=(1, 2, 3, 5, 7, 11)))),
    Case("EXPIRE 0: what is read is erased at QUIT", behaviour=Behaviour(expire="0", erases_retrieved=True)),
    Case("erases without QUIT what is marked", behaviour=Behaviour(drop_erases=True)),
    Case("a greeting that refuses", behaviour=reply("GREETING", None, b"-ERR busy\r\n"), arrives=""),
    Case("a silent greeting", behaviour=reply("GREETING", None, b""), arrives=""),
    Case("not POP3 at all", behaviour=reply("GREETING", None, b"220 smtp.example.net ESMTP\r\n"), arrives=""),
    Case("[IN-USE]", behaviour=Behaviour(replies=refusing_logins(b"[IN-USE] locked")), arrives=""),
    Case("[AUTH]", behaviour=Behaviour(replies=refusing_logins(b"[AUTH] no")), arrives=""),
    Case("refused without a code", behaviour=Behaviour(replies=refusing_logins(b"no")), arrives=""),
]


@pytest.mark.parametrize("case", [*MAILS, *SERVERS], ids=str)
def test_nothing_is_lost_cut_or_doubled(case: Case, tmp_path: Path) -> None:
    mails = {"1": ONE, "2": case.two, "3": THREE}
    box = Box(mails.values())
    # Mail that stays keeps its number, so that what is hostile about it stays too.
    keep = KeepFor(0.0) if case.arrives == "123" else KeepForever()
    connector = Connector(tmp_path, keep=keep, **case.settings)
    tracemalloc.start()
    with running(ToyIsp({USER: (PASSWORD, box)}, case.behaviour)) as isp:
        reports = [connector.poll(isp) for _ in range(2)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    expected = sorted(mails[number] for number in case.arrives)
    assert sorted(connector.delivered().elements()) == sorted(map(in_a_maildir, expected))
    # What is not here is still there, and nothing else was erased.
    gone = [mail.raw for mail in box.erased]
    assert all(raw in expected for raw in gone)
    if case.erases and case.arrives == "123":
        assert sorted(gone) == expected
    if case.arrives != "123" and "max_size" not in case.name:
        assert not reports[0].went_well
        assert connector.log.events("warning") or connector.log.events("error")
    assert peak < 150 * 2**20


CHANGES: dict[str, Callable[[Box], None]] = {
    "all UIDLs new": Box.renumber_uidls,
    "each UIDL names another mail": Box.rotate_uidls,
    "the box is rebuilt": lambda box: box.rebuild([ONE, TWO, THREE]),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("lacks", ["", "TOP", "UIDL", "PIPELINING"])
def test_kept_mail_is_known_whatever_its_uidl(change: str, lacks: str, tmp_path: Path) -> None:
    box = Box([ONE, TWO, THREE])
    connector = Connector(tmp_path, keep=KeepForever())
    with running(ToyIsp({USER: (PASSWORD, box)}, Behaviour(lacks=frozenset({lacks} - {""})))) as isp:
        connector.poll(isp)
        CHANGES[change](box)
        new = b"Message-ID: <4@example.net>\r\n\r\nnew\r\n"
        box.add(new)
        for _ in range(3):
            assert connector.poll(isp).went_well
    assert connector.delivered() == Counter(map(in_a_maildir, [ONE, TWO, THREE, new]))
    assert box.erased == []


def test_a_uidl_that_names_another_mail_erases_nothing_unfetched(tmp_path: Path) -> None:
    """The same size under the same UIDL, and the old mail's time is over: its header tells."""
    old = b"Message-ID: <old@example.net>\r\n\r\nbody\r\n"
    new = b"Message-ID: <new@example.net>\r\n\r\nbody\r\n"
    box = Box([old])
    connector = Connector(tmp_path, keep=KeepForever())
    with running(ToyIsp({USER: (PASSWORD, box)})) as isp:
        connector.poll(isp)
        box.rebuild([new])
        connector.poll(isp, keep=KeepFor(50.0))
        connector.poll(isp)
    assert connector.delivered() == Counter(map(in_a_maildir, [old, new]))
