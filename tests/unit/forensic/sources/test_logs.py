"""A mail server's log, of each format, gives a row for each mail that the server took."""

import os
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seawall.facts import maillog_entries
from seawall.facts.maillog import Attempted
from seawall.facts.maillog_postfix import PostfixReader
from seawall.forensic.sources.logs import MAX_LINE, log_lines, looks_like_log, read_log, year_of_first
from seawall.forensic.table import record_batch
from seawall.model.row import Row

CORPUS = Path(__file__).parents[5] / "shared" / "corpus" / "log-postfix-grok" / "logs"
with_corpus = pytest.mark.skipif(
    not CORPUS.exists(), reason="the corpus of real mail is not beside this checkout"
)


def moment(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp()  # type: ignore[misc,arg-type]


def rows(log: bytes, year: int | None = 2026) -> list[Row]:
    return [row for _, row in read_log(iter(log.splitlines(keepends=True)), "mail.log", year)]


POSTFIX = b"""\
Jan  2 03:04:05 mx postfix/smtpd[11]: connect from out.sender.example[192.0.2.7]
Jan  2 03:04:05 mx postfix/smtpd[11]: 4BCDEF0: client=out.sender.example[192.0.2.7]
Jan  2 03:04:05 mx postfix/cleanup[12]: 4BCDEF0: message-id=<one@sender.example>
Jan  2 03:04:05 mx postfix/qmgr[13]: 4BCDEF0: from=<Ann@Sender.example>, size=1234, nrcpt=2 (queue active)
Jan  2 03:04:06 mx postfix/smtpd[11]: disconnect from out.sender.example[192.0.2.7] ehlo=1 mail=1 rcpt=2 data=1 quit=1 commands=6
Jan  2 03:04:06 mx postfix/lmtp[14]: 4BCDEF0: to=<bob@here.example>, orig_to=<all@here.example>, relay=127.0.0.1[127.0.0.1]:24, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status=sent (250 2.0.0 <bob@here.example> Saved)
Jan  2 03:04:06 mx postfix/lmtp[14]: 4BCDEF0: to=<full@here.example>, relay=127.0.0.1[127.0.0.1]:24, delay=0.1, delays=0/0/0/0.1, dsn=5.2.2, status=bounced (host 127.0.0.1[127.0.0.1] said: 552 5.2.2 <full@here.example> Quota exceeded (mailbox full))
Jan  2 03:04:06 mx postfix/cleanup[12]: 5BCDEF0: message-id=<20260102030406.5BCDEF0@mx.here.example>
Jan  2 03:04:06 mx postfix/bounce[15]: 4BCDEF0: sender non-delivery notification: 5BCDEF0
Jan  2 03:04:06 mx postfix/qmgr[13]: 5BCDEF0: from=<>, size=3456, nrcpt=1 (queue active)
Jan  2 03:04:06 mx postfix/qmgr[13]: 4BCDEF0: removed
Jan  2 03:04:07 mx postfix/smtp[16]: 5BCDEF0: to=<ann@sender.example>, relay=mx.sender.example[192.0.2.8]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)
Jan  2 03:04:07 mx postfix/qmgr[13]: 5BCDEF0: removed
"""


def test_a_postfix_entry_is_a_row_with_what_its_lines_say() -> None:
    mail, bounce = rows(POSTFIX)
    assert (mail.message_id, mail.return_path, mail.size) == (
        "one@sender.example",
        "ann@sender.example",
        1234,
    )
    assert mail.recipients == ("all@here.example", "full@here.example")
    assert mail.envelope_to == ("bob@here.example", "full@here.example")
    assert mail.date == moment(2026, 1, 2, 3, 4, 5)
    assert mail.content_id is None
    assert mail.exact_id is None
    assert mail.report is None
    assert mail.defects == ()
    (hop,) = mail.hops
    assert (hop.rdns, hop.from_ip, hop.by, hop.queue_id) == (
        "out.sender.example",
        "192.0.2.7",
        "mx",
        "4BCDEF0",
    )
    assert hop.text == POSTFIX.splitlines()[1].decode()
    assert hop.defects == ("no-zone",)
    assert (bounce.return_path, bounce.recipients) == ("", ("ann@sender.example",))


def test_the_servers_own_bounce_is_a_report_about_the_mail_that_failed() -> None:
    report = rows(POSTFIX)[1].report
    assert report is not None
    assert (report.action, report.status, report.cause) == ("failed", "5.2.2", "mailbox full")
    assert report.recipients == ("full@here.example",)
    assert report.reporter == "mx"
    assert report.original_message_id == "one@sender.example"
    assert report.original_from == "ann@sender.example"
    assert not report.is_about_bounce


@pytest.mark.parametrize(
    "frame",
    [
        "2026-01-02T03:04:05+00:00 mx postfix/{service}[11]: ",
        "2026-01-02T03:04:05.000000Z mx postfix-in/submission/{service}[11]: ",
        "<22>Jan  2 03:04:05 mx postfix/{service}[11]: ",
        "<22>1 2026-01-02T03:04:05.000Z mx postfix/{service} 11 - - ",
        "Jan  2 03:04:05 mx postfix/{service}[11]: [ID 197553 mail.info] ",
        "Jan  2 03:04:05 mx mail/{service}[11]: ",
    ],
)
def test_a_postfix_log_is_read_in_each_frame(frame: str) -> None:
    log = "".join(
        frame.format(service=service) + said + "\n"
        for service, said in (
            ("smtpd", "ABCDEF1: client=unknown[2001:db8::7]"),
            ("cleanup", "ABCDEF1: message-id=<x@y.example>"),
            ("qmgr", "ABCDEF1: from=<a@b.example>, size=10, nrcpt=1 (queue active)"),
            ("qmgr", "ABCDEF1: removed"),
        )
    ).encode()
    assert looks_like_log(log)
    (row,) = rows(log)
    assert (row.message_id, row.date) == ("x@y.example", moment(2026, 1, 2, 3, 4, 5))
    assert (row.hops[0].rdns, row.hops[0].from_ip, row.hops[0].by) == ("", "2001:db8::7", "mx")


def test_what_a_content_filter_hands_back_is_one_mail_with_both_hops() -> None:
    (row,) = rows(b"""\
Jan  2 03:04:05 mx postfix/smtpd[1]: AAAAAA1: client=out.sender.example[192.0.2.7]
Jan  2 03:04:05 mx postfix/cleanup[1]: AAAAAA1: message-id=<one@sender.example>
Jan  2 03:04:05 mx postfix/qmgr[1]: AAAAAA1: from=<ann@sender.example>, size=1234, nrcpt=1 (queue active)
Jan  2 03:04:06 mx postfix/smtpd[1]: BBBBBB1: client=localhost[127.0.0.1], orig_queue_id=AAAAAA1, orig_client=out.sender.example[192.0.2.7]
Jan  2 03:04:06 mx postfix/cleanup[1]: BBBBBB1: message-id=<one@sender.example>
Jan  2 03:04:06 mx postfix/qmgr[1]: BBBBBB1: from=<ann@sender.example>, size=1300, nrcpt=1 (queue active)
Jan  2 03:04:06 mx postfix/virtual[1]: BBBBBB1: to=<bob@here.example>, relay=virtual, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)
Jan  2 03:04:06 mx postfix/qmgr[1]: BBBBBB1: removed
Jan  2 03:04:07 mx postfix/smtp[1]: AAAAAA1: to=<bob@here.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=2, delays=0/0/0/2, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as BBBBBB1)
Jan  2 03:04:07 mx postfix/qmgr[1]: AAAAAA1: removed
""")
    assert [hop.queue_id for hop in row.hops] == ["AAAAAA1", "BBBBBB1"]
    assert row.hops[1].parent_id == row.hops[0].prefix_id != 0
    assert row.hops[0].parent_id == 0


FILTERED = """\
Jan  2 03:04:05 mx postfix/smtpd[1]: AAAAAA1: client=out.sender.example[192.0.2.7]
Jan  2 03:04:05 mx postfix/cleanup[1]: AAAAAA1: message-id=<one@sender.example>
Jan  2 03:04:05 mx postfix/qmgr[1]: AAAAAA1: from=<ann@sender.example>, size=1234, nrcpt=1 (queue active)
Jan  2 03:04:06 mx postfix/smtpd[2]: BBBBBB1: client=localhost[127.0.0.1]
Jan  2 03:04:06 mx postfix/cleanup[1]: BBBBBB1: message-id=<one@sender.example>
Jan  2 03:04:06 mx postfix/qmgr[1]: BBBBBB1: from=<ann@sender.example>, size=1300, nrcpt=1 (queue active)
Jan  2 03:04:06 mx postfix/virtual[1]: BBBBBB1: to=<bob@here.example>, relay=virtual, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)
Jan  2 03:04:06 mx postfix/qmgr[1]: BBBBBB1: removed
Jan  2 03:04:07 mx postfix/smtp[1]: AAAAAA1: to=<bob@here.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=2, delays=0/0/0/2, dsn=2.0.0, status=sent ({})
Jan  2 03:04:07 mx postfix/qmgr[1]: AAAAAA1: removed
"""
ANSWERS = (
    "250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as BBBBBB1",
    "250 2.0.0 Ok: queued as BBBBBB1",
    "250 2.0.0 Ok, id=77-01, from MTA([127.0.0.1]:10025): 250 2.0.0 Ok: queued as BBBBBB1",
)


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_filters_answer_below_the_end_of_what_it_handed_back_makes_one_mail_of_both(answer: str) -> None:
    (row,) = rows(FILTERED.format(answer).encode())
    assert [hop.from_ip for hop in row.hops] == ["192.0.2.7", "127.0.0.1"]
    assert row.hops[1].parent_id == row.hops[0].prefix_id != 0
    assert row.defects == ()


def test_a_mail_that_its_filter_took_at_the_second_attempt_is_one_mail() -> None:
    lines = FILTERED.format(ANSWERS[0]).splitlines()
    deferred = lines[8].replace("status=sent", "status=deferred").replace("03:04:07", "03:04:05")
    (row,) = rows("\n".join((*lines[:3], deferred, *lines[3:])).encode())
    assert len(row.hops) == 2


def test_an_id_of_another_queue_that_is_in_use_here_for_another_mail_joins_nothing() -> None:
    log = FILTERED.format(ANSWERS[0]).replace("BBBBBB1: message-id=<one@", "BBBBBB1: message-id=<two@")
    assert [len(row.hops) for row in rows(log.encode())] == [1, 1]


def test_a_mail_that_went_through_two_hosts_of_one_log_is_one_mail() -> None:
    lines = FILTERED.format(ANSWERS[1]).replace("127.0.0.1[127.0.0.1]:10024", "in.here.example[10.0.0.2]:25")
    log = "".join(
        line.replace(" mx ", " store ") if " BBBBBB1: " in line else line
        for line in lines.replace("localhost[127.0.0.1]", "mx[10.0.0.1]").splitlines(keepends=True)
    )
    (row,) = rows(log.encode())
    assert [(hop.from_ip, hop.by) for hop in row.hops] == [("192.0.2.7", "mx"), ("10.0.0.1", "store")]


def test_what_ended_waits_for_a_while_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maillog_entries, "MAX_ENDED", 2)
    lines = FILTERED.format(ANSWERS[0]).encode().splitlines(keepends=True)
    others = [POSTFIX.replace(b"BCDEF0", b"BCDEF%d" % number) for number in range(1, 4)]
    assert len(rows(b"".join((*lines[:8], *others, *lines[8:])))) == 2 + 6


def test_an_id_that_is_used_again_soon_is_another_mail() -> None:
    found = rows(POSTFIX + POSTFIX.replace(b"one@sender", b"two@sender"))
    assert [row.message_id for row in found if row.report is None] == [
        "one@sender.example",
        "two@sender.example",
    ]
    assert [row.report.original_message_id for row in found if row.report] == [
        "one@sender.example",
        "two@sender.example",
    ]


def test_a_bounce_whose_cause_is_logged_below_its_end_keeps_original_and_status() -> None:
    lines = POSTFIX.splitlines(keepends=True)
    (about,) = [line for line in lines if b"notification" in line]
    lines.remove(about)
    (found,) = [row for row in rows(b"".join((*lines, about))) if row.report]
    assert found.report is not None
    assert found.defects == ()
    assert (found.report.action, found.report.status) == ("failed", "5.2.2")
    assert (found.report.original_message_id, found.report.recipients) == (
        "one@sender.example",
        ("full@here.example",),
    )


def test_what_an_alias_forwards_is_one_mail_with_both_hops() -> None:
    (row,) = rows(b"""\
Jan  2 03:04:05 mx postfix/pickup[1]: AAAAAA1: uid=0 from=<root>
Jan  2 03:04:05 mx postfix/cleanup[1]: AAAAAA1: message-id=<one@mx.example>
Jan  2 03:04:05 mx postfix/qmgr[1]: AAAAAA1: from=<root@mx.example>, size=1234, nrcpt=1 (queue active)
Jan  2 03:04:06 mx postfix/cleanup[1]: BBBBBB1: message-id=<one@mx.example>
Jan  2 03:04:06 mx postfix/local[1]: AAAAAA1: to=<root@mx.example>, relay=local, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (forwarded as BBBBBB1)
Jan  2 03:04:06 mx postfix/qmgr[1]: BBBBBB1: from=<root@mx.example>, size=1300, nrcpt=1 (queue active)
Jan  2 03:04:06 mx postfix/qmgr[1]: AAAAAA1: removed
Jan  2 03:04:07 mx postfix/smtp[1]: BBBBBB1: to=<a@b.example>, relay=b.example[192.0.2.1]:25, delay=2, delays=0/0/0/2, dsn=2.0.0, status=sent (250 ok)
Jan  2 03:04:07 mx postfix/qmgr[1]: BBBBBB1: removed
""")
    assert [hop.protocol for hop in row.hops] == ["local", ""]
    assert row.envelope_to == ("a@b.example",)
    assert row.defects == ()


def test_what_was_refused_or_never_finished_is_no_mail() -> None:
    assert not rows(b"""\
Jan  2 03:04:05 mx postfix/smtpd[1]: AAAAAA1: client=x.example[192.0.2.7]
Jan  2 03:04:05 mx postfix/smtpd[1]: BBBBBB1: client=x.example[192.0.2.7]
Jan  2 03:04:05 mx postfix/cleanup[1]: BBBBBB1: message-id=<one@x.example>
Jan  2 03:04:05 mx postfix/cleanup[1]: BBBBBB1: milter-reject: END-OF-MESSAGE from x.example[192.0.2.7]: 5.7.1 no; from=<a@x.example>
Jan  2 03:04:05 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from x.example[192.0.2.7]: 550 5.1.1 <b@y.example>: no
""")


def test_a_delay_notice_is_no_report_of_a_failure() -> None:
    log = POSTFIX.replace(b"sender non-delivery notification", b"sender delay notification")
    assert [row.report for row in rows(log)] == [None, None]


def test_a_mail_with_the_null_reverse_path_from_elsewhere_is_a_report_that_says_no_more() -> None:
    (row,) = rows(POSTFIX.replace(b"<Ann@Sender.example>", b"<>"))[:1]
    assert row.report is not None
    assert (row.report.action, row.report.reporter) == ("", "out.sender.example")


def test_a_bounce_of_a_bounce_is_told() -> None:
    report = rows(POSTFIX.replace(b"<Ann@Sender.example>", b"<>"))[1].report
    assert report is not None
    assert report.is_about_bounce


def test_where_the_log_is_cut_is_told() -> None:
    lines = POSTFIX.splitlines(keepends=True)
    assert rows(b"".join(lines[3:]))[0].defects == ("log-begins-inside",)
    assert [row.message_id for row in rows(b"".join(lines[:4]))] == ["one@sender.example"]
    assert rows(POSTFIX, None)[0].defects == ("no-moment",)
    first, second = rows(b"".join((*lines[:4], *lines[:4])))
    assert (first.defects, second.defects) == (("log-has-a-gap",), ())


EXIM = b"""\
2026-01-02 03:04:05 exim 4.96 daemon started: pid=7, -q30m, listening for SMTP on port 25
2026-01-02 03:04:05 [77] 1rK8aB-0001Cd-2e <= ann@sender.example H=out.sender.example (ehlo.sender.example) [192.0.2.7]:41234 I=[192.0.2.1]:25 P=esmtps X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no S=1234 id=one@sender.example T="What is H=evil [203.0.113.9] S=9 \\"now\\"" from <ann@sender.example> for bob@here.example all@here.example
2026-01-02 03:04:06 [77] 1rK8aB-0001Cd-2e => bob <bob@here.example> R=local_user T=maildir_home S=1300
2026-01-02 03:04:06 [77] 1rK8aB-0001Cd-2e -> carl@there.example <all@here.example> R=dnslookup T=remote_smtp H=mx.there.example [192.0.2.9] C="250 OK"
2026-01-02 03:04:06 [77] 1rK8aB-0001Cd-2e ** full@there.example <all@here.example> R=dnslookup T=remote_smtp H=mx.there.example [192.0.2.9]: SMTP error from remote mail server after RCPT TO:<full@there.example>: 552 5.2.2 mailbox full
2026-01-02 03:04:06 [78] 1rK8aC-0001Ce-3f <= <> R=1rK8aB-0001Cd-2e U=Debian-exim P=local S=3456 for ann@sender.example
2026-01-02 03:04:06 [77] 1rK8aB-0001Cd-2e Completed
2026-01-02 03:04:07 [78] 1rK8aC-0001Ce-3f == ann@sender.example R=dnslookup T=remote_smtp defer (111): Connection refused
2026-01-02 03:05:07 [78] 1rK8aC-0001Ce-3f => ann@sender.example R=dnslookup T=remote_smtp H=mx.sender.example [192.0.2.8] C="250 ok"
2026-01-02 03:05:07 [78] 1rK8aC-0001Ce-3f Completed
"""


def test_an_exim_entry_is_a_row_and_a_subject_is_no_field() -> None:
    assert looks_like_log(EXIM)
    mail, bounce = rows(EXIM, None)
    assert (mail.message_id, mail.return_path, mail.size) == (
        "one@sender.example",
        "ann@sender.example",
        1234,
    )
    assert mail.recipients == ("bob@here.example", "all@here.example")
    assert mail.envelope_to == ("bob@here.example", "carl@there.example", "full@there.example")
    (hop,) = mail.hops
    assert (hop.rdns, hop.helo, hop.from_ip) == ("out.sender.example", "ehlo.sender.example", "192.0.2.7")
    assert (hop.protocol, hop.queue_id) == ("esmtps", "1rK8aB-0001Cd-2e")
    assert mail.date == moment(2026, 1, 2, 3, 4, 5)
    assert bounce.report is not None
    assert (bounce.report.status, bounce.report.cause) == ("5.2.2", "mailbox full")
    assert bounce.report.original_message_id == "one@sender.example"
    assert bounce.report.recipients == ("all@here.example",)


@pytest.mark.parametrize(
    ("log", "host"),
    [
        (
            b"2026-01-02 04:04:05.123 +0100 1rK8aB-00000001Cde-2e4f <= a@b.example H=[192.0.2.7] P=smtp S=9 id=x@b.example\n",
            "",
        ),
        (
            b"Jan  2 03:04:05 mx exim[9]: 1rK8aB-0001Cd-2e <= a@b.example H=([192.0.2.7]) [192.0.2.7] P=smtp S=9 id=x@b.example\n",
            "mx",
        ),
        (
            b"2026-01-02T03:04:05+00:00 mx exim4[9]: 2026-01-02 03:04:05 1rK8aB-0001Cd-2e <= a@b.example H=(x) [192.0.2.7] P=smtp S=9 id=x@b.example\n",
            "mx",
        ),
        (
            b"2026-01-02 03:04:05 1rK8aB-0001Cd-2e <= a@b.example U=root P=local S=9 id=E1rK8aB-0001Cd-2e@mx.here.example\n",
            "mx.here.example",
        ),
    ],
)
def test_an_exim_log_is_read_with_zone_long_id_and_syslog_frame(log: bytes, host: str) -> None:
    assert looks_like_log(log)
    (row,) = rows(log)
    assert row.date == pytest.approx(moment(2026, 1, 2, 3, 4, 5), abs=0.2)
    assert row.hops[0].by == host
    assert (row.size, row.return_path) == (9, "a@b.example")


EXCHANGE = b"""\
\xef\xbb\xbf#Software: Microsoft Exchange Server\r
#Version: 15.01.2507.006\r
#Log-type: Message Tracking Log\r
#Date: 2026-01-02T00:00:00.000Z\r
#Fields: date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,event-id,internal-message-id,message-id,network-message-id,recipient-address,recipient-status,total-bytes,recipient-count,related-recipient-address,reference,message-subject,sender-address,return-path,message-info\r
2026-01-02T03:04:05.000Z,192.0.2.7,out.sender.example,10.0.0.1,EX1,08D;2026,EX1\\Default EX1,SMTP,RECEIVE,101,<one@sender.example>,,bob@here.example;all@here.example,,1234,2,,,"Hello, all",ann@sender.example,ann@sender.example,0I\r
2026-01-02T03:04:05.100Z,,,,EX1,,,ROUTING,EXPAND,101,<one@sender.example>,,carl@here.example;full@here.example,,1234,2,all@here.example,,"Hello, all",ann@sender.example,ann@sender.example,\r
2026-01-02T03:04:06.000Z,,,,EX1,,,STOREDRIVER,DELIVER,101,<one@sender.example>,,bob@here.example;carl@here.example,;,1234,2,,,"Hello, all",ann@sender.example,ann@sender.example,\r
2026-01-02T03:04:06.000Z,,,,EX1,,,ROUTING,FAIL,101,<one@sender.example>,,full@here.example,550 5.2.2 mailbox full,1234,1,,,"Hello, all",ann@sender.example,ann@sender.example,\r
2026-01-02T03:04:06.500Z,,EX1,,EX1,,,DSN,DSN,102,<dsn-1@here.example>,,ann@sender.example,,3456,1,,<one@sender.example>,Undeliverable: Hello,postmaster@here.example,<>,\r
"""


def test_an_exchange_entry_is_a_row_and_a_group_is_expanded() -> None:
    assert looks_like_log(EXCHANGE)
    mail, bounce = rows(EXCHANGE, None)
    assert (mail.message_id, mail.return_path, mail.size) == (
        "one@sender.example",
        "ann@sender.example",
        1234,
    )
    assert mail.recipients[:2] == ("bob@here.example", "all@here.example")
    assert set(mail.envelope_to) == {"carl@here.example", "full@here.example", "bob@here.example"}
    assert (mail.subject, mail.from_address, mail.sender_domain) == (
        "Hello, all",
        "ann@sender.example",
        "sender.example",
    )
    (hop,) = mail.hops
    assert (hop.rdns, hop.from_ip, hop.by, hop.protocol) == ("out.sender.example", "192.0.2.7", "ex1", "smtp")
    assert mail.date == moment(2026, 1, 2, 3, 4, 5)
    assert bounce.report is not None
    assert (bounce.report.status, bounce.report.original_message_id) == ("5.2.2", "one@sender.example")


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"From a@b Thu Jan  1 00:00:00 2026\nSubject: x\n\n",
        b"Received: from a by b\nSubject: Jan  2 03:04:05 mx postfix/smtpd[1]: x\n\n",
        b"Jan  2 03:04:05 host sshd[1]: Accepted publickey for root\n",
        b"#!/bin/sh\necho message-id\n",
        b"{}",
    ],
)
def test_what_is_no_mail_log_does_not_look_like_one(head: bytes) -> None:
    assert not looks_like_log(head)


def test_a_syslog_of_many_programs_looks_like_a_log() -> None:
    assert looks_like_log(b"Jan  2 03:04:05 mx dovecot: imap-login: Login\n" * 20 + POSTFIX)


@with_corpus
def test_real_postfix_lines_are_read_and_none_is_misread() -> None:
    lines = []
    for entry in (CORPUS / "postfix-test-lines.tsv").read_text(encoding="utf-8").splitlines():
        name, _, said = entry.partition("\t")
        service = name.rpartition("_")[0].replace("_", "-")
        lines.append(f"Oct 26 18:13:50 mx postfix/{service}[99]: {said}\n".encode())
    assert looks_like_log(b"".join(lines))
    found = rows(b"".join(lines), 2014)
    by_entry = {(row.hops[-1].queue_id, row.message_id): row for row in found}
    # The file is in the order of the services, so qmgr's "removed" stands before its "from=".
    mail = by_entry["0F5383D", "544D2523.30609@rhsoft.net"]
    assert (mail.recipients, mail.return_path) == (("tom@example.com",), "owner-postfix-users@postfix.org")
    assert by_entry["2A22C263F6", ""].recipients == ("root@localhost",)
    assert by_entry["4E74613FE76", ""].envelope_to == ("redacted@gmail.com",)
    assert not {"NOQUEUE", "warning"} & {entry for entry, _ in by_entry}
    attempts = [line for line in lines if b" to=" in line and b"relay=" in line]
    assert len(attempts) == 22
    reader = PostfixReader(2014)
    for line in attempts:
        assert [type(found) for found in reader.read(line)] == [Attempted]


@with_corpus
def test_a_real_exchange_log_is_known_and_its_lines_of_no_mail_give_none() -> None:
    log = (CORPUS / "exchange2010-messagetracking-from-elastic-beats.log").read_bytes()
    assert looks_like_log(log)
    assert rows(log) == []


def test_the_year_is_that_of_the_files_last_writing_or_the_one_before(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_bytes(POSTFIX)
    written = moment(2024, 3, 1)
    os.utime(log, (written, written))
    with log.open("rb") as file:
        assert next(read_log(log_lines(file), str(log)))[1].date == moment(2024, 1, 2, 3, 4, 5)
    assert year_of_first(12, 30, moment(2024, 1, 2)) == 2023
    assert year_of_first(1, 3, moment(2024, 1, 2)) == 2024


def test_a_row_tells_the_line_and_the_octet_where_its_entry_begins() -> None:
    (place, _), (later, _) = read_log(iter(POSTFIX.splitlines(keepends=True)), "mail.log", 2026)
    assert (place.source, place.place) == ("mail.log", 1)
    assert POSTFIX[place.offset :].startswith(b"Jan  2 03:04:05 mx postfix/smtpd[11]: 4BCDEF0: client=")
    assert POSTFIX[later.offset :].startswith(b"Jan  2 03:04:06 mx postfix/cleanup[12]: 5BCDEF0: message-id=")
    assert place.received_at == moment(2026, 1, 2, 3, 4, 5)


def test_the_rest_of_a_line_that_is_too_long_is_not_taken_for_a_line(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_bytes(b"x" * MAX_LINE + POSTFIX.replace(b"\n", b" ") + b"\n" + POSTFIX)
    with log.open("rb") as file:
        assert len(list(read_log(log_lines(file), str(log), 2026))) == 2


def test_of_too_many_open_entries_the_oldest_is_told_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maillog_entries, "MAX_OPEN", 3)
    log = b"".join(
        b"Jan  2 03:04:05 mx postfix/qmgr[1]: AAAAAA%d: from=<a@b.example>, size=1, nrcpt=1 (queue active)\n"
        % number
        for number in range(5)
    )
    told = rows(log)
    assert ["told-before-its-end" in row.defects for row in told] == [True, True, False, False, False]


def test_addresses_without_end_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maillog_entries, "MAX_HELD", 50)
    log = b"".join(
        b"Jan  2 03:04:05 mx postfix/smtp[1]: AAAAA%02d: to=<a%d@b.example>, relay=x[192.0.2.1]:25, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (ok)\n"
        % (number // 10, number)
        for number in range(200)
    )
    told = rows(log)
    assert sum("told-before-its-end" in row.defects for row in told) > 10
    assert sum(len(row.recipients) for row in told) == 200


@given(
    st.lists(
        st.sampled_from([*POSTFIX.splitlines(), *EXIM.splitlines(), *EXCHANGE.splitlines()])
        | st.binary(max_size=80),
        max_size=30,
    ),
    st.integers(0, 200),
)
@example(POSTFIX.splitlines(), 120)
def test_a_hostile_log_gives_rows_that_fit_the_table_or_none(lines: list[bytes], cut: int) -> None:
    log = b"\n".join(lines)
    for text in (log, log[cut:], log.replace(b": ", b" \x00:", cut), log[: -cut or None]):
        found = list(islice(read_log(iter(text.splitlines(keepends=True)), "log", 2026), 100))
        record_batch([place for place, _ in found], [row for _, row in found])
