"""What happened, as it happened: the timeline, and the sums that a report is made of.

Owns `timeline.jsonl` and the counts. Refuses to judge them (`report`). All that came out of a mail is written as JSON
writes it, so that no octet of a mail is a line's end.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TextIO

from seawall.lab.internet.clock import Clock
from seawall.lab.internet.mail import UNKNOWN, Envelope, Families, Kin

CUT_SHORT: Final = "the run's bound cut it short"


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """What one look of a connector at its box led to; `problem` is empty, or what was wrong with it, or CUT_SHORT.

    `fetched` mails left the box, `kept` came to the user's own mailbox. `outside` are the recipients elsewhere to whom
    the organisation's server was told to send, `to_markers` those among them that are other connectors' markers.
    """

    at: datetime
    organisation: str
    connector: str
    number: int
    fetched: int
    kept: int
    outside: int
    to_markers: int
    problem: str


class Journal:
    """Whoever does something tells it here."""

    def __init__(self, stream: TextIO, clock: Clock, families: Families) -> None:
        self.families = families
        self.polls: list[Poll] = []
        self.arrivals: dict[str, Counter[tuple[str, str]]] = {}
        self.generations: Counter[int] = Counter()
        self.traffic: Counter[tuple[str, str]] = Counter()
        self.resent: Counter[tuple[str, str]] = Counter()
        self.resent_to: Counter[tuple[str, str]] = Counter()
        self.bounces: Counter[str] = Counter()
        self._stream = stream
        self._clock = clock

    def note(self, event: str, who: str, mail: str = "", **details: object) -> None:
        """Write one line: lab time, what, who, and which mail."""
        line: dict[str, object] = {"at": self._clock.now.isoformat(), "event": event, "who": who}
        if mail:
            kin = self.families.kin(mail)
            line |= {"mail": mail, "root": kin.root, "generation": kin.generation, "kind": kin.kind}
        self._stream.write(json.dumps(line | details) + "\n")

    def arrived(self, user: str, envelope: Envelope) -> None:
        """A mail reached a person's mailbox."""
        kin = self.families.kin(envelope.message_id)
        if kin.kind == UNKNOWN and not envelope.reverse_path:
            # A real server's own.
            kin = Kin(root=kin.root, generation=0, kind="bounce")
        self.arrivals.setdefault(user, Counter())[kin.root, kin.kind] += 1
        self.generations[kin.generation] += 1
        self.note("arrived", user, envelope.message_id)

    def handed_on(self, sender: str, taker: str, envelope: Envelope, recipients: int) -> None:
        """A server passed a mail to another organisation's."""
        self.traffic[sender, taker] += recipients
        self.note("handed on", sender, envelope.message_id, to=taker, recipients=recipients)

    def sent_again(self, who: str, envelope: Envelope) -> None:
        """A connector made a copy of what it had collected, for these recipients."""
        root = self.families.kin(envelope.message_id).root
        self.resent[who, root] += 1
        self.resent_to[who, root] += len(envelope.recipients)
        self.note("sent again", who, envelope.message_id, recipients=len(envelope.recipients))

    def bounced(self, who: str, envelope: Envelope, failed: Sequence[str]) -> None:
        """A server told a mail's sender that some did not get it."""
        self.bounces[who] += 1
        self.note("bounced", who, envelope.message_id, failed=list(failed))

    def polled(self, poll: Poll) -> None:
        """A connector looked."""
        self.polls.append(poll)
        self.note(
            "polled",
            poll.organisation,
            connector=poll.connector,
            number=poll.number,
            fetched=poll.fetched,
            kept=poll.kept,
            outside=poll.outside,
            problem=poll.problem,
        )
