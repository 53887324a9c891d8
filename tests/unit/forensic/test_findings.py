"""What each copy of one mail shows: which need no explanation, and whose doing the others are."""

from seawall.forensic.findings import Deed, lists_of, read_scene
from unit.forensic.written import BOB, copies, direct, mail, received, remade

LEA = "lea@lake.example"


def again(number: int, to: str = BOB) -> bytes:
    lines = (
        received("mx.reader.example", "out.sea.example", after=300.0 * number + 2, queue=f"B{number}", to=to),
        received("out.sea.example", queue="A0"),
    )
    return mail(lines, to=f"{BOB}, {LEA}, {to}")


def test_the_first_copy_by_a_way_needs_no_explanation() -> None:
    scene = read_scene(copies([direct()]))
    assert scene.findings == ()
    assert (scene.origins, scene.sender) == (frozenset(("sea.example",)), "sea.example")


def test_what_begins_at_another_than_its_sender_was_made_there() -> None:
    scene = read_scene(copies([direct(), remade(1), remade(2)]))
    assert [(one.copy, one.deed, one.domains) for one in scene.findings] == [
        (1, Deed.MADE, ("fault.example",)),
        (2, Deed.MADE, ("fault.example",)),
    ]


def test_what_shares_its_beginning_with_an_earlier_copy_was_sent_again_by_the_last_server_in_common() -> None:
    scene = read_scene(copies([again(0), again(1)]))
    (one,) = scene.findings
    assert (one.deed, one.domains, one.other, one.shared_hops) == (Deed.SENT_AGAIN, ("sea.example",), 0, 1)


def test_what_is_the_same_from_top_to_bottom_was_fetched_again_by_the_readers_own() -> None:
    (one,) = read_scene(copies([again(0), again(0)])).findings
    assert (one.deed, one.domains, one.shared_hops) == (Deed.FETCHED_AGAIN, ("reader.example",), 2)


def test_what_shares_nothing_was_submitted_again() -> None:
    (one,) = read_scene(copies([direct(), direct(after=60)])).findings
    assert (one.deed, one.domains) == (Deed.SUBMITTED_AGAIN, ("sea.example",))


def test_a_mail_for_another_in_the_mailbox_of_one_who_has_his_own_was_multiplied() -> None:
    lines = (
        received("mx.reader.example", "", after=4, queue="C", to="joe@reader.example"),
        received("mx.reader.example", "out.sea.example", after=2, queue="B0", to="all@reader.example"),
        received("out.sea.example", queue="A0"),
    )
    one = mail(lines)
    (finding,) = read_scene(copies([mail((lines[0].replace("joe@", "bob@"), *lines[1:])), one])).findings
    assert (finding.deed, finding.domains) == (Deed.MULTIPLIED, ("reader.example",))


def test_what_came_by_a_recipient_of_the_mail_was_handed_on_there() -> None:
    forwarded = mail(
        (
            received("mx.reader.example", "out.lake.example", after=9, queue="D", to=BOB),
            received("out.lake.example", "out.sea.example", after=5, queue="C", to=LEA),
            received("out.sea.example", queue="A0"),
        ),
        to=f"{BOB}, {LEA}",
    )
    (one,) = read_scene(copies([again(0), forwarded])).findings
    assert (one.deed, one.domains) == (Deed.HANDED_ON, ("lake.example",))


def test_the_order_in_which_copies_stand_is_that_in_which_they_came() -> None:
    scene = read_scene(copies([remade(2), remade(1), direct()]))
    assert scene.boxes == {"bob": (2, 1, 0)}


def test_a_list_is_known_by_its_fields_and_by_its_envelopes_sender() -> None:
    written = [
        mail((), list_id="Tide <tide.forum.example>"),
        mail((), list_post="<mailto:tide@forum.example>"),
        mail((), return_path="<tide-bounces@forum.example>"),
    ]
    assert [set(lists_of(copy)) - {""} for copy in copies(written)] == [{"forum.example"}] * 3
    assert "" not in read_scene(copies([mail((), list_id="<tide>", return_path="<owner-x@localhost>")])).lists
