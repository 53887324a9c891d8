"""Programs that answer each other, people who answer to all, recalls: and the ordinary mails that look like these."""

from pathlib import Path

from seawall.forensic.caps import POSSIBLE
from seawall.forensic.suspects import LIKELY
from seawall.model.trace import EvidenceKind, Species
from unit.forensic.written import BOB, direct, look, look_at_bob, only_storm, ordinary, suspect

AWAY = "I am away until Monday.\n"


def answer(
    number: int, *, pause: float = 60.0, to: str = BOB, body: str = AWAY, sender: str = "lake.example"
) -> bytes:
    return direct(
        to,
        after=pause * number,
        sender=sender,
        subject="Re: away",
        in_reply_to=f"<{number}@reader.example>",
        message_id=f"<a{number}@{sender}>",
        body=body,
        queue=f"A{number}{to}",
    )


def test_a_program_that_answers_every_answer_is_named_with_what_it_answered(tmp_path: Path) -> None:
    storm = only_storm(look_at_bob(tmp_path, [answer(number) for number in range(24)]))
    assert (storm.species, storm.copies) == (Species.AUTORESPONDERS, 24)
    one = suspect(storm, "lake.example")
    assert storm.because == tuple(evidence.says for evidence in one.evidence)
    assert one.score >= LIKELY
    (evidence,) = one.evidence
    assert evidence.kind is EvidenceKind.ANSWERS
    assert "24 mails with the same words, 1 minutes apart" in evidence.says
    assert evidence.quotes[0].text == "<0@reader.example>"


def test_two_programs_that_answer_each_other_are_one_storm(tmp_path: Path) -> None:
    boxes = {
        "bob": [*ordinary(), *(answer(number) for number in range(12))],
        "ann": [
            *ordinary("ann@lake.example"),
            *(
                answer(n, to="ann@lake.example", body="Ticket received.\n", sender="reader.example")
                for n in range(12)
            ),
        ],
    }
    boxes["ann"] = [
        one.replace(b"From: ann@reader.example", b"From: bob@reader.example") for one in boxes["ann"]
    ]
    storm = only_storm(look(tmp_path, boxes))
    assert storm.species is Species.AUTORESPONDERS
    assert {one.domain for one in storm.suspects} == {"lake.example", "reader.example"}


def test_answers_in_anothers_name_that_never_passed_his_servers_bring_him_less_than_half(
    tmp_path: Path,
) -> None:
    forged = [answer(n).replace(b"From: ann@lake.example", b"From: joe@innocent.example") for n in range(24)]
    one = suspect(only_storm(look_at_bob(tmp_path, forged)), "innocent.example")
    assert one.score < POSSIBLE
    assert one.cap == "only a name that anybody can write points there"


def test_somebody_who_is_away_for_a_month_makes_no_storm(tmp_path: Path) -> None:
    assert not look_at_bob(tmp_path, [answer(number, pause=86_400.0) for number in range(30)]).storms


def test_an_absence_note_to_many_who_wrote_once_is_no_storm(tmp_path: Path) -> None:
    sent = [answer(number, to=f"u{number}@reader.example") for number in range(30)]
    assert not look(tmp_path, {"archive": [*ordinary(), *sent]}).storms


def test_a_thread_of_two_people_in_their_own_words_is_no_storm(tmp_path: Path) -> None:
    assert not look_at_bob(tmp_path, [answer(n, body=f"What of {n}?\n") for n in range(30)]).storms


# --- people ---------------------------------------------------------------------------------------------------------

ALL = ", ".join([BOB, *(f"u{number}@reader.example" for number in range(20))])


def to_all(number: int, *, pause: float = 60.0, to: str = ALL, people: int = 1000) -> bytes:
    return direct(
        after=pause * number,
        sender=f"people{number % people}.example",
        subject="Re: The tide",
        to=to,
        references="<tide@sea.example>",
        in_reply_to="<tide@sea.example>",
        message_id=f"<{number}@people{number}.example>",
        body=f"Please take me off this list, {number}.\n",
    )


def test_people_who_answer_to_all_within_an_hour_are_a_storm_of_nobodys(tmp_path: Path) -> None:
    storm = only_storm(look_at_bob(tmp_path, [direct(to=ALL), *map(to_all, range(1, 20))]))
    assert (storm.species, storm.copies, storm.suspects) == (Species.REPLY_ALL, 20, ())
    assert "20 people wrote 20 mails" in storm.because[0]


def test_a_thread_of_a_few_people_or_over_days_is_no_storm(tmp_path: Path) -> None:
    few = [to_all(number, people=5) for number in range(30)]
    assert not look_at_bob(tmp_path / "few", few).storms
    slow = [to_all(number, pause=7200.0) for number in range(1, 20)]
    assert not look_at_bob(tmp_path / "slow", slow).storms


def test_answers_to_two_people_are_no_storm(tmp_path: Path) -> None:
    assert not look_at_bob(
        tmp_path, [to_all(number, to=f"{BOB}, ann@sea.example") for number in range(20)]
    ).storms


# --- recalls --------------------------------------------------------------------------------------------------------


def recall(number: int, *, pause: float = 60.0, subject: str = "The tide") -> bytes:
    return direct(
        after=pause * number,
        sender="sea.example",
        subject=f"Recall: {subject}" if number % 2 else f"Message Recall Success: {subject}",
        message_id=f"<recall{number}@sea.example>",
        body=f"The sender would like to recall the message, {number}.\n",
    )


def test_many_recalls_of_one_mail_within_a_day_are_a_storm_of_nobodys(tmp_path: Path) -> None:
    storm = only_storm(look_at_bob(tmp_path, [recall(number) for number in range(20)]))
    assert (storm.species, storm.copies, storm.suspects) == (Species.RECALL, 20, ())
    assert storm.because


def test_a_few_recalls_or_those_of_years_are_no_storm(tmp_path: Path) -> None:
    assert not look_at_bob(tmp_path / "few", [recall(number) for number in range(19)]).storms
    assert not look_at_bob(tmp_path / "years", [recall(n, pause=30 * 86_400.0) for n in range(40)]).storms
    each = [recall(number, subject=f"Matter {number}") for number in range(40)]
    assert not look_at_bob(tmp_path / "each", each).storms
