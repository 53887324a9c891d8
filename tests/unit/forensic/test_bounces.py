"""What the reports of failed deliveries say, counted."""

from pathlib import Path

from unit.forensic.written import look_at_bob, report


def test_reports_are_counted_by_cause_and_by_who_writes_them(tmp_path: Path) -> None:
    mails = [
        *(report(n, to=f"u{n}@lake.example", status="5.2.2") for n in range(3)),
        report(9, to="u9@pond.example", status="5.1.1", reporter="mx.pond.example"),
    ]
    found = look_at_bob(tmp_path, mails).bounces
    assert (found.reports, found.mailbox_full, found.bounce_of_bounce) == (4, 3, 0)
    assert found.causes == (("mailbox full", 3), ("user unknown", 1))
    assert found.reporters == (("mx.lake.example", 3), ("mx.pond.example", 1))


def test_whether_a_mail_was_sent_here_is_told_only_where_the_readers_domains_are(tmp_path: Path) -> None:
    mails = [
        report(0, to="u@lake.example", via=("spam.far.example",)),
        report(1, to="u@lake.example", via=("out.reader.example",)),
        report(2, to="u@lake.example"),
    ]
    assert look_at_bob(tmp_path / "unknown", mails).bounces.not_sent_here is None
    assert look_at_bob(tmp_path / "known", mails, ("reader.example",)).bounces.not_sent_here == 1


def test_five_reports_about_one_mail_are_told_apart_and_four_are_not(tmp_path: Path) -> None:
    mails = [
        *(
            report(n, to=f"u{n}@lake.example", status="5.2.2", original="<a@x>", via=("o.sea.example",))
            for n in range(5)
        ),
        *(
            report(n, to=f"v{n}@lake.example", original="<b@x>", via=("o.sea.example",), pause=700.0)
            for n in range(4)
        ),
    ]
    (flood,) = look_at_bob(tmp_path, mails).bounces.floods
    assert (flood.original_message_id, flood.reports, flood.recipients) == ("a@x", 5, 5)
    assert flood.causes == (("mailbox full", 5),)
    assert sum(count for _, count in flood.timeline) == 5


def test_a_report_about_a_report_is_counted_as_one(tmp_path: Path) -> None:
    mails = [report(0, to="x@lake.example", via=("o.sea.example",), author="MAILER-DAEMON@sea.example")]
    one = mails[0].replace(
        b"From: MAILER-DAEMON@sea.example", b"Return-Path: <>\nFrom: MAILER-DAEMON@sea.example"
    )
    assert look_at_bob(tmp_path, [one]).bounces.bounce_of_bounce == 1
