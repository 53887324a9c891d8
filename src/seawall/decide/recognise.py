"""Which mails of a listing are known already? Pure: a listing, what is known, and the headers read so far.

A stored copy is known by (UIDL, size, digest of its header). UIDLs alone cannot be trusted: boxes
are rebuilt and servers replaced, and then all of them change (every peer fetches everything
again) or come to stand for other mails (every peer skips those). So a UIDL whose size disagrees is
checked by its header, a random sample of the others as well, and one that proves to stand for
another mail makes all of them suspect; and where mails are new while known ones are gone, their
headers tell which are only known ones under a new UIDL.

`recognise` is called again as long as it names headers to read (TOP n 0), and once more where a
header of the sample refutes it (`is_refuted`); a header that the server will not show leaves its
mail `unsure`: it is retrieved and told apart by what came.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from seawall.model.copy import KnownCopy
from seawall.model.mail import Listed

Mail = TypeVar("Mail", Listed, KnownCopy)


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


def recognise(entries: Sequence[Listed], copies: Sequence[KnownCopy], headers: Headers) -> Recognition:
    """Match a listing with the copies that are known of its account, which come in the order in which they were learnt."""
    matching = _Matching(entries, copies, headers)
    matching.by_uidl()
    matching.by_order()
    matching.by_header()
    return matching.result()


def is_refuted(found: Recognition, headers: Headers) -> bool:
    """Whether headers of known mails, read since, show that one is not the copy it was taken for.

    Where none does, `recognise` would answer with them what it answered without them.
    """
    return any(
        is_another(headers.digests[entry.number], copy)
        for entry, copy in found.known
        if entry.number in headers.digests
    )


def is_same_size(one: int | None, other: int | None) -> bool:
    """Whether two sizes agree; one that the server did not tell agrees with any."""
    return one is None or other is None or one == other


def is_another(header_digest: bytes, copy: KnownCopy) -> bool:
    """Whether a mail with this header cannot be that copy; one whose header could not be read may be any."""
    return copy.header_digest is not None and header_digest != copy.header_digest


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

    def by_uidl(self) -> None:
        """Match by UIDL and size; ask for the header where they disagree."""
        pairs = self._pairs()
        read = self._headers.digests
        others = {entry.number for entry, copy in pairs if self._is_another(entry, copy)}
        resized = [entry for entry, copy in pairs if not is_same_size(entry.octets, copy.octets)]
        self._need(resized)
        # Without TOP a size that agrees is all there is.
        doubtful = others.union(entry.number for entry in resized if entry.number not in read)
        agreed = [pair for pair in pairs if pair[0].number not in doubtful]
        if others:
            # One UIDL stands for another mail than it did: none of them can be trusted.
            self._need(entry for entry, copy in agreed if copy.header_digest is not None)
        self._is_same_box = bool(agreed)
        for entry, copy in agreed:
            self._match(entry, copy)

    def _pairs(self) -> list[tuple[Listed, KnownCopy]]:
        """Pair the mails and the copies that have one UIDL, where that can be done without their headers."""
        copies = self._copies.values()
        shared = _shared(self._entries) | _shared(copies)
        copy_of = {copy.uidl: copy for copy in copies if copy.uidl not in shared}
        pairs = [(entry, copy_of[entry.uidl]) for entry in self._entries if entry.uidl in copy_of]
        copies_of = _grouped(copies, shared)
        for uidl, entries in _grouped(self._entries, shared).items():
            pairs += self._pairs_of_several(entries, copies_of.get(uidl, []))
        return pairs

    def _pairs_of_several(
        self, entries: list[Listed], copies: list[KnownCopy]
    ) -> list[tuple[Listed, KnownCopy]]:
        if not copies:
            return []
        if Counter(entry.octets for entry in entries) == Counter(copy.octets for copy in copies):
            return list(zip(sorted(entries, key=_size), sorted(copies, key=_size), strict=True))
        # Several mails share one UIDL and some of them are new: `by_header` tells which.
        self._need(entries)
        return []

    def _is_another(self, entry: Listed, copy: KnownCopy) -> bool:
        digests = self._headers.digests
        return entry.number in digests and is_another(digests[entry.number], copy)

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


def _shared(mails: Iterable[Listed | KnownCopy]) -> set[bytes | None]:
    """Return the UIDLs that several mails have, and None."""
    times = Counter(mail.uidl for mail in mails)
    return {None, *(uidl for uidl, count in times.items() if count > 1)}


def _grouped(mails: Iterable[Mail], uidls: set[bytes | None]) -> dict[bytes, list[Mail]]:
    """Return the mails that have one of these UIDLs, by UIDL."""
    found: defaultdict[bytes, list[Mail]] = defaultdict(list)
    for mail in mails:
        if mail.uidl is not None and mail.uidl in uidls:
            found[mail.uidl].append(mail)
    return found


def _size(mail: Listed | KnownCopy) -> int:
    return -1 if mail.octets is None else mail.octets
