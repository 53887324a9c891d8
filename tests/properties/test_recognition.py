"""How mails are recognised, held to a plainer telling of the same: for boxes small enough for any number of loops."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.decide.recognise import Headers, Recognition, is_refuted, recognise
from seawall.model.copy import KnownCopy
from seawall.model.mail import Listed

uidls = st.none() | st.sampled_from([b"", b"1", b"2", b"3", b"4"])
sizes = st.none() | st.integers(1, 3)
digests = st.sampled_from([b"a", b"b", b"c"])


@st.composite
def listings(draw: st.DrawFn) -> tuple[Listed, ...]:
    rows = draw(st.lists(st.tuples(uidls, sizes), max_size=7))
    return tuple(Listed(number=at, uidl=uidl, octets=octets) for at, (uidl, octets) in enumerate(rows, 1))


@st.composite
def ledgers(draw: st.DrawFn) -> list[KnownCopy]:
    rows = draw(
        st.lists(st.tuples(uidls, sizes, st.none() | digests, st.booleans(), st.booleans()), max_size=7)
    )
    return [
        KnownCopy(
            copy_id=at,
            uidl=uidl,
            octets=octets,
            header_digest=digest,
            settled_at=0.0,
            is_listed=is_listed,
            is_erased=is_erased,
        )
        for at, (uidl, octets, digest, is_listed, is_erased) in enumerate(rows, 1)
    ]


answers = st.lists(st.none() | digests, min_size=7, max_size=7)
"""What TOP shows of each mail; None where it shows nothing."""
numbers = st.sets(st.integers(1, 7))


def reading(said: list[bytes | None], asked: set[int], before: Headers) -> Headers:
    """The headers with those of the mails that were asked for."""
    shown = {number: digest for number in asked if (digest := said[number - 1]) is not None}
    return Headers(
        digests={**before.digests, **shown},
        refused=before.refused | (asked - before.digests.keys() - shown.keys()),
    )


def by_uidl_alone(
    entries: tuple[Listed, ...], copies: list[KnownCopy], headers: Headers
) -> tuple[dict[int, int], set[int]]:
    """Which copy each mail is, and what must be asked: where copies are erased nothing but UIDL and size is gone by."""
    pairs: list[tuple[Listed, KnownCopy]] = []
    ask: set[int] = set()
    for uidl in {entry.uidl for entry in entries} - {None}:
        mails = sorted((entry for entry in entries if entry.uidl == uidl), key=lambda mail: mail.octets or -1)
        known = sorted((copy for copy in copies if copy.uidl == uidl), key=lambda copy: copy.octets or -1)
        if len(mails) == len(known) == 1 or [m.octets for m in mails] == [c.octets for c in known]:
            pairs += zip(mails, known, strict=True)
        elif known:
            ask |= {mail.number for mail in mails}
    said = {mail.number: headers.digests.get(mail.number) for mail in entries}
    is_contradicted = False
    matched: dict[int, int] = {}
    for mail, copy in pairs:
        digest, is_same = said[mail.number], None in (mail.octets, copy.octets) or mail.octets == copy.octets
        if digest is not None and copy.header_digest not in (None, digest):
            is_contradicted = True
        elif is_same or digest is not None:
            matched[mail.number] = copy.copy_id
        if not is_same:
            ask.add(mail.number)
    if is_contradicted:
        ask |= {m.number for m, copy in pairs if m.number in matched and copy.header_digest is not None}
    return matched, {number for number in ask if not headers.is_answered(number)}


@settings(max_examples=500)
@given(entries=listings(), copies=ledgers(), said=answers, asked=numbers)
def test_uidl_and_size_are_gone_by_as_a_plain_loop_does(
    entries: tuple[Listed, ...], copies: list[KnownCopy], said: list[bytes | None], asked: set[int]
) -> None:
    copies = [replace(copy, is_erased=True, is_listed=False) for copy in copies]
    headers = reading(said, asked & {entry.number for entry in entries}, Headers(digests={}))
    found = recognise(entries, copies, headers)
    matched, ask = by_uidl_alone(entries, copies, headers)
    assert {entry.number: copy.copy_id for entry, copy in found.known} == matched
    assert set(found.ask) == ask


def final(
    entries: tuple[Listed, ...], copies: list[KnownCopy], said: list[bytes | None]
) -> tuple[Recognition, Headers]:
    headers = Headers(digests={})
    for _ in range(10):
        found = recognise(entries, copies, headers)
        if not found.ask:
            return found, headers
        headers = reading(said, set(found.ask), headers)
    raise AssertionError("it asks for ever")


@settings(max_examples=500)
@given(entries=listings(), copies=ledgers(), said=answers, sample=numbers)
def test_headers_that_refute_nothing_change_nothing(
    entries: tuple[Listed, ...], copies: list[KnownCopy], said: list[bytes | None], sample: set[int]
) -> None:
    found, headers = final(entries, copies, said)
    known = {entry.number for entry, _ in found.known}
    unread = {number for number in sample & known if not headers.is_answered(number)}
    more = reading(said, unread, headers)
    again = recognise(entries, copies, more)
    if is_refuted(found, more):
        assert again != found
    else:
        assert again == found


@given(entries=listings(), copies=ledgers(), said=answers)
def test_each_mail_and_each_copy_is_accounted_for_once(
    entries: tuple[Listed, ...], copies: list[KnownCopy], said: list[bytes | None]
) -> None:
    found, _ = final(entries, copies, said)
    numbered = [entry.number for entry, _ in found.known] + [entry.number for entry in found.fresh]
    counted = [copy.copy_id for _, copy in found.known] + [copy.copy_id for copy in found.missing]
    assert sorted(numbered) == [entry.number for entry in entries]
    assert sorted(counted) == [copy.copy_id for copy in copies]
