"""Storms that the storm writer makes, and mails as they come every day: end to end, from files to suspects."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from seawall.forensic.caps import POSSIBLE
from seawall.forensic.gather import gather
from seawall.forensic.suspects import LIKELY
from seawall.forensic.trace import Order, trace
from seawall.lab.writer import storm as writer
from seawall.lab.writer.write import write_storm
from seawall.model.trace import EvidenceKind, Species, Trace
from unit.forensic.written import (
    BOB,
    direct,
    look,
    look_at_bob,
    mail,
    only_storm,
    ordinary,
    received,
    remade,
    scores,
    suspect,
)

LEA = "lea@lake.example"
EVE = "eve@fault.example"


def sent_again(number: int, *, to: str = BOB, pause: float = 300, **written: str) -> bytes:
    """The mail once more out of its sender's queue."""
    own = to.rpartition("@")[2]
    lines = (
        received(f"mx.{own}", "out.sea.example", after=pause * number + 2, queue=f"B{number}{own}", to=to),
        received("out.sea.example", queue=written.get("message_id", "A")),
    )
    return mail(lines, **{"to": f"{BOB}, {LEA}", **written})


def fetched(one: bytes, number: int = 0) -> bytes:
    """A mail as a program put it into a mailbox that it fetched from."""
    line = received(
        "home.reader.example",
        said="from pop.reader.example ",
        after=4000 + 900.0 * number,
        protocol="POP3",
        to="bob@localhost",
    )
    return f"Received: {line}\n".encode() + one


# --- the storm writer's ---------------------------------------------------------------------------------------------


def written_storm(tmp_path: Path, species: str, seed: int, views: int = 6) -> tuple[Trace, set[str]]:
    """The trace of a storm that the storm writer made, and who is to blame."""
    order = writer.Order(seed=seed, species=(species,), views=views, strip=0.0)
    write_storm(tmp_path / "storm", writer.storm(order))
    truth = json.loads((tmp_path / "storm" / "truth.json").read_text())
    (tmp_path / "facts").mkdir()
    found = gather([str(tmp_path / "storm" / "views")], tmp_path / "facts")
    return trace(found, Order(), directory=tmp_path), {one["domain"] for one in truth["culprits"]}


@pytest.mark.parametrize(
    ("name", "species"),
    [
        ("connector", Species.CONNECTOR),
        ("remailer", Species.REMAILER),
        ("multidrop", Species.MULTIDROP),
        ("forward-loop", Species.FORWARDING_LOOP),
        ("list-loop", Species.LIST_LOOP),
        ("responder-loop", Species.AUTORESPONDERS),
        ("retry", Species.RETRY),
        ("replay", Species.REPLAY),
    ],
)
def test_a_written_storm_is_told_by_its_species_and_names_its_culprits_alone(
    tmp_path: Path, name: str, species: Species
) -> None:
    found, culprits = written_storm(tmp_path, name, 1)
    assert species in {storm.species for storm in found.storms}
    named = scores(found)
    assert {domain for domain, score in named.items() if score > POSSIBLE} <= culprits
    assert any(named.get(domain, 0.0) >= LIKELY for domain in culprits)
    for storm in found.storms:
        for one in storm.suspects:
            assert one.score <= POSSIBLE or any(evidence.quotes for evidence in one.evidence)


@pytest.mark.parametrize(
    "name", ["lost-reply", "list-and-direct", "restored-backup", "daily-report", "newsletter"]
)
def test_what_is_written_as_no_storm_is_none(tmp_path: Path, name: str) -> None:
    found, _ = written_storm(tmp_path, name, 3)
    assert found.mails
    assert not found.storms


# --- copies of one mail, line by line --------------------------------------------------------------------------------


def test_a_gateway_that_mails_to_all_in_to_is_named_with_the_lines_that_show_it(tmp_path: Path) -> None:
    storm = only_storm(look_at_bob(tmp_path, [direct(), *map(remade, range(1, 9))]))
    assert storm.species is Species.REMAILER
    assert (storm.copies, storm.contents, storm.sender) == (9, 1, "ann@sea.example")
    assert storm.because == ("8 copies began at a server that is not the sender's",)
    assert [departure.host for departure in storm.departures] == ["out.sea.example"]
    one = suspect(storm, "fault.example")
    assert one.score >= LIKELY
    assert one.cap == ""
    assert "gw.fault.example" in one.hosts
    quotes = {quote.text for evidence in one.evidence for quote in evidence.quotes}
    assert any(text.startswith("from gw.fault.example") for text in quotes)
    assert "eve@fault.example" in quotes


def test_one_who_forwards_his_mail_is_not_named(tmp_path: Path) -> None:
    found = look_at_bob(tmp_path, [direct(), remade(1, message_id="<tide@sea.example>")])
    assert not found.storms


def test_one_who_was_never_written_to_gets_less_than_half_for_what_comes_from_him(tmp_path: Path) -> None:
    copies = [remade(number, to=BOB) for number in range(1, 9)]
    copies = [copy.replace(b", eve@fault.example", b"") for copy in copies]
    storm = only_storm(look_at_bob(tmp_path, [direct(), *copies]))
    assert suspect(storm, "fault.example").score < POSSIBLE
    assert suspect(storm, "fault.example").cap.startswith("nothing shows that the mail ever came there")


def test_a_name_that_a_client_only_says_brings_nobody_over_half(tmp_path: Path) -> None:
    said = "from gw.fault.example (unknown [192.0.2.66]) "
    found = look_at_bob(tmp_path, [direct(), *(remade(number, said=said) for number in range(1, 9))])
    storm = only_storm(found)
    assert storm.copies == 9
    assert suspect(storm, "fault.example").score == POSSIBLE
    assert "what the client called itself" in suspect(storm, "fault.example").cap


def test_a_line_forged_below_the_senders_brings_nobody_over_half(tmp_path: Path) -> None:
    forged = received("mx.fault.example", "gw.fault.example", queue="F", to=EVE).encode()
    mails = [
        one.replace(b"\nTo:", b"\nReceived: " + forged + b"\nTo:", 1) for one in map(sent_again, range(13))
    ]
    found = look_at_bob(tmp_path, mails)
    assert found.storms
    assert scores(found).get("fault.example", 0.0) <= POSSIBLE


def test_a_forged_marker_brings_nobody_over_half(tmp_path: Path) -> None:
    marked = [remade(number, cc="mspop3connector.eve@innocent.example") for number in range(1, 9)]
    found = look_at_bob(tmp_path, [direct(), *marked])
    assert scores(found)["fault.example"] >= LIKELY
    assert 0 < scores(found)["innocent.example"] < POSSIBLE


def test_a_connectors_copy_is_known_by_its_marker_and_its_pickup_folder_in_any_letters(
    tmp_path: Path,
) -> None:
    def resubmitted(number: int, pickup: str) -> bytes:
        ticks = int((11_644_473_600 + 1_199_188_800 + 900 * number) * 10_000_000)
        high, low = f"{ticks >> 32:08x}", f"{ticks & 0xFFFFFFFF:08x}"
        lines = (
            received(
                "mx.reader.example", "sbs.fault.example", after=900.0 * number + 5, queue=f"S{number}", to=BOB
            ),
            f"{pickup} by sbs.fault.example with Microsoft SMTPSVC; Tue, 1 Jan 2008 12:00:00 +0000",
        )
        return mail(
            lines,
            f"X-OriginalArrivalTime: 01 Jan 2008 12:00:00.0000 (UTC) FILETIME=[{low}:{high}]",
            to=f"{BOB}, mspop3connector.eve@fault.example",
            message_id=f"<0001{high}${low}$0a01a8c0@fault.example>",
            x_mimeole="Produced By Microsoft MimeOLE V6.00.3790.2663",
        )

    for number, pickup in enumerate(("from mail pickup service", "From Mail Pickup Service")):
        storm = only_storm(
            look_at_bob(tmp_path / str(number), [direct(), *(resubmitted(n, pickup) for n in range(1, 5))])
        )
        assert storm.species is Species.CONNECTOR
    storm = only_storm(
        look_at_bob(
            tmp_path / "again", [direct(), *(resubmitted(n, "from mail pickup service") for n in range(1, 5))]
        )
    )
    one = suspect(storm, "fault.example")
    assert one.score >= LIKELY
    assert one.product == "Windows Small Business Server 2003, POP3 connector"
    assert "835734" in one.advice
    kinds = {evidence.kind for evidence in one.evidence}
    assert {EvidenceKind.CONNECTOR_MARKER, EvidenceKind.PICKUP_RESUBMISSION, EvidenceKind.PRODUCT} <= kinds
    assert any("192.168.1.10" in evidence.says for evidence in one.evidence)


def test_a_queue_that_sends_to_two_receivers_again_and_again_is_its_own_fault(tmp_path: Path) -> None:
    boxes = {
        name: [*ordinary(to), *(sent_again(number, to=to) for number in range(13))]
        for name, to in (("bob", BOB), ("lea", LEA))
    }
    storm = only_storm(look(tmp_path, boxes))
    assert storm.species is Species.RETRY
    assert (storm.copies, storm.recipients) == (26, 2)
    assert suspect(storm, "sea.example").score >= LIKELY


def test_of_one_receiver_it_cannot_be_told_who_loses_the_answers(tmp_path: Path) -> None:
    storm = only_storm(look_at_bob(tmp_path, [sent_again(number) for number in range(13)]))
    assert storm.species is Species.RETRY
    assert suspect(storm, "sea.example").score == POSSIBLE
    assert suspect(storm, "sea.example").cap.startswith("only one receiver")


def test_a_retry_or_two_is_no_storm(tmp_path: Path) -> None:
    assert not look_at_bob(tmp_path, [sent_again(number) for number in range(3)]).storms


def test_many_mails_under_one_message_id_are_no_copies(tmp_path: Path) -> None:
    scanned = [
        direct(
            after=3600.0 * number, message_id="<scan@sea.example>", subject="Scan", body=f"Page {number}.\n"
        )
        for number in range(12)
    ]
    assert not look_at_bob(tmp_path, scanned).storms


def test_old_mails_that_leave_their_server_again_are_one_replay(tmp_path: Path) -> None:
    old = [
        sent_again(
            number,
            pause=pause,
            subject=f"Old {number}",
            body=f"Old matter {number}.\n",
            message_id=f"<old{number}@sea.example>",
        )
        for number in range(1, 9)
        for pause in (10.0, 90_000.0)
    ]
    storm = only_storm(look_at_bob(tmp_path, old))
    assert storm.species is Species.REPLAY
    assert (storm.contents, storm.departures) == (8, ())
    assert suspect(storm, "sea.example").score >= LIKELY


def test_a_collector_that_fetches_one_mail_at_each_poll_is_the_readers_own(tmp_path: Path) -> None:
    mails = [fetched(one) for one in ordinary()] + [fetched(direct(), number) for number in range(14)]
    storm = only_storm(look(tmp_path, {"bob": mails}, mine=("reader.example",)))
    assert storm.species is Species.REDOWNLOAD
    (one,) = storm.suspects
    assert (one.domain, one.is_mine) == ("reader.example", True)
    assert one.score >= LIKELY


def test_a_restored_mailbox_is_no_storm(tmp_path: Path) -> None:
    kept = [*ordinary(), direct(), direct(subject="Again", body="Again.\n", message_id="<2@sea.example>")]
    assert not look(tmp_path, {"bob": [*kept, *kept]}).storms


def test_the_same_report_every_day_is_no_storm(tmp_path: Path) -> None:
    reports = [
        direct(
            after=86_400.0 * day, subject="Backup", body="All is well.\n", message_id=f"<{day}@sea.example>"
        )
        for day in range(30)
    ]
    assert not look_at_bob(tmp_path, reports).storms


def test_the_lists_copy_and_ones_own_are_no_storm(tmp_path: Path) -> None:
    listed = mail(
        (
            received("mx.reader.example", "lists.forum.example", after=9, to=BOB),
            received("lists.forum.example", "out.sea.example", after=5, to="tide@forum.example"),
            received("out.sea.example", queue="A0"),
        ),
        "Return-Path: <tide-bounces@forum.example>",
        list_id="Tide <tide.forum.example>",
        to=f"tide@forum.example, {BOB}",
    )
    assert not look_at_bob(tmp_path, [direct(to=BOB), listed]).storms


def test_the_order_in_which_sources_are_given_changes_nothing(tmp_path: Path) -> None:
    boxes: dict[str, Sequence[bytes]] = {
        "bob": [*ordinary(), direct(), *map(remade, range(1, 9))],
        "lea": [*ordinary(LEA), *(remade(number, to=LEA) for number in range(1, 9))],
    }
    one = look(tmp_path / "one", boxes)
    other = look(tmp_path / "other", boxes, backward=True)
    assert [(storm.id, storm.copies) for storm in one.storms] == [
        (storm.id, storm.copies) for storm in other.storms
    ]
    assert scores(one) == scores(other)


def test_no_mails_give_a_trace_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "facts").mkdir()
    (tmp_path / "empty").write_bytes(b"")
    found = trace(gather([str(tmp_path / "empty")], tmp_path / "facts"), Order(), directory=tmp_path)
    assert (found.mails, found.storms, found.bounces.reports) == (0, (), 0)


def test_a_lists_name_without_a_domain_on_a_mail_without_a_way_is_read_like_any_other(tmp_path: Path) -> None:
    mails = [
        mail(("(a note)",), list_id="<tide>", date=f"Tue, 1 Jan 2008 12:00:{number:02} +0000")
        for number in range(9)
    ]
    assert look(tmp_path, {"bob": mails}).mails == 9


def test_many_copies_that_nothing_explains_are_a_storm_of_nobodys_and_a_few_are_none(tmp_path: Path) -> None:
    bare = mail((), subject="The tide")
    assert not look(tmp_path / "few", {"bob": [bare] * 8}).storms
    storm = only_storm(look(tmp_path / "many", {"bob": [bare] * 9}))
    assert (storm.species, storm.copies, storm.suspects) == (Species.UNEXPLAINED, 9, ())
    assert storm.because == ("8 copies came again, which nothing in the lines explains",)
