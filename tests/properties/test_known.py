"""Promise 2 as a property: whatever happens to a box between polls, each mail is taken once and none is skipped."""

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.decide.recognise import Headers, Recognition, recognise
from seawall.model.copy import KnownCopy
from seawall.model.mail import Listed


@dataclass
class World:
    """A box of mails, each a number, its UIDLs, and a ledger that learns; a mail's header is its number."""

    mails: list[int] = field(default_factory=list)
    uidls: dict[int, bytes] = field(default_factory=dict)
    known: dict[int, KnownCopy] = field(default_factory=dict)
    taken: Counter[int] = field(default_factory=Counter)
    added: int = 0
    generation: int = 0
    has_uidl: bool = True
    has_top: bool = True

    def add(self, count: int) -> None:
        for _ in range(count):
            self.added += 1
            self.mails.append(self.added)
            self.uidls[self.added] = b"%d.%d" % (self.generation, self.added)

    def size(self, mail: int) -> int:
        return 100 + mail % 3

    def entries(self) -> tuple[Listed, ...]:
        return tuple(
            Listed(number=at + 1, uidl=self.uidls[mail] if self.has_uidl else None, octets=self.size(mail))
            for at, mail in enumerate(self.mails)
        )

    def digest(self, number: int) -> bytes:
        return b"%016d" % self.mails[number - 1]

    def recognise(self) -> Recognition:
        digests: dict[int, bytes] = {}
        refused: set[int] = set()
        for _ in range(10):
            found = recognise(
                self.entries(),
                list(self.known.values()),
                Headers(digests=digests, refused=frozenset(refused)),
            )
            if not found.ask:
                return found
            if self.has_top:
                digests |= {number: self.digest(number) for number in found.ask}
            else:
                refused |= set(found.ask)
        raise AssertionError("it asks for ever")

    def poll(self) -> None:
        found = self.recognise()
        for listed, copy in found.known:
            self.known[copy.copy_id] = KnownCopy(
                copy_id=copy.copy_id,
                uidl=listed.uidl,
                octets=listed.octets,
                header_digest=copy.header_digest,
                settled_at=0.0,
            )
        missing: dict[bytes | None, KnownCopy] = {copy.header_digest: copy for copy in found.missing}
        for listed in found.fresh:
            digest = self.digest(listed.number)
            same = missing.pop(digest, None) if listed.number in found.unsure else None
            if same is None:
                self.taken[self.mails[listed.number - 1]] += 1
            copy_id = same.copy_id if same else len(self.known) + 1
            self.known[copy_id] = KnownCopy(
                copy_id=copy_id, uidl=listed.uidl, octets=listed.octets, header_digest=digest, settled_at=0.0
            )


acts = st.one_of(
    st.tuples(st.just("add"), st.integers(1, 4)),
    st.tuples(st.just("lose"), st.integers(0, 20)),
    st.tuples(st.just("renumber"), st.just(0)),
    st.tuples(st.just("poll"), st.just(0)),
)


@settings(max_examples=300, deadline=None)
@given(steps=st.lists(acts, max_size=25), has_uidl=st.booleans(), has_top=st.booleans())
def test_each_mail_is_taken_once_whatever_happens_to_the_box(
    steps: list[tuple[str, int]], has_uidl: bool, has_top: bool
) -> None:
    world = World(has_uidl=has_uidl, has_top=has_top)
    for act, value in [*steps, ("poll", 0)]:
        match act:
            case "add":
                world.add(value)
            case "lose" if world.mails:
                world.mails.pop(value % len(world.mails))
            case "renumber":
                world.generation += 1
                world.uidls = {mail: b"%d.%d" % (world.generation, mail) for mail in world.uidls}
            case "poll":
                world.poll()
    assert all(times == 1 for times in world.taken.values())
    assert set(world.mails) <= set(world.taken)


@given(shift=st.integers(1, 5), count=st.integers(2, 8))
def test_reused_uidls_skip_no_mail_where_one_size_or_a_sample_tells(shift: int, count: int) -> None:
    """UIDLs come to stand for other mails of the same size: the sample of one is enough to find all."""
    world = World()
    world.add(count)
    copies = [
        KnownCopy(copy_id=n, uidl=b"%d" % n, octets=100, header_digest=b"%016d" % n, settled_at=0.0)
        for n in range(1, count + 1)
    ]
    entries = [Listed(number=n, uidl=b"%d" % n, octets=100) for n in range(1, count + 1)]
    digests = {1: b"%016d" % (1 + 100 * shift)}
    for _ in range(5):
        found = recognise(entries, copies, Headers(digests=digests))
        if not found.ask:
            break
        digests |= {n: b"%016d" % (n + 100 * shift) for n in found.ask}
    assert [listed.number for listed in found.fresh] == list(range(1, count + 1))
    assert found.known == ()


def test_nothing_is_asked_where_nothing_changed() -> None:
    copies = [
        KnownCopy(copy_id=n, uidl=b"%d" % n, octets=n, header_digest=b"%016d" % n, settled_at=0.0)
        for n in range(1, 1000)
    ]
    entries = [Listed(number=n, uidl=b"%d" % n, octets=n) for n in range(1, 1001)]
    found = recognise(entries, copies, Headers(digests={}))
    assert found.ask == ()
    assert [listed.number for listed in found.fresh] == [1000]


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_a_mail_in_the_clear_never_reaches_an_envelope(to: bytes, cc: bytes) -> None:
    """Promise 1: whatever To and Cc hold, the recipient is the account's."""
    from seawall.decide.recipient import recipients  # noqa: PLC0415
    from seawall.decide.verdict import decide  # noqa: PLC0415
    from seawall.facts.message import read_message  # noqa: PLC0415
    from seawall.model.account import NO_MAILBOXES  # noqa: PLC0415
    from seawall.model.address import Address  # noqa: PLC0415

    recipient = Address.parse("alice@example.org")
    mail = b"To: " + to + b"\r\nCc: " + cc + b"\r\nBcc: x@example.com\r\nResent-To: y@example.com\r\n\r\n"
    read = read_message(mail, len(mail), bytes(32))
    (verdict,) = decide(read, recipients(read, recipient, NO_MAILBOXES), {})
    assert getattr(verdict, "recipients", (recipient,)) == (recipient,)
