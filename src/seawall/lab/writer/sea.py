"""The sea on which a storm runs: a logical clock, ways out and in, lists, and mailboxes that are watched.

Owns what becomes of a mail once it is handed in: who gets it, when, by which servers, and what a full
mailbox, a forwarder or a list does with it. Refuses to know the faults (`faults`); they are called where a
mail arrives.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import count
from random import Random
from typing import Final

from seawall.lab.writer.arrivals import Cause, Copy, fetched
from seawall.lab.writer.cast import Cast, Forum, Person
from seawall.lab.writer.letters import bounce
from seawall.lab.writer.lists import expanded
from seawall.lab.writer.mail import Mail, laid_down, taken
from seawall.lab.writer.style import Handover, Host

MOST_RECEIVED: Final = 40
"""A server refuses a mail with more of these (RFC 5321 §6.3)."""
MOST_STOPS: Final = 200
"""What has truly passed more servers is let go: a bound on memory, and no server's rule."""
_LEFT_ALONE: Final = frozenset({"ordinary", "bounce"})
"""Kinds that no fault takes up: a storm here is of one mail, or of one queue."""


Arrival = Callable[["Sea", Copy, Person], None]
"""What a fault does as a mail arrives in its mailbox."""


class Sea:
    """One storm while it runs. All order comes from the clock and a count, all chance from `draw`."""

    def __init__(
        self, cast: Cast, draw: Random, *, watched: Iterable[str], limit: int, slow: float = 0.03
    ) -> None:
        """Begin with nothing under way.

        `watched` are the mailboxes that are kept; `limit` is how many copies faults may make; `slow` is the
        share of handovers that wait for a second attempt, half an hour or so.
        """
        self.cast = cast
        self.draw = draw
        self.watched = frozenset(watched)
        self.limit = limit
        self.copies: list[Copy] = []
        self.made: Counter[str] = Counter()
        """By domain, how many copies its fault made, each for all its recipients."""
        self.sent: Counter[str] = Counter()
        """By domain, how many mails it handed out for these."""
        self.genuine: Mail | None = None
        """The mail with which all began, as it was written."""
        self.left_origin = 0
        """How often that mail left its sender's servers."""
        self.faults: dict[str, Arrival] = {}
        """By the address of a mailbox."""
        self.fetched: Counter[tuple[str, float]] = Counter()
        """By domain and moment of a poll, how many mails a faulty connector took."""
        self._forums = {cast.forum.address: cast.forum}
        self._slow = slow
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._ticks = count()
        self._numbers = count(1)
        self._list_numbers = count(draw.randrange(200, 9000))

    def later(self, moment: float, act: Callable[[], None]) -> None:
        """Let something happen at a true moment."""
        heapq.heappush(self._events, (moment, next(self._ticks), act))

    def run(self) -> None:
        """Let everything happen, in its order, until nothing is due."""
        while self._events:
            _, _, act = heapq.heappop(self._events)
            act()

    def may_make(self, domain: str) -> bool:
        """Say whether a fault may make one more copy; count it if so."""
        if self.made.total() >= self.limit:
            return False
        self.made[domain] += 1
        return True

    def add_forum(self, forum: Forum) -> None:
        """Let there be one more list."""
        self._forums[forum.address] = forum

    def submit(
        self,
        mail: Mail,
        author: Person,
        recipients: Sequence[str],
        moment: float,
        cause: Cause,
        *,
        is_program: bool = False,
    ) -> None:
        """Hand a mail in by its author's computer, or on the author's server where a program made it."""
        hosts = author.organisation.outward
        if cause.kind == "genuine":
            self.genuine = mail
            self.left_origin += 1
        self.emit(
            mail,
            hosts,
            recipients,
            moment,
            cause,
            reverse_path=author.address,
            client=hosts[0] if is_program else author.computer,
            is_local=is_program,
        )

    def emit(
        self,
        mail: Mail,
        hosts: Sequence[Host],
        recipients: Sequence[str],
        moment: float,
        cause: Cause,
        *,
        reverse_path: str,
        client: Host,
        is_local: bool = False,
    ) -> None:
        """Bring a mail through these servers and out to its recipients."""
        known = self.known(recipients)
        if not known:
            return
        mail, moment = self.queued(
            mail, hosts, known, moment, reverse_path=reverse_path, client=client, is_local=is_local
        )
        self.release(mail, hosts[-1] if hosts else client, known, moment, cause, reverse_path=reverse_path)

    def known(self, recipients: Sequence[str]) -> tuple[str, ...]:
        """Return the addresses that have a mailbox or a list; the others are refused, and nothing goes out."""
        return tuple(
            address
            for address in dict.fromkeys(recipients)
            if address in self.cast.by_address or address in self._forums
        )

    def queued(
        self,
        mail: Mail,
        hosts: Sequence[Host],
        recipients: tuple[str, ...],
        moment: float,
        *,
        reverse_path: str,
        client: Host,
        is_local: bool = False,
    ) -> tuple[Mail, float]:
        """Return a mail as it lies in the last of these servers' queue, and since when."""
        for host in hosts:
            mail, moment = self._handed(
                mail, client, host, moment, recipients, reverse_path=reverse_path, is_local=is_local
            )
            client, is_local = host, False
        return mail, moment

    def release(
        self,
        mail: Mail,
        client: Host,
        recipients: Sequence[str],
        moment: float,
        cause: Cause,
        *,
        reverse_path: str,
    ) -> None:
        """Send a mail from a server's queue to its recipients, in one transaction for each organisation."""
        if cause.made_by:
            self.sent[cause.made_by] += len(recipients)
        by_organisation: dict[str, list[str]] = {}
        for recipient in recipients:
            by_organisation.setdefault(recipient.rpartition("@")[2], []).append(recipient)
        for group in by_organisation.values():
            self._enter(mail, client, tuple(group), moment, cause, reverse_path=reverse_path)

    def _enter(
        self,
        mail: Mail,
        client: Host,
        group: tuple[str, ...],
        moment: float,
        cause: Cause,
        *,
        reverse_path: str,
    ) -> None:
        """Bring a mail to those of its recipients who are of one organisation, in one transaction."""
        lists = [self._forums[address] for address in group if address in self._forums]
        people = [self.cast.by_address[address] for address in group if address in self.cast.by_address]
        people = [person for person in people if self._matters(person)]
        if len(mail.stops) > MOST_STOPS or sum(stop.received for stop in mail.stops) > MOST_RECEIVED:
            return
        seed = self.draw.getrandbits(64)
        for person in people:
            draw = Random(seed)  # noqa: S311 -- reproducible; one transaction has the same ids for all
            arrived, at = mail, moment
            before = client
            hosts = person.organisation.inward
            if before in hosts:
                # The same provider's, or a colleague's: what has it already does not take it in again.
                hosts = hosts[hosts.index(before) + 1 :]
            if not hosts:
                arrived = laid_down(
                    arrived, before, person.address, reverse_path=reverse_path, moment=moment, draw=draw
                )
            for host in hosts:
                mailbox = person.address if host is hosts[-1] else ""
                arrived, at = self._handed(
                    arrived, before, host, at, group, reverse_path=reverse_path, mailbox=mailbox, draw=draw
                )
                before = host
            self._arrive(arrived, person, at, cause, reverse_path)
        for forum in lists:
            self._expand(mail, client, forum, moment, cause)

    def _matters(self, person: Person) -> bool:
        return bool(
            person.address in self.watched
            or person.address in self.faults
            or person.forwards_to
            or person.is_full
        )

    def _handed(
        self,
        mail: Mail,
        client: Host,
        server: Host,
        moment: float,
        recipients: tuple[str, ...],
        *,
        reverse_path: str,
        mailbox: str = "",
        is_local: bool = False,
        draw: Random | None = None,
    ) -> tuple[Mail, float]:
        draw = draw or self.draw
        is_near = client.domain == server.domain or is_local
        moment += draw.uniform(0.05, 1.5) if is_near else draw.uniform(0.8, 9)
        if server.style == "amavis":
            moment += draw.uniform(3, 5)
        if not is_near and draw.random() < self._slow:
            moment += draw.uniform(300, 1900)
        handover = Handover(
            client=client,
            server=server,
            moment=moment,
            reverse_path=reverse_path,
            recipients=recipients,
            draw=draw,
            mailbox=mailbox,
            is_local=is_local,
        )
        return taken(mail, handover), moment

    def _arrive(self, mail: Mail, person: Person, moment: float, cause: Cause, reverse_path: str) -> None:
        if person.is_full:
            self._bounce(mail, person, moment, reverse_path)
            return
        self.later(moment, lambda: self._keep(mail, person, moment, cause))

    def _keep(self, mail: Mail, person: Person, moment: float, cause: Cause) -> None:
        copy = Copy(number=next(self._numbers), mail=mail, mailbox=person.address, moment=moment, cause=cause)
        fault = None if cause.kind in _LEFT_ALONE else self.faults.get(person.address)
        if fault:
            fault(self, copy, person)
        elif person.address in self.watched:
            self.keep(fetched(copy, person.organisation, self.draw))
        if person.forwards_to:
            onward = replace(cause, parent=copy.number)
            hosts = person.organisation.outward
            is_provider = hosts[0] is person.organisation.inward[-1]
            self.emit(
                mail,
                hosts[1:] if is_provider and len(hosts) > 1 else hosts,
                (person.forwards_to,),
                moment + 0.5,
                onward,
                # A report keeps its null path, or two mailboxes would fill each other (RFC 5321 §4.5.5).
                reverse_path="" if cause.kind == "bounce" else person.address,
                client=person.organisation.inward[-1],
            )
            if not fault and person.address not in self.watched:
                self.keep(copy)

    def keep(self, copy: Copy) -> None:
        """Put a copy on record; in a watched mailbox it will be seen."""
        self.copies.append(copy)

    def number(self) -> int:
        """Return a number for one more copy."""
        return next(self._numbers)

    def _bounce(self, mail: Mail, person: Person, moment: float, reverse_path: str) -> None:
        """Send a report to whom the envelope names, and none about a report (RFC 5321 §6.1)."""
        sender = self.cast.by_address.get(reverse_path)
        if sender is None or not self._matters(sender) or sender.is_full:
            return
        host = person.organisation.inward[-1]
        report = bounce(
            mail,
            to=reverse_path,
            recipient=person.address,
            reporter=host.name,
            at=host.clock(moment),
            draw=self.draw,
        )
        self.emit(
            report,
            (host,),
            (reverse_path,),
            moment,
            Cause(kind="bounce"),
            reverse_path="",
            client=host,
            is_local=True,
        )

    def _expand(self, mail: Mail, client: Host, forum: Forum, moment: float, cause: Cause) -> None:
        """Take a mail in at a list and send it to the subscribers."""
        before, at = client, moment
        for host in forum.organisation.inward:
            mail, at = self._handed(mail, before, host, at, (forum.address,), reverse_path="")
            before = host
        self.later(at, lambda: self._send_out(mail, forum, at, cause))

    def _send_out(self, mail: Mail, forum: Forum, moment: float, cause: Cause) -> None:
        at = forum.organisation.inward[-1].clock(moment)
        outward = forum.organisation.outward
        self.emit(
            expanded(mail, forum, at=at, position=next(self._list_numbers)),
            outward,
            forum.subscribers,
            moment + self.draw.uniform(0.5, 20),
            cause,
            reverse_path=f"{forum.name}-bounces@{forum.organisation.domain}",
            client=outward[0],
            is_local=True,
        )
