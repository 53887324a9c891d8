"""Sums and caps: each cap on a case that it holds down, and one that it does not."""

import pytest

from seawall.forensic.caps import CAPS, POSSIBLE
from seawall.forensic.findings import read_scene
from seawall.forensic.suspects import LIKELY, MENTIONED, suspects
from seawall.model.trace import Species, Suspect
from unit.forensic.written import BOB, copies, direct, mail, received, remade


def named(mails: list[bytes], domain: str, mine: frozenset[str] = frozenset()) -> Suspect | None:
    found = suspects((read_scene(copies(mails)),), Species.REMAILER, mine)
    return next((one for one in found if one.domain == domain), None)


def again(number: int, receiver: str = "reader.example") -> bytes:
    lines = (
        received(f"mx.{receiver}", "out.sea.example", after=300.0 * number + 2, queue=f"B{number}", to=BOB),
        received("out.sea.example", queue="A0"),
    )
    return mail(lines)


SAID = "from gw.fault.example (unknown [192.0.2.66]) "
FORGED = "from gw.fault.example (gw.fault.example [192.0.2.66] (may be forged)) "
COPIES = [remade(number) for number in range(1, 9)]
CAPPED = {
    "passed-on": [direct(), *(copy.replace(b", eve@fault.example", b"") for copy in COPIES)],
    "name-alone": [
        direct(),
        *(remade(n, domain="lake.example", cc="mspop3connector.x@fault.example") for n in range(1, 9)),
    ],
    "own-word": [direct(), *(remade(number, said=SAID) for number in range(1, 9))],
    "forward": [direct(), remade(1), remade(2)],
}


@pytest.mark.parametrize("cap", CAPPED)
def test_a_cap_holds_the_score_down_and_is_told(cap: str) -> None:
    one = named(CAPPED[cap], "fault.example")
    assert one is not None
    assert one.score <= CAPS[cap].score
    assert one.score < LIKELY
    if cap != "name-alone":
        assert one.cap == CAPS[cap].why


def test_without_a_reason_to_hold_it_down_the_score_is_the_sum() -> None:
    one = named([direct(), *COPIES], "fault.example")
    assert one is not None
    assert one.cap == ""
    assert one.score == round(min(1.0, sum(evidence.weight for evidence in one.evidence)), 2)


def test_a_name_whose_lookup_did_not_agree_is_unproven_too_and_one_proven_copy_is_enough() -> None:
    one = named([direct(), *(remade(number, said=FORGED) for number in range(1, 9))], "fault.example")
    assert one is not None
    assert one.score == POSSIBLE
    one = named(
        [direct(), remade(0), *(remade(number, said=SAID) for number in range(1, 9))], "fault.example"
    )
    assert one is not None
    assert one.score >= LIKELY


def test_one_receiver_may_lose_its_answers() -> None:
    one = named([again(number) for number in range(13)], "sea.example")
    assert one is not None
    assert (one.score, one.cap) == (POSSIBLE, CAPS["one-receiver"].why)


def test_what_lies_in_a_mailbox_again_without_a_fetchers_line_is_unclear() -> None:
    one = named([again(0)] * 14, "reader.example")
    assert one is not None
    assert (one.score, one.cap) == (POSSIBLE, CAPS["unclear"].why)


def test_the_readers_own_is_named_like_any_other_and_said_to_be_so() -> None:
    one = named([direct(), *COPIES], "fault.example", frozenset(("fault.example",)))
    assert one is not None
    assert one.is_mine
    assert one.score >= LIKELY


def test_the_most_suspected_comes_first_and_nobody_is_named_for_next_to_nothing() -> None:
    mails = [direct(), *COPIES, remade(1, domain="lake.example")]
    found = suspects((read_scene(copies(mails)),), Species.REMAILER, frozenset())
    assert found[0].domain == "fault.example"
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert all(one.score >= MENTIONED for one in found)


def test_who_is_suspected_can_be_reached_and_is_told_what_to_do() -> None:
    one = named([direct(), *COPIES], "fault.example")
    assert one is not None
    assert one.contacts == ("postmaster@fault.example", "abuse@fault.example")
    assert one.advice
    assert one.innocent_explanation
    assert one.product == "Postfix"
