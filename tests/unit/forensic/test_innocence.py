"""What only looks like a storm is none, and nobody is suspected on lines that anybody could have written."""

from collections.abc import Sequence
from email.utils import formatdate
from pathlib import Path

from seawall.forensic.caps import POSSIBLE
from seawall.forensic.gather import gather
from seawall.forensic.suspects import LIKELY
from seawall.forensic.trace import Order, trace
from seawall.model.trace import EvidenceKind, Species, Trace

BEGIN = 1_600_000_000
HOUR = 3600
DAY = 24 * HOUR


def mail(message_id: str, received: Sequence[str], *, body: str = "Good morning.", more: str = "") -> bytes:
    """A mail by ann@sender.example with these Received lines, topmost first."""
    lines = "".join(f"Received: {line}\n" for line in received)
    return (
        f"{lines}Message-ID: <{message_id}>\nFrom: ann@sender.example\nTo: list@list.example\n"
        f"Date: {formatdate(BEGIN)}\nSubject: {body}\n{more}\n{body}\n"
    ).encode()


def line(client: str, host: str, at: int, number: object = "") -> str:
    """A Received line of a host that a client came to."""
    return (
        f"from {client} ({client} [192.0.2.7]) by {host} (Postfix) with ESMTP id A{number}; {formatdate(at)}"
    )


def traced(directory: Path, mails: Sequence[bytes]) -> Trace:
    """Trace one mailbox."""
    box, facts = directory / "box", directory / "facts"
    box.mkdir()
    facts.mkdir()
    for number, one in enumerate(mails):
        (box / f"{number}.eml").write_bytes(one)
    return trace(gather([str(box)], facts), Order(), directory=directory)


def sent(at: int, number: object) -> list[str]:
    """Lines of a mail that left its sender for this reader at a moment."""
    return [
        line("out.sender.example", "mx.reader.example", at, f"r{number}"),
        line("pc.sender.example", "out.sender.example", at, f"s{number}"),
    ]


def test_mails_that_say_different_things_under_one_message_id_are_no_storm(tmp_path: Path) -> None:
    mails = [mail("one@sender.example", sent(BEGIN + n, n), body=f"For person {n}.") for n in range(20)]
    assert traced(tmp_path, mails).storms == ()


def test_the_same_mail_submitted_many_times_is_one_and_nobody_else_is_suspected(tmp_path: Path) -> None:
    mails = [mail("one@sender.example", sent(BEGIN + n, n)) for n in range(20)]
    (storm,) = traced(tmp_path, mails).storms
    assert storm.species is Species.RETRY
    assert storm.suspects == ()


def test_a_mail_that_was_edited_where_it_lay_was_not_fetched_again(tmp_path: Path) -> None:
    mails = [mail("one@sender.example", sent(BEGIN, 0), body=f"Draft {n}.") for n in range(20)]
    assert traced(tmp_path, mails).storms == ()


def replayed(number: int, at: int) -> bytes:
    """A mail that a server had got from its sender, and sent to this reader at a later moment out of a folder."""
    return mail(
        f"m{number}@sender.example",
        [
            line("archive.example", "mx.reader.example", at + 2, f"r{number}"),
            f"(from root@localhost) by archive.example (Postfix) id B{number}; {formatdate(at)}",
            line("mx.reader.example", "store.other.example", BEGIN + 9, f"o{number}"),
            line("out.sender.example", "mx.archive.example", BEGIN + 5, f"q{number}"),
            line("pc.sender.example", "out.sender.example", BEGIN, f"s{number}"),
        ],
        body=f"Number {number}.",
    )


def originals(count: int) -> list[bytes]:
    """Mails as they came first, of several senders, so that the reader's side can be told."""
    return [mail(f"m{n}@sender.example", sent(BEGIN, n), body=f"Number {n}.") for n in range(count)] + [
        mail(f"o{n}@else{n}.example", [line(f"out.else{n}.example", "mx.reader.example", BEGIN, n)]).replace(
            b"ann@sender", f"bob@else{n}".encode()
        )
        for n in range(6)
    ]


def test_an_archive_that_is_sent_out_days_later_is_a_replay_by_the_server_at_which_the_ways_begin_anew(
    tmp_path: Path,
) -> None:
    mails = [*originals(8), *(replayed(n, BEGIN + 3 * DAY) for n in range(8))]
    (storm,) = traced(tmp_path, mails).storms
    assert storm.species is Species.REPLAY
    assert storm.contents == 8
    (suspect,) = storm.suspects
    assert suspect.domain == "archive.example"
    assert suspect.score >= LIKELY
    kinds = {evidence.kind: evidence for evidence in suspect.evidence}
    assert "mx.archive.example" in kinds[EvidenceKind.REINJECTED].quotes[0].text


def test_what_somebody_forwards_at_once_or_resends_by_hand_is_no_replay(tmp_path: Path) -> None:
    by_hand = [
        one.replace(b"\nFrom: ", b"\nResent-From: cy@archive.example\nFrom: ")
        for one in (replayed(n, BEGIN + 3 * DAY) for n in range(8))
    ]
    at_once = [replayed(n, BEGIN + 60) for n in range(8)]
    for name, again in (("by-hand", by_hand), ("at-once", at_once)):
        directory = tmp_path / name
        directory.mkdir()
        assert traced(directory, [*originals(8), *again]).storms == ()


def test_nobody_is_suspected_over_a_half_on_lines_that_no_server_up_to_the_reader_vouches_for(
    tmp_path: Path,
) -> None:
    forged = [
        mail(
            "one@sender.example",
            [
                line(f"pc{n}.elsewhere.example", f"mx.store{n % 3}.example", BEGIN + n * HOUR, f"r{n}"),
                line("out.sender.example", "mx.framed.example", BEGIN + 5, "f"),
                line("pc.sender.example", "out.sender.example", BEGIN, "s"),
            ],
        )
        for n in range(30)
    ]
    scores = {
        suspect.domain: suspect.score
        for storm in traced(tmp_path, [*originals(4), *forged]).storms
        for suspect in storm.suspects
    }
    assert scores.get("framed.example", 0.0) <= POSSIBLE
