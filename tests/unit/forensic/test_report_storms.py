"""Storms that show in reports and in marks against loops, and what is none of them."""

from pathlib import Path

from seawall.forensic.caps import POSSIBLE
from seawall.model.trace import EvidenceKind, Species
from unit.forensic.written import direct, look, look_at_bob, only_storm, ordinary, report, scores, suspect

CIRCLE = ("out.reader.example", "a.north.example", "b.south.example", "a.north.example", "b.south.example")


def test_mails_that_run_in_a_circle_name_the_two_who_hand_them_to_each_other(tmp_path: Path) -> None:
    mails = [report(number, to=f"u{number}@lake.example", via=CIRCLE) for number in range(3)]
    storm = only_storm(look_at_bob(tmp_path, mails))
    assert storm.species is Species.ROUTING_LOOP
    assert storm.because == ("3 different mails to lake.example came back because they ran in a circle",)
    assert [one.domain for one in storm.suspects] == ["north.example", "south.example"]
    for one in storm.suspects:
        assert one.score <= POSSIBLE
        (evidence,) = one.evidence
        assert evidence.kind is EvidenceKind.CYCLE
        assert "by a.north.example, by b.south.example, by a.north.example" in evidence.quotes[0].text
    assert suspect(storm, "north.example").hosts == ("a.north.example",)


def test_exchanges_code_of_too_many_hops_counts_without_a_returned_header(tmp_path: Path) -> None:
    mails = [report(number, to=f"u{number}@lake.example", status="5.4.14") for number in range(3)]
    storm = only_storm(look_at_bob(tmp_path, mails))
    assert (storm.species, storm.copies, storm.suspects) == (Species.ROUTING_LOOP, 3, ())


def test_one_mail_that_ran_in_a_circle_is_no_storm(tmp_path: Path) -> None:
    mails = [report(number, to="u@lake.example", via=CIRCLE, original="<1@x>") for number in range(9)]
    found = look_at_bob(tmp_path, mails)
    assert not found.storms
    assert found.bounces.reports == 9


def test_mails_to_three_domains_that_each_looped_once_are_no_storm(tmp_path: Path) -> None:
    mails = [report(number, to=f"u@lake{number}.example", via=CIRCLE) for number in range(3)]
    assert not look_at_bob(tmp_path, mails).storms


# --- tickets --------------------------------------------------------------------------------------------------------


def test_a_ticket_system_that_answers_reports_is_named_and_not_accused(tmp_path: Path) -> None:
    mails = [
        report(n, to="MAILER-DAEMON@mx.lake.example", status="5.1.1", via=("tickets.reader.example",))
        for n in range(8)
    ]
    storm = only_storm(look_at_bob(tmp_path, mails, mine=("reader.example",)))
    assert storm.species is Species.TICKET_LOOP
    (one,) = storm.suspects
    assert (one.domain, one.is_mine, one.score) == ("reader.example", True, POSSIBLE)
    assert one.evidence[0].quotes[0].header == "Final-Recipient"
    assert "ticket system" in one.advice


def test_reports_about_reports_at_a_postmaster_are_no_ticket_loop(tmp_path: Path) -> None:
    mails = [
        report(
            n,
            to="postmaster@lake.example",
            status="5.1.1",
            via=("mx.reader.example",),
            author="MAILER-DAEMON@reader.example",
        )
        for n in range(30)
    ]
    assert not look_at_bob(tmp_path, mails).storms


def test_answers_to_reports_over_weeks_are_no_ticket_loop(tmp_path: Path) -> None:
    mails = [
        report(n, to="postmaster@lake.example", status="5.1.1", via=("out.reader.example",), pause=86_400.0)
        for n in range(20)
    ]
    assert not look_at_bob(tmp_path, mails).storms


# --- floods ---------------------------------------------------------------------------------------------------------


def flood(count: int, reporters: int = 6, via: str = "spam.far.example") -> list[bytes]:
    return [
        report(
            n,
            to=f"u{n}@lake{n % reporters}.example",
            status="5.1.1",
            reporter=f"mx.lake{n % reporters}.example",
            via=(via, f"mx.lake{n % reporters}.example"),
        )
        for n in range(count)
    ]


def test_reports_about_mail_that_never_passed_the_domains_servers_are_a_flood_of_nobodys(
    tmp_path: Path,
) -> None:
    storm = only_storm(look_at_bob(tmp_path, flood(30)))
    assert storm.species is Species.BACKSCATTER
    assert (storm.copies, storm.suspects) == (30, ())
    assert "30 reports of 6 servers are about mail in the name of reader.example" in storm.because[0]


def test_reports_about_mail_that_was_sent_here_are_no_flood(tmp_path: Path) -> None:
    assert not look_at_bob(tmp_path, flood(30, via="out.reader.example")).storms


def test_reports_about_mail_that_the_readers_named_servers_sent_are_no_flood(tmp_path: Path) -> None:
    found = look_at_bob(tmp_path, flood(30, via="out.provider.example"), mine=("provider.example",))
    assert not found.storms


def test_reports_about_mail_that_the_mailboxs_own_provider_sent_are_no_flood(tmp_path: Path) -> None:
    hosted = [one.replace(b"mx.reader.example", b"mx.provider.example") for one in ordinary()]
    reports = [
        one.replace(b"mx.reader.example", b"mx.provider.example")
        for one in flood(30, via="out.provider.example")
    ]
    assert not look(tmp_path, {"bob": [*hosted, *reports]}).storms


def test_a_few_reports_or_one_servers_many_are_no_flood(tmp_path: Path) -> None:
    assert not look_at_bob(tmp_path / "few", flood(19)).storms
    assert not look_at_bob(tmp_path / "one", flood(40, reporters=1)).storms


# --- rules ----------------------------------------------------------------------------------------------------------


def ruled(number: int, address: str = "eve@fault.example", **written: str) -> bytes:
    mark = f"X-MS-Exchange-Inbox-Rules-Loop: {address}"
    one = direct(
        after=900.0 * number,
        subject=f"Case {number}",
        body=f"Case {number}.\n",
        message_id=f"<r{number}@sea.example>",
        **written,
    )
    return f"{mark}\n{mark}\n".encode() + one


def test_a_rule_that_got_its_own_mails_back_is_named_and_not_accused(tmp_path: Path) -> None:
    storm = only_storm(look_at_bob(tmp_path, [ruled(number) for number in range(4)]))
    assert storm.species is Species.RULE_LOOP
    (one,) = storm.suspects
    assert one.domain == "fault.example"
    assert one.score < POSSIBLE
    assert one.evidence[0].quotes[0].text == "eve@fault.example"
    assert len(one.evidence[0].quotes) == 3


def test_a_mark_on_three_mails_or_once_on_each_is_no_rule_loop(tmp_path: Path) -> None:
    assert not look_at_bob(tmp_path / "three", [ruled(number) for number in range(3)]).storms
    once = [ruled(number).partition(b"\n")[2] for number in range(9)]
    assert not look_at_bob(tmp_path / "once", once).storms


def test_a_lists_mark_twice_is_no_rule_loop(tmp_path: Path) -> None:
    listed = [ruled(number, "tide@forum.example", list_id="Tide <tide.forum.example>") for number in range(9)]
    assert not look_at_bob(tmp_path, listed).storms


def test_reports_and_marks_that_anybody_can_write_bring_nobody_over_half(tmp_path: Path) -> None:
    mails = [
        *(report(n, to=f"u{n}@lake.example", via=CIRCLE) for n in range(300)),
        *(
            report(
                n,
                to="mailer-daemon@lake.example",
                status="5.1.1",
                via=("x.fault.example",),
                author="eve@fault.example",
            )
            for n in range(300)
        ),
        *(ruled(number) for number in range(300)),
    ]
    found = look_at_bob(tmp_path, mails)
    assert {storm.species for storm in found.storms} >= {
        Species.ROUTING_LOOP,
        Species.TICKET_LOOP,
        Species.RULE_LOOP,
    }
    assert max(scores(found).values()) <= POSSIBLE
