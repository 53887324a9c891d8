"""The copywriter against two real copies, and over mails that nobody would write."""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hostile.cases import hostile_mails
from seawall.lab.copywriter import (
    AUGUST,
    JULY,
    Connector,
    Hop,
    MailingList,
    Manner,
    recipients_of,
    relayed,
    resend,
    through_list,
)
from seawall.lab.mails import everyday_mails, storm_mail

MESSAGES: Final = Path(__file__).parents[4] / "shared/corpus/storm-sbs-pop3connector-lexbox-2005/messages"
with_corpus = pytest.mark.skipif(
    not MESSAGES.exists(), reason="the corpus of real mail is not beside this checkout"
)
FILETIME_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)
PARIS: Final = timezone(timedelta(hours=2))
LONDON: Final = timezone(timedelta(hours=1), "BST")
LIST: Final = MailingList(name="linux-mips", host="linux-mips.org", command="/home/ecartis/ecartis")
ON_TOP: Final = 2
"""Fields that the list's servers put on top of a real copy: ECARTIS's Received and its MTA's."""


def lexbox(manner: Manner) -> Connector:
    return Connector(
        host="lexbox.fr",
        user="david.sanchez",
        domain="lexbox.fr",
        internal_address=IPv4Address("192.168.0.3"),
        internal_domain="intra.lexbox.org",
        public_address=IPv4Address("82.235.130.100"),
        manner=manner,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    original: str
    copy: str
    manner: Manner
    at: datetime
    delay: timedelta
    number: int
    sent_out: datetime
    position: int

    def read(self) -> tuple[bytes, bytes]:
        """The original and the real copy, line ends as a POP3 server gives them."""
        files = (MESSAGES / self.original, MESSAGES / self.copy)
        original, copy = (file.read_bytes().replace(b"\n", b"\r\n") for file in files)
        return original, copy

    def made(self) -> bytes:
        return resend(self.read()[0], lexbox(self.manner), at=self.at, delay=self.delay, number=self.number)


PAIRS: Final = (
    Pair(
        original="00001__lexbox-20050718-orig__18183125867.eml",
        copy="00002__lexbox-20050718-reinjected__18933886819.eml",
        manner=JULY,
        at=datetime(2005, 7, 18, 21, 0, 26, 62_000, PARIS),
        delay=timedelta(milliseconds=16),
        number=0,
        sent_out=datetime(2005, 7, 18, 20, 0, 16, tzinfo=LONDON),
        position=8538,
    ),
    Pair(
        original="00003__lexbox-20050826-orig__15661055020.eml",
        copy="00004__lexbox-20050826-reinjected__15326567634.eml",
        manner=AUGUST,
        at=datetime(2005, 8, 26, 20, 16, 9, 843_000, PARIS),
        delay=timedelta(milliseconds=500),
        number=5,
        sent_out=datetime(2005, 8, 26, 19, 12, 20, tzinfo=LONDON),
        position=8828,
    ),
)
both_pairs = pytest.mark.parametrize("pair", PAIRS, ids=["july", "august"])
IDENTITY: Final = re.compile(
    rb"\r\nMessage-ID: <([0-9a-f]{4})([0-9a-f]{8})\$([0-9a-f]{8})\$([0-9a-f]{8})@([^>\r\n]*)>\r\n"
)
ARRIVAL: Final = re.compile(
    rb"\r\nX-OriginalArrivalTime: (.{20})\.0(\d{3}) \(UTC\) FILETIME=\[([0-9A-F]{8}):([0-9A-F]{8})\]\r\n"
)


def fields_of(mail: bytes) -> list[bytes]:
    """A header's fields with their folds, each without its line end."""
    return re.split(rb"\r\n(?![ \t])", mail.partition(b"\r\n\r\n")[0])


def names_of(mail: bytes) -> list[str]:
    return [field.partition(b":")[0].decode("latin-1") for field in fields_of(mail)]


def body_of(mail: bytes) -> bytes:
    return mail.partition(b"\r\n\r\n")[2]


def value_of(mail: bytes, name: str) -> bytes:
    [value] = [field for field in fields_of(mail) if field.startswith(name.encode() + b":")]
    return value.partition(b":")[2].strip()


def moment(filetime: int) -> datetime:
    return FILETIME_EPOCH + timedelta(microseconds=filetime // 10)


def identity_of(copy: bytes) -> tuple[int, datetime, IPv4Address]:
    """A Message-ID's counter, moment and address, decoded here and not by what wrote them."""
    [(number, high, low, address, _)] = IDENTITY.findall(copy.partition(b"\r\n\r\n")[0] + b"\r\n")
    octets = bytes.fromhex(address.decode())
    return int(number, 16), moment(int(high + low, 16)), IPv4Address(octets[::-1])


def arrival_of(copy: bytes) -> tuple[datetime, datetime]:
    """X-OriginalArrivalTime's moment as it is written out and as a FILETIME."""
    [(written, thousandths, low, high)] = ARRIVAL.findall(copy.partition(b"\r\n\r\n")[0] + b"\r\n")
    told = datetime.strptime(written.decode(), "%d %b %Y %H:%M:%S").replace(tzinfo=UTC)
    return told + timedelta(milliseconds=int(thousandths)), moment(int(high + low, 16))


@with_corpus
@both_pairs
def test_each_field_of_a_real_copy_is_made_as_it_is(pair: Pair) -> None:
    """All between what the list put on top (two Received) and what it put below (eleven fields).

    Those were written on the way back and can't be the connector's: `Received: with ECARTIS`, the list's
    MTA's own Received, and from Return-Path to the last X-list below X-OriginalArrivalTime, which are
    compared with what `through_list` writes, elsewhere. That the list's servers took fields away before
    they wrote these again (Return-Path, X-Envelope-To, X-Orcpt, Original-Recipient, Sender, Errors-to)
    can't be excluded, nor that the tab behind `X-list:` is theirs.
    """
    _, real = pair.read()
    there = fields_of(real)
    last = max(index for index, field in enumerate(there) if field.startswith(b"X-OriginalArrivalTime:"))
    written = there[ON_TOP : last + 1]
    assert written[0].startswith(b"Received: from mail pickup service")
    assert fields_of(pair.made()) == written


@with_corpus
@both_pairs
def test_the_whole_real_copy_is_made_octet_for_octet_where_the_list_sends_it_out(pair: Pair) -> None:
    _, real = pair.read()
    taken_in = fields_of(real)[1]
    assert through_list(pair.made(), LIST, taken_in, at=pair.sent_out, position=pair.position) == real


@with_corpus
@both_pairs
def test_what_is_gone_and_what_is_kept_is_what_is_so_in_the_real_copy(pair: Pair) -> None:
    original, real = pair.read()
    copy = pair.made()
    trace = {"Return-Path", "X-Envelope-To", "X-Orcpt", "Original-Recipient", "Sender", "Errors-to"}
    assert trace < set(names_of(original))
    assert not trace & set(names_of(copy))
    assert names_of(copy).count("Received") == 1
    for name in ("From", "Cc", "Subject", "In-Reply-To", "X-Mailer", "X-archive-position"):
        assert value_of(copy, name) == value_of(original, name)
    assert body_of(copy) == body_of(original) == body_of(real) != b""


@with_corpus
@both_pairs
def test_a_real_copy_carries_its_moments_and_its_servers_address(pair: Pair) -> None:
    for copy in (pair.made(), pair.read()[1]):
        assert identity_of(copy) == (pair.number, pair.at, IPv4Address("192.168.0.3"))
        assert arrival_of(copy) == (pair.at + pair.delay, pair.at + pair.delay)
        assert parsedate_to_datetime(value_of(copy, "Date").decode()) == pair.at.replace(microsecond=0)


@with_corpus
@both_pairs
def test_the_fault_sends_a_real_mail_back_to_its_list(pair: Pair) -> None:
    original, real = pair.read()
    assert recipients_of(original) == ("linux-mips@linux-mips.org",)
    # The two that are none in To were no address before the connector made them look like it.
    assert set(recipients_of(real)) == {
        "linux-mips@linux-mips.org",
        "mspop3connector.david.sanchez@lexbox.fr",
    }


moments = (
    st.integers(0, 2**33)
    .map(lambda seconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
    .flatmap(
        lambda naive: st.integers(-12 * 60, 14 * 60).map(
            lambda minutes: naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
        )
    )
)


@given(
    at=moments,
    delay=st.timedeltas(timedelta(0), timedelta(seconds=5)),
    number=st.integers(0, 2**20),
    address=st.ip_addresses(v=4),
)
def test_a_copys_moments_and_address_can_be_read_back(
    at: datetime, delay: timedelta, number: int, address: IPv4Address
) -> None:
    connector = Connector(
        host="sbs.example.org",
        user="alice",
        domain="example.org",
        internal_address=address,
        internal_domain="intra.example.org",
        public_address=address,
    )
    copy = resend(storm_mail(), connector, at=at, delay=delay, number=number)
    assert identity_of(copy) == (number % 2**16, at, address)
    told, arrival = arrival_of(copy)
    assert arrival == at + delay
    assert timedelta(0) <= arrival - told < timedelta(milliseconds=1)
    date = parsedate_to_datetime(value_of(copy, "Date").decode())
    assert date == at.replace(microsecond=0)
    # A zone's minutes are kept, and -0000 means another thing.
    assert date.utcoffset() == at.utcoffset()
    picked_up = value_of(copy, "Received").rpartition(b";\r\n\t ")[2]
    assert parsedate_to_datetime(picked_up.decode()) == (at + delay).replace(microsecond=0)


def test_a_day_under_ten_has_one_digit_but_in_the_arrival_time() -> None:
    copy = resend(storm_mail(), lexbox(AUGUST), at=datetime(2005, 8, 4, 9, 3, 7, tzinfo=PARIS), number=1)
    assert value_of(copy, "Date") == b"Thu, 4 Aug 2005 09:03:07 +0200"
    assert value_of(copy, "X-OriginalArrivalTime").startswith(b"04 Aug 2005 07:03:07.0016 (UTC)")


AT: Final = datetime(2005, 8, 26, 20, 16, 9, 843_000, PARIS)


@pytest.mark.parametrize("manner", [JULY, AUGUST])
@pytest.mark.parametrize("mail", [storm_mail(), *everyday_mails()])
def test_an_ordinary_mails_copy_goes_to_whom_its_header_names_and_to_the_connectors_own_mailbox(
    mail: bytes, manner: Manner
) -> None:
    connector = lexbox(manner)
    copy = resend(mail, connector, at=AT, number=1)
    assert set(recipients_of(copy)) == {*recipients_of(mail), connector.marker}
    assert body_of(copy) == body_of(mail)
    assert max(map(len, copy.split(b"\r\n"))) <= 998


def test_the_storm_mail_goes_to_all_fifty_each_time() -> None:
    assert len(recipients_of(storm_mail())) == 50
    once = resend(storm_mail(), lexbox(JULY), at=AT, number=1)
    twice = resend(once, lexbox(JULY), at=AT + timedelta(minutes=15), number=2)
    assert len(recipients_of(once)) == len(recipients_of(twice)) == 51
    assert len(once) == len(twice)


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        (b"a@x.test, b@x.test", ("a@x.test", "b@x.test")),
        (b'"Doe, Jane (2@x)" <jane@x.test>; bob@x.test (Bob, a@b)', ("jane@x.test", "bob@x.test")),
        (b"Crew: a@x.test,\r\n\tB <b@x.test>;", ("a@x.test", "b@x.test")),
        (b"A@x.test, a@X.test", ("A@x.test",)),
        (b"nobody, <>, undisclosed-recipients:;", ()),
        (b'"a b"@x.test, @x.test, a@, a b@x.test', ()),
        (b"a@[192.0.2.1], b@[IPv6:2001:db8::1]", ("a@[192.0.2.1]", "b@[IPv6:2001:db8::1]")),
    ],
)
def test_the_fault_sends_to_every_address_in_to_and_to_nothing_else(
    value: bytes, addresses: tuple[str, ...]
) -> None:
    mail = b"To: " + value + b"\r\nBcc: hidden@x.test\r\nResent-To: again@x.test\r\n\r\nCc: c@x.test\r\n"
    assert recipients_of(mail) == addresses


def test_what_is_no_address_in_to_is_made_to_look_like_one() -> None:
    mail = b"To: unlisted-recipients:; (no To-header on input), Bob <b@x.test>\r\n\r\n"
    copy = resend(mail, lexbox(AUGUST), at=AT, number=1)
    assert fields_of(copy)[1].partition(b",")[0] == b"To: <unlisted-recipients:>"
    assert value_of(copy, "To") == (
        b"<unlisted-recipients:>,\r\n\t<no To-header on input>,\r\n\tBob <b@x.test>,\r\n\t"
        b'"IMB Recipient 1" <mspop3connector.david.sanchez@lexbox.fr>'
    )


def test_a_field_that_the_mail_lacks_is_written_all_the_same() -> None:
    copy = resend(b"Subject: x\r\n\r\nbody", lexbox(JULY), at=AT, number=1)
    assert names_of(copy) == [
        "Received",
        "Subject",
        "Date",
        "Message-ID",
        "Content-Class",
        "Importance",
        "Priority",
        "X-MimeOLE",
        "To",
        "X-OriginalArrivalTime",
    ]


def test_a_field_that_is_there_twice_is_written_once_and_none_the_mail_brought_is_doubled() -> None:
    mail = (
        b"Date: one\nDATE: two\nto: a@x.test\nTo: b@x.test\nImportance: high\nMessage-ID: <a@x>\n"
        b"message-id : <b@x>\nX-OriginalArrivalTime: long ago\n\nbody\n"
    )
    copy = resend(mail, lexbox(JULY), at=AT, number=1)
    names = [name.lower() for name in names_of(copy)]
    assert len(set(names)) == len(names)
    assert value_of(copy, "Importance") == b"high"
    assert recipients_of(copy)[:2] == ("a@x.test", "b@x.test")
    assert body_of(copy) == b"body\n"


def test_hops_stand_on_top_and_the_last_server_is_first() -> None:
    copy = resend(storm_mail(), lexbox(JULY), at=AT, number=1)
    hop = Hop(helo="lexbox.fr", address=IPv4Address("192.0.2.1"), by="mx.example.net", identity="1", at=AT)
    arrival = relayed(copy, [b"Received: by pop.isp.example; now", hop], [b"X-list: crew"])
    above, below = arrival[: -len(body_of(copy))].split(copy[: -len(body_of(copy)) - 2])
    assert above == (
        b"Received: by pop.isp.example; now\r\n"
        b"Received: from lexbox.fr ([192.0.2.1])\r\n"
        b"\tby mx.example.net with ESMTP id 1; Fri, 26 Aug 2005 20:16:09 +0200\r\n"
    )
    assert below == b"X-list: crew\r\n\r\n"
    assert body_of(arrival) == body_of(copy)


names = st.sampled_from(
    [
        b"Received",
        b"To",
        b"Cc",
        b"to",
        b"Date",
        b"Message-ID",
        b"X-MimeOLE",
        b"X-List",
        b"Thread-Index",
        b"Sender",
    ]
) | st.binary(max_size=6)
values = st.binary(max_size=30) | st.lists(
    st.sampled_from(
        [b"a@x", b"<", b">", b'"', b"(", b")", b"\\", b",", b";", b":", b" ", b"\r\n\t", b"\n", b"["]
    )
).map(b"".join)
odd_lines = st.builds(
    lambda name, colon, value, end: name + colon + value + end,
    names,
    st.sampled_from([b":", b": ", b":\t", b" :", b""]),
    values,
    st.sampled_from([b"\r\n", b"\n", b"\r", b"\r\n "]),
)


@given(
    lines=st.lists(odd_lines, max_size=8),
    body=st.none() | st.binary(max_size=50),
    manner=st.sampled_from([JULY, AUGUST]),
)
@example(lines=[], body=b"\r\n", manner=JULY)
@example(lines=[b" fold of nothing\r\n"], body=b"x", manner=JULY)
def test_any_mail_gives_a_copy(lines: list[bytes], body: bytes | None, manner: Manner) -> None:
    mail = b"".join(lines) + (b"" if body is None else b"\r\n" + body)
    copy = resend(mail, lexbox(manner), at=AT, number=1)
    assert copy.startswith(
        b"Received: from mail pickup service by lexbox.fr with Microsoft SMTPSVC;\r\n\t Fri, "
    )
    told = [
        field.partition(b":")[0].strip().lower().decode("latin-1")
        for field in fields_of(copy)
        if b":" in field
    ]
    for name in ("received", "date", "message-id", "to", "x-originalarrivaltime", "x-mimeole"):
        assert told.count(name) == 1, name
    assert not {"sender", "return-path", "delivered-to", "errors-to"} & set(told)
    assert identity_of(copy)[1] == arrival_of(copy)[0] - timedelta(milliseconds=16) == AT
    assert mail.endswith(body_of(copy))
    if (
        body is not None
        and not re.search(rb"(\A|\n)\r?\n", b"".join(lines))
        and (not lines or lines[-1].endswith(b"\n"))
    ):
        assert body_of(copy) == body


@pytest.mark.parametrize("name", sorted(hostile_mails()))
def test_a_hostile_mail_gives_a_copy_too(name: str) -> None:
    mail = hostile_mails()[name]
    copy = resend(mail, lexbox(JULY), at=AT, number=1)
    assert body_of(copy) == body_of(mail) or (
        name == "mails/body-only/two" and mail == b"\r\n" + body_of(copy)
    )
    recipients_of(copy)


@pytest.mark.parametrize("piece", [b'"', b"(", b"<", b"[", b"\\", b'\\"', b'"\\', b"(\\", b"<@", b"a,"])
def test_a_long_to_costs_little(piece: bytes) -> None:
    mail = b"To: " + piece * 100_000 + b"\r\n\r\n"
    started = time.process_time()
    recipients_of(resend(mail, lexbox(JULY), at=AT, number=1))
    assert time.process_time() - started < 5
