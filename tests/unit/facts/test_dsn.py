import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.facts.dsn import MAX_BODY, read_bounce
from seawall.facts.dsn_causes import cause_of
from seawall.facts.header import scan
from seawall.facts.section import header_section
from seawall.model.bounce import Bounce, BounceCause

TABLE = json.loads((Path(__file__).parents[2] / "tables" / "bounce.json").read_text(encoding="utf-8"))
CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
with_corpus = pytest.mark.skipif(
    not CORPUS.exists(), reason="the corpus of real mail is not beside this checkout"
)
MAILER = b"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\n"
REPORT = MAILER + b'Content-Type: multipart/report; boundary="b"\r\n'


def bounce_of(mail: bytes) -> Bounce | None:
    section = header_section(mail)
    return read_bounce(section, mail[len(section) + 2 :], scan(section))


def as_told(bounce: Bounce) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else value.value if name == "cause" else value
        for name, value in asdict(bounce).items()
    }


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["name"])
def test_a_mail_of_the_table_is_read_as_it_says(row: dict[str, Any]) -> None:
    bounce = bounce_of("\r\n".join(row["mail"]).encode())
    if row["bounce"] is None:
        assert bounce is None
    else:
        assert bounce is not None
        told = as_told(bounce)
        assert {name: told[name] for name in row["bounce"]} == row["bounce"]


@pytest.mark.parametrize(
    ("status", "words", "cause"),
    [
        ("5.1.2", b"", BounceCause.HOST_UNKNOWN),
        ("4.4.6", b"", BounceCause.LOOP),
        ("5.2.3", b"", BounceCause.TOO_LARGE),
        ("5.7.26", b"", BounceCause.POLICY),
        ("5.1.1", b"550 mailbox bert is over quota (#5.1.1)", BounceCause.MAILBOX_FULL),
        ("5.7.1", b"550 5.7.1 user unknown", BounceCause.USER_UNKNOWN),
        ("5.5.0", b"550 too many hops", BounceCause.LOOP),
        ("", b"552 no", BounceCause.MAILBOX_FULL),
        ("", b"550 no", BounceCause.OTHER),
        ("", b"", BounceCause.OTHER),
    ],
)
def test_plain_words_decide_where_a_status_is_vague_or_wrong(
    status: str, words: bytes, cause: BounceCause
) -> None:
    assert cause_of(status, words) is cause


class Untouchable(bytes):
    """A body that fails whoever looks at it."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(name)

    def __getitem__(self, key: Any) -> Any:
        raise AssertionError(key)


def test_an_ordinary_mail_is_answered_without_its_body() -> None:
    section = (
        b"Return-Path: <anna@firm.example>\r\nFrom: Anna <anna@firm.example>\r\nSubject: The offer\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\nAuto-Submitted: no\r\n"
    )
    assert read_bounce(section, Untouchable(b"x" * 4096), scan(section)) is None


def test_texts_and_recipients_are_bounded() -> None:
    body = b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
    for number in range(100):
        body += b"Final-Recipient: rfc822; u%d@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\n" % number
        body += b"Diagnostic-Code: smtp; 550 " + b"x" * 5000 + b"\r\n\r\n"
    bounce = read_bounce(REPORT, body, scan(REPORT))
    assert bounce is not None
    assert len(bounce.recipients) == 32
    assert len(bounce.words) == 257


@pytest.mark.parametrize(
    "repeated",
    [
        b"a", b"\r\n", b"<", b"@", b"a@", b"user", b"user ", b"550 ", b"5.1.1 ", b"From: a\r\n", b"\r\nReceived: a\r\n",
        b"--b\r\n", b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n", b"deliver a ", b"exceed a b c d e ",
        b"mailbox a a a ", b"1.2.3.", b"\t\n", b"a.", b"&lt;",
    ],
)  # fmt: skip
@pytest.mark.parametrize("section", [MAILER, REPORT, MAILER + b"Content-Type: text/html\r\n"])
def test_no_body_takes_long(section: bytes, repeated: bytes) -> None:
    body = repeated * (MAX_BODY // len(repeated))
    begin = perf_counter()
    read_bounce(section, body, scan(section))
    assert perf_counter() - begin < 3


@given(st.sampled_from([b"", MAILER, REPORT]), st.binary(max_size=400), st.binary(max_size=2000))
def test_any_octets_are_read(begin: bytes, header: bytes, body: bytes) -> None:
    section = begin + header
    read_bounce(section, body, scan(section))


PIECES = [
    b"--b", b"\r\n", b"\r\n\r\n", b"Content-Type: message/delivery-status", b"Content-Type: message/rfc822", b"--b--",
    b"Content-Transfer-Encoding: base64", b"Action: failed", b"Final-Recipient: rfc822;", b"a@b.example", b"Status: 5.1.1",
    b"Received: by x", b"Message-ID: <1@x>", b"=", b"=3D", b"550 ", b"\xff\x00", b"Content-Type: text/html", b"<", b"&#xd800;",
    b"Diagnostic-Code: ", b"From: a@b", b"---- Original message", b"could not be delivered", b"X",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_any_shuffled_report_is_read(pieces: list[bytes]) -> None:
    bounce = read_bounce(REPORT, b"".join(pieces), scan(REPORT))
    assert bounce is None or bounce.action in {"failed", "delayed"}


def served(name: str) -> Iterator[tuple[str, bytes]]:
    """Give each mail of a set as a POP3 server would serve it: lines end in CRLF, and the mbox's own line is off."""
    for path in sorted((CORPUS / name / "messages").iterdir()):
        mail = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if mail.startswith(b"From "):
            mail = mail.partition(b"\n")[2]
        yield path.name, mail.replace(b"\n", b"\r\n")


NOT_BOUNCES = ("__arf-", "__rfc3834-", "__is-not-bounce-")
"""Feedback reports, automatic replies and ordinary mails in the set of bounces."""


@with_corpus
def test_real_bounces_are_recognised() -> None:
    count: Counter[str] = Counter()
    for name, mail in served("sisimai"):
        bounce = bounce_of(mail)
        if any(mark in name for mark in NOT_BOUNCES):
            assert bounce is None, name
            continue
        count["mails"] += 1
        if bounce is not None:
            count["bounces"] += 1
            count["recipients"] += bool(bounce.recipients)
            count["causes"] += bounce.cause is not BounceCause.OTHER
            count["originals"] += bool(bounce.original_message_id or bounce.original_subject)
    # docs/bounces.md tells the same, and which fourteen are not recognised.
    assert count["mails"] == 796
    assert count["bounces"] >= 782
    assert count["recipients"] >= 772
    assert count["causes"] >= 751
    assert count["originals"] >= 741


# Each was read by hand, and is what a mailer sent when it could not deliver: most were kept by those who write mail
# software to test it, and one of them had its words made unreadable.
IN_ORDINARY_SETS = {
    "list-alsa-devel": 0,
    "list-linux-f2fs-devel": 0,
    "list-linux-mips": 0,
    "mikel-mail": 5,  # multipart/report of Sendmail, Postfix and others
    "mime4j": 1,  # badbound.msg: a returned mail of 1996 whose boundary is broken
    "mimekit": 7,  # multipart/report: one of Postfix, one report thrice, one made unreadable, two samples cut down
    "sa-public-corpus": 2,  # a delay told to a list, an Exim report of 2002 about an absence note
}


@with_corpus
@pytest.mark.parametrize(("name", "number"), IN_ORDINARY_SETS.items())
def test_an_ordinary_mail_is_taken_for_no_bounce(name: str, number: int) -> None:
    found = [file for file, mail in served(name) if bounce_of(mail) is not None]
    assert len(found) == number, found
