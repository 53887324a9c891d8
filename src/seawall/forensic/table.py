"""The one columnar schema (DESIGN §7): mails → rows of facts in Arrow. Pure: the same in a process, a pool, or a cluster.

Owns the names and types of the columns, and how Row and Hop become them. Times are Unix seconds (float64), identities
are binary, and prefix_id and parent_id are 64-bit numbers, 0 at an origin.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate, chain
from typing import Any, Final, NamedTuple

import pyarrow as pa

from seawall.facts.row import read_row
from seawall.model.row import DeliveredTo, Hop, Report, Row


class RawMail(NamedTuple):
    """A mail as a source gives it: `source` is the file or mailbox, `place` its number there from 0, `offset` its octet.

    `head` is the mail, at most its first MiB; `size` how many octets all of it has. `received_at` is when the source
    says that it came (an mbox's "From " line, IMAP's INTERNALDATE), None where it doesn't.
    """

    source: str
    place: int
    offset: int
    head: bytes
    size: int
    received_at: float | None = None


class Place(NamedTuple):
    """Where a row comes from: RawMail without the mail."""

    source: str
    place: int
    offset: int
    received_at: float | None = None


_TEXT, _MOMENT, _ID = pa.string(), pa.float64(), pa.int64()
_TEXTS: Final = pa.list_(_TEXT)
_DELIVERED_TO: Final = pa.struct([("address", _TEXT), ("hops_above", pa.int32())])
_HOP: Final = pa.struct(
    [
        ("helo", _TEXT),
        ("rdns", _TEXT),
        ("from_ip", _TEXT),
        ("by", _TEXT),
        ("protocol", _TEXT),
        ("queue_id", _TEXT),
        ("recipient", _TEXT),
        ("at", _MOMENT),
        ("product", _TEXT),
        ("version", _TEXT),
        ("defects", _TEXTS),
        ("text", _TEXT),
        ("prefix_id", _ID),
        ("parent_id", _ID),
    ]
)
_REPORT: Final = pa.struct(
    [
        ("action", _TEXT),
        ("status", _TEXT),
        ("cause", _TEXT),
        ("recipients", _TEXTS),
        ("reporter", _TEXT),
        ("original_message_id", _TEXT),
        ("original_from", _TEXT),
        ("original_hosts", _TEXTS),
        ("is_about_bounce", pa.bool_()),
    ]
)
_PLACE_FIELDS: Final = (
    ("source", _TEXT),
    ("place", pa.int64()),
    ("offset", pa.int64()),
    ("received_at", _MOMENT),
)
_ROW_FIELDS: Final[dict[str, pa.DataType]] = {
    "size": pa.int64(),
    "header_size": pa.int64(),
    "message_id": _TEXT,
    "exact_id": pa.binary(),
    "content_id": pa.binary(),
    "body_id": pa.binary(),
    "from_address": _TEXT,
    "sender_domain": _TEXT,
    "subject": _TEXT,
    "subject_norm": _TEXT,
    "date": _MOMENT,
    "return_path": _TEXT,
    "recipients": _TEXTS,
    "recipient_count": pa.int32(),
    "marked_recipients": _TEXTS,
    "envelope_to": _TEXTS,
    "delivered_to": pa.list_(_DELIVERED_TO),
    "hops": pa.list_(_HOP),
    "hop_count": pa.int32(),
    "list_id": _TEXT,
    "list_positions": _TEXTS,
    "loop_addresses": _TEXTS,
    "auto_submitted": _TEXT,
    "is_resent": pa.bool_(),
    "thread": _TEXT,
    "in_reply_to": _TEXT,
    "mailer": _TEXT,
    "minted_at": _MOMENT,
    "minted_ip": _TEXT,
    "pickup_host": _TEXT,
    "pickup_arrival": _MOMENT,
    "report": _REPORT,
    "defects": _TEXTS,
}
SCHEMA: Final = pa.schema([*_PLACE_FIELDS, *_ROW_FIELDS.items()], metadata={"seawall": "seawall.facts/1"})


def extract(mails: Sequence[RawMail]) -> pa.RecordBatch:
    """Return the facts of mails, a row each, in their order."""
    places = [Place(mail.source, mail.place, mail.offset, mail.received_at) for mail in mails]
    return record_batch(places, [read_row(mail.head, mail.size) for mail in mails])


def record_batch(places: Sequence[Place], rows: Sequence[Row]) -> pa.RecordBatch:
    """Return rows of facts, and where each comes from, as one batch."""
    arrays = _columns(places, _PLACE_FIELDS, len(_PLACE_FIELDS))
    values = list(zip(*rows, strict=True)) if rows else [() for _ in Row._fields]
    for (name, kind), column in zip(_ROW_FIELDS.items(), values, strict=True):
        match name:
            case "hops":
                arrays.append(_list_of_structs(column, _HOP, len(Hop._fields)))
            case "delivered_to":
                arrays.append(_list_of_structs(column, _DELIVERED_TO, len(DeliveredTo._fields)))
            case "report":
                arrays.append(_reports(column))
            case _:
                arrays.append(_list_of_texts(column) if kind == _TEXTS else pa.array(column, kind))
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _columns(
    tuples: Iterable[Sequence[Any]], fields: Sequence[tuple[str, pa.DataType]], width: int
) -> list[pa.Array]:
    values = list(zip(*tuples, strict=True)) or [()] * width
    return [
        _list_of_texts(column) if kind == _TEXTS else pa.array(column, kind)
        for column, (_, kind) in zip(values, fields, strict=True)
    ]


def _offsets(lists: Iterable[Sequence[Any]]) -> pa.Array:
    return pa.array(list(accumulate(map(len, lists), initial=0)), pa.int32())


def _list_of_texts(lists: Sequence[Sequence[str]]) -> pa.Array:
    return pa.ListArray.from_arrays(_offsets(lists), pa.array(list(chain.from_iterable(lists)), _TEXT))


def _list_of_structs(lists: Sequence[Sequence[Sequence[Any]]], kind: pa.StructType, width: int) -> pa.Array:
    fields = [(field.name, field.type) for field in kind]
    columns = _columns(chain.from_iterable(lists), fields, width)
    return pa.ListArray.from_arrays(_offsets(lists), pa.StructArray.from_arrays(columns, fields=list(kind)))


_NO_REPORT: Final = Report("", "", "", (), "", "", "", (), is_about_bounce=False)


def _reports(reports: Sequence[Report | None]) -> pa.Array:
    fields = [(field.name, field.type) for field in _REPORT]
    columns = _columns([report or _NO_REPORT for report in reports], fields, len(Report._fields))
    absent = pa.array([report is None for report in reports], pa.bool_())
    return pa.StructArray.from_arrays(columns, fields=list(_REPORT), mask=absent)
