"""How Held keeps a mail: its header in a file of its own, its body once for all that have it; and how it is read back.

The body is named before the intent, so that the ledger tells from the start who needs which; it is
durable before the header is staged, so that a mail that counts as held is there, whole.
"""

import asyncio
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from seawall.collect.dispatch import Consignment, Item
from seawall.deliver import bodies as stored
from seawall.deliver.bodies import Bodies
from seawall.deliver.staging import Placement
from seawall.errors import Permanent, SeawallError, StorageFull, Temporary
from seawall.facts.section import body_start
from seawall.ledger import setaside
from seawall.ledger.ledger import Ledger
from seawall.ledger.records import HeldRecord
from seawall.model.mail import Content, CutContent, JoinedContent, RawMail
from seawall.model.verdict import Hold
from seawall.retrieve.spool import HEAD_OCTETS, SpooledContent


class Keeping:
    """What is kept of a batch's mails in one Held, and its bound."""

    def __init__(self, held: str, *, most: int, ledger: Ledger) -> None:
        self._bodies = Bodies(held)
        self._held = held
        self._most = most
        self._ledger = ledger
        self._octets = 0

    async def count(self) -> None:
        """See how much is held when a poll begins; what it adds is counted here."""
        if await asyncio.to_thread(keeps_any, self._held):
            self._octets = await self._ledger.do(setaside.octets_held)

    def check(self) -> None:
        """Raise StorageFull where more is held than may be."""
        if self._octets > self._most:
            raise StorageFull(
                f"{self._octets:,} octets are held; polling stops above {self._most:,}: see `seawall held list`, "
                "release or drop some, or raise guard.held_max"
            )

    def add(self, items: Iterable[Item]) -> None:
        """These are intended."""
        self._octets += sum(
            item.delivery.held.kept_octets for item in items if item.is_new and item.delivery.held is not None
        )

    async def consignments(self, batch: list[Consignment]) -> list[Consignment]:
        """Return a batch with the bodies of what is to be held named; nothing is written yet."""
        if not any(_is_held(item) for one in batch for item in one.items):
            return batch
        named = iter(await self.items([item for one in batch for item in one.items]))
        return [replace(one, items=tuple(next(named) for _ in one.items)) for one in batch]

    async def items(self, items: Sequence[Item]) -> list[Item]:
        """Return items with the bodies of those that are to be held named."""
        return await asyncio.to_thread(self._name, items) if items else []

    def _name(self, items: Sequence[Item]) -> list[Item]:
        found: dict[int, bytes | None] = {}
        counted: set[bytes] = set()
        named = []
        for item in items:
            if not _is_held(item):
                named.append(item)
                continue
            mail = item.mail.mail
            body = found[id(mail)] = found[id(mail)] if id(mail) in found else _digest(mail)
            kept = mail.content.octets
            if body is not None:
                octets = _body(mail).octets
                if body in counted or self._bodies.has(body, octets):
                    kept -= octets
                counted.add(body)
            named.append(item.kept_as(body, kept))
        return named

    def write(self, items: Iterable[Item]) -> dict[Placement, SeawallError]:
        """Have the bodies of held mails there, durably; return the mails whose body failed, with why.

        Their intents are committed. Waits for the disk.
        """
        needed = {}
        by_body: dict[bytes, list[Placement]] = {}
        for item in items:
            held = item.delivery.held
            if _is_held(item) and held is not None and held.body is not None:
                needed[held.body] = _body(item.mail.mail)
                by_body.setdefault(held.body, []).append(item.placement)
        failed = self._bodies.keep(needed)
        return {placement: why for body, why in failed.items() for placement in by_body[body]}


def _is_held(item: Item) -> bool:
    return isinstance(item.verdict, Hold) and not (item.is_done or item.is_blocked)


def _digest(mail: RawMail) -> bytes | None:
    """Return the name of a mail's body; None where it has none that can be told from its header."""
    start = body_start(mail.head)
    if start is None or start >= mail.content.octets:
        return None
    try:
        return stored.digest(CutContent(mail.content, 0, start))
    except Temporary:
        return None  # who writes it meets the same failure, and tells


def _body(mail: RawMail) -> Content:
    return CutContent(mail.content, 0, body_start(mail.head) or 0)


def keeps_any(held: str) -> bool:
    """Tell whether anything is held, by its files alone: for most, nothing is, and the ledger need not be asked."""
    for folder in ("new", "cur"):
        with suppress(FileNotFoundError), os.scandir(f"{held}/{folder}") as entries:
            if next(entries, None) is not None:
                return True
    return False


# ── reading back ────────────────────────────────────────────────────────────────────────


def find_held(record: HeldRecord) -> Path:
    """Return a held mail's file, also where a mail reader moved it to cur/; raises Permanent where it is gone."""
    path = Path(record.directory, "new", record.base_name)
    if path.exists():
        # In a storm the directory is long, and to search it for each mail takes the square of that.
        return path
    for folder in ("cur", "new"):
        for path in Path(record.directory, folder).glob(f"{record.base_name}*"):
            return path
    raise Permanent(f"the file of held mail {record.held_id} is not in {record.directory}")


def find_body(record: HeldRecord) -> Path | None:
    """Return the file of a held mail's body; None where the mail is whole in its own."""
    body = record.note.body
    return Bodies(record.directory).path(body) if body is not None else None


@contextmanager
def opened(record: HeldRecord) -> Iterator[RawMail]:
    """Open a held mail as it was served; raises Permanent where it is not there, whole."""
    paths = [find_held(record)]
    if (body := find_body(record)) is not None:
        paths.append(body)
    with ExitStack() as stack:
        contents: list[Content] = []
        for path in paths:
            try:
                file = stack.enter_context(path.open("rb", buffering=0))
            except OSError as problem:
                raise Permanent(
                    f"held mail {record.held_id} cannot be read: {path}: {problem.strerror}"
                ) from problem
            contents.append(SpooledContent(file, path.stat().st_size))
        content = contents[0] if body is None else JoinedContent(*contents)
        if body is not None and content.octets != record.note.octets:
            raise Permanent(
                f"held mail {record.held_id} is not whole: {content.octets:,} octets of {record.note.octets:,}"
            )
        yield RawMail(head=_head(content), content=content)


def _head(content: Content) -> bytes:
    head = b""
    for piece in content.chunks():
        head += piece[: HEAD_OCTETS - len(head)]
        if len(head) == HEAD_OCTETS:
            break
    return head
