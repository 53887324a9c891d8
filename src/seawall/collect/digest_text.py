"""The postmaster's digest as a mail: what it says, in which words. Pure.

Owns the words and the harmlessness of what came out of mails: it stands in the text alone, never in a
header, each piece on one line, escaped and cut short. Refuses to know how the mail is delivered.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from seawall.ledger.breakers import StormRecord
from seawall.ledger.digests import BOUNCES, News
from seawall.model.address import Address
from seawall.model.verdict import Reason

MOST_SHOWN: Final = 20
"""Storms, accounts and kinds of bounce that are told one by one; a digest is read by a person."""
LONGEST: Final = 120
"""Characters of a mail's own words that are shown."""
NEARLY_FULL: Final = 0.8
REPLY_ALL: Final = "reply-all"
_COPIES: Final = tuple(
    reason.value for reason in (Reason.STORM, Reason.REPLICATED, Reason.DUPLICATE, Reason.OWN_MARK)
)
_MEANINGS: Final = {
    Reason.OWN_MARK.value: "mails that Seawall had delivered already came back",
    Reason.REPLICATED.value: "copies that a machine made of a mail that was delivered",
    Reason.DUPLICATE.value: "the same mail again by the same way",
    Reason.STORM.value: "copies of one mail beyond the threshold",
    Reason.DELIVERED_TO_LOOP.value: "mails that went in a circle between mailboxes",
    Reason.LOOP_HEADER.value: "mails that a list or a robot had handled before",
    Reason.TOO_MANY_HOPS.value: "mails that passed more than 100 servers",
    Reason.BOUNCE_FLOOD.value: "bounces about mail that was not sent from here, or too many of them",
    Reason.BOUNCE_OF_BOUNCE.value: "bounces about bounces",
    Reason.REPLY_ALL_STORM.value: "answers to all in a thread that has too many",
    Reason.NO_ENVELOPE.value: "mails that do not tell whom they are for",
    Reason.AMBIGUOUS_ENVELOPE.value: "mails that name different mailboxes",
    Reason.WOULD_LOOP.value: "mails that the mail server would take for a loop",
    Reason.REJECTED.value: "mails that the mail server refused",
    Reason.UNANSWERED.value: "mails to which the mail server never answered: they may have arrived",
    Reason.FILTERED.value: "mails that the filter refused",
}


def has_something(news: News, held_max: int) -> bool:
    """Whether there is anything to tell: no digest is sent for its own sake."""
    is_nearly_full = news.held_octets > held_max * NEARLY_FULL
    return bool(news.set_aside or news.storms or news.broken or news.failing or is_nearly_full)


def digest_mail(news: News, *, postmaster: Address, message_id: str, held_max: int) -> bytes:
    """Return the digest with CRLF line ends. `message_id` is without angle brackets.

    The header holds the postmaster's address, our own words and numbers, and nothing of any mail.
    """
    from email.headerregistry import Address as Mailbox  # noqa: PLC0415 - needed once a day
    from email.message import EmailMessage  # noqa: PLC0415
    from email.policy import SMTP  # noqa: PLC0415

    policy = SMTP.clone(utf8=not str(postmaster).isascii(), cte_type="7bit")
    mail = EmailMessage(policy)
    mail["From"] = Mailbox("Seawall", postmaster.local_part, postmaster.domain)
    mail["To"] = Mailbox("", postmaster.local_part, postmaster.domain)
    mail["Subject"] = subject(news)
    mail["Date"] = datetime.fromtimestamp(news.until, UTC)
    mail["Message-ID"] = f"<{message_id}>"
    mail["Auto-Submitted"] = "auto-generated"
    said = text(news, held_max)
    mail.set_content(said, cte="7bit" if said.isascii() else None)
    return mail.as_bytes()


def subject(news: News) -> str:
    """Return what a person sees who does not open it: "Seawall: 1 storm, 4,211 copies set aside, 3 bounces"."""
    storms = sum(storm.opened_at is not None for storm in news.storms)
    copies = sum(news.set_aside.get(code, 0) for code in _COPIES)
    bounces = sum(news.set_aside.get(code, 0) for code in BOUNCES)
    others = sum(news.set_aside.values()) - copies - bounces
    parts = [_count(storms, "storm")]
    set_aside = [_count(copies, "copy", "copies"), _count(others, "other mail" if copies else "mail")]
    set_aside = [part for part in set_aside if part]
    parts += [*set_aside[:-1], f"{set_aside[-1]} set aside"] if set_aside else []
    parts += [
        _count(bounces, "bounce") + (" set aside" if bounces and not set_aside else ""),
        _count(len(news.broken) + sum(one.is_stopped for one in news.failing), "account", tail=" stopped"),
        _count(sum(not one.is_stopped for one in news.failing), "account", tail=" failing"),
    ]
    return f"Seawall: {', '.join(filter(None, parts)) or 'Held is nearly full'}"


def text(news: News, held_max: int) -> str:
    """Return the digest's text, LF line ends."""
    since = moment(news.since) if news.since is not None else "the beginning"
    lines = [
        "Seawall collects this site's mail from POP3 boxes and puts aside what looks like",
        "part of a mail storm. This is its report to you, the postmaster; nobody else gets it,",
        "and nothing was sent to any sender.",
        "",
        f"From {since} to {moment(news.until)}.",
    ]
    for title, section in (
        ("ACCOUNTS THAT ARE NOT COLLECTED", _accounts(news)),
        ("SET ASIDE", _set_aside(news)),
        ("STORMS", _storms([storm for storm in news.storms if storm.kind != REPLY_ALL])),
        ("ANSWERS TO ALL", _storms([storm for storm in news.storms if storm.kind == REPLY_ALL])),
        ("BOUNCES SET ASIDE: WHO BOUNCED, AND WHY", _bounces(news)),
        ("HELD", _held(news, held_max)),
    ):
        body = "\n".join(section).rstrip("\n")
        if body:
            lines += ["", title, "", body]
    return "\n".join((*lines, ""))


def _accounts(news: News) -> Iterator[str]:
    for broken in news.broken[:MOST_SHOWN]:
        yield f"{visible(broken.name)}: stopped since {moment(broken.broken_at)}: {visible(broken.broken_for)}"
        yield "  Its mail waits at the provider. Once the cause is gone, go on with:"
        yield f"  seawall resume {visible(broken.name)}"
    yield from _more(len(news.broken))
    for failing in news.failing[:MOST_SHOWN]:
        state = "stopped" if failing.is_stopped else f"failed {failing.failures:,} times in a row"
        last = moment(failing.succeeded_at) if failing.succeeded_at is not None else "never"
        yield f"{visible(failing.name)}: {state}; last collected: {last}"
        yield f"  {visible(failing.problem, LONGEST * 3)}"
    yield from _more(len(news.failing))


def _set_aside(news: News) -> Iterator[str]:
    for code, mails in sorted(news.set_aside.items(), key=lambda item: (-item[1], item[0])):
        meaning = f": {_MEANINGS[code]}" if code in _MEANINGS else ""
        yield f"{mails:>9,}  {visible(code)}{meaning}"
    if news.set_aside:
        yield ""
        yield "See each with: seawall held list"


def _storms(storms: Sequence[StormRecord]) -> Iterator[str]:
    for storm in storms[:MOST_SHOWN]:
        yield f"Storm {storm.storm_id}: {_count(storm.copies, 'copy', 'copies') or 'no copies'}"
        yield f'  from:    "{visible(storm.sender)}"'
        yield f'  subject: "{visible(storm.subject)}"'
        yield f"  first:   {moment(storm.first_at)}"
        yield f"  last:    {moment(storm.last_at)}"
        if storm.sentence:
            yield f"  why:     {visible(storm.sentence, LONGEST * 2)}"
        yield f"  breaker: {_breaker(storm)}"
        if storm.is_open:
            yield f"  to deliver its copies from now on: seawall resume --storm {storm.storm_id}"
        yield f"  to deliver what was set aside:     seawall held release --storm {storm.storm_id}"
        yield f"  to erase what was set aside:       seawall held drop --storm {storm.storm_id} --yes"
        yield ""
    yield from _more(len(storms))


def _breaker(storm: StormRecord) -> str:
    if storm.opened_at is None:
        return "did not open"
    if storm.closed_at is None:
        return f"open since {moment(storm.opened_at)}: further copies are set aside; it closes by itself when they stop"
    return f"closed since {moment(storm.closed_at)}"


def _bounces(news: News) -> Iterator[str]:
    for line, mails in news.bounces[:MOST_SHOWN]:
        yield f"{mails:>9,}  {visible(line, LONGEST * 2)}"


def _held(news: News, held_max: int) -> Iterator[str]:
    if not news.held:
        yield "Nothing is held now."
        return
    share = f"{news.held_octets / held_max:.0%}" if held_max else "all"
    yield (
        f"{_count(news.held, 'mail')} held now, {news.held_octets:,} octets: {share} of the {held_max:,} that it may take."
    )
    if news.held_octets > held_max * NEARLY_FULL:
        yield "When it is full nothing more is collected, and mail waits at the provider. Make room:"
        yield "release or drop what is held."
    yield "Nothing leaves it but by a person: seawall held release NUMBER, seawall held drop NUMBER --yes"


def _more(there_are: int) -> Iterator[str]:
    if there_are > MOST_SHOWN:
        yield f"and {there_are - MOST_SHOWN:,} more: seawall status"


def _count(number: int, one: str, many: str = "", *, tail: str = "") -> str:
    """Return "3 storms", or nothing where there is none."""
    return f"{number:,} {one if number == 1 else many or one + 's'}{tail}" if number else ""


def moment(at: float) -> str:
    """Return a moment for a person, in UTC; one that no calendar has as its number."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, ValueError, OSError):
        return str(at)


def visible(words: str, longest: int = LONGEST) -> str:
    """Return words out of a mail on one line, cut short, with whatever is not printable escaped."""
    shown = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in words[:longest]
    )
    return shown if len(shown) <= longest and len(words) <= longest else f"{shown[: longest - 1]}…"
