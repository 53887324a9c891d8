"""What faulty servers and programs do with a mail that reaches them: each a function of the arrival.

Owns the faults that make copies. Refuses to know which of them a storm has (`species`), and how a mail travels (`sea`).
None of this is imported by anything that collects or delivers.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from random import Random
from typing import Final

from seawall.lab.copywriter import Connector, recipients_of
from seawall.lab.writer.arrivals import Cause, Copy, fetched
from seawall.lab.writer.cast import Organisation, Person
from seawall.lab.writer.letters import Letter, composed
from seawall.lab.writer.mail import Mail, Stop, resent
from seawall.lab.writer.sea import Arrival, Sea

_OF_TRACE: Final = (
    b"received",
    b"return-path",
    b"delivered-to",
    b"x-original-to",
    b"envelope-to",
    b"delivery-date",
)


def replicating(connector: Connector, *, lies: Sequence[bytes] = ()) -> Arrival:
    """Return the fault of 2003: each mail that is fetched goes, as a new one, to everybody in To and Cc.

    `lies` are Received that the server puts below its own, and recipients that it names in To.
    """
    numbers = count(1)

    def arrive(sea: Sea, copy: Copy, person: Person) -> None:
        organisation = person.organisation
        poll = organisation.next_poll(copy.moment)
        server = organisation.outward[0]

        def fetch() -> None:
            moment = poll + sea.draw.uniform(1, 25)
            made = _lying(resent(copy.mail, connector, server, moment=moment, number=next(numbers)), lies)
            sea.fetched[organisation.domain, poll] += 1
            # The connector's pickup file is what its own users get, too.
            at_home = replace(copy, mail=made, moment=moment + 0.5)
            sea.keep(at_home)
            if not sea.may_make(organisation.domain):
                return
            cause = _next(copy, organisation)
            sea.emit(
                made,
                organisation.outward[1:],
                recipients_of(copy.mail.octets()),
                moment + 0.3,
                cause,
                reverse_path=_author(copy.mail),
                client=server,
            )

        sea.later(poll, fetch)

    return arrive


def remailing(*, keeps_trace: bool, is_polling: bool, lies: Sequence[bytes] = ()) -> Arrival:
    """Return the fault of a gateway that takes its recipients from To and Cc, and changes nothing else."""
    lies = [lie for lie in lies if lie.startswith(b"Received:")]

    def arrive(sea: Sea, copy: Copy, person: Person) -> None:
        organisation = person.organisation
        moment = organisation.next_poll(copy.moment) if is_polling else copy.moment
        moment += sea.draw.uniform(1, 25)

        def remail() -> None:
            sea.keep(copy)
            if not sea.may_make(organisation.domain):
                return
            mail = copy.mail if keeps_trace else _traceless(copy.mail)
            mail = mail if mail.forged else _lying(mail, lies)
            sea.emit(
                mail,
                organisation.outward,
                recipients_of(mail.octets()),
                moment,
                _next(copy, organisation),
                reverse_path=_author(mail),
                client=organisation.inward[-1] if keeps_trace else organisation.outward[0],
                is_local=not keeps_trace,
            )

        sea.later(moment, remail)

    return arrive


def multiplying(locals_: Sequence[str], *, rounds: int) -> Arrival:
    """Return the fault of a multidrop connector: what is fetched goes to every local address that the header names.

    The box has a copy for each of them already; and what is never erased is fetched by the next poll again.
    """

    def arrive(sea: Sea, copy: Copy, person: Person) -> None:
        organisation = person.organisation
        first = organisation.next_poll(copy.moment)
        named = [address for address in recipients_of(copy.mail.octets()) if address in locals_]

        def fetch(number: int) -> None:
            moment = first + number * organisation.poll + sea.draw.uniform(1, 25)
            # It is known by when it came; what it writes is that it was fetched now.
            due = replace(copy, moment=first + (number - 0.5) * organisation.poll)
            mail = fetched(due, organisation, sea.draw).mail
            if organisation.connector is None:
                stop = Stop(host=organisation.outward[0], moment=moment, received=0)
                mail = replace(mail, stops=(*mail.stops, stop))
            rightful = replace(copy, moment=moment, mail=mail)
            others = named
            if not number:
                sea.keep(rightful)
                others = [address for address in named if address != person.address]
            if not others or not sea.may_make(organisation.domain):
                return
            for address in others:
                sea.sent[organisation.domain] += 1
                cause = _next(copy, organisation)
                sea.keep(replace(rightful, number=sea.number(), mailbox=address, cause=cause))

        for number in range(rounds):
            sea.later(first + number * organisation.poll, partial(fetch, number))

    return arrive


def forwarding(target: str, *, delay: float) -> Arrival:
    """Return what a mailbox does that sends all its mail on, its own mail that comes back too."""

    def arrive(sea: Sea, copy: Copy, person: Person) -> None:
        organisation = person.organisation
        sea.keep(copy)
        if not sea.may_make(organisation.domain):
            return
        sea.emit(
            copy.mail,
            organisation.outward,
            (target,),
            copy.moment + delay,
            _next(copy, organisation),
            reverse_path=person.address,
            client=organisation.inward[-1],
        )

    return arrive


def answering(reply: str) -> Arrival:
    """Return what an autoresponder does that answers every mail, an automatic one too (RFC 3834 §2 forbids it)."""

    def arrive(sea: Sea, copy: Copy, person: Person) -> None:
        organisation = person.organisation
        sea.keep(copy)
        author = _author(copy.mail)
        if author == person.address or not sea.may_make(organisation.domain):
            return
        moment = copy.moment + sea.draw.uniform(1, 60)
        letter = Letter(
            author=person,
            to=(f"<{author}>",),
            subject=reply,
            answers=copy.mail.first(b"message-id"),
            fields=(b"Precedence: bulk",) if organisation.outward[0].settled("bulk", (True, False)) else (),
        )
        mail = composed(letter, f"{reply}.\r\n".encode(), moment=moment, draw=sea.draw)
        sea.submit(mail, person, (author,), moment, _next(copy, organisation), is_program=True)

    return arrive


def replying_to_all(eager: Random, share: float) -> Arrival:
    """Return what somebody does who answers to all, a mail or somebody else's answer."""

    def arrive(sea: Sea, copy: Copy, person: Person) -> None:
        sea.keep(copy)
        mail = copy.mail
        author = _author(mail)
        if author == person.address or eager.random() > share or not sea.may_make(person.organisation.domain):
            return
        moment = copy.moment + eager.expovariate(1 / 1500) + 30
        others = [address for address in (author, *recipients_of(mail.octets())) if address != person.address]
        about = mail.first(b"subject").decode("utf-8", "replace").replace("\r\n", "")
        letter = Letter(
            author=person,
            to=tuple(f"<{address}>" for address in others),
            subject=about if about.startswith("Re:") else f"Re: {about}",
            answers=mail.first(b"message-id"),
        )
        said = eager.choice(
            (b"Please take me off this list.", b"Me too.", b"Stop replying to all!", b"Thanks!")
        )
        quoted = b"".join(b"> " + line + b"\r\n" for line in mail.body.split(b"\r\n")[:8])
        reply = composed(letter, said + b"\r\n\r\n" + quoted, moment=moment, draw=sea.draw)
        cause = Cause(kind="reply", parent=copy.number, generation=copy.cause.generation + 1)
        sea.later(moment, lambda: sea.submit(reply, person, others, moment, cause))

    return arrive


def posting_back(address: str, *, delay: float) -> Arrival:
    """Return the fault of a subscriber's gateway that sends what it gets back to the list, without a trace of it."""

    def arrive(sea: Sea, copy: Copy, person: Person) -> None:
        organisation = person.organisation
        sea.keep(copy)
        if not sea.may_make(organisation.domain):
            return
        sea.emit(
            _traceless(copy.mail),
            organisation.outward,
            (address,),
            copy.moment + delay + sea.draw.uniform(1, 30),
            _next(copy, organisation),
            reverse_path=person.address,
            client=organisation.outward[0],
            is_local=True,
        )

    return arrive


def _next(copy: Copy, organisation: Organisation) -> Cause:
    return Cause(
        kind="copy", parent=copy.number, generation=copy.cause.generation + 1, made_by=organisation.domain
    )


def _author(mail: Mail) -> str:
    value = mail.first(b"from").decode("utf-8", "replace")
    return value.rpartition("<")[2].rstrip("> ").lower()


def _traceless(mail: Mail) -> Mail:
    header = tuple(field for field in mail.header if field.partition(b":")[0].lower() not in _OF_TRACE)
    stops = tuple(replace(stop, received=0) for stop in mail.stops)
    return replace(
        mail,
        header=header,
        stops=stops,
        forged=tuple(field for field in mail.forged if not field.startswith(b"Received:")),
    )


def _lying(mail: Mail, lies: Sequence[bytes]) -> Mail:
    """Return the mail with forged fields: Received below the ones there are, the rest as one more recipient."""
    received = [lie for lie in lies if lie.startswith(b"Received:")]
    header = list(mail.header)
    if received:
        last = max((n for n, field in enumerate(header) if field.startswith(b"Received:")), default=-1)
        header[last + 1 : last + 1] = received
    forged = [*mail.forged, *received]
    for marker in (lie for lie in lies if not lie.startswith(b"Received:")):
        if not any(marker in field for field in header):
            to = next(n for n, field in enumerate(header) if field.lower().startswith(b"to:"))
            header[to] += b",\r\n\t" + marker
        if marker not in forged:
            forged.append(marker)
    return replace(mail, header=tuple(header), forged=tuple(forged))
