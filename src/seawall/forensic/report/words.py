"""The words that the reports share: what a storm is, how sure one is, who is innocent, whether it is still going on.

Owns the sentences, for a person who is woken by this and has not read the manual. Refuses to know how they are laid out:
what came out of a mail stands in them as it is, and whoever shows them cleans it.
"""

from collections.abc import Sequence
from typing import Final

from seawall.forensic.report.moments import DAY, HOUR, counted, lasting, told
from seawall.model.text import clean
from seawall.model.trace import Species, Storm, Suspect, Trace

NAMED: Final = 0.5
"""Above it somebody is named as one to call on."""
"""The score from which a suspect is to be called on (DESIGN §8)."""
WHAT_IT_IS: Final = {
    Species.CONNECTOR: "A program that fetches mail from a POP3 mailbox sends each mail again to every address in its To and Cc.",
    Species.REMAILER: "A gateway takes the recipients out of To and Cc, and so sends the mail again to all who have it already.",
    Species.MULTIDROP: "A program that shares out one mailbox among many people delivers the same mail several times.",
    Species.REDOWNLOAD: "A program forgets what it has fetched, and fetches the same mail again and again.",
    Species.FORWARDING_LOOP: "Two or more mailboxes forward to each other, so that the mail goes round.",
    Species.ROUTING_LOOP: "Two servers each hold the other for the right one, and hand the mail to and fro.",
    Species.RULE_LOOP: "An inbox rule forwards mail to where it comes back from.",
    Species.LIST_LOOP: "Something that is subscribed to a mailing list posts the list's own mail back to it.",
    Species.REPLY_ALL: "People answer to everybody. No machine is broken.",
    Species.RECALL: "Requests to recall a mail, and the answers to them, go to everybody.",
    Species.AUTORESPONDERS: "Programs that answer by themselves answer each other.",
    Species.TICKET_LOOP: "A ticket system and a mail server that returns its mails answer each other.",
    Species.BACKSCATTER: "Reports of failed deliveries come back for mail that bears the sender's name.",
    Species.RETRY: "A server sends the mail again and again because it never learns that it was taken.",
    Species.REPLAY: "A server sends old mail once more, as from a queue, a pickup folder or a backup.",
    Species.UNEXPLAINED: "The mail is there many times. What was read does not show why.",
}
_CERTAINTY: Final = (
    (0.9, "almost certainly"),
    (0.8, "very probably"),
    (NAMED + 0.01, "probably"),
    (0.3, "possibly"),
)


def certainty(score: float) -> str:
    """Return how sure a score makes one; the score stands beside it."""
    return next((word for least, word in _CERTAINTY if score >= least), "a weak trace only")


def listed(names: Sequence[str], most: int = 3) -> str:
    """Return names in a row, the first `most` of them."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most:,} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def called_on(storm: Storm) -> tuple[Suspect, ...]:
    """Return the suspects for whom there is enough to call on them."""
    return tuple(suspect for suspect in storm.suspects if suspect.score > NAMED)


def answer(trace: Trace) -> str:
    """Return one sentence: is this a storm, whose, how many copies, since when."""
    if not trace.mails:
        return "There is nothing to judge: no mail could be read."
    if not trace.storms:
        return f"This is no storm: among {counted(trace.mails, 'mail')} none was copied over and over."
    largest = max(trace.storms, key=lambda storm: storm.copies)
    kind = "one mail" if largest.contents <= 1 else f"{largest.contents:,} mails"
    whose = f" by {sender(largest)}" if largest.sender else ""
    since = f", since {told(largest.first_seen)}" if largest.first_seen is not None else ""
    to = f", to {counted(largest.recipients, 'recipient')}" if largest.recipients else ""
    opening = (
        "This is a storm"
        if len(trace.storms) == 1
        else f"These are {len(trace.storms):,} storms; the largest"
    )
    return f"{opening}: {counted(largest.copies, 'copy', 'copies')} of {kind}{whose}{to}{since}."


def sender(storm: Storm) -> str:
    """Return whose mail it is."""
    return shortened(storm.sender, 80) or "Somebody who is not named"


def subject(storm: Storm) -> str:
    """Return what the mail is about."""
    return shortened(storm.subject, 120) or "(no subject)"


def going_on(storm: Storm, now: float) -> str:
    """Return whether copies still come, by the last one that was read."""
    if storm.last_seen is None:
        return "When the last copy came is not known."
    ago = now - storm.last_seen
    if ago < -HOUR:
        return f"The last copy bears a time that is still to come: {told(storm.last_seen)}."
    if ago < HOUR:
        return f"It is going on: the last copy came {lasting(max(ago, 0.0))} ago."
    if ago < DAY:
        return f"It may be going on: the last copy that was read came {lasting(ago)} ago."
    return f"It looks over: the last copy that was read came {lasting(ago)} ago, {told(storm.last_seen)}."


def stop_first(storm: Storm) -> str:
    """Return who is to be called on first, as far as that can be told."""
    named = called_on(storm)
    if named:
        said = [f"{shortened(one.domain, 80)} ({certainty(one.score)}, {one.score:.2f})" for one in named]
        return f"Stop first: {listed(said)}."
    if storm.suspects:
        first = storm.suspects[0]
        return f"Nobody can be named for sure. The first to ask is {shortened(first.domain, 80)} ({first.score:.2f} of 1)."
    return "Nobody can be named: the mails that were read do not show who makes the copies."


def mine(trace: Trace, domains: Sequence[str]) -> str:
    """Return what was found against the reader's own domains, "" where he named none."""
    own = sorted({suspect.domain for storm in trace.storms for suspect in storm.suspects if suspect.is_mine})
    if own:
        return f"Your own server is among the suspects: {shortened(listed(own), 200)}. Stop it first, then read on."
    if domains and trace.storms:
        return f"Nothing that was read points to your own {listed(domains)}."
    return ""


def innocence(storm: Storm) -> str:
    """Return what is known about the sender's part: how many times the mail left him."""
    who = sender(storm)
    domain = storm.sender.rpartition("@")[2].lower()
    if domain and any(suspect.domain == domain for suspect in called_on(storm)):
        return f"{who} wrote the mail, and the sender's own server is among the suspects: read the evidence before you write."
    if not storm.departures:
        return f"{who} wrote the mail. How many times it left the sender does not show; that alone is no reproach."
    if len(storm.departures) == 1:
        left = storm.departures[0]
        host = f", from {shortened(left.host, 80)}" if left.host else ""
        return f"{who} is innocent: the mail left its origin once{host} ({told(left.at)}). Others made the copies."
    return (
        f"{who} wrote the mail, and it left its origin {len(storm.departures):,} times, first {told(storm.departures[0].at)}: "
        "look at the server that sent it out."
    )


def score_sum(suspect: Suspect) -> str:
    """Return how a score comes about: the evidence's weights, and what holds them down."""
    weights = [one.weight for one in suspect.evidence if one.weight]
    if not weights:
        return f"{suspect.score:.2f}"
    total = sum(weights)
    said = " + ".join(f"{weight:.2f}" for weight in weights).replace("+ -", "- ")
    if len(weights) > 1:
        said += f" = {total:.2f}"
    if suspect.cap:
        return f"{said}, held down to {suspect.score:.2f}: {shortened(suspect.cap, 300)}"
    return f"{said}, of which at most 1 counts" if total > 1 else said


def shortened(text: str, most: int) -> str:
    """Return text from outside as one harmless line of at most `most` characters."""
    # What is cut off need not be cleaned: a line may be very long.
    line = clean(text[: most + 1]).strip()
    return line if len(text) <= most else f"{line[: most - 1]}…"


def placed(name: str, most: int) -> str:
    """Return where a mail lies: of a long path its end, which tells it from its neighbours."""
    line = clean(name[-most - 1 :]).strip()
    return line if len(name) <= most else f"…{line[-(most - 1) :]}"
