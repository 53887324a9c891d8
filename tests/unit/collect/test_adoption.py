import pytest

from seawall.collect.adoption import adoption
from seawall.decide.recognise import Recognition
from seawall.errors import Permanent
from seawall.model.copy import KnownCopy
from seawall.model.mail import Listed


def listed(number: int, uidl: bytes | None) -> Listed:
    return Listed(number=number, uidl=uidl, octets=100)


def box(*fresh: bytes | None, known: tuple[bytes, ...] = ()) -> Recognition:
    copies = tuple(
        (
            listed(100 + at, uidl),
            KnownCopy(copy_id=at, uidl=uidl, octets=1, header_digest=None, settled_at=None),
        )
        for at, uidl in enumerate(known)
    )
    return Recognition(
        known=copies,
        fresh=tuple(listed(number, uidl) for number, uidl in enumerate(fresh, start=1)),
        unsure=frozenset(),
        missing=(),
    )


@pytest.mark.parametrize(
    ("found", "seen", "marked", "fetched", "gone"),
    [
        (box(b"a", b"b"), None, [1, 2], 0, 0),
        (box(b"a", b"b"), {b"a", b"c"}, [1], 1, 1),
        (box(b"a", known=(b"c",)), {b"a", b"c"}, [1], 0, 0),
        (box(b"a", b"a"), {b"a"}, [], 2, 0),
        (box(None, b"a"), {b"a"}, [2], 1, 0),
        (box(), {b"a"}, [], 0, 1),
    ],
    ids=[
        "without a list all",
        "the listed",
        "what is known is no gone one",
        "not a shared UIDL",
        "not one without",
        "empty",
    ],
)
def test_a_list_marks(
    found: Recognition, seen: set[bytes] | None, marked: list[int], fetched: int, gone: int
) -> None:
    chosen = adoption(found, seen)
    assert [mail.number for mail in chosen.marked] == marked
    assert (chosen.fetched, chosen.gone) == (fetched, gone)


@pytest.mark.parametrize(
    ("found", "seen", "is_doubted"),
    [
        (box(b"a"), {b"b"}, True),
        (box(b"a"), set(), True),
        (box(b"a", b"b"), {b"b"}, False),
        (box(), {b"b"}, False),
        (box(known=(b"a",)), {b"b"}, False),
    ],
)
def test_a_list_that_matches_nothing_is_doubted_where_mail_would_be_fetched(
    found: Recognition, seen: set[bytes], *, is_doubted: bool
) -> None:
    if not is_doubted:
        adoption(found, seen).doubt()
        return
    with pytest.raises(Permanent, match="none of the 1 mails at the server is in the list"):
        adoption(found, seen).doubt()
