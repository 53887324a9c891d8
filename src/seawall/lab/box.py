"""A POP3 mailbox as the toy ISP keeps it: its mails, their unique-ids, and what was done to them.

Owns the order of the mails, the lock of a session, and the counts that a test reads. Refuses to
know the protocol: numbers, deletion marks and replies belong to the conversation.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMail:
    """One mail. `serial` stays the same whatever happens to the UIDL, and is never given twice in a box."""

    serial: int
    uidl: bytes
    raw: bytes = field(repr=False)


class Box:
    """A mailbox that outlives its sessions.

    `retrievals` counts by serial how often RETR asked for a mail, `erased` holds the mails that an
    UPDATE took away in that order, `sessions` counts the logins, and `commands` is what was said in
    the sessions from the login on, secrets masked.
    """

    def __init__(self, mails: Iterable[bytes] = ()) -> None:
        self.retrievals: Counter[int] = Counter()
        self.erased: list[StoredMail] = []
        self.sessions = 0
        self.commands: list[str] = []
        self._mails: list[StoredMail] = []
        self._added = 0
        self._uidl_prefix = "seawall-lab"
        self._uidls_given = 0
        self._is_locked = False
        for raw in mails:
            self.add(raw)

    @property
    def mails(self) -> tuple[StoredMail, ...]:
        """What the box holds now, in order."""
        return tuple(self._mails)

    @property
    def raws(self) -> tuple[bytes, ...]:
        """The octets of what the box holds now, in order."""
        return tuple(mail.raw for mail in self._mails)

    @property
    def is_locked(self) -> bool:
        """Whether a session holds the box (RFC 1939 §4)."""
        return self._is_locked

    def add(self, raw: bytes, uidl: bytes | None = None) -> StoredMail:
        """Put a mail, with CRLF line ends, behind the others; without `uidl` it gets a new one."""
        self._added += 1
        mail = StoredMail(serial=self._added, uidl=self._new_uidl() if uidl is None else uidl, raw=raw)
        self._mails.append(mail)
        return mail

    def erase(self, serials: Collection[int]) -> None:
        """Take mails away for good, as UPDATE does (RFC 1939 §6)."""
        self.erased.extend(mail for mail in self._mails if mail.serial in serials)
        self._mails = [mail for mail in self._mails if mail.serial not in serials]

    def renumber_uidls(self) -> None:
        """Give every mail a UIDL that was never used: what an ISP's migration does."""
        self._uidl_prefix += "x"
        self._mails = [replace(mail, uidl=self._new_uidl()) for mail in self._mails]

    def rotate_uidls(self) -> None:
        """Give every mail the UIDL of the one before it: each UIDL now names another mail."""
        uidls = [mail.uidl for mail in self._mails]
        self._mails = [
            replace(mail, uidl=uidl) for mail, uidl in zip(self._mails, uidls[-1:] + uidls[:-1], strict=True)
        ]

    def rebuild(self, mails: Iterable[bytes]) -> None:
        """Empty the box, fill it with `mails`, and count UIDLs from one again: used ones name other mails."""
        self._mails.clear()
        self._uidls_given = 0
        for raw in mails:
            self.add(raw)

    def restore_erased(self) -> None:
        """Bring back, behind the others and with their UIDLs, all mails that were erased: an old backup."""
        self._mails.extend(self.erased)
        self.erased.clear()

    def lock(self) -> bool:
        """Take the box for one session; False where another has it."""
        if self._is_locked:
            return False
        self._is_locked = True
        return True

    def unlock(self) -> None:
        """Let the next session have the box."""
        self._is_locked = False

    def retrievals_of(self, raw: bytes) -> int:
        """How often RETR asked for mails with these octets, present or erased."""
        known = (*self._mails, *self.erased)
        return sum(self.retrievals[mail.serial] for mail in known if mail.raw == raw)

    def _new_uidl(self) -> bytes:
        self._uidls_given += 1
        return f"{self._uidl_prefix}-{self._uidls_given}".encode("ascii")
