"""What was seen before: claimed by who delivers it, given back by who does not, and forgotten in time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from seawall.decide.case import repeated
from seawall.ledger import deliveries, statements, windows
from seawall.ledger.ledger import Ledger
from seawall.ledger.records import HeldNote, Intent, NewDelivery, OutdatedError
from seawall.ledger.schema import delivery, seen, storm, tally
from seawall.ledger.state import State
from seawall.model.address import Address
from seawall.model.knowledge import (
    Claim,
    Entry,
    Known,
    News,
    Questions,
    Repeated,
    StormKind,
    StormNote,
)

NOW = 1_800_000_000.0
DAY = 86400.0
ALICE = "alice@example.org"


class Book:
    """A ledger with one account, in which mails are intended, delivered and asked about."""

    def __init__(self, root: Path) -> None:
        self.ledger = Ledger.open(State.make(str(root / "state")).database)
        self.account = self.ledger.transact(statements.open_account, "office").account_id
        self._tokens = iter(range(10**6))

    def token(self) -> str:
        return f"{next(self._tokens):032x}"

    def intend(
        self,
        *claims: Claim | None,
        as_of: int | None = None,
        now: float = NOW,
        news: News | None = None,
        **changes: Any,
    ) -> list[str]:
        """Intend a mail for each claim; return the deliveries."""
        tokens = [self.token() for _ in claims]
        intents = [
            intent(
                NewDelivery(**{**_PLAIN, "delivery_id": token, "base_name": token, "claim": claim, **changes})
            )
            for token, claim in zip(tokens, claims, strict=True)
        ]
        self.ledger.transact(
            deliveries.intend_judged,
            self.account,
            intents,
            now,
            news=news or News(),
            as_of=self.as_of() if as_of is None else as_of,
        )
        return tokens

    def again(self, delivery_id: str, *claims: Claim | None, goes_on: Sequence[str] = ()) -> None:
        """The mail of a delivery came again and was judged again."""
        copy_id = self.ledger.transact(
            lambda connection: connection.execute(
                select(delivery.c.copy_id).where(delivery.c.id == delivery_id)
            ).scalar_one()
        )
        new = tuple(
            NewDelivery(**{**_PLAIN, "delivery_id": self.token(), "base_name": "again", "claim": claim})
            for claim in claims
        )
        again = Intent(
            uidl=None, octets=1, header_digest=b"h", deliveries=new, copy_id=copy_id, goes_on=tuple(goes_on)
        )
        self.ledger.transact(
            deliveries.intend_judged, self.account, [again], NOW, news=News(), as_of=self.as_of()
        )

    def deliver(self, *delivery_ids: str, now: float = NOW) -> None:
        self.ledger.transact(deliveries.note_staged, delivery_ids, now)
        self.ledger.transact(deliveries.note_delivered, self.account, delivery_ids, now)

    def known(self, *claims: Claim, tallies: Sequence[bytes] = (), marks: Sequence[str] = ()) -> Known:
        asked = Questions(
            contents={claim.content: Repeated(CONTENT, Address.parse(ALICE)) for claim in claims},
            resends=frozenset(claim.resend for claim in claims if claim.resend),
            tallies=frozenset(tallies),
            marks=frozenset(marks),
        )
        return self.ledger.transact(windows.knowledge, asked)

    def as_of(self) -> int:
        return self.known().as_of

    def times(self, claim: Claim) -> int:
        """How often a content was given, by whatever way."""
        return sum(variant.delivered for variant in self.known(claim).contents.get(claim.content, ()))

    def forget(self, now: float = NOW, seconds: float = 90 * DAY, most: int = 10**6) -> int:
        return self.ledger.transact(windows.forget, now, seconds, most)

    def count(self, table: Any) -> int:
        def counted(connection: Connection) -> int:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()

        return self.ledger.transact(counted)


CONTENT = b"content"
COPIES, STORM = repeated(CONTENT, Address.parse(ALICE))
_PLAIN: dict[str, Any] = {"recipient": ALICE, "directory": "/maildir"}


def intent(*new: NewDelivery) -> Intent:
    return Intent(uidl=None, octets=1, header_digest=b"h", deliveries=new)


def claim(content: str, variant: str = "v", *, resend: str | None = None, **changes: Any) -> Claim:
    values: dict[str, Any] = {
        "content": content.encode(),
        "variant": variant.encode(),
        "route": "club.test isp.example",
        "list_id": "",
        "signs": "",
        "message_id": b"",
        "resend": resend.encode() if resend else None,
    }
    return Claim(**{**values, **changes})


def note(storm_key: bytes | None = None) -> HeldNote:
    return HeldNote(
        account="office",
        recipient=ALICE,
        reason="replicated",
        sentence="",
        evidence=(),
        message_id="",
        sender="",
        subject="",
        octets=1,
        reverse_path=None,
        server="pop.example.net",
        storm=storm_key,
    )


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path)
    yield made
    made.ledger.close()


# ── take ────────────────────────────────────────────────────────────────────────────────────


def test_what_was_claimed_is_known_with_its_way(book: Book) -> None:
    first = claim("a", route="club.test isp.example", list_id="crew", signs="connector-marker id:1")
    book.intend(first)
    (variant,) = book.known(first).contents[b"a"]
    assert variant.route == ("club.test", "isp.example")
    assert variant.list_id == "crew"
    assert variant.signs == {"connector-marker", "id:1"}
    assert variant.delivered == 1
    assert variant.seen_id == book.as_of()


def test_one_content_by_two_ways_is_two_variants_and_by_one_way_twice_one(book: Book) -> None:
    book.intend(claim("a", "v"), claim("a", "w"), claim("a", "v"))
    counts = sorted(variant.delivered for variant in book.known(claim("a")).contents[b"a"])
    assert counts == [1, 2]


def test_a_mail_without_content_claims_nothing(book: Book) -> None:
    book.intend(None)
    assert book.count(seen) == 0


def test_a_claim_is_outdated_by_another_of_that_content(book: Book) -> None:
    before = book.as_of()
    book.intend(claim("a"))
    for variant in ("v", "w"):
        with pytest.raises(OutdatedError):
            book.intend(claim("a", variant), as_of=before)
    assert book.times(claim("a")) == 1
    book.intend(claim("a", "w"))
    assert book.times(claim("a")) == 2


def test_it_is_not_outdated_by_another_content(book: Book) -> None:
    before = book.as_of()
    book.intend(claim("b"))
    book.intend(claim("a"), as_of=before)
    assert book.times(claim("a")) == 1


def test_what_is_outdated_leaves_nothing(book: Book) -> None:
    before = book.as_of()
    book.intend(claim("a"))
    storms = (StormNote(key=b"s", kind=StormKind.COPIES, sender="", subject="", sentence="", opens=True),)
    news = News(tallies={b"t": (Entry(NOW, "x", "m"),)}, storms=storms, breaks="too many")
    with pytest.raises(OutdatedError):
        book.intend(claim("c"), claim("a"), as_of=before, news=news)
    assert (book.count(seen), book.count(tally), book.count(storm), book.count(delivery)) == (1, 0, 0, 1)
    assert book.ledger.transact(statements.open_account, "office").broken_at is None


def test_a_resend_that_another_claimed_outdates(book: Book) -> None:
    before = book.as_of()
    book.intend(claim("a", resend="r"))
    with pytest.raises(OutdatedError):
        book.intend(claim("a", resend="r"), as_of=before)
    assert book.known(claim("a", resend="r")).resends == {b"r"}


def test_a_content_that_was_claimed_again_by_a_known_way_outdates_nothing_else(book: Book) -> None:
    """A second report by the way of the first: whoever judged meanwhile knew that way."""
    book.intend(claim("a"))
    before = book.as_of()
    book.intend(claim("a"))
    book.intend(claim("a"), as_of=before)
    assert book.times(claim("a")) == 3


def test_a_content_that_was_given_back_is_claimed_by_one_of_two_who_race(book: Book) -> None:
    (failed,) = book.intend(claim("a", "v"))
    book.again(failed)
    assert book.times(claim("a")) == 0
    before = book.as_of()
    book.intend(claim("a", "v"), as_of=before)
    with pytest.raises(OutdatedError):
        book.intend(claim("a", "w"), as_of=before)


# ── give back ───────────────────────────────────────────────────────────────────────────────


def test_what_a_next_hop_refused_is_given_back(book: Book) -> None:
    tokens = book.intend(claim("a", resend="r"), claim("a", resend="q"))
    refused = NewDelivery(
        **{**_PLAIN, "delivery_id": tokens[0], "base_name": tokens[0], "held": note(), "directory": "/held"}
    )
    book.ledger.transact(deliveries.refuse, [refused], NOW)
    assert book.times(claim("a")) == 1
    assert book.known(claim("a", resend="r")).resends == frozenset()
    assert book.known(claim("a", resend="q")).resends == {b"q"}


def test_a_postponed_delivery_keeps_its_claim(book: Book) -> None:
    """It comes again; a copy that comes meanwhile is one."""
    tokens = book.intend(claim("a", resend="r"))
    book.ledger.transact(deliveries.postpone, tokens)
    assert book.times(claim("a")) == 1
    assert book.known(claim("a", resend="r")).resends == {b"r"}


def test_what_comes_again_claims_once(book: Book) -> None:
    (token,) = book.intend(claim("a", resend="r"))
    book.ledger.transact(deliveries.postpone, [token])
    for _ in range(3):
        book.again(token, claim("a", resend="r"))
        token = book.ledger.transact(
            lambda connection: connection.execute(select(delivery.c.id)).scalar_one()
        )
    assert book.times(claim("a")) == 1


def test_what_goes_on_keeps_its_claim(book: Book) -> None:
    (token,) = book.intend(claim("a", resend="r"))
    book.again(token, goes_on=[token])
    assert book.times(claim("a")) == 1


def test_what_left_the_server_undelivered_is_given_back(book: Book) -> None:
    book.intend(claim("a", resend="r"))
    book.ledger.transact(deliveries.abandon, [1])
    assert book.times(claim("a")) == 0
    assert book.known(claim("a", resend="r")).resends == frozenset()


def test_what_was_delivered_is_never_given_back(book: Book) -> None:
    (token,) = book.intend(claim("a", resend="r"))
    book.deliver(token)
    book.ledger.transact(deliveries.abandon, [1])
    book.again(token) if book.count(delivery) and _has_copy(book, token) else None
    assert book.times(claim("a")) == 1


def _has_copy(book: Book, token: str) -> bool:
    return book.ledger.transact(
        lambda connection: (
            connection.execute(select(delivery.c.copy_id).where(delivery.c.id == token)).scalar_one()
            is not None
        )
    )


# ── marks and tallies ───────────────────────────────────────────────────────────────────────


def test_a_mark_tells_who_received_once_it_is_delivered(book: Book) -> None:
    (token,) = book.intend(claim("a"))
    assert book.known(marks=[token, "f" * 32]).marks == {}
    book.deliver(token)
    assert book.known(marks=[token, "f" * 32]).marks == {token: ALICE}


def test_tallies_are_kept_as_they_are_told(book: Book) -> None:
    entries = (Entry(NOW, "one", "a"), Entry(NOW + 1, "two", "b"))
    book.intend(news=News(tallies={b"t": entries[:1]}))
    book.intend(news=News(tallies={b"t": entries}))
    assert book.known(tallies=[b"t", b"u"]).tallies == {b"t": entries}


def test_batches_that_were_judged_side_by_side_both_count(book: Book) -> None:
    before = book.as_of()
    book.intend(as_of=before, news=News(tallies={b"t": (Entry(NOW, "one", "a"),)}))
    book.intend(as_of=before, news=News(tallies={b"t": (Entry(NOW + 1, "two", "b"),)}))
    assert len(book.known(tallies=[b"t"]).tallies[b"t"]) == 2


def test_a_repeated_contents_tallies_are_told_unasked(book: Book) -> None:
    book.intend(claim("a"), news=News(tallies={COPIES: (Entry(NOW, "x", "m"),)}))
    assert set(book.known(claim("a")).tallies) == {COPIES}
    assert not book.known(claim("b")).tallies


def test_an_open_storm_is_known_until_it_is_closed(book: Book) -> None:
    book.intend(claim("a"))
    opens = StormNote(key=STORM, kind=StormKind.COPIES, sender="", subject="", sentence="", opens=True)
    book.intend(news=News(storms=(opens,)))
    assert book.known(claim("a")).storms == {STORM}
    book.ledger.transact(
        lambda connection: connection.execute(storm.update().values(closed_at=NOW + 1)) and None
    )
    assert not book.known(claim("a")).storms


# ── forget ──────────────────────────────────────────────────────────────────────────────────


def test_the_oldest_are_forgotten_above_the_bound(book: Book) -> None:
    for at in range(10):
        tokens = book.intend(claim(f"c{at}", resend=f"r{at}"), now=NOW + at)
        book.deliver(*tokens, now=NOW + at)
    book.forget(most=4)
    assert [at for at in range(10) if book.times(claim(f"c{at}"))] == [6, 7, 8, 9]
    assert book.count(delivery) == 4


def test_what_came_again_is_not_old(book: Book) -> None:
    for at in range(4):
        book.deliver(*book.intend(claim(f"c{at}"), now=NOW + at), now=NOW + at)
    book.deliver(*book.intend(claim("c0"), now=NOW + 9), now=NOW + 9)
    book.forget(most=2)
    assert [at for at in range(4) if book.times(claim(f"c{at}"))] == [0, 3]


def test_time_forgets_contents_tallies_deliveries_and_storms(book: Book) -> None:
    opens = StormNote(key=b"s", kind=StormKind.COPIES, sender="", subject="", sentence="", opens=True)
    news = News(tallies={b"t": (Entry(NOW, "x", "m"),)}, storms=(opens,))
    book.deliver(*book.intend(claim("a", resend="r"), news=news))
    assert book.forget(now=NOW + 90 * DAY - 1) == 0
    assert book.forget(now=NOW + 90 * DAY + 1) >= 2
    assert [book.count(table) for table in (tally, delivery, storm)] == [0, 0, 0]
    # The newest may stay, so that no id is given twice.
    assert book.count(seen) <= 1


def test_what_is_held_or_open_is_not_forgotten(book: Book) -> None:
    opens = StormNote(key=b"s", kind=StormKind.COPIES, sender="", subject="", sentence="", opens=True)
    (aside,) = book.intend(None, news=News(storms=(opens,)), held=note(b"s"), directory="/held")
    book.deliver(aside)
    book.intend(claim("open"))
    book.forget(now=NOW + 900 * DAY, most=0)
    assert book.count(delivery) == 2
    assert book.count(storm) == 1


def test_it_forgets_some_thousands_at_once_and_the_rest_later(book: Book) -> None:
    many = 2 * windows.FORGOTTEN_AT_ONCE + 1
    book.ledger.transact(
        lambda connection: windows.take(connection, [claim(f"c{at}") for at in range(many)], NOW) and None
    )
    calls = 0
    while book.forget(now=NOW + 91 * DAY):
        calls += 1
    assert calls == 2
    assert book.count(seen) == 1


def test_ids_are_never_given_twice(book: Book) -> None:
    (waiting,) = book.intend(claim("a"))
    book.forget(now=NOW + 91 * DAY)
    (token,) = book.intend(claim("b"), now=NOW + 91 * DAY)
    book.deliver(token, now=NOW + 91 * DAY)
    book.again(waiting)
    assert book.times(claim("b")) == 1


def test_a_claim_behind_a_forgetting_still_outdates(book: Book) -> None:
    book.deliver(*book.intend(claim("old"), claim("older")))
    before = book.as_of()
    book.forget(now=NOW + 91 * DAY)
    book.intend(claim("a"), now=NOW + 91 * DAY)
    with pytest.raises(OutdatedError):
        book.intend(claim("a", "w"), as_of=before, now=NOW + 91 * DAY)


def test_a_delivery_does_not_outlive_its_content(book: Book) -> None:
    (token,) = book.intend(claim("a", resend="r"))
    book.deliver(token, now=NOW + 3 * DAY)
    book.forget(now=NOW + 91 * DAY)
    asked = book.known(claim("a", resend="r"))
    assert bool(asked.contents) == bool(asked.resends)


def test_one_content_has_a_bounded_number_of_ways(book: Book) -> None:
    ways = [claim("a", f"w{at}", route=f"evil.test relay{at}.test isp.example") for at in range(1000)]
    book.ledger.transact(lambda connection: windows.take(connection, ways, NOW) and None)
    assert len(book.known(ways[0]).contents[b"a"]) <= 256
