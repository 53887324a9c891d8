"""What a real Postfix logs about its mails is read back from its log."""

import smtplib
from pathlib import Path

import pytest

from seawall.forensic.gather import gather
from seawall.forensic.sources.logs import looks_like_log, read_log
from seawall.forensic.trace import Order, trace
from servers.postfix import Postfix

pytestmark = pytest.mark.server

ALICE = "alice@example.org"
BOB = "bob@example.org"
SENDER = "sender@outside.test"
MAIL = "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nFrom: x@a.test\r\nMessage-ID: <{}@a.test>\r\n\r\nBody\r\n"


def test_the_log_of_a_real_postfix_tells_its_mails_and_its_bounces(postfix: type[Postfix]) -> None:
    with postfix(local=["alice", "bob"]) as server:
        with smtplib.SMTP(server.host, server.smtp_port, timeout=10) as client:
            client.sendmail(SENDER, [ALICE, "bob@example.org"], MAIL.format("both"))
            client.sendmail(SENDER, ["Alice+tag@example.org"], MAIL.format("one"))
            # local(8) bounces what was delivered to its recipient before.
            client.sendmail(SENDER, [ALICE], f"Delivered-To: {ALICE}\r\n" + MAIL.format("loops"))
        server.settle()
        log = server.log().encode()
    assert looks_like_log(log)
    rows = {row.message_id: row for _, row in read_log(iter(log.splitlines(keepends=True)), "mail.log", 2026)}
    assert len(rows) == 4
    assert set(rows["both@a.test"].recipients) == {ALICE, "bob@example.org"}
    assert rows["one@a.test"].recipients == ("alice+tag@example.org",)
    for name in ("both", "one", "loops"):
        row = rows[f"{name}@a.test"]
        assert (row.return_path, row.hops[0].from_ip, row.report) == (SENDER, "127.0.0.1", None)
        assert row.size > len(MAIL)
        assert row.date is not None
        assert row.defects == ()
    (bounce,) = [row for row in rows.values() if row.report]
    assert bounce.report is not None
    assert (bounce.return_path, bounce.recipients) == ("", (SENDER,))
    assert (bounce.report.status, bounce.report.cause) == ("5.4.6", "loop")
    assert (bounce.report.original_message_id, bounce.report.recipients) == ("loops@a.test", (ALICE,))


@pytest.mark.parametrize("fails", [False, True])
def test_the_log_of_a_real_postfix_tells_each_mail_once_and_each_failure_as_one_bounce(
    postfix: type[Postfix], fails: bool
) -> None:
    with postfix(virtual=[ALICE, BOB], fails_later=fails) as server:
        with smtplib.SMTP(server.host, server.smtp_port, timeout=10) as client:
            client.sendmail(SENDER, [ALICE, BOB], MAIL.format("both"))
            client.sendmail(SENDER, [BOB], MAIL.format("one"))
        server.settle()
        log = server.log().encode()
    rows = [row for _, row in read_log(iter(log.splitlines(keepends=True)), "mail.log", 2026)]
    assert all(row.defects == () for row in rows)
    mails = {row.message_id: row for row in rows if row.report is None}
    assert mails.keys() == {"both@a.test", "one@a.test"}
    assert set(mails["both@a.test"].envelope_to) == {ALICE, BOB}
    assert mails["both@a.test"].recipient_count == 2
    [hop] = mails["one@a.test"].hops
    assert (hop.from_ip, hop.by) == ("127.0.0.1", "mx")
    assert f"{hop.queue_id}: client=" in hop.text
    told = [row.report for row in rows if row.report is not None]
    assert {one.original_message_id for one in told} == (mails.keys() if fails else set())
    assert len(told) == (2 if fails else 0)
    assert {(one.cause, one.original_from, one.action) for one in told} <= {
        ("user unknown", SENDER, "failed")
    }


def test_one_mail_that_is_handed_in_again_and_again_is_a_storm_in_the_log_of_a_real_postfix(
    postfix: type[Postfix], tmp_path: Path
) -> None:
    with postfix(virtual=[ALICE, BOB]) as server:
        with smtplib.SMTP(server.host, server.smtp_port, timeout=10) as client:
            for number in range(8):
                client.sendmail(SENDER, [ALICE, BOB], MAIL.format("again"))
                client.sendmail(SENDER, [ALICE, BOB], MAIL.format(number))
        server.settle()
        log = tmp_path / "mail.log"
        log.write_text(server.log())
    (storm,) = trace(gather([str(log)], tmp_path), Order()).storms
    assert (storm.message_id, storm.copies, storm.recipients) == ("again@a.test", 8, 2)
    # It came from this machine itself, which is nobody's organisation.
    assert storm.suspects == ()
