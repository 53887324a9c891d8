"""What people and their software do with a mail that came: answer, answer all, send it on.

Owns the rules of each habit, the rude ones too. Refuses to know servers: an answer is handed to whoever sends it.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from seawall.lab.fields import split, values
from seawall.lab.internet.letters import absence, answer_to_all, author_of, names
from seawall.lab.internet.mail import Envelope, Families

React = Callable[[Envelope], Awaitable[None]]

AGAIN: Final = timedelta(days=7)
"""How long a polite autoresponder remembers whom it told (RFC 3834 §2)."""


class Habit(Enum):
    """What somebody does with each mail."""

    FULL = "full"
    """Nothing: the mailbox is full, and takes no more."""
    FORWARD = "forward"
    """It is redirected, its envelope's sender and its octets kept."""
    ANSWER = "answer"
    """An absence notice by the rules of RFC 3834: to the reverse-path, once a week, never to a machine."""
    ANSWER_RUDELY = "answer-rudely"
    """An absence notice for each mail, to whom From names, and not marked as one."""
    REPLY_ALL = "reply-all"
    """An answer to everybody, once a thread."""
    REPLY_ALL_ALWAYS = "reply-all-always"
    """An answer to everybody, for each mail that is no answer of their own."""


class Person:
    """Somebody with a habit. `react` returns what they send because a mail came, or None."""

    def __init__(self, address: str, habit: Habit, *, forward_to: str | None, families: Families) -> None:
        self.address = address
        self._habit = habit
        self._forward_to = forward_to
        self._families = families
        self._told: dict[str, datetime] = {}
        self._threads: set[str] = set()
        self._written = 0

    def react(self, envelope: Envelope, at: datetime) -> Envelope | None:
        """Return the mail that is sent for this one."""
        fields, _ = split(envelope.data)
        match self._habit:
            case Habit.FULL:
                return None
            case Habit.FORWARD:
                return self._redirected(envelope, fields)
            case Habit.ANSWER | Habit.ANSWER_RUDELY:
                to = self._whom_to_tell(envelope, fields, at)
                if not to:
                    return None
                made = absence(
                    envelope,
                    author=self.address,
                    to=to,
                    at=at,
                    identity=self._identity(),
                    is_marked=self._habit is Habit.ANSWER,
                )
            case Habit.REPLY_ALL | Habit.REPLY_ALL_ALWAYS:
                if not self._wants_to_answer(envelope, fields):
                    return None
                made = answer_to_all(envelope, author=self.address, at=at, identity=self._identity())
        self._families.add(made.message_id, envelope.message_id, self._habit.value)
        return made if made.recipients else None

    def _redirected(self, envelope: Envelope, fields: Sequence[bytes]) -> Envelope | None:
        # A second Delivered-To of the same address is a loop (RFC 9228 §3): the first is of this very delivery.
        seen = [value.lower() for value in values(fields, b"delivered-to")].count(self.address)
        return envelope.to([self._forward_to]) if self._forward_to and seen < 2 else None  # noqa: PLR2004

    def _whom_to_tell(self, envelope: Envelope, fields: Sequence[bytes], at: datetime) -> str:
        if self._habit is Habit.ANSWER_RUDELY:
            author = author_of(fields)
            return author if author != self.address else ""
        to = envelope.reverse_path.lower()
        is_personal = (
            to
            and all(value.lower() == "no" for value in values(fields, b"auto-submitted"))
            and not any(True for name in (b"list-id", b"precedence") for _ in values(fields, name))
            and names(fields, self.address)
        )
        if not is_personal or (to in self._told and at - self._told[to] < AGAIN):
            return ""
        self._told[to] = at
        return to

    def _wants_to_answer(self, envelope: Envelope, fields: Sequence[bytes]) -> bool:
        author = author_of(fields)
        is_machine = not envelope.reverse_path or any(True for _ in values(fields, b"auto-submitted"))
        if not author or author == self.address or is_machine:
            return False
        if self._habit is Habit.REPLY_ALL_ALWAYS:
            return True
        thread = self._families.kin(envelope.message_id).root
        is_new = thread not in self._threads
        self._threads.add(thread)
        return is_new

    def _identity(self) -> str:
        self._written += 1
        user, _, domain = self.address.partition("@")
        return f"{user}.{self._written}@{domain}"
