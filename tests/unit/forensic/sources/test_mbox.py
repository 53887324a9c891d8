import io
import mailbox
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.forensic.sources.bounds import MOST
from seawall.forensic.sources.from_line import begins_mbox, date_of
from seawall.forensic.sources.mbox import MAX_MEASURED, cuts, read_mbox
from seawall.forensic.table import RawMail

FROM = b"From bob@example.org Thu Jul 18 10:52:39 2005\n"
AT = 1121683959.0

Mail = tuple[bytes, bytes]
"""Header and body, without the empty line between."""


def mboxo(mails: list[Mail]) -> bytes:
    return b"".join(
        FROM + header + b"\n" + re.sub(rb"^From ", b">From ", body, flags=re.MULTILINE) + b"\n"
        for header, body in mails
    )


def mboxrd(mails: list[Mail]) -> bytes:
    return b"".join(
        b"From mboxrd@z Thu Jan  1 00:00:00 1970\n"
        + header
        + b"\n"
        + re.sub(rb"^(>*From )", rb">\1", body, flags=re.MULTILINE)
        + b"\n"
        for header, body in mails
    )


def measured(mails: list[Mail], quote: Callable[[bytes], bytes]) -> bytes:
    return b"".join(
        FROM + header + b"Content-Length: %d\n\n" % len(quote(body)) + quote(body) + b"\n"
        for header, body in mails
    )


def mboxcl(mails: list[Mail]) -> bytes:
    return measured(mails, lambda body: re.sub(rb"^From ", b">From ", body, flags=re.MULTILINE))


def mboxcl2(mails: list[Mail]) -> bytes:
    return measured(mails, lambda body: body)


def read(content: bytes, *, step: int = 2**30) -> list[RawMail]:
    file = io.BytesIO(content)
    return list(read_mbox(lambda octets: file.read(min(octets, step)), "box"))


def heads(content: bytes, *, step: int = 2**30) -> list[bytes]:
    return [mail.head for mail in read(content, step=step)]


HEADER = b"From: bob@example.org\nSubject: sea\n"
TRAPS = b"See\n\nFrom here on, at 10:30 in 2005, it rains.\n>From the author himself\n"
WHOLE = b"See\n\nFrom the bridge\nFrom eve@example.org Thu Jul 18 10:52:39 2005\nSubject: no mail\n\nend\n"


def test_mboxo_is_cut_at_from_lines_and_its_quoting_undone() -> None:
    mails = [(HEADER, WHOLE), (HEADER, b""), (HEADER, b"two\n")]
    assert heads(mboxo(mails)) == [header + b"\n" + body for header, body in mails]


def test_a_sentence_that_begins_with_from_behind_an_empty_line_begins_no_mail() -> None:
    assert heads(FROM + HEADER + b"\n" + TRAPS + b"\n" + FROM + HEADER + b"\n") == [
        HEADER + b"\n" + TRAPS.replace(b">From", b"From"),
        HEADER,
    ]


def test_mboxrd_as_public_inbox_writes_it_is_unquoted_at_every_depth() -> None:
    body = b"From a\n>From b\n>>From c\n"
    assert heads(mboxrd([(HEADER, body)])) == [HEADER + b"\n" + body]
    assert read(mboxrd([(HEADER, body)]))[0].received_at is None


def test_more_than_one_mark_is_left_where_only_mboxo_is_known() -> None:
    assert heads(FROM + HEADER + b"\n>>From c\n\n") == [HEADER + b"\n>>From c\n"]


def test_in_mboxcl2_a_whole_mail_inside_a_body_begins_no_mail_and_nothing_is_unquoted() -> None:
    body = WHOLE + b">From the author himself\n"
    found = heads(mboxcl2([(HEADER, body), (HEADER, b"two\n")]))
    assert found == [
        HEADER + b"Content-Length: %d\n\n" % len(body) + body,
        HEADER + b"Content-Length: 4\n\ntwo\n",
    ]


def test_in_mboxcl_quoting_is_left_as_it_cannot_be_told_from_the_author_s() -> None:
    (mail,) = heads(mboxcl([(HEADER, b"From x\n")]))
    assert mail.endswith(b"\n\n>From x\n")


@pytest.mark.parametrize("lie", [0, 3, 40, 10**9, 10**12])
def test_a_content_length_that_does_not_hold_is_not_believed(lie: int) -> None:
    lying = HEADER + b"Content-Length: %d\n\nbody, body, body\n" % lie
    honest = HEADER + b"\nbody\n"
    assert heads(FROM + lying + b"\n" + FROM + honest + b"\n") == [lying, honest]


def test_crlf_is_kept_and_read_alike() -> None:
    content = mboxo([(HEADER, b"one\n"), (HEADER, b"two\n")]).replace(b"\n", b"\r\n")
    assert heads(content) == [
        HEADER.replace(b"\n", b"\r\n") + b"\r\none\r\n",
        HEADER.replace(b"\n", b"\r\n") + b"\r\ntwo\r\n",
    ]


def test_a_mail_without_an_empty_line_before_it_is_told_by_asctime_s_date() -> None:
    assert heads(FROM + HEADER + b"\none\n" + FROM + HEADER + b"\ntwo\n") == [
        HEADER + b"\none\n",
        HEADER + b"\ntwo\n",
    ]


def test_places_offsets_and_dates_are_those_of_the_from_lines() -> None:
    content = mboxo([(HEADER, b"one\n"), (HEADER, b"two\n")])
    first, second = read(content)
    assert (first.place, first.offset, first.received_at) == (0, 0, AT)
    assert (second.place, second.offset) == (1, content.rindex(FROM))
    assert second.size == len(second.head)


@pytest.mark.parametrize(
    ("line", "moment"),
    [
        (b"From a@b Thu Jul 18 10:52:39 2005", AT),
        (b"From a@b  Thu Jul 18 10:52:39 2005 +0200", AT - 7200),
        (b"From a@b Thu Jul 18 10:52:39 EST 2005", AT + 5 * 3600),
        (b"From - Thu Jul 18 10:52 2005", AT - 39),
        (b"From a@b Thu Foo 18 10:52:39 2005", None),
        (b"From a@b Thu Jul 99 10:52:39 2005", None),
        (b"From 0123abc Mon Sep 17 00:00:00 2001", None),
        (b"From -", None),
    ],
)
def test_a_from_line_s_date_is_utc_unless_it_says_otherwise(line: bytes, moment: float | None) -> None:
    assert date_of(line) == moment


def test_a_letter_that_begins_with_from_is_no_mbox() -> None:
    assert not begins_mbox(b"From the desk of Bob\n\nDear all,\n")
    assert not begins_mbox(b"From " + b"x" * 10_000)
    assert begins_mbox(b"From -\nSubject: x\n\n")


def test_the_standard_library_finds_the_same_mails(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "box")
    for number in range(30):
        box.add(HEADER + b"Message-ID: <%d@x>\n\nFrom here\n\n\nline %d\n" % (number, number))
    box.flush()
    box.close()
    content = (tmp_path / "box").read_bytes()
    found = [head.replace(b"\nFrom here", b"\n>From here") for head in heads(content)]
    theirs = mailbox.mbox(tmp_path / "box")
    try:
        assert found == [theirs.get_bytes(key) for key in theirs.iterkeys()]
    finally:
        theirs.close()


LINES = st.sampled_from(
    [
        b"\n",
        b"text\n",
        b"From here\n",
        b">From x\n",
        b">>From y\n",
        FROM,
        b"Subject: s\n",
        b"\r\n",
        b"x" * 3000 + b"\n",
    ]
)
MAILS = st.lists(
    st.tuples(st.just(HEADER), st.lists(LINES, max_size=12).map(b"".join)), min_size=1, max_size=6
)


@given(
    mails=MAILS,
    write=st.sampled_from([mboxo, mboxrd, mboxcl, mboxcl2]),
    step=st.integers(1, 5000),
)
def test_it_does_not_matter_in_which_pieces_the_octets_come(
    mails: list[Mail], write: Callable[[list[Mail]], bytes], step: int
) -> None:
    content = write(mails)
    assert read(content, step=step) == read(content)


@given(mails=MAILS, write=st.sampled_from([mboxo, mboxrd, mboxcl, mboxcl2]), size=st.integers(1, 8000))
def test_an_mbox_split_at_any_size_gives_the_same_mails(
    mails: list[Mail], write: Callable[[list[Mail]], bytes], size: int
) -> None:
    content = write(mails)
    file = io.BytesIO(content)
    begin = place = end = 0
    found: list[RawMail] = []

    def take() -> None:
        part = io.BytesIO(content[begin:end])
        found.extend(read_mbox(part.read, "box", offset=begin, place=place))

    for count, cut in enumerate(cuts(file.read, keep=0), start=1):
        end = cut.end
        if end - begin >= size:
            take()
            begin, place = end, count
    take()
    assert found == read(content)
    assert end == len(content)


@given(
    mails=st.lists(
        st.tuples(
            st.just(HEADER),
            st.lists(st.sampled_from([b"text\n", b"From here\n", b"> q\n"]), min_size=1, max_size=9).map(
                b"".join
            ),
        ),
        min_size=1,
        max_size=6,
    ),
    write=st.sampled_from([mboxo, mboxrd]),
)
def test_what_a_quoting_dialect_wrote_comes_back(
    mails: list[Mail], write: Callable[[list[Mail]], bytes]
) -> None:
    assert heads(write(mails)) == [header + b"\n" + body for header, body in mails]


@given(st.binary(max_size=4000))
def test_any_octets_give_mails_that_cover_them(noise: bytes) -> None:
    content = FROM + noise
    found = list(cuts(io.BytesIO(content).read))
    assert [cut.begin for cut in found] == [0, *(cut.end for cut in found[:-1])]
    assert found[-1].end == len(content)


class Endless:
    """So many octets of one piece over and over, behind a beginning, and none of them kept."""

    def __init__(self, begin: bytes, piece: bytes, octets: int) -> None:
        self._begin = begin
        self._piece = piece
        self._left = octets

    def read(self, octets: int) -> bytes:
        if self._begin:
            begin, self._begin = self._begin, b""
            return begin
        octets = min(octets, self._left)
        self._left -= octets
        return (self._piece * (octets // len(self._piece) + 1))[:octets]


@pytest.mark.parametrize(
    "piece",
    [
        b"x",
        b"\n",
        b"\nFrom ",
        b"\n\nFrom a 10:10 2005\n",
        b"Content-Length: 99999\n",
        b"To: " + b"a@b.c," * 999 + b"\n ",
    ],
)
def test_a_mail_of_any_size_and_shape_is_read_in_bounded_memory(piece: bytes) -> None:
    octets = 12 * 2**20
    begin = FROM + HEADER
    found = 0
    for mail in read_mbox(Endless(begin, piece, octets).read, "box"):
        assert len(mail.head) <= MOST
        found += mail.size
    assert found <= octets + len(HEADER)
    assert found > octets - 8


def test_a_chain_of_content_lengths_that_lie_is_read_in_linear_time() -> None:
    mail = FROM + HEADER + b"Content-Length: %d\n\nx\n\n" % (MAX_MEASURED - 1)
    assert sum(1 for _ in cuts(Endless(b"", mail, len(mail) * 20_000).read)) == 20_000


@pytest.mark.soak
def test_a_mail_of_ten_gigabytes_is_one_mail(tmp_path: Path) -> None:
    path = tmp_path / "box"
    with path.open("wb") as file:
        file.write(FROM + HEADER + b"\n")
        file.truncate(10 * 2**30)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        (mail,) = read_mbox(lambda octets: os.read(descriptor, octets), "box")
    finally:
        os.close(descriptor)
    assert len(mail.head) == MOST
    assert mail.size == 10 * 2**30 - len(FROM)
