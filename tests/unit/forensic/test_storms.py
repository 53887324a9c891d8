"""Which copies are too many, and of which species."""

from seawall.forensic.findings import read_scene
from seawall.forensic.storms import TOO_MANY, TOO_MANY_OTHERS, because, species_of, storms
from seawall.model.trace import Species
from unit.forensic.test_suspects import again
from unit.forensic.written import copies, direct, mail, remade


def found(mails: list[bytes]) -> list[Species]:
    return [storm.species for storm in storms([read_scene(copies(mails))])]


def test_a_few_copies_again_are_a_retry_and_more_are_a_storm() -> None:
    assert found([again(number) for number in range(TOO_MANY)]) == []
    assert found([again(number) for number in range(TOO_MANY + 1)]) == [Species.RETRY]


def test_copies_that_others_made_are_a_storm_from_a_number_on_whoever_they_are() -> None:
    made = [remade(1, domain=f"fault{number}.example") for number in range(TOO_MANY_OTHERS)]
    assert found([direct(), *made[:-1]]) == []
    assert found([direct(), *made]) == [Species.REMAILER]


def test_the_same_words_every_day_are_none_however_they_came() -> None:
    assert found([direct(after=86_400.0 * day, message_id=f"<{day}@sea.example>") for day in range(40)]) == []
    assert found([mail((), message_id=f"<{day}@sea.example>") for day in range(40)]) == []


def test_copies_are_told_apart_by_what_most_of_them_show() -> None:
    assert species_of(read_scene(copies([direct(), remade(1), remade(2)]))) is Species.REMAILER
    assert species_of(read_scene(copies([direct(), remade(1), *map(again, range(3))]))) is Species.RETRY
    assert species_of(read_scene(copies([direct()]))) is Species.UNEXPLAINED


def test_the_storm_with_most_copies_comes_first() -> None:
    small = read_scene(copies([again(number) for number in range(6)]))
    large = read_scene(copies([direct(), *map(remade, range(1, 12))]))
    assert [storm.species for storm in storms([small, large])] == [Species.REMAILER, Species.RETRY]


def test_what_was_counted_is_told_in_sentences() -> None:
    assert because(read_scene(copies([direct(), remade(1)]))) == (
        "1 copy began at a server that is not the sender's",
    )
