"""Which mails of a listing are known already? Pure: a listing, what is known, and the headers read so far.

A stored copy is known by (UIDL, size, digest of its header). UIDLs alone cannot be trusted: boxes
are rebuilt and servers replaced, and then all of them change (every peer fetches everything
again) or come to stand for other mails (every peer skips those). So a UIDL whose size disagrees is
checked by its header, a random sample of the others as well, and one that proves to stand for
another mail makes all of them suspect; and where mails are new while known ones are gone, their
headers tell which are only known ones under a new UIDL.

`recognise` is called again as long as it names headers to read (TOP n 0); a header that the server
will not show leaves its mail `unsure`: it is retrieved and told apart by what came.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from seawall.model.copy import KnownCopy
from seawall.model.mail import Listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """The digests of the headers that TOP showed, by number, and the numbers for which it showed none."""

    digests: Mapping[int, bytes]
    refused: frozenset[int] = field(default=frozenset())

    def is_answered(self, number: int) -> bool:
        """Whether asking again would tell nothing new."""
        return number in self.digests or number in self.refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """The answer: `ask` names headers to read first; where it is empty the rest is final.

    `known` pairs each known mail with its copy. `fresh` is to be retrieved, oldest first; those in
    `unsure` are compared, once retrieved, with the copies in `missing`, which nothing on the
    server was matched with.
    """

    known: tuple[tuple[Listed, KnownCopy], ...]
    fresh: tuple[Listed, ...]
    unsure: frozenset[int]
    missing: tuple[KnownCopy, ...]
    ask: tuple[int, ...] = ()


def recognise(
    entries: Sequence[Listed], copies: Sequence[KnownCopy], headers: Headers, sample: Iterable[int] = ()
) -> Recognition:
    """Match a listing with the copies that are known of its account.

    `copies` come in the order in which they were learnt; `sample` holds the numbers of mails whose
    header is checked although nothing speaks against their UIDL.
    """
    matching = _Matching(entries, copies, headers)
    matching.by_uidl(frozenset(sample))
    matching.by_order()
    matching.by_header()
    return matching.result()


def is_same_size(one: int | None, other: int | None) -> bool:
    """Whether two sizes agree; one that the server did not tell agrees with any."""
    return one is None or other is None or one == other


class _Matching:
    """The state of one call: what is matched, and what must be asked."""

    def __init__(self, entries: Sequence[Listed], copies: Sequence[KnownCopy], headers: Headers) -> None:
        self._entries = entries
        self._headers = headers
        self._copies = {copy.copy_id: copy for copy in copies}
        self._matched: dict[int, KnownCopy] = {}
        self._ask: set[int] = set()
        self._unsure: set[int] = set()
        self._is_same_box = False

    def _match(self, entry: Listed, copy: KnownCopy) -> None:
        self._matched[entry.number] = copy
        self._copies.pop(copy.copy_id, None)

    def _unmatched(self) -> list[Listed]:
        return [entry for entry in self._entries if entry.number not in self._matched]

    def by_uidl(self, sample: frozenset[int]) -> None:
        """Match by UIDL and size; ask for the header where they disagree, and of the sample."""
        copies_of: defaultdict[bytes, list[KnownCopy]] = defaultdict(list)
        for copy in self._copies.values():
            if copy.uidl is not None:
                copies_of[copy.uidl].append(copy)
        entries_of: defaultdict[bytes, list[Listed]] = defaultdict(list)
        for entry in self._entries:
            if entry.uidl is not None and entry.uidl in copies_of:
                entries_of[entry.uidl].append(entry)
        pairs: list[tuple[Listed, KnownCopy]] = []
        for uidl, entries in entries_of.items():
            pairs += self._pairs(entries, copies_of[uidl])
        agreed = [pair for pair in pairs if self._agrees(*pair, is_sampled=pair[0].number in sample)]
        if any(self._is_another(*pair) for pair in pairs):
            # One UIDL stands for another mail than it did: none of them can be trusted.
            agreed = [pair for pair in agreed if self._agrees(*pair, is_sampled=True)]
        self._is_same_box = bool(agreed)
        for entry, copy in agreed:
            self._match(entry, copy)

    def _pairs(self, entries: list[Listed], copies: list[KnownCopy]) -> list[tuple[Listed, KnownCopy]]:
        """Pair the mails and the copies of one UIDL, where that can be done without their headers."""
        if len(entries) == 1 and len(copies) == 1:
            return [(entries[0], copies[0])]
        if Counter(entry.octets for entry in entries) == Counter(copy.octets for copy in copies):
            return list(zip(sorted(entries, key=_size), sorted(copies, key=_size), strict=True))
        # Several mails share one UIDL and some of them are new: `by_header` tells which.
        self._need(entries)
        return []

    def _is_another(self, entry: Listed, copy: KnownCopy) -> bool:
        digest = self._headers.digests.get(entry.number)
        return digest is not None and copy.header_digest is not None and digest != copy.header_digest

    def _agrees(self, entry: Listed, copy: KnownCopy, *, is_sampled: bool) -> bool:
        """Whether the mail with a copy's UIDL is that copy, as far as can be told; asks for its header where needed."""
        is_same = is_same_size(entry.octets, copy.octets)
        if self._is_another(entry, copy):
            return False
        if is_same and (not is_sampled or copy.header_digest is None):
            return True
        if not self._headers.is_answered(entry.number):
            self._ask.add(entry.number)
        # Without TOP a size that agrees is all there is.
        return is_same or entry.number in self._headers.digests

    def by_order(self) -> None:
        """Match mails without UIDL: known ones keep their order, and new ones come behind them."""
        copies = [copy for copy in self._copies.values() if copy.uidl is None and copy.is_listed]
        entries = [entry for entry in self._entries if entry.uidl is None]
        if not copies or len(copies) > len(entries):
            return
        pairs = list(zip(entries, copies, strict=False))
        if not all(entry.octets is not None and entry.octets == copy.octets for entry, copy in pairs):
            return
        if any(self._is_another(*pair) for pair in pairs):
            return
        ends = (pairs[0], pairs[-1])
        if all(self._headers.is_answered(entry.number) for entry, _ in ends):
            # An end whose header TOP refuses to show proves nothing: `by_header` goes on.
            if all(entry.number in self._headers.digests for entry, _ in ends):
                self._is_same_box = True
                for entry, copy in pairs:
                    self._match(entry, copy)
        else:
            self._need(entry for entry, _ in ends)

    def by_header(self) -> None:
        """Match what is left by header: known mails under another UIDL, or under none."""
        missing = defaultdict[bytes, list[KnownCopy]](list)
        for copy in self._copies.values():
            if copy.header_digest is not None and not copy.is_erased:
                missing[copy.header_digest].append(copy)
        if not missing:
            return
        sizes = {copy.octets for copies in missing.values() for copy in copies}
        candidates = [
            entry
            for entry in self._unmatched()
            if not self._is_same_box or None in sizes or entry.octets is None or entry.octets in sizes
        ]
        self._need(candidates)
        for entry in candidates:
            digest = self._headers.digests.get(entry.number)
            if digest is None:
                if entry.number in self._headers.refused:
                    self._unsure.add(entry.number)
                continue
            for copy in missing.get(digest, ()):
                if not self._is_same_box or is_same_size(entry.octets, copy.octets):
                    self._match(entry, copy)
                    missing[digest].remove(copy)
                    break

    def _need(self, entries: Iterable[Listed]) -> None:
        self._ask.update(entry.number for entry in entries if not self._headers.is_answered(entry.number))

    def result(self) -> Recognition:
        return Recognition(
            known=tuple(
                (entry, self._matched[entry.number])
                for entry in self._entries
                if entry.number in self._matched
            ),
            fresh=tuple(self._unmatched()),
            unsure=frozenset(self._unsure),
            missing=tuple(self._copies.values()),
            ask=tuple(sorted(self._ask)),
        )


def _size(mail: Listed | KnownCopy) -> int:
    return -1 if mail.octets is None else mail.octets
