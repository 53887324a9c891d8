"""The same mail more than once without a copyist: queues that send again, backups, reports, newsletters; and ordinary mail.

Owns faults of a server's own queue, and what is innocent. Refuses to know who is blamed (`species`).
"""

from dataclasses import replace
from functools import partial
from random import Random

from seawall.lab.writer.arrivals import Cause, Copy
from seawall.lab.writer.cast import Person
from seawall.lab.writer.letters import Letter, composed, subject, text
from seawall.lab.writer.mail import Mail
from seawall.lab.writer.sea import Sea
from seawall.lab.writer.style import Host

_DAY = 86_400.0


def send_again(sea: Sea, genuine: Mail, *, times: int, pause: float, is_fault: bool = True) -> None:
    """Let the sender's border send one mail `times` more to some of its recipients: each answer is lost on the way."""
    cast, draw = sea.cast, sea.draw
    addressees = sea.known([person.address for person in cast.addressees])
    queue, hosts, moment = _queued(sea, genuine, cast.sender, addressees, cast.start)
    sea.genuine, sea.left_origin = genuine, 1
    domain = hosts.domain
    sea.release(queue, hosts, addressees, moment, Cause(kind="genuine"), reverse_path=cast.sender.address)
    count = draw.randint(1, len(addressees)) if is_fault else draw.randint(1, min(3, len(addressees)))
    unlucky = tuple(draw.sample(addressees, count))
    cause = Cause(kind="copy", generation=1, made_by=domain) if is_fault else Cause(kind="duplicate")
    for number in range(1, times + 1):
        if is_fault and not sea.may_make(domain):
            break
        sea.left_origin += 1
        again = moment + number * pause + draw.uniform(0, pause / 10)
        sea.later(
            again,
            partial(sea.release, queue, hosts, unlucky, again, cause, reverse_path=cast.sender.address),
        )


def send_queue_again(sea: Sea, genuine: Mail, *, mails: int, rounds: int) -> None:
    """Let a server's queue of many mails come back days later, and be sent once more or more often."""
    cast, draw = sea.cast, sea.draw
    everybody = sea.known([person.address for person in cast.people if person is not cast.sender])
    letters = [(genuine, cast.start, sea.known([person.address for person in cast.addressees]))]
    for _ in range(mails - 1):
        moment = cast.start + draw.uniform(-1, 1) * _DAY
        to = tuple(draw.sample(everybody, draw.randint(1, min(6, len(everybody)))))
        letters.append((_note(sea, cast.sender, to, moment), moment, to))
    days = draw.uniform(1, 9) * _DAY
    for mail, written, to in sorted(letters, key=lambda entry: entry[1]):
        queue, hosts, moment = _queued(sea, mail, cast.sender, to, written)
        kind = "genuine" if mail is genuine else "ordinary"
        if mail is genuine:
            sea.genuine, sea.left_origin = genuine, 1
        path = cast.sender.address
        sea.release(queue, hosts, to, moment, Cause(kind=kind), reverse_path=path)
        cause = Cause(kind="copy", generation=1, made_by=hosts.domain)
        for number in range(rounds):
            if not sea.may_make(hosts.domain):
                return
            sea.left_origin += mail is genuine
            again = moment + days * (number + 1) + draw.uniform(0, 900)
            sea.later(
                again,
                partial(sea.release, queue, hosts, to, again, cause, reverse_path=path),
            )


def restore(sea: Sea, *, after: float) -> None:
    """Let the mailboxes be put back from a backup: what lay there lies there twice, octet for octet."""

    def put_back() -> None:
        for copy in list(sea.copies):
            if sea.draw.random() < 0.7:  # noqa: PLR2004 -- what was there when the backup was made
                sea.keep(_again(sea, copy, "restored"))

    sea.later(sea.cast.start + after, put_back)


def _again(sea: Sea, copy: Copy, kind: str) -> Copy:
    return replace(copy, number=sea.number(), cause=replace(copy.cause, kind=kind, parent=copy.number))


def report_daily(sea: Sea, *, days: int) -> None:
    """Let a program send the same words every day."""
    cast, draw = sea.cast, sea.draw
    author = cast.sender
    # Among those who get it is somebody whose mailbox is seen.
    readers = sorted(cast.addressees, key=lambda person: person.address not in sea.watched)
    to = tuple(person.address for person in readers[: draw.randint(1, 8)])
    about = draw.choice(
        ("Cron: backup finished", "Daily report", "disk usage", "Tagesbericht", "Nightly build: OK")
    )
    words = draw.choice(
        (b"Backup finished without errors.\r\n", b"0 warnings, 0 errors.\r\n", b"/dev/sda1 41% /\r\n")
    )
    lasts = draw.choice((4.0, 40.0, 400.0, 1500.0))
    for day in range(days):
        moment = cast.start + day * _DAY + draw.uniform(0, lasts)
        letter = Letter(author=author, to=to, subject=about)
        mail = composed(letter, words, moment=moment, draw=Random(draw.random()))  # noqa: S311 -- reproducible
        sea.later(
            moment,
            partial(sea.submit, mail, author, to, moment, Cause(kind="report"), is_program=True),
        )


def send_newsletter(sea: Sea, *, issues: int) -> None:
    """Let one text go to many, each in a mail of its own, more than once."""
    cast, draw = sea.cast, sea.draw
    for issue in range(issues):
        begun = cast.start + issue * draw.choice((1, 7, 7, 30)) * _DAY
        about, words = subject(draw, cast.sender.computer.clock(begun)), text(draw, cast.sender.name)
        for number, person in enumerate(cast.addressees):
            moment = begun + number * 1.5
            letter = Letter(
                author=cast.sender,
                to=(person.written,),
                subject=about,
                fields=(
                    b"Precedence: bulk",
                    b"List-Unsubscribe: <mailto:" + cast.sender.address.encode() + b">",
                ),
            )
            mail = composed(letter, words, moment=moment, draw=draw)
            sea.later(
                moment,
                partial(
                    sea.submit,
                    mail,
                    cast.sender,
                    (person.address,),
                    moment,
                    Cause(kind="newsletter"),
                    is_program=True,
                ),
            )


def send_ordinary(sea: Sea, watched: tuple[str, ...], *, a_mailbox: int, days: float) -> None:
    """Let everybody who is watched have other mail as well."""
    cast, draw = sea.cast, sea.draw
    for address in watched:
        for _ in range(draw.randint(1, 2 * a_mailbox)):
            author = draw.choice(cast.people)
            if author.address == address:
                continue
            moment = cast.start + draw.uniform(-0.3, 1) * days * _DAY
            others = tuple(
                draw.sample([person.address for person in cast.people], draw.choice((0, 0, 0, 1, 3)))
            )
            to = (address, *(other for other in others if other not in {address, author.address}))
            sea.later(
                moment,
                partial(
                    sea.submit, _note(sea, author, to, moment), author, to, moment, Cause(kind="ordinary")
                ),
            )


def _note(sea: Sea, author: Person, to: tuple[str, ...], moment: float) -> Mail:
    draw = sea.draw
    letter = Letter(
        author=author,
        to=tuple(sea.cast.by_address[address].written for address in to),
        subject=subject(draw, author.computer.clock(moment)),
    )
    return composed(letter, text(draw, author.name), moment=moment - draw.uniform(1, 20), draw=draw)


def _queued(
    sea: Sea, mail: Mail, author: Person, recipients: tuple[str, ...], moment: float
) -> tuple[Mail, Host, float]:
    hosts = author.organisation.outward
    queue, moment = sea.queued(
        mail, hosts, recipients, moment, reverse_path=author.address, client=author.computer
    )
    return queue, hosts[-1], moment
