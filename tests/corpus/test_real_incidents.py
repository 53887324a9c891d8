"""Storms that really were, among 4,300 real mails: each is found, told for what it was, and nobody else is suspected of it.

What each really was, as its headers show, stands in docs/accused.md.
"""

import re
from pathlib import Path

from seawall.forensic.caps import POSSIBLE
from seawall.forensic.suspects import LIKELY
from seawall.model.trace import Evidence, EvidenceKind, Species, Storm, Trace

LEXBOX = (
    "20050718185209Z8226843-3678+3416@linux-mips.org",
    "20050826180008Z8224984-3678+7604@linux-mips.org",
)
FLOODS = {
    "87mtmvevp7.fsf@collabora.com": 31,
    "ea4447e4-1157-9cf4-23d0-2411eb63f540@loongson.cn": 27,
    "6f503a58-0682-143b-b7c2-24390eaaae9f@kernel.org": 15,
    "YX8jdp73zUDwlB5E@sol.localdomain": 14,
}
SUBMITTED_25_TIMES = "2024020550-mountable-grandkid-a4a9@gregkh"
ONE_ID_FOR_19_MAILS = "15679391594432724-alsa-devel@perex.cz"
FIXTURES = ("sa-testdata", "sisimai", "mikel-mail", "mime4j", "mimekit")


def storms_of(everything: Trace, species: Species) -> list[Storm]:
    """The storms of a species."""
    return [storm for storm in everything.storms if storm.species is species]


def storm_of(everything: Trace, message_id: str) -> Storm:
    """The storm of a mail."""
    (found,) = (storm for storm in everything.storms if storm.message_id == message_id)
    return found


def header_of(mail: str) -> str:
    """The header of a mail as it is called where it is quoted, unfolded."""
    source = Path(mail.rpartition(":")[0])
    header = re.split(rb"\r?\n\r?\n", source.read_bytes(), maxsplit=1)[0].decode("utf-8", "replace")
    return " ".join(header.split())


def test_the_two_replications_of_the_connector_at_lexbox_are_found_and_nobody_else_is_suspected(
    everything: Trace,
) -> None:
    replications = storms_of(everything, Species.CONNECTOR)
    assert sorted(storm.message_id for storm in replications) == sorted(LEXBOX)
    for storm in replications:
        assert storm.copies == 2
        assert [suspect.domain for suspect in storm.suspects] == ["lexbox.fr"]
        assert storm.suspects[0].score > LIKELY


def test_lexbox_is_shown_by_the_marker_the_pickup_folder_and_the_new_message_id(everything: Trace) -> None:
    for message_id in LEXBOX:
        evidence = evidence_of(storm_of(everything, message_id), "lexbox.fr")
        assert {
            EvidenceKind.CONNECTOR_MARKER,
            EvidenceKind.PICKUP_RESUBMISSION,
            EvidenceKind.REMINTED,
        } <= set(evidence)
        says = evidence[EvidenceKind.PICKUP_RESUBMISSION].says
        assert "pickup folder of lexbox.fr" in says
        assert "on the host 192.168.0.3" in says
        apart = re.search(r"(\d+\.\d\d) s from the moment in X-OriginalArrivalTime", says)
        assert apart is not None
        assert float(apart.group(1)) <= 2.0


def evidence_of(storm: Storm, domain: str) -> dict[EvidenceKind, Evidence]:
    """What is held against a domain in a storm, by kind."""
    (suspect,) = (suspect for suspect in storm.suspects if suspect.domain == domain)
    return {evidence.kind: evidence for evidence in suspect.evidence}


def test_every_quoted_line_stands_in_the_mail_that_it_is_said_to_be_of(everything: Trace) -> None:
    quotes = [
        quote
        for storm in everything.storms
        for suspect in storm.suspects
        for evidence in suspect.evidence
        for quote in evidence.quotes
    ]
    quotes += [departure.quote for storm in everything.storms for departure in storm.departures]
    assert len(quotes) > 100
    for quote in quotes:
        header = header_of(quote.mail).lower()
        assert f"{quote.header.partition(' ')[0].lower()}:" in header
        assert " ".join(quote.text.split()).lower() in header


def test_a_queue_that_tries_again_and_again_is_a_retry_and_its_server_no_likely_culprit(
    everything: Trace,
) -> None:
    for message_id, copies in FLOODS.items():
        storm = storm_of(everything, message_id)
        assert storm.species is Species.RETRY
        assert storm.copies == copies
        assert all(suspect.score <= POSSIBLE for suspect in storm.suspects)


def test_the_replay_by_a_test_server_three_days_later_is_named_with_its_host(everything: Trace) -> None:
    (storm,) = storms_of(everything, Species.REPLAY)
    assert storm.contents == 8
    assert storm.copies == 16
    (suspect,) = storm.suspects
    assert suspect.domain == "colorado.edu"
    assert suspect.score > LIKELY
    assert "listssympa-test.colorado.edu" in suspect.hosts
    evidence = evidence_of(storm, "colorado.edu")
    replayed = evidence[EvidenceKind.REPLAYED].quotes
    assert replayed
    assert all("sympa-replay" in quote.mail for quote in replayed)


def test_what_the_sender_submitted_25_times_is_told_and_nobody_is_suspected(everything: Trace) -> None:
    storm = storm_of(everything, SUBMITTED_25_TIMES)
    assert storm.species is Species.RETRY
    assert storm.copies == 25
    assert len(storm.departures) == 25
    assert storm.because == ("24 copies entered the sender's own server anew",)
    assert storm.suspects == ()


def test_19_different_mails_under_one_message_id_are_no_storm(everything: Trace) -> None:
    assert ONE_ID_FOR_19_MAILS not in {storm.message_id for storm in everything.storms}


def test_nobody_but_the_two_culprits_is_suspected_over_a_half(everything: Trace) -> None:
    over = {
        suspect.domain
        for storm in everything.storms
        for suspect in storm.suspects
        if suspect.score > POSSIBLE
    }
    assert over == {"lexbox.fr", "colorado.edu"}


def test_no_storm_is_told_of_ordinary_mail_but_retries_the_replay_and_the_replications(
    everything: Trace,
) -> None:
    ordinary = [
        storm.species
        for storm in everything.storms
        if not any(name in departure.quote.mail for departure in storm.departures for name in FIXTURES)
    ]
    assert set(ordinary) == {Species.RETRY, Species.REPLAY, Species.CONNECTOR}
