"""What a trial proved: the findings, each with what it is called and how bad it is.

Owns what is demanded of a connector, in every case and by the case. Pure: what happened comes in, findings go out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from seawall.lab.audit.arrivals import Arrival, Likeness, Recognised, recognised
from seawall.lab.audit.case import DOMAIN, Case
from seawall.lab.behaviour import Endless
from seawall.lab.connectors.profile import Keep
from seawall.lab.connectors.run import Ended, Run

POSTMASTER: Final = f"postmaster@{DOMAIN}"
"""Mail may be kept aside with him, and he may be told of it."""


_ENDLESS: Final = " without end"


class Kind(Enum):
    """What can be wrong."""

    FOREIGN = "foreign"
    MISDELIVERED = "misdelivered"
    BOUNCED = "bounced"
    DOUBLED = "doubled"
    LOST = "lost"
    CUT = "cut"
    SPLIT = "split"
    ALTERED = "altered"
    STUCK = "stuck"
    ERASED = "erased"
    HUNG = "hung"
    MEMORY = "memory"


HARM: Final = frozenset(
    {Kind.FOREIGN, Kind.MISDELIVERED, Kind.BOUNCED, Kind.DOUBLED, Kind.LOST, Kind.CUT, Kind.SPLIT}
)
"""What amplifies or loses; the others are flaws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong: with which mail ("" for none), how often, and a sentence."""

    kind: Kind
    mail: str
    count: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What was there after a case was played.

    `left` are the octets of the mails at the server, `kept` what is in the connector's own files for mail set aside;
    `connections` is how often it came to the POP3 server.
    """

    arrivals: tuple[Arrival, ...]
    left: tuple[bytes, ...] = field(repr=False)
    kept: tuple[bytes, ...] = field(repr=False)
    runs: tuple[Run, ...]
    connections: int = 1


def judge(case: Case, played: Played) -> tuple[Finding, ...]:
    """Return all that is wrong, the worst first."""
    return tuple(sorted(_Judge(case, played).findings(), key=lambda finding: list(Kind).index(finding.kind)))


class _Judge:
    def __init__(self, case: Case, played: Played) -> None:
        self._case = case
        self._played = played
        served = {name: mail.octets for name, mail in case.mails.items()}
        endless = _without_end(case)
        found = recognised(played.arrivals, {**served, **endless})
        self._arrived = tuple(
            replace(one, name=one.name.removesuffix(_ENDLESS), likeness=Likeness.CUT)
            if one.name in endless
            else one
            for one in found
        )

    def findings(self) -> Iterator[Finding]:
        yield from self._strangers()
        yield from self._pieces()
        for name in self._case.mails:
            yield from self._mail(name)
        yield from self._runs()

    def _strangers(self) -> Iterator[Finding]:
        """Who received what was not for him."""
        foreign: Counter[str] = Counter()
        bounced: list[str] = []
        misdelivered: Counter[str] = Counter()
        for one in self._arrived:
            recipient = _at_home(one.arrival.recipient)
            if recipient == POSTMASTER:
                continue
            if _is_outside(recipient):
                if _is_its_own(one):
                    bounced.append(recipient)
                else:
                    foreign[one.name] += 1
            elif one.name in self._case.mails and recipient not in self._case.mails[one.name].recipients:
                misdelivered[one.name] += 1
        for name, count in foreign.items():
            yield _finding(Kind.FOREIGN, name, count, f"{_times(count)} sent to somebody outside {DOMAIN}")
        for name, count in misdelivered.items():
            yield _finding(
                Kind.MISDELIVERED, name, count, f"{_times(count)} delivered to a mailbox that it is not for"
            )
        if bounced:
            whom = ", ".join(sorted(set(bounced))[:3])
            yield _finding(
                Kind.BOUNCED, "", len(bounced), f"a mail of the connector's own went outside, to {whom}"
            )

    def _pieces(self) -> Iterator[Finding]:
        for kind, likeness, sentence in (
            (Kind.CUT, Likeness.CUT, "delivered without its end, as if it were whole"),
            (Kind.SPLIT, Likeness.SPLIT, "a piece of it was delivered as a mail"),
            (Kind.ALTERED, Likeness.ALTERED, "octets of it were changed"),
        ):
            names = Counter(
                one.name
                for one in self._arrived
                if one.likeness is likeness
                and not _is_its_own(one)
                and not (kind is Kind.ALTERED and self._may_be_changed(one))
            )
            for name, count in names.items():
                yield _finding(kind, name, count, sentence)

    def _mail(self, name: str) -> Iterator[Finding]:
        """Say what became of one mail of the box, for each of its recipients."""
        mail = self._case.mails[name]
        most = self._case.then.copies.get(name, 1)
        arrived = self._by_recipient(name, (Likeness.WHOLE, Likeness.ALTERED))
        twice = max(arrived[recipient] for recipient in (*mail.recipients, POSTMASTER))
        if twice > most:
            yield _finding(Kind.DOUBLED, name, twice, f"one recipient has it {twice} times")
        missing = [recipient for recipient in mail.recipients if not arrived[recipient]]
        is_left = mail.octets in self._played.left
        if self._case.keep is Keep.FOREVER and not is_left:
            yield _finding(Kind.ERASED, name, 1, "erased at the server, where it was to stay")
        if not missing:
            return
        if is_left or self._is_kept(name):
            if name in self._case.then.arrives and name not in self._case.then.unfit:
                where = "it stays at the server" if is_left else "the connector keeps it aside"
                yield _finding(
                    Kind.STUCK, name, len(missing), f"not delivered to {', '.join(missing)}: {where}"
                )
            return
        cut = self._by_recipient(name, (Likeness.CUT,))
        if without := [recipient for recipient in missing if not cut[recipient]]:
            yield _finding(
                Kind.LOST, name, len(without), f"erased at the server, and not with {', '.join(without)}"
            )

    def _may_be_changed(self, one: Recognised) -> bool:
        """Whether it went to a next hop, and holds what SMTP may not carry."""
        return one.name in self._case.then.unfit and one.arrival.reverse_path is not None

    def _by_recipient(self, name: str, likenesses: Iterable[Likeness]) -> Counter[str]:
        wanted = frozenset(likenesses)
        return Counter(
            _at_home(one.arrival.recipient)
            for one in self._arrived
            if one.name == name and one.likeness in wanted
        )

    def _is_kept(self, name: str) -> bool:
        """Whether the connector has the mail aside: in its own files, or with the postmaster."""
        if self._by_recipient(name, (Likeness.WHOLE, Likeness.ALTERED))[POSTMASTER]:
            return True
        header, _, body = _native(self._case.mails[name].octets).partition(b"\n\n")
        kept = [_native(one) for one in self._played.kept]
        return any(header in one for one in kept) and (not body or any(body in one for one in kept))

    def _runs(self) -> Iterator[Finding]:
        runs = self._played.runs
        hung = sum(run.ended is Ended.HUNG for run in runs)
        if hung:
            yield _finding(
                Kind.HUNG, "", hung, f"went on until it was stopped, in {hung} of {len(runs)} polls"
            )
        peak = max((run.peak_octets for run in runs), default=0)
        if peak > self._case.then.memory:
            yield _finding(
                Kind.MEMORY,
                "",
                1,
                f"{peak / 1e6:.0f} MB in memory, where {self._case.then.memory / 1e6:.0f} do",
            )


def foreign_deliveries(arrivals: Iterable[Arrival]) -> int:
    """Return how many mails went outside: what a storm is made of."""
    return sum(_is_outside(arrival.recipient) for arrival in arrivals)


def _native(octets: bytes) -> bytes:
    return octets.replace(b"\r\n", b"\n")


def _is_outside(recipient: str) -> bool:
    return _domain(recipient) not in {DOMAIN, "localhost"}


def _domain(recipient: str) -> str:
    return recipient.lower().rpartition("@")[2].removesuffix(".")


def _at_home(recipient: str) -> str:
    """Return a recipient in one form: a server may be named with a dot at its end, or as localhost."""
    return recipient.lower() if _is_outside(recipient) else f"{recipient.lower().rpartition('@')[0]}@{DOMAIN}"


def _is_its_own(one: Recognised) -> bool:
    """Whether the connector wrote it: it goes outside, and is none of the mails. A bounce quotes some of its lines."""
    is_bounce = one.arrival.reverse_path == "" and one.likeness is not Likeness.WHOLE
    return _is_outside(one.arrival.recipient) and (is_bounce or one.likeness is Likeness.STRANGE)


def _without_end(case: Case) -> dict[str, bytes]:
    """Return, under the name of the mail that it stands for and a word, the beginning of each that never ends."""
    names = dict(enumerate(case.mails, start=1))
    return {
        f"{names[number]}{_ENDLESS}": said.head.partition(b"\r\n")[2] + said.again.replace(b"%d", b"1") * 4
        for (verb, number), said in case.server.replies.items()
        if verb == "RETR" and number is not None and number in names and isinstance(said, Endless)
    }


def _finding(kind: Kind, mail: str, count: int, text: str) -> Finding:
    return Finding(kind=kind, mail=mail, count=count, text=text)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
