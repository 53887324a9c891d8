import quopri
import re
from dataclasses import replace
from email import message_from_bytes
from email.policy import SMTP

from hypothesis import given
from hypothesis import strategies as st

from seawall.collect.digest_text import MOST_SHOWN, digest_mail, has_something, subject, text
from seawall.ledger.breakers import BrokenAccount, StormRecord
from seawall.ledger.digests import FailingAccount, News
from seawall.model.address import Address
from seawall.model.verdict import Reason

NOON = 1_800_014_400.0
DAY = 86400.0
HELD_MAX = 5_000_000_000
POSTMASTER = Address.parse("postmaster@example.org")
STORM = StormRecord(
    storm_id=7,
    kind="copies",
    sender="Boss <boss@example.net>",
    subject="Quarterly figures",
    first_at=NOON - 7200,
    last_at=NOON - 60,
    copies=4211,
    opened_at=NOON - 7000,
    closed_at=None,
    sentence="4,211 copies of one mail from 3 places within a day",
)
QUIET = News(
    number=3,
    since=NOON - DAY,
    until=NOON,
    set_aside={},
    storms=(),
    bounces=(),
    broken=(),
    failing=(),
    held=0,
    held_octets=0,
)
BUSY = replace(
    QUIET,
    set_aside={"storm": 4209, "replicated": 2, "bounce-flood": 3, "no-envelope": 1},
    storms=(
        STORM,
        replace(STORM, storm_id=8, kind="reply-all", subject="Re: cake", copies=12, closed_at=NOON - 30),
    ),
    bounces=(("bob@example.net: 5.2.2 mailbox full", 2), ("carol@example.net: 5.1.1 no such user", 1)),
    broken=(
        BrokenAccount(
            name="sales", broken_at=NOON - 3600, broken_for="20 mails of Seawall's own came back within a day"
        ),
    ),
    failing=(
        FailingAccount(
            name="office",
            problem="pop.isp.example:995 does not answer",
            failures=9,
            is_stopped=False,
            succeeded_at=NOON - 2 * DAY,
        ),
    ),
    held=4215,
    held_octets=4_500_000_000,
)
GOLDEN = """\
Seawall collects this site's mail from POP3 boxes and puts aside what looks like
part of a mail storm. This is its report to you, the postmaster; nobody else gets it,
and nothing was sent to any sender.

From 2027-01-14 12:00 UTC to 2027-01-15 12:00 UTC.

ACCOUNTS THAT ARE NOT COLLECTED

sales: stopped since 2027-01-15 11:00 UTC: 20 mails of Seawall's own came back within a day
  Its mail waits at the provider. Once the cause is gone, go on with:
  seawall resume sales
office: failed 9 times in a row; last collected: 2027-01-13 12:00 UTC
  pop.isp.example:995 does not answer

SET ASIDE

    4,209  storm: copies of one mail beyond the threshold
        3  bounce-flood: bounces about mail that was not sent from here, or too many of them
        2  replicated: copies that a machine made of a mail that was delivered
        1  no-envelope: mails that do not tell whom they are for

See each with: seawall held list

STORMS

Storm 7: 4,211 copies
  from:    "Boss <boss@example.net>"
  subject: "Quarterly figures"
  first:   2027-01-15 10:00 UTC
  last:    2027-01-15 11:59 UTC
  why:     4,211 copies of one mail from 3 places within a day
  breaker: open since 2027-01-15 10:03 UTC: further copies are set aside; it closes by itself when they stop
  to deliver its copies from now on: seawall resume --storm 7
  to deliver what was set aside:     seawall held release --storm 7
  to erase what was set aside:       seawall held drop --storm 7 --yes

ANSWERS TO ALL

Storm 8: 12 copies
  from:    "Boss <boss@example.net>"
  subject: "Re: cake"
  first:   2027-01-15 10:00 UTC
  last:    2027-01-15 11:59 UTC
  why:     4,211 copies of one mail from 3 places within a day
  breaker: closed since 2027-01-15 11:59 UTC
  to deliver what was set aside:     seawall held release --storm 8
  to erase what was set aside:       seawall held drop --storm 8 --yes

BOUNCES SET ASIDE: WHO BOUNCED, AND WHY

        2  bob@example.net: 5.2.2 mailbox full
        1  carol@example.net: 5.1.1 no such user

HELD

4,215 mails held now, 4,500,000,000 octets: 90% of the 5,000,000,000 that it may take.
When it is full nothing more is collected, and mail waits at the provider. Make room:
release or drop what is held.
Nothing leaves it but by a person: seawall held release NUMBER, seawall held drop NUMBER --yes
"""


def made(news: News, postmaster: Address = POSTMASTER) -> bytes:
    return digest_mail(news, postmaster=postmaster, message_id="3.digest@example.org", held_max=HELD_MAX)


def test_the_text_is_for_a_person_who_never_saw_seawall() -> None:
    assert text(BUSY, HELD_MAX) == GOLDEN


def test_the_subject_says_it_all() -> None:
    assert subject(BUSY) == (
        "Seawall: 2 storms, 4,211 copies, 1 other mail set aside, 3 bounces, 1 account stopped, 1 account failing"
    )
    one = replace(QUIET, storms=(STORM,), set_aside={"storm": 4211, "bounce-flood": 3})
    assert subject(one) == "Seawall: 1 storm, 4,211 copies set aside, 3 bounces"
    assert subject(replace(QUIET, set_aside={"rejected": 1})) == "Seawall: 1 mail set aside"
    assert subject(replace(QUIET, set_aside={"bounce-of-bounce": 2})) == "Seawall: 2 bounces set aside"
    assert subject(replace(QUIET, held=9, held_octets=HELD_MAX)) == "Seawall: Held is nearly full"


def test_the_mail_is_from_and_to_the_postmaster_alone_and_answers_nothing() -> None:
    head, _, body = made(BUSY).partition(b"\r\n\r\n")
    assert head.decode("ascii").replace("\r\n ", " ").split("\r\n") == [
        "From: Seawall <postmaster@example.org>",
        "To: postmaster@example.org",
        f"Subject: {subject(BUSY)}",
        "Date: Fri, 15 Jan 2027 12:00:00 +0000",
        "Message-ID: <3.digest@example.org>",
        "Auto-Submitted: auto-generated",
        'Content-Type: text/plain; charset="utf-8"',
        "Content-Transfer-Encoding: 7bit",
        "MIME-Version: 1.0",
    ]
    assert body.decode("ascii") == GOLDEN.replace("\n", "\r\n")


def test_nothing_to_tell_is_no_digest() -> None:
    assert not has_something(QUIET, HELD_MAX)
    assert not has_something(replace(QUIET, held=3, held_octets=1000), HELD_MAX)
    assert has_something(replace(QUIET, held=3, held_octets=HELD_MAX), HELD_MAX)
    assert has_something(replace(QUIET, storms=(STORM,)), HELD_MAX)


def test_a_long_list_is_cut_and_says_so() -> None:
    many = replace(QUIET, storms=tuple(replace(STORM, storm_id=number) for number in range(50)))
    said = text(many, HELD_MAX)
    assert said.count("\nStorm ") == MOST_SHOWN
    assert "and 30 more: seawall status" in said


def test_a_mails_own_words_make_no_line_and_no_field_of_their_own() -> None:
    hostile = "Hi\r\nBcc: victim@elsewhere.example\r\n\r\n\x1b[2J\u202egnp.exe\x00\ud800" + "x" * 10_000
    evil = replace(STORM, subject=hostile, sender=hostile, sentence=hostile)
    news = replace(BUSY, storms=(evil,), bounces=((hostile, 1),))
    raw = made(news)
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"Bcc" not in head
    assert b"victim" not in head
    shown = quopri.decodestring(body).decode()
    assert r'"Hi\r\nBcc: victim@elsewhere.example\r\n\r\n\x1b[2J\u202egnp.exe\x00\ud800xxx' in shown
    assert not re.search(r"^(Bcc|\s*victim)", shown, re.MULTILINE)


def test_words_of_every_language_are_readable() -> None:
    raw = made(replace(BUSY, storms=(replace(STORM, subject="Grüße, 月次報告"),)))
    assert raw.isascii()
    parsed = message_from_bytes(raw, policy=SMTP)  # the reader's view
    assert '"Grüße, 月次報告"' in parsed.get_content()


def test_a_postmaster_outside_ascii_is_written_as_utf_8() -> None:
    raw = made(BUSY, Address.parse("pöst@example.org"))
    assert "\r\nTo: pöst@example.org\r\n".encode() in raw


words = st.text(st.characters(codec=None), max_size=200)


@given(words, words, words, st.floats(allow_nan=True), st.integers(0, 10**15))
def test_any_words_and_any_moment_give_a_mail_of_bounded_lines(
    sender: str, title: str, line: str, at: float, copies: int
) -> None:
    storm = replace(STORM, sender=sender, subject=title, sentence=line, last_at=at, copies=copies)
    broken = BrokenAccount(name="office", broken_at=at, broken_for=line)
    news = replace(
        BUSY,
        storms=(storm, replace(storm, kind="reply-all")),
        broken=(broken,),
        bounces=((line, 1),),
        set_aside={reason.value: copies for reason in Reason},
    )
    raw = made(news)
    assert all(len(one) < 998 for one in raw.split(b"\r\n"))
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    head = raw.partition(b"\r\n\r\n")[0]
    assert re.findall(rb"^([A-Za-z-]+):", head, re.MULTILINE) == [
        b"From",
        b"To",
        b"Subject",
        b"Date",
        b"Message-ID",
        b"Auto-Submitted",
        b"Content-Type",
        b"Content-Transfer-Encoding",
        b"MIME-Version",
    ]
