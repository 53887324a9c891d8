"""What is seen against somebody, by kinds, each with lines that anybody can check."""

from seawall.forensic.case import Case, cases
from seawall.forensic.evidence import read_evidence
from seawall.forensic.findings import read_scene
from seawall.forensic.quotes import MOST_QUOTES, received_of
from seawall.forensic.weights import WEIGHTS
from seawall.model.trace import EvidenceKind
from unit.forensic.written import BOB, copies, direct, mail, received, remade


def case_of(mails: list[bytes], domain: str) -> Case:
    scene = read_scene(copies(mails))
    return next(case for case in cases([scene]) if case.domain == domain)


def weights(case: Case) -> dict[EvidenceKind, float]:
    return {one.kind: one.weight for one in read_evidence(case)}


def test_more_copies_weigh_more_in_three_steps() -> None:
    for count, key in ((1, "made-1"), (2, "made-2"), (5, "made-5")):
        case = case_of([direct(), *(remade(number) for number in range(1, count + 1))], "fault.example")
        assert weights(case)[EvidenceKind.REMINTED] == WEIGHTS[key]
        assert case.creations == count


def test_a_copy_with_the_mails_own_id_was_replayed_and_one_with_its_own_was_minted_anew() -> None:
    both = [remade(1), remade(2, message_id="<tide@sea.example>")]
    found = {one.kind: one for one in read_evidence(case_of([direct(), *both], "fault.example"))}
    assert found[EvidenceKind.REMINTED].weight == WEIGHTS["made-2"]
    assert (found[EvidenceKind.REPLAYED].weight, found[EvidenceKind.REPLAYED].copies) == (0.0, 1)


def test_the_line_that_is_quoted_is_that_of_who_took_the_copy() -> None:
    (copy,) = copies([remade(1)])
    hop = received_of(copy, "fault.example")
    assert hop is not None
    assert (hop.by, hop.rdns) == ("mx.reader.example", "gw.fault.example")
    own = received_of(copy, "reader.example")
    assert own is not None
    assert own.by == "mx.reader.example"
    assert received_of(copy, "innocent.example") is None


def test_evidence_quotes_a_few_copies_and_counts_all() -> None:
    case = case_of([direct(), *map(remade, range(1, 30))], "fault.example")
    first, *_ = read_evidence(case)
    assert (first.copies, len(first.quotes)) == (29, MOST_QUOTES)
    assert first.quotes[0].mail.startswith("bob:")


def test_the_weightiest_comes_first() -> None:
    found = [
        one.weight for one in read_evidence(case_of([direct(), *map(remade, range(1, 9))], "fault.example"))
    ]
    assert found == sorted(found, reverse=True)


def test_a_marker_weighs_less_against_who_made_no_copy() -> None:
    own = remade(1, cc="mspop3connector.eve@fault.example")
    found = weights(case_of([direct(), own], "fault.example"))
    assert found[EvidenceKind.CONNECTOR_MARKER] == WEIGHTS["marker-and-maker"]
    innocent = case_of([direct(), remade(1, cc="mspop3connector.joe@innocent.example")], "innocent.example")
    assert weights(innocent) == {EvidenceKind.CONNECTOR_MARKER: WEIGHTS["marker"]}
    assert innocent.copies == ()


def test_an_address_that_was_delivered_to_twice_on_one_way_is_a_loop() -> None:
    loop = b"Delivered-To: eve@fault.example\n" * 2
    found = weights(case_of([direct(), loop + remade(1)], "fault.example"))
    assert found[EvidenceKind.DELIVERED_TO_LOOP] == WEIGHTS["delivered-to-loop"]


def test_a_lists_number_twice_with_two_values_shows_that_the_mail_came_back() -> None:
    def numbered(*numbers: int) -> bytes:
        return "".join(f"X-Archive-Position: {number}\n" for number in numbers).encode() + remade(1)

    assert EvidenceKind.LIST_TWICE in weights(case_of([direct(), numbered(4, 7)], "fault.example"))
    assert EvidenceKind.LIST_TWICE not in weights(case_of([direct(), numbered(4, 4)], "fault.example"))
    assert EvidenceKind.LIST_TWICE not in weights(case_of([direct(), numbered(4)], "fault.example"))


def test_a_mail_that_passed_one_three_times_ran_in_a_circle() -> None:
    lines = [received("mx.reader.example", "a.fault.example", after=99, to=BOB)]
    for _ in range(2):
        lines += [
            received("a.fault.example", "b.lake.example"),
            received("b.lake.example", "a.fault.example"),
        ]
    lines += [received("a.fault.example", "out.sea.example"), received("out.sea.example")]
    looped = mail(lines, to=f"{BOB}, eve@fault.example")
    found = weights(case_of([direct(), looped], "fault.example"))
    assert found[EvidenceKind.CYCLE] == WEIGHTS["cycle"]
