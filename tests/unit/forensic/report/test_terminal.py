"""The report for a terminal: what it says first, that it fits, and that it does no harm."""

import re
from dataclasses import replace

import pytest

from seawall.forensic.report.columns import width_of, wrapped
from seawall.forensic.report.moments import lasting
from seawall.forensic.report.terminal import WIDTH, report, short_report
from seawall.forensic.report.timeline import peak_of
from seawall.forensic.report.words import certainty, going_on, placed, score_sum
from seawall.model.text import clean
from seawall.model.trace import Bounces, Species, Trace
from unit.forensic.report import sample


def text(trace: Trace, own: tuple[str, ...] = ()) -> str:
    """The report with its line breaks undone, so that a sentence can be found."""
    return re.sub(r"\s+", " ", "\n".join(report(trace, sample.NOW, own)))


def test_the_first_sentence_tells_that_it_is_a_storm_whose_how_many_and_since_when() -> None:
    alone = replace(sample.trace(), storms=(sample.storm(),))
    assert text(alone).startswith(
        "This is a storm: 1,204 copies of one mail by anna@club.example, to 46 recipients, since Mon 24 May 2004, 09:12 UTC. "
        "It is going on: the last copy came 12 minutes ago. Stop first: alpha.example (almost certainly, 1.00) and "
        "example.org (probably, 0.55)."
    )


def test_no_storm_and_no_mail_are_told_apart() -> None:
    nothing = Trace(mails=12, octets=1, sources=1, storms=(), bounces=Bounces())
    assert text(nothing).startswith(
        "This is no storm: among 12 mails none was copied over and over. Read: 12 mails"
    )
    assert text(replace(nothing, mails=0)).startswith("There is nothing to judge: no mail could be read.")


def test_the_readers_own_server_is_told_plainly_and_so_is_that_nothing_points_there() -> None:
    assert "Your own server is among the suspects: example.org. Stop it first" in text(
        sample.trace(), ("example.org",)
    )
    assert "yours This is your own server." in text(sample.trace())
    assert "tell your own administrator" in text(sample.trace())
    storm = replace(sample.storm(), suspects=sample.suspects()[:1])
    trace = replace(sample.trace(), storms=(storm,))
    assert "Nothing that was read points to your own club.example." in text(trace, ("club.example",))
    assert "your own" not in text(trace)


def test_the_sender_is_innocent_where_the_mail_left_him_once_and_asked_about_where_not() -> None:
    one = sample.storm().departures[0]
    for departures, said in (
        (
            (one,),
            "anna@club.example is innocent: the mail left its origin once, from mail.club.example (Mon 24 May",
        ),
        ((), "How many times it left the sender does not show"),
        ((one, one), "it left its origin 2 times, first Mon 24 May 2004, 09:11 UTC: look at the server"),
    ):
        assert said in text(replace(sample.trace(), storms=(replace(sample.storm(), departures=departures),)))


def test_a_sender_whose_own_server_is_suspected_is_not_called_innocent() -> None:
    storm = replace(sample.storm(), sender="Office@Alpha.Example".lower())
    said = text(replace(sample.trace(), storms=(storm,)))
    assert "innocent" not in said
    assert "the sender's own server is among the suspects" in said


def test_each_suspect_has_its_score_in_words_evidence_with_a_line_and_how_the_score_comes_about() -> None:
    said = text(sample.trace())
    assert "1. alpha.example: almost certainly (score 1.00 of 1); 640 of 1,204 copies passed it" in said
    assert "writes. (+0.45) | To: mspop3connector.office@alpha.example | in inbox.mbox:17" in said
    assert "0.45 + 0.40 + 0.10 + 0.10 = 1.05, of which at most 1 counts" in said
    assert "0.60, held down to 0.55: only one line, of a server that is not the reader's, names it" in said
    assert "3. relay.example: a weak trace only" in said
    assert "This is not enough to accuse anybody: ask first." in said


def test_what_could_not_be_read_is_told_at_the_top_and_named_at_the_end() -> None:
    lines = list(report(sample.trace(), sample.NOW))
    assert "1 source could not be read, and may hold more: see the end." in lines[:8]
    assert lines[-1] == "  old/archive.pst: reading it needs the extra 'pst'"


def test_the_short_report_names_nobody_but_the_sender() -> None:
    said = "\n".join(short_report(sample.trace(), sample.NOW))
    assert "1,204 copies" in said
    assert "431 reports of failed deliveries" in said
    assert "seawall trace" in said
    for suspect in sample.suspects():
        assert suspect.domain not in said


@pytest.mark.parametrize("trace", [sample.trace(), sample.hostile()], ids=["rich", "hostile"])
def test_every_line_fits_and_is_harmless(trace: Trace) -> None:
    for lines in (report(trace, sample.NOW, ("example.org",)), short_report(trace, sample.NOW)):
        for line in lines:
            assert width_of(line) <= WIDTH
            assert clean(line) == line


def test_a_thousand_storms_are_summed_up() -> None:
    trace = replace(sample.trace(), storms=(sample.hostile().storms[0],) * 1000)
    lines = list(report(trace, sample.NOW))
    assert len(lines) < 1500
    assert any("975 more storms" in line for line in lines)


def test_how_long_ago_the_last_copy_came_decides_what_is_said() -> None:
    storm = sample.storm()
    assert storm.last_seen
    for ago, said in (
        (-7200, "bears a time that is still to come"),
        (0, "It is going on: the last copy came 0 seconds ago."),
        (3 * 3600, "It may be going on: the last copy that was read came 3 hours ago."),
        (9 * 86400, "It looks over: the last copy that was read came 9 days ago, Mon 24 May 2004"),
    ):
        assert said in going_on(storm, storm.last_seen + ago)
    assert going_on(replace(storm, last_seen=None), 0.0) == "When the last copy came is not known."


def test_every_species_is_told_in_plain_words() -> None:
    for species in Species:
        storm = replace(sample.storm(), species=species)
        assert species.value in text(replace(sample.trace(), storms=(storm,)))


def test_scores_have_words_and_a_negative_weight_is_subtracted() -> None:
    words = [certainty(score) for score in (1.0, 0.8, 0.55, 0.5, 0.1)]
    assert words == ["almost certainly", "very probably", "probably", "possibly", "a weak trace only"]
    suspect = sample.suspects()[0]
    less = replace(suspect.evidence[0], weight=-0.2)
    assert score_sum(replace(suspect, evidence=(suspect.evidence[0], less))) == "0.45 - 0.20 = 0.25"


def test_of_a_long_path_the_end_is_told_which_says_what_mail_it_is() -> None:
    assert placed("/home/anna/mail/2004/05/inbox.mbox:17", 16) == "…5/inbox.mbox:17"
    assert placed("inbox.mbox:17", 16) == "inbox.mbox:17"


def test_what_is_long_ago_is_told_in_years() -> None:
    assert [lasting(days * 86400.0) for days in (3, 729, 800, 7799)] == [
        "3 days",
        "729 days",
        "2 years",
        "21 years",
    ]


def test_a_worst_moment_is_told_only_where_copies_came_together() -> None:
    assert peak_of(((0.0, 1), (60.0, 1)), 60.0) == ""
    assert peak_of(((0.0, 1), (60.0, 2)), 60.0).startswith("At its worst 2 copies came in 1 minute")


def test_wide_characters_take_two_columns_and_long_words_are_cut() -> None:
    lines = list(wrapped("漢字" * 30 + " e\u0301 end", 20, "a: "))
    assert all(width_of(line) <= 20 for line in lines)
    assert "".join(line[3:] for line in lines).replace(" ", "") == "漢字" * 30 + "e\u0301end"
    assert list(wrapped("", 20, "a: ")) == ["a:"]
