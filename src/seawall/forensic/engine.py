"""SQL over the facts: which mails are copies of one another, which answer one another, which are reports.

Owns the connection to the columnar engine and every statement that runs on it: plain SQL with explicit columns, so that
the same statements run on a cluster (DESIGN §10). Refuses to know what a storm is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import duckdb
import pyarrow as pa

MEMORY: Final = "900MB"
"""What the engine may use; beyond it, it writes to its directory."""
MAX_COPIES: Final = 4_000
"""Copies of one family that are looked at one by one; of more, every n-th."""
MAX_FAMILIES: Final = 20_000
"""Families that are looked at, those with most copies first."""
MAX_GROUPS: Final = 200
"""Threads, and authors of answers, that are looked at."""
MAX_REPORTS: Final = 200_000
MAX_SAMPLES: Final = 48
"""Mails of one mailbox by which its own servers are told from others."""

_MAILS: Final = """
CREATE TABLE mails AS
SELECT row_number() OVER (ORDER BY source, "offset", place) AS mail, filename AS part, file_row_number AS part_row,
       source, place, "offset", content_id, message_id, from_address, subject_norm,
       hop_count, coalesce(hops[len(hops)].at, received_at, date) AS arrived,
       len(marked_recipients) > 0 OR (pickup_host <> '' AND minted_at IS NOT NULL) AS has_signs,
       report IS NOT NULL AS is_report, thread, in_reply_to, body_id, recipient_count,
       coalesce(recipients[1], '') AS recipient
FROM facts
"""
_BOXES: Final = """
CREATE TABLE boxes AS
SELECT source, CASE WHEN count(*) > 1 THEN source ELSE regexp_replace(source, '/[^/]*$', '') END AS box
FROM mails GROUP BY source
"""
_PAIRS: Final = """
SELECT content_id, message_id, count(*) AS copies
FROM mails
WHERE message_id IN (SELECT message_id FROM mails WHERE message_id <> '' GROUP BY message_id HAVING count(*) > 1)
   OR content_id IN (SELECT content_id FROM mails WHERE content_id IS NOT NULL GROUP BY content_id HAVING count(*) > 1)
GROUP BY content_id, message_id
"""
_FAMILIES: Final = """
CREATE TABLE families AS
SELECT p.family AS family, m.mail AS mail, m.part AS part, m.part_row AS part_row, b.box AS box, m.arrived AS arrived,
       m.has_signs AS has_signs, m.is_report AS is_report
FROM mails m
JOIN pairs p ON p.message_id = m.message_id
            AND coalesce(p.content_id, ''::BLOB) = coalesce(m.content_id, ''::BLOB)
JOIN boxes b ON b.source = m.source
"""
_CANDIDATES: Final = """
SELECT family, count(*) AS copies, count(DISTINCT box) AS boxes, max(CASE WHEN has_signs THEN 1 ELSE 0 END) AS signs
FROM families
GROUP BY family
HAVING count(*) > count(DISTINCT box) OR max(CASE WHEN has_signs THEN 1 ELSE 0 END) > 0
ORDER BY count(*) DESC, min(mail)
LIMIT ?
"""

_ANSWERS: Final = """
SELECT b.box AS box, m.from_address AS from_address, m.recipient AS recipient, m.body_id AS body_id, count(*) AS mails,
       min(m.arrived) AS first, max(m.arrived) AS last
FROM mails m JOIN boxes b ON b.source = m.source
WHERE m.in_reply_to <> '' AND m.body_id IS NOT NULL AND NOT m.is_report
GROUP BY b.box, m.from_address, m.recipient, m.body_id
HAVING count(DISTINCT m.in_reply_to) >= ?
ORDER BY count(*) DESC, m.from_address, m.recipient, b.box, m.body_id LIMIT ?
"""
_ANSWERING: Final = """
SELECT b.box AS box, f.*
FROM mails m JOIN boxes b ON b.source = m.source JOIN facts f ON f.filename = m.part AND f.file_row_number = m.part_row
WHERE b.box = ? AND m.from_address = ? AND m.recipient = ? AND m.body_id = ?
ORDER BY m.arrived, m.mail LIMIT ?
"""
_BUSY_THREADS: Final = """
SELECT thread, hour, count(DISTINCT from_address) AS authors, count(DISTINCT message_id) AS mails
FROM (SELECT thread, from_address, message_id, floor(arrived / 3600) AS hour FROM mails
      WHERE thread <> '' AND recipient_count >= ? AND NOT is_report)
GROUP BY thread, hour
HAVING count(DISTINCT from_address) >= ?
"""
_THREAD: Final = """
SELECT b.box AS box, f.*
FROM mails m JOIN boxes b ON b.source = m.source JOIN facts f ON f.filename = m.part AND f.file_row_number = m.part_row
WHERE m.thread = ? OR m.message_id = ?
ORDER BY m.arrived, m.mail LIMIT ?
"""
_RECALLS: Final = """
SELECT b.box AS box, f.*
FROM mails m JOIN boxes b ON b.source = m.source JOIN facts f ON f.filename = m.part AND f.file_row_number = m.part_row
WHERE m.subject_norm LIKE 'recall:%' OR m.subject_norm LIKE 'messagerecall%'
ORDER BY m.arrived, m.mail LIMIT ?
"""
_MARKED_TWICE: Final = """
SELECT b.box AS box, f.*
FROM mails m JOIN boxes b ON b.source = m.source JOIN facts f ON f.filename = m.part AND f.file_row_number = m.part_row
WHERE len(f.loop_addresses) > 0
ORDER BY m.arrived, m.mail LIMIT ?
"""
_REPORTS: Final = """
SELECT m.mail AS mail, f.report AS report, m.arrived AS arrived, f.source AS source, f.place AS place
FROM mails m JOIN facts f ON f.filename = m.part AND f.file_row_number = m.part_row
WHERE m.is_report
ORDER BY m.arrived, m.mail LIMIT ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Mails of one author to one recipient in one mailbox that all say the same, each in answer to another mail."""

    box: str
    from_address: str
    recipient: str
    body_id: bytes
    mails: int
    first: float
    last: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Mails that are copies of one another: how many there are, in how many mailboxes, and whether one bears signs."""

    number: int
    copies: int
    boxes: int
    has_signs: bool


class Facts:
    """The facts, as SQL sees them. Use as a context manager: leaving it gives back memory and files."""

    def __init__(self, parts: Sequence[Path], directory: Path) -> None:
        self._connection = duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": str(directory)})
        names = [str(part) for part in parts]
        self._connection.execute("SET preserve_insertion_order = false")
        listed = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
        self._connection.execute(
            f"CREATE VIEW facts AS SELECT * FROM read_parquet([{listed}], filename = true, file_row_number = true)"  # noqa: S608 -- our own file names, quoted
        )
        self._connection.execute(_MAILS)
        self._connection.execute(_BOXES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def families(self) -> list[Family]:
        """Return what could be storms: families of which some mailbox has more than one, or that bear signs."""
        pairs = self._connection.sql(_PAIRS).to_arrow_table()
        contents, ids = pairs.column("content_id").to_pylist(), pairs.column("message_id").to_pylist()
        self._connection.register(
            "pairs", pairs.append_column("family", pa.array(_joined(contents, ids), pa.int64()))
        )
        self._connection.execute(_FAMILIES)
        self._connection.unregister("pairs")
        found = self._connection.execute(_CANDIDATES, [MAX_FAMILIES]).fetchall()
        return [
            Family(number=number, copies=copies, boxes=boxes, has_signs=bool(signs))
            for number, copies, boxes, signs in found
        ]

    def copies(self, families: Sequence[Family]) -> dict[int, list[dict[str, Any]]]:
        """Return the mails of families as rows of the table, each with its `box`; at most MAX_COPIES of each."""
        strides = [(family.number, -(-family.copies // MAX_COPIES)) for family in families]
        chosen = pa.table(
            {
                "family": pa.array([number for number, _ in strides], pa.int64()),
                "stride": pa.array([stride for _, stride in strides], pa.int64()),
            }
        )
        self._connection.register("chosen", chosen)
        found = self._connection.sql(
            """
            SELECT n.family AS family, n.box AS box, f.*
            FROM (SELECT m.family, m.box, m.part, m.part_row, c.stride,
                         row_number() OVER (PARTITION BY m.family ORDER BY m.arrived, m.mail) AS number
                  FROM families m JOIN chosen c ON c.family = m.family) n
            JOIN facts f ON f.filename = n.part AND f.file_row_number = n.part_row
            WHERE (n.number - 1) % n.stride = 0
            ORDER BY n.family, n.number
            """
        ).to_arrow_table()
        self._connection.unregister("chosen")
        rows: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in found.to_pylist():
            rows[row["family"]].append(row)
        return rows

    def samples(self, boxes: Iterable[str]) -> Mapping[str, list[dict[str, Any]]]:
        """Return of each mailbox a few mails, each with its `hops`, one of each sender and subject."""
        self._connection.register("wanted", pa.table({"box": pa.array(sorted(set(boxes)), pa.string())}))
        found = self._connection.sql(
            """
            SELECT n.box AS box, f.hops AS hops, f.delivered_to AS delivered_to, f.recipients AS recipients, f.sender_domain AS sender_domain
            FROM (SELECT box, part, part_row, row_number() OVER (PARTITION BY box ORDER BY mail) AS number
                  FROM (SELECT b.box AS box, m.part AS part, m.part_row AS part_row, m.mail AS mail,
                               row_number() OVER (PARTITION BY b.box, m.from_address, m.subject_norm ORDER BY m.mail) AS alike
                        FROM mails m JOIN boxes b ON b.source = m.source JOIN wanted w ON w.box = b.box)
                  WHERE alike = 1) n
            JOIN facts f ON f.filename = n.part AND f.file_row_number = n.part_row
            WHERE n.number <= ?
            ORDER BY n.box, n.number
            """,
            params=[MAX_SAMPLES],
        ).to_arrow_table()
        self._connection.unregister("wanted")
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in found.to_pylist():
            rows[row["box"]].append(row)
        return rows

    def answers(self, at_least: int) -> list[Answers]:
        """Return the authors who answer at least so many mails of one other with the same words."""
        found = self._connection.execute(_ANSWERS, [at_least, MAX_GROUPS]).fetchall()
        return [
            Answers(
                box=box,
                from_address=author,
                recipient=recipient,
                body_id=body,
                mails=mails,
                first=first or 0.0,
                last=last or 0.0,
            )
            for box, author, recipient, body, mails, first, last in found
        ]

    def answering(self, answers: Answers) -> list[dict[str, Any]]:
        """Return these mails as rows, each with its `box`."""
        return self._rows(
            _ANSWERING, [answers.box, answers.from_address, answers.recipient, answers.body_id, MAX_COPIES]
        )

    def busy_threads(self, recipients: int, authors: int) -> list[str]:
        """Return the threads, by the Message-ID they begin with, to which so many wrote within an hour."""
        found = self._connection.execute(_BUSY_THREADS, [recipients, authors]).fetchall()
        return sorted({thread for thread, _, _, _ in found})[:MAX_GROUPS]

    def thread(self, message_id: str) -> list[dict[str, Any]]:
        """Return a thread's mails as rows, each with its `box`."""
        return self._rows(_THREAD, [message_id, message_id, MAX_COPIES])

    def recalls(self) -> list[dict[str, Any]]:
        """Return the attempts to recall a mail as rows, each with its `box`."""
        return self._rows(_RECALLS, [MAX_COPIES])

    def reports(self) -> list[dict[str, Any]]:
        """Return the reports of failed deliveries: `mail` (its number), `report`, `arrived`, `source`, `place`."""
        return self._rows(_REPORTS, [MAX_REPORTS])

    def marked_twice(self) -> list[dict[str, Any]]:
        """Return the mails that bear one mark against loops twice as rows, each with its `box`."""
        return self._rows(_MARKED_TWICE, [MAX_COPIES])

    def mails(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """Return mails by their numbers as rows, each with its `box`, in the order in which they came."""
        self._connection.register("numbered", pa.table({"mail": pa.array(numbers, pa.int64())}))
        found: list[dict[str, Any]] = (
            self._connection.sql(
                """
                SELECT b.box AS box, f.*
                FROM mails m JOIN numbered n ON n.mail = m.mail JOIN boxes b ON b.source = m.source
                JOIN facts f ON f.filename = m.part AND f.file_row_number = m.part_row
                ORDER BY m.arrived, m.mail
                """
            )
            .to_arrow_table()
            .to_pylist()
        )
        self._connection.unregister("numbered")
        return found

    def _rows(self, statement: str, values: list[Any]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (
            self._connection.sql(statement, params=values).to_arrow_table().to_pylist()
        )
        return rows


def _joined(contents: Sequence[bytes | None], ids: Sequence[str]) -> list[int]:
    """Return for each pair of content and Message-ID the number of its family: whatever is joined by either."""
    above: dict[object, object] = {}

    def root(key: object) -> object:
        while (up := above.setdefault(key, key)) != key:
            above[key] = key = above[up]
        return key

    for content, message_id in zip(contents, ids, strict=True):
        if content is not None and message_id:
            above[root(content)] = root(message_id)
    numbers: dict[object, int] = {}
    found = []
    for place, (content, message_id) in enumerate(zip(contents, ids, strict=True)):
        key: object = content if content is not None else message_id or ("alone", place)
        found.append(numbers.setdefault(root(key), len(numbers)))
    return found
