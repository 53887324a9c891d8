"""A storm on loopback, against the closed form: m(n+1) = k·m(n) fetched, N·m(n) sent outside."""

import json
import mailbox
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from seawall.lab.internet.bounds import End
from seawall.lab.internet.journal import CUT_SHORT
from seawall.lab.internet.report import copies
from unit.lab.internet.staging import LETTER, SENDER, crowd, maildir, played, unpatched

ADDRESSEES = 6


@pytest.mark.parametrize("faulty", [1, 2, 3])
def test_what_each_fetches_and_sends_is_exactly_what_the_closed_form_says(
    tmp_path: Path, faulty: int
) -> None:
    bounds = '[bounds]\nmails = 1200\nlab_time = "3h"\n'
    outcome = played(tmp_path, bounds + SENDER + unpatched(faulty) + crowd(ADDRESSEES - faulty) + LETTER)
    whole = [poll for poll in outcome.journal.polls if poll.problem != CUT_SHORT]
    assert len(whole) >= 3 * faulty
    for poll in whole:
        fetched = faulty ** (poll.number - 1)
        assert poll.fetched == poll.kept == fetched
        assert poll.outside - poll.to_markers == ADDRESSEES * fetched
        # Of copies alone, and never to its own.
        assert poll.to_markers <= (faulty - 1) * fetched
    assert outcome.end is (End.LAB_TIME if faulty == 1 else End.MAILS)


def test_each_addressee_gets_every_copy_and_the_sender_the_bounces_of_the_markers(tmp_path: Path) -> None:
    outcome = played(tmp_path, '[bounds]\nlab_time = "50m"\n' + SENDER + unpatched(2) + crowd(3) + LETTER)
    # Polls of 1, 2 and 4 mails at each of two: 14 copies beside the genuine mail.
    assert {copies(outcome.journal)[f"office@member{number}.example"] for number in (1, 2, 3)} == {15}
    kinds = Counter(kind for _, kind in outcome.journal.arrivals["secretary@sailing.test"].elements())
    assert kinds == Counter(bounce=sum(poll.to_markers for poll in outcome.journal.polls))


def test_a_patch_ends_the_growth_and_the_last_one_the_storm(tmp_path: Path) -> None:
    later = 'later = [{ at = "20m", connector = "none" }]\n'
    one, other = unpatched(2).split("[[organisation]]")[1:]
    two = f"[[organisation]]{one}{later}[[organisation]]{other}{later.replace('20m', '50m')}"
    outcome = played(tmp_path, SENDER + two + crowd(3) + LETTER)
    fetched = {
        name: [poll.fetched for poll in outcome.journal.polls if poll.organisation == name]
        for name in ("faulty1.test", "faulty2.test")
    }
    assert fetched == {"faulty1.test": [1], "faulty2.test": [1, 2, 2]}
    assert outcome.end is End.QUIET


def test_a_copy_passes_the_list_and_comes_back_so_that_the_list_grows_too(tmp_path: Path) -> None:
    text = '[bounds]\nlab_time = "50m"\n' + SENDER + unpatched(2) + crowd(2)
    text += '[[list]]\naddress = "crew@lists.test"\n' + LETTER + 'to = ["crew@lists.test"]\n'
    outcome = played(tmp_path, text)
    assert [poll.fetched for poll in outcome.journal.polls] == [1, 1, 2, 2, 4, 4]
    last = maildir(tmp_path, "office@member1.example")[-1]
    assert b"\nList-Id: <crew.lists.test>\n" in last
    assert b"mspop3connector." in last


def test_a_list_that_stops_loops_stops_the_storm(tmp_path: Path) -> None:
    text = '[bounds]\nlab_time = "5h"\n' + SENDER + unpatched(2) + crowd(2)
    text += (
        '[[list]]\naddress = "crew@lists.test"\nstops_loops = true\n' + LETTER + 'to = ["crew@lists.test"]\n'
    )
    outcome = played(tmp_path, text)
    assert outcome.end is End.QUIET
    assert copies(outcome.journal)["office@member1.example"] == 1


def test_what_arrived_is_a_maildir_and_an_mbox_of_the_same_mails_with_each_servers_trace(
    tmp_path: Path,
) -> None:
    played(tmp_path, '[bounds]\nlab_time = "20m"\n' + SENDER + unpatched(1) + crowd(1) + LETTER)
    mails = maildir(tmp_path, "office@member1.example")
    with closing(mailbox.mbox(tmp_path / "out/mail/member1.example/office.mbox")) as box:
        assert [box.get_bytes(key) for key in box.iterkeys()] == mails
    genuine, copy = mails
    assert genuine.startswith(
        b"Return-Path: <secretary@sailing.test>\nX-Original-To: office@member1.example\n"
        b"Delivered-To: office@member1.example\nReceived: from mail.sailing.test (mail.sailing.test [203.0.113.2])\n"
    )
    # Of the way to the faulty server nothing is left; its date is the lab's, a quarter of an hour on.
    assert b"sailing.test ([" not in copy
    assert copy.count(b"\nReceived: ") == 3
    assert b"Received: from mail pickup service by mail.faulty1.test with Microsoft SMTPSVC;" in copy
    assert b"\nDate: Mon, 24 May 2004 08:15:00 +0000\n" in copy
    assert genuine.partition(b"\n\n")[2] == copy.partition(b"\n\n")[2]


def test_two_runs_of_the_labs_own_servers_are_the_same_to_the_octet(tmp_path: Path) -> None:
    text = '[bounds]\nlab_time = "50m"\n' + SENDER + unpatched(2) + crowd(2) + LETTER
    found = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        played(tmp_path / name, text)
        out = tmp_path / name / "out"
        found.append(
            {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
        )
    assert found[0] == found[1]


def test_the_timeline_tells_of_each_mail_where_it_comes_from(tmp_path: Path) -> None:
    played(tmp_path, '[bounds]\nlab_time = "35m"\n' + SENDER + unpatched(1) + crowd(1) + LETTER)
    lines = [json.loads(line) for line in (tmp_path / "out/timeline.jsonl").read_text().splitlines()]
    again = [line for line in lines if line["event"] == "sent again"]
    assert [(line["root"], line["generation"]) for line in again] == [
        ("secretary.genuine.1@sailing.test", 1),
        ("secretary.genuine.1@sailing.test", 2),
    ]
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
