"""Where a mail has been, and which machines had it, as its header says."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from random import Random

import pytest

from seawall.facts.message import read_message
from seawall.lab.copywriter import AUGUST, JULY, Connector, Hop, Manner, relayed, resend, storm
from seawall.lab.mails import everyday_mails, ordinary_mails, storm_mail
from seawall.lab.server_time import filetime
from seawall.model.facts import MessageFacts
from seawall.model.replication import Passage, SignKind

KEY = b"k" * 32
AT = datetime(2026, 11, 23, 1, 0, 0, 123_456, tzinfo=UTC)
MARKER, PICKUP = SignKind.CONNECTOR_MARKER, SignKind.PICKUP_RESUBMISSION


def server(manner: Manner = AUGUST, host: str = "server.club.test") -> Connector:
    return Connector(
        host=host,
        user="secretary",
        domain="club.test",
        internal_address=IPv4Address("192.168.0.3"),
        internal_domain="club.local",
        public_address=IPv4Address("192.0.2.9"),
        manner=manner,
    )


def facts(raw: bytes) -> MessageFacts:
    return read_message(raw, len(raw), KEY)


def passage(*lines: str) -> Passage:
    raw = "".join(line + "\r\n" for line in lines).encode() + b"\r\nbody\r\n"
    return facts(raw).passage


def received(host: str, by: str) -> str:
    return (
        f"Received: from {host} ([192.0.2.1])\r\n\tby {by} with ESMTP id 1; Mon, 23 Nov 2026 01:00:00 +0000"
    )


# ── the route ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("lines", "route"),
    [
        ([], ()),
        (
            [
                received("mx.isp.example", "store.isp.example"),
                received("out.club.test", "mx.isp.example"),
                received("desk.office.example", "out.club.test"),
            ],
            ("[192.0.2.1]", "office.example", "club.test", "isp.example"),
        ),
        ([received("DESKTOP-7", "mail.club.test")], ("club.test",)),
        ([received("pc.lan", "mail.club.test")], ("club.test",)),
        (["Received: from [192.0.2.7] by mail.club.test; x"], ("club.test",)),
        (["Received: by mail.club.test (Postfix, from userid 33); x"], ("club.test",)),
        (["Received: (qmail 1 invoked by uid 7); x"], ()),
        (["Received: from a.co.uk by mail.b.co.uk; x"], ("a.co.uk", "b.co.uk")),
        (["Received: from MAIL.Club.TEST. by mail.club.test; x"], ("club.test",)),
        (["Received: from mail pickup service by web.club.test with Microsoft SMTPSVC; x"], ("club.test",)),
        (["Received: from mail pickup service by web.club.local with Microsoft SMTPSVC; x"], ()),
        (
            [received("a.one.test", "b.two.test"), received("b.two.test", "a.one.test")],
            ("[192.0.2.1]", "two.test", "one.test", "two.test"),
        ),
    ],
)
def test_the_route_is_of_organisations_origin_first(lines: list[str], route: tuple[str, ...]) -> None:
    assert passage(*lines).route == route


def test_a_long_route_keeps_its_beginning_and_its_end() -> None:
    hops = [received(f"a.o{n}.test", f"a.o{n + 1}.test") for n in range(40)]
    route = passage(*reversed(hops)).route
    assert len(route) == 16
    assert route[:2] == ("[192.0.2.1]", "o0.test")
    assert route[-1] == "o40.test"


def test_the_origin_hop_is_the_lowest_as_it_stands() -> None:
    lowest = "from a.one.test by b.two.test; x"
    assert passage(received("x.test", "y.test"), f"Received: {lowest}").origin_hop == lowest.encode()
    assert passage().origin_hop == b""


# ── signs ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("manner", [JULY, AUGUST])
def test_a_connectors_copy_has_both_signs(manner: Manner) -> None:
    copy = resend(storm_mail(), server(manner), at=AT, number=7)
    assert [sign.kind for sign in facts(copy).passage.signs] == [MARKER, PICKUP]
    assert "mspop3connector.secretary@club.test" in facts(copy).passage.signs[0].text


def test_every_copy_of_a_storm_has_them_whatever_is_above() -> None:
    servers = [server(), server(JULY, "other.sail.test")]
    for copy in storm(storm_mail(), servers, 6, start=AT, draw=Random(1)):
        assert {sign.kind for sign in facts(copy).passage.signs} == {MARKER, PICKUP}
        assert facts(copy).content_id == facts(storm_mail()).content_id


@pytest.mark.parametrize(
    "field", ["To", "Cc", "X-Original-To", "Delivered-To", "Envelope-To", "Apparently-To"]
)
def test_the_marker_is_found_in_every_field_of_recipients(field: str) -> None:
    (sign,) = passage(f'{field}: x@y.test,\r\n\t"IMB Recipient 1" <MSPOP3Connector.al@club.test>').signs
    assert sign.kind is MARKER
    assert sign.text.startswith(f"{field.title()}: MSPOP3Connector.al@club.test")


@pytest.mark.parametrize(
    "field", ["From", "Subject", "References", "X-Anything", "Reply-To", "Received", "Comments", "List-Post"]
)
def test_the_marker_elsewhere_is_no_sign(field: str) -> None:
    assert not passage(f"{field}: <mspop3connector.al@club.test>", "To: a@b.test").signs


@pytest.mark.parametrize(
    "to",
    [
        "mspop3connector@club.test",
        "mspop3connector.@club.test",
        "about mspop3connector.al",
        "pop3connector.al@c.test",
    ],
)
def test_what_only_resembles_the_marker_is_no_sign(to: str) -> None:
    assert not passage(f"To: <{to}>").signs


def pickup(off: timedelta = timedelta(0), without: str = "") -> Passage:
    """A web program's mail that a server made in its pickup folder, its arrival `off` from the Message-ID's moment."""
    high, low = divmod(filetime(AT), 2**32)
    there_high, there_low = divmod(filetime(AT + off), 2**32)
    lines = {
        "pickup": "Received: from mail pickup service by WEB.club.test with Microsoft SMTPSVC;\r\n\t x",
        "minted": f"Message-ID: <0007{high:08x}${low:08x}$0300a8c0@club.local>",
        "arrival": f"X-OriginalArrivalTime: x (UTC) FILETIME=[{there_low:08X}:{there_high:08X}]",
    }
    return passage(*(line for name, line in lines.items() if name != without))


@pytest.mark.parametrize(
    ("off", "is_sign"),
    [
        (timedelta(0), True),
        (timedelta(milliseconds=16), True),
        (timedelta(seconds=2), True),
        (timedelta(seconds=-2), True),
        (timedelta(seconds=2, microseconds=1), False),
        (timedelta(seconds=-2.1), False),
        (timedelta(minutes=15), False),
        (timedelta(days=400), False),
    ],
)
def test_a_pickup_is_one_where_both_moments_agree(off: timedelta, is_sign: bool) -> None:
    assert bool(pickup(off).signs) is is_sign


@pytest.mark.parametrize("missing", ["pickup", "minted", "arrival"])
def test_each_of_its_fields_alone_is_ordinary(missing: str) -> None:
    assert not pickup(without=missing).signs


def test_ordinary_mail_has_no_signs() -> None:
    for raw in (*everyday_mails(), *ordinary_mails(20, 1000), storm_mail()):
        assert not facts(raw).passage.signs


def test_a_sign_is_bounded_and_printable() -> None:
    found = passage("To: <mspop3connector." + "x" * 64 + "@" + "y" * 255 + ">")
    assert all(len(sign.text) < 400 and sign.text.isprintable() for sign in found.signs)
    raw = b"To: mspop3connector.\xff\x1b\x00x@y.test\r\n\r\nbody\r\n"
    assert all(sign.text.isprintable() for sign in facts(raw).passage.signs)


# ── lists, loops, threads, redirects ────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("lines", "list_id"),
    [
        (["List-Id: The Crew <Crew.club.test>"], "the crew <crew.club.test>"),
        (["X-list: crew"], "crew"),
        (["Mailing-List: list crew@club.test"], "list crew@club.test"),
        (["X-BeenThere: crew@club.test"], "crew@club.test"),
        (["List-Unsubscribe: <https://club.test>"], ""),
    ],
)
def test_the_list_is_the_one_that_sent_it(lines: list[str], list_id: str) -> None:
    assert passage(*lines).list_id == list_id


def test_loop_addresses_are_those_that_stand_twice_in_a_field_of_that_kind() -> None:
    found = passage(
        "X-Loop: Alice@Example.ORG",
        "X-Loop: alice@example.org",
        "X-MS-Exchange-Inbox-Rules-Loop: bob@example.org",
        "X-MS-Exchange-Inbox-Rules-Loop: bob@example.org",
        "X-BeenThere: crew@club.test",
        "List-Post: <mailto:crew@club.test>",
        "To: carol@example.org, carol@example.org",
        "Delivered-To: dave@example.org",
    )
    assert set(found.loop_addresses) == {"alice@example.org", "bob@example.org"}
    assert "x-loop: Alice@Example.ORG" in found.automation


def test_loop_addresses_are_bounded() -> None:
    twice = [f"X-Loop: a{n}@b.test" for n in range(250) for _ in range(2)]
    assert len(passage(*twice).loop_addresses) == 16


@pytest.mark.parametrize("field", ["Resent-From", "Resent-To", "Resent-Date"])
def test_a_person_who_sends_it_on_says_so(field: str) -> None:
    assert passage(f"{field}: x").is_resent
    assert not passage("X-Resent-By: x", "Sender: y@z.test").is_resent


@pytest.mark.parametrize(
    ("lines", "thread"),
    [
        (["References: <1@a.test>\r\n <2@a.test>", "In-Reply-To: <2@a.test>"], b"<1@a.test>"),
        (["In-Reply-To: <2@a.test>"], b"<2@a.test>"),
        (["In-Reply-To: your mail of Monday"], b""),
        ([], b""),
    ],
)
def test_a_thread_begins_where_references_do(lines: list[str], thread: bytes) -> None:
    assert passage(*lines).thread == thread


def test_addressees_are_counted_and_not_named() -> None:
    found = passage("To: a@b.test, c@d.test", "Cc: e@f.test", "Bcc: g@h.test", "In-Reply-To: <1@x>")
    assert found.addressees == 3
    assert "a@b.test" not in repr(found)


# ── what a re-send has in common with its first ─────────────────────────────────────────────

ORIGIN = (
    "Received: from desk.office.example by out.club.test with ESMTP id A1; Mon, 23 Nov 2026 01:00:00 +0000"
)


def resend_id(*lines: str) -> bytes | None:
    raw = "".join(line + "\r\n" for line in ("Message-ID: <1@club.test>", *lines)).encode()
    return facts(raw + b"\r\nbody\r\n").resend_id


def top(number: int) -> str:
    return f"Received: from out.club.test by mx.isp.example with ESMTP id {number}; Mon, 23 Nov 2026 01:0{number}:00 +0000"


def test_a_resend_by_a_server_is_the_same_but_for_its_top() -> None:
    assert resend_id(top(1), ORIGIN) == resend_id(top(2), ORIGIN)


@pytest.mark.parametrize(
    "lines",
    [
        [top(2), ORIGIN.replace("A1", "A2")],
        [received("a.relay.test", "mx.isp.example"), received("out.club.test", "a.relay.test"), ORIGIN],
        [top(2), ORIGIN, "List-Id: <crew.club.test>"],
        ["Delivered-To: a.smith@example.org", top(2), ORIGIN],
        ["X-Original-To: a.smith@example.org", top(2), ORIGIN],
        ["Envelope-To: a.smith@example.org", top(2), ORIGIN],
    ],
)
def test_what_came_another_way_is_no_resend(lines: list[str]) -> None:
    assert resend_id(*lines) != resend_id(top(1), ORIGIN)


def test_a_connectors_copy_is_no_resend() -> None:
    hop = Hop(helo="x.test", address=IPv4Address("192.0.2.1"), by="mx.isp.example", identity="1", at=AT)
    one, other = (relayed(resend(storm_mail(), server(), at=AT, number=n), [hop]) for n in (1, 2))
    assert facts(one).resend_id != facts(other).resend_id
    assert facts(one).content_id == facts(other).content_id
