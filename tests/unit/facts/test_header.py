import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.facts.header import scan
from seawall.facts.mark import mark_value, read_mark
from seawall.facts.message import arrived_at, read_message
from seawall.facts.section import MAX_HEADER, header_digest, header_section

TABLE = json.loads((Path(__file__).parents[2] / "tables" / "header.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["name"])
def test_a_header_is_read_field_by_field(row: dict[str, Any]) -> None:
    found = scan(row["header"].encode("latin-1"))
    assert [[name.decode(), value.decode("latin-1")] for name, value in found.entries] == row["fields"]
    assert list(found.defects) == row["defects"]


@pytest.mark.parametrize(
    ("mail", "section"),
    [
        (b"A: b\r\n\r\nbody\r\n\r\n", b"A: b\r\n"),
        (b"\r\nbody", b""),
        (b"A: b\r\n", b"A: b\r\n"),
        (b"", b""),
        (b"A: b\r\n\n\r\nc", b"A: b\r\n\n\r\nc"),
    ],
)
def test_a_header_ends_at_the_first_empty_line(mail: bytes, section: bytes) -> None:
    assert header_section(mail) == section


def test_a_header_is_read_up_to_its_bound() -> None:
    head = b"X: " + b"y" * (2 * MAX_HEADER)
    assert len(header_section(head)) == MAX_HEADER
    assert "header-too-long" in scan(header_section(head)).defects


STORED = b"Subject: a\r\nStatus: RO\r\nX-UID: 7\r\nContent-Length: 5\r\nTo: b\r\n"


def test_what_a_mailbox_store_writes_does_not_change_the_digest() -> None:
    assert (
        header_digest(STORED)
        == header_digest(b"Subject: a\r\nTo: b\r\n")
        == header_digest(b"Subject: a\r\nTo: b")
    )


@pytest.mark.parametrize("other", [b"Subject: a\r\nTo: c\r\n", b"To: b\r\nSubject: a\r\n", b"Subject: a\r\n"])
def test_any_other_change_does(other: bytes) -> None:
    assert header_digest(other) != header_digest(b"Subject: a\r\nTo: b\r\n")


@given(
    st.binary(max_size=400)
    | st.lists(st.sampled_from([b"A:", b" ", b"\r\n", b"\n", b"Received: x;", b"\0", b"Date: "])).map(
        b"".join
    )
)
def test_any_bytes_give_facts(mail: bytes) -> None:
    facts = read_message(mail, len(mail), bytes(32))
    assert len(facts.header_digest) == 16
    assert facts.subject.isprintable()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"Return-Path: <a@example.com>", "a@example.com"),
        (b"Return-Path: <>", ""),
        (b"Return-Path: a@example.com", "a@example.com"),
        (b"Return-Path: <a@example.com>\r\n x", None),
        (b"Return-Path: <\xff@example.com>", None),
        (b"Subject: none", None),
    ],
)
def test_a_reverse_path_is_used_only_where_it_is_plain(line: bytes, expected: str | None) -> None:
    assert read_message(line + b"\r\n\r\n", 1, bytes(32)).reverse_path == expected


@pytest.mark.parametrize(
    ("header", "moment"),
    [
        (b"Received: from a by b; Thu, 01 Jan 1970 00:01:40 +0000", 100.0),
        (b"Received: x; nonsense\r\nDate: Thu, 01 Jan 1970 00:01:40 +0000", 100.0),
        (b"Date: Thu, 01 Jan 1970 02:01:40 +0200", 100.0),
        (b"Date: 99 Foo 99999 99:99:99 +9999", None),
        (b"Subject: none", None),
    ],
)
def test_the_moment_is_that_of_the_topmost_received(header: bytes, moment: float | None) -> None:
    assert arrived_at(header + b"\r\n\r\n") == moment


def test_a_mark_proves_itself_to_its_own_key_alone() -> None:
    value = mark_value("ab" * 16, b"k" * 32).encode()
    mine, others = read_mark(value, b"k" * 32), read_mark(value, b"o" * 32)
    assert mine is not None
    assert others is not None
    assert (mine.is_genuine, others.is_genuine) == (True, False)
    assert read_mark(value[:-1], b"k" * 32) is None
