"""The identity of a content: equal over what machines change in a copy, different where a person wrote something else."""

import base64
import quopri
from collections.abc import Sequence

import pytest

from seawall.facts.message import read_message
from seawall.model.facts import MessageFacts
from seawall.retrieve.spool import HEAD_OCTETS

KEY = b"k" * 32
FOOTER = "_______________________________________________\ncrew mailing list\ncrew@club.test\nhttps://club.test/crew\n"
TEXT = "Dear crew,\n\nthe café opens at four. Bring a rope = and an anchor.\n\n-- \nBob\n"
LONG = "A line that is folded somewhere, " * 12
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 3


def facts(raw: bytes) -> MessageFacts:
    return read_message(raw, len(raw), KEY)


def identity(raw: bytes) -> bytes:
    found = facts(raw).content_id
    assert found is not None
    return found


def mail(
    body: bytes | str = TEXT,
    *,
    more: Sequence[str] = (),
    author: str = "Bob <bob@example.net>",
    subject: str = "Ropes",
    message_id: str = "1@example.net",
    date: str = "Mon, 23 Nov 2026 01:00:00 +0000",
    kind: str = "text/plain; charset=utf-8",
    encoding: str = "8bit",
) -> bytes:
    header = [
        f"From: {author}",
        f"Subject: {subject}",
        f"Date: {date}",
        f"Message-ID: <{message_id}>",
        *more,
        f"Content-Type: {kind}",
        f"Content-Transfer-Encoding: {encoding}",
    ]
    octets = body.encode() if isinstance(body, str) else body
    octets = octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return "".join(line + "\r\n" for line in header).encode() + b"\r\n" + octets


def in_base64(octets: bytes, width: int = 76) -> bytes:
    letters = base64.b64encode(octets)
    return b"\r\n".join(letters[at : at + width] for at in range(0, len(letters), width)) + b"\r\n"


def multipart(boundary: str, *parts: bytes, closed: bool = True, more: Sequence[str] = ()) -> bytes:
    pieces = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    end = b"--" + boundary.encode() + b"--\r\n" if closed else b""
    raw = mail(b"", kind=f'multipart/mixed; boundary="{boundary}"', more=more)
    return raw + b"A preamble.\r\n" + pieces + end


def text_part(text: str = TEXT) -> bytes:
    return (
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + text.replace("\n", "\r\n").encode()
    )


def pdf_part(octets: bytes = PDF, width: int = 76) -> bytes:
    top = b"Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return top + in_base64(octets, width)


@pytest.mark.parametrize(
    "copy",
    [
        mail(message_id="2@elsewhere.example", date="Tue, 24 Nov 2026 01:15:00 +0000"),
        mail(more=["Received: from a.example by b.example; x", "X-Mailer: other", "Importance: normal"]),
        mail(quopri.encodestring(TEXT.encode()), encoding="quoted-printable"),
        mail(quopri.encodestring(TEXT.encode()), encoding="Quoted-Printable"),
        mail(in_base64(TEXT.encode()), encoding="base64"),
        mail(in_base64(TEXT.encode(), 60), encoding="BASE64"),
        mail(TEXT.encode("iso-8859-1"), kind="text/plain; charset=iso-8859-1"),
        mail(
            quopri.encodestring(TEXT.encode("windows-1252")),
            kind='text/plain; charset="windows-1252"',
            encoding="quoted-printable",
        ),
        mail(in_base64(TEXT.encode("utf-16")), kind="text/plain; charset=utf-16", encoding="base64"),
        mail(TEXT.replace("\n", "\n\n").replace(" ", "  ")),
        mail(TEXT + "\n\n\n"),
        mail(TEXT.rstrip()),
        mail(author="bob@example.net"),
        mail(author='"Bob, of the club" <BOB@Example.NET>'),
        mail(subject="Re: Ropes"),
        mail(subject="AW: Re[2]: ropes"),
        mail(subject="=?utf-8?Q?Ropes?="),
        mail(subject="=?utf-8?B?Um9wZXM=?="),
        mail(more=["To: somebody@else.example", "Cc: many@others.example"]),
    ],
)
def test_a_machines_copy_has_the_same_content(copy: bytes) -> None:
    assert identity(copy) == identity(mail())


@pytest.mark.parametrize(
    "other",
    [
        mail(TEXT.replace("four", "five")),
        mail(author="Carol <carol@example.net>"),
        mail(subject="Anchors"),
        mail(subject="Re: Anchors"),
        mail(more=["In-Reply-To: <0@example.net>"]),
        mail(more=["References: <0@example.net>"]),
        mail(TEXT + "."),
        mail(TEXT + FOOTER),
    ],
)
def test_what_a_person_wrote_differently_is_another_content(other: bytes) -> None:
    assert identity(other) != identity(mail())


@pytest.mark.parametrize("line", ["\r\n", "\n"])
def test_line_breaks_do_not_count(line: str) -> None:
    """A header has CRLF where a POP3 server serves it; a lone LF may be anywhere behind it."""
    raw = mail()
    section, _, body = raw.partition(b"\r\n\r\n")
    assert identity(section + b"\r\n\r\n" + body.replace(b"\r\n", line.encode())) == identity(raw)


def test_folded_lines_do_not_count() -> None:
    folded = LONG.replace("somewhere, A line", "somewhere,\nA line")
    assert identity(mail(folded)) == identity(mail(LONG))
    flowed = mail(quopri.encodestring(LONG.encode()), encoding="quoted-printable")
    assert identity(flowed) == identity(mail(LONG))


def test_folds_of_the_header_do_not_count() -> None:
    assert identity(mail(subject="Ropes and\r\n anchors")) == identity(mail(subject="Ropes and anchors"))
    threads = (
        "References: <0@example.net>\r\n\t<1@example.net>",
        "References: <0@example.net> <1@example.net>",
    )
    assert identity(mail(more=[threads[0]])) == identity(mail(more=[threads[1]]))


def test_boundaries_preambles_and_the_part_headers_do_not_count() -> None:
    one = multipart("one", text_part(), pdf_part())
    other = multipart("=_another.boundary", text_part(), pdf_part(width=60)).replace(b"A preamble.\r\n", b"")
    other = other.replace(b"name=a.pdf", b"name=b.pdf")
    assert identity(one) == identity(other)


def test_a_part_inside_another_counts_as_it_is() -> None:
    inner = (
        b'Content-Type: multipart/alternative; boundary="in"\r\n\r\n--in\r\n'
        + text_part()
        + b"\r\n--in--\r\n"
    )
    assert identity(multipart("out", inner, pdf_part())) == identity(
        multipart("out", text_part(), pdf_part())
    )


def test_a_boundary_that_begins_alike_is_no_boundary() -> None:
    raw = multipart("a", text_part("one\n--ab\ntwo\n"), pdf_part())
    assert identity(raw) == identity(multipart("other", text_part("one\n--ab\ntwo\n"), pdf_part()))
    assert identity(raw) != identity(multipart("a", text_part("one\n"), text_part("two\n"), pdf_part()))


def test_another_attachment_of_equal_length_is_another_content() -> None:
    other = PDF[:-1] + b"x"
    assert len(other) == len(PDF)
    assert identity(multipart("b", text_part(), pdf_part(other))) != identity(
        multipart("b", text_part(), pdf_part())
    )


def test_a_large_attachment_counts_by_its_beginning_and_its_length() -> None:
    large = bytes(range(33, 256)) * 1000
    one = identity(multipart("b", text_part(), pdf_part(large)))
    assert identity(multipart("b", text_part(), pdf_part(b"x" + large[1:]))) != one
    assert identity(multipart("b", text_part(), pdf_part(large + b"x"))) != one


def test_attachments_in_another_order_are_another_content() -> None:
    assert identity(multipart("b", pdf_part(), text_part())) != identity(
        multipart("b", text_part(), pdf_part())
    )


@pytest.mark.parametrize("top", ["List-Id: <crew.club.test>"])
def test_a_lists_footer_does_not_count_below_its_list_id(top: str) -> None:
    assert identity(mail(TEXT + FOOTER, more=[top])) == identity(mail())
    encoded = mail(quopri.encodestring((TEXT + FOOTER).encode()), more=[top], encoding="quoted-printable")
    assert identity(encoded) == identity(mail())


def test_a_footer_in_an_attachment_counts() -> None:
    top = ["List-Id: <crew.club.test>"]
    footed = PDF + b"\n" + FOOTER.encode()
    assert identity(multipart("b", text_part(), pdf_part(footed), more=top)) != identity(
        multipart("b", text_part(), pdf_part(), more=top)
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"Subject: x\r\n",
        b"Subject: x\r\n\r\n",
        mail(""),
        mail(" \t\n\n"),
        mail(in_base64(b"  \r\n"), encoding="base64"),
        multipart("b", b"Content-Type: text/plain\r\n\r\n", b"Content-Type: text/plain\r\n\r\n"),
    ],
)
def test_an_empty_body_is_like_nothing_else(raw: bytes) -> None:
    assert facts(raw).content_id is None
    assert facts(raw).resend_id is None


def test_a_multipart_without_a_part_counts_as_it_stands() -> None:
    assert identity(multipart("b")) != identity(multipart("b") + b"more\r\n")


def test_a_part_with_lone_line_feeds_counts() -> None:
    one, other = (
        multipart("b", text_part(), pdf_part(octets).replace(b"\r\n", b"\n"))
        for octets in (PDF, PDF[:-1] + b"x")
    )
    assert identity(one) != identity(other)


def test_line_breaks_of_a_multipart_do_not_count() -> None:
    raw = multipart("b", text_part(), pdf_part())
    section, _, body = raw.partition(b"\r\n\r\n")
    assert identity(section + b"\r\n\r\n" + body.replace(b"\r\n", b"\n")) == identity(raw)


def test_a_multipart_without_its_end_is_read_to_its_end() -> None:
    assert identity(multipart("b", text_part(), pdf_part(), closed=False)) == identity(
        multipart("b", text_part(), pdf_part())
    )


def test_base64_that_is_cut_counts_as_far_as_it_goes() -> None:
    whole = mail(in_base64(PDF), kind="application/pdf", encoding="base64")
    assert identity(whole[:-7]) != identity(whole)
    assert identity(whole[:-7]) == identity(whole[:-7] + b"\r\n")


@pytest.mark.parametrize("header", [0, 3000])
def test_of_a_mail_over_a_mebibyte_the_first_mebibyte_counts(header: int) -> None:
    """Its only part has no end in reach: no length is told, and a longer header moves nothing."""
    large = bytes(range(33, 256)) * 10_000
    one = mail(in_base64(large), kind="application/octet-stream", encoding="base64")
    copy = mail(
        in_base64(large), kind="application/octet-stream", encoding="base64", more=["X-More: " + "x" * header]
    )
    assert len(one) > 2**21
    assert identity(copy) == identity(one)


def test_so_it_is_where_a_large_mails_head_is_all_that_is_in_memory() -> None:
    """A spooled mail's head is its first MiB, and its size is told beside it."""
    large = bytes(range(33, 256)) * 15_000
    identities = set()
    for more in ("X-More: x", "X-More: " + "x" * 3000):
        raw = mail(in_base64(large), kind="application/octet-stream", encoding="base64", more=[more])
        identities.add(read_message(raw[:HEAD_OCTETS], len(raw), KEY).content_id)
    assert len(identities) == 1
