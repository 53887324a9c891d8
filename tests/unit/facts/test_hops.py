import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.facts.hops import MAX_HOPS, MAX_TEXT, read_hop, read_hops
from seawall.facts.row import read_row
from seawall.model.row import Hop

ROOT = Path(__file__).parents[3]
CORPUS = ROOT.parent / "shared" / "corpus"
PAGE = (ROOT / "docs" / "received.md").read_text(encoding="utf-8")
TABLE = json.loads((ROOT / "tests" / "tables" / "received.json").read_text(encoding="utf-8"))
needs_corpus = pytest.mark.skipif(
    not CORPUS.exists(), reason="the corpus of real mail is not beside this checkout"
)
EMPTY = Hop("", "", "", "", "", "", "", None, "", "", (), "")
PARTS = (
    b"from ", b" by ", b" with ", b" id ", b" for ", b" via ", b"(", b")", b'"', b"\\", b"\\)", b"[", b"]", b"[192.0.2.1]",
    b"IPv6:", b"2001:db8::1", b"helo=", b"HELO ", b"x.example", b"user@", b";", b"\0", b"\xff", b"\n ", b" ", b"8.17/8.17",
    b"Exim 4.97", b"Tue, 24 Nov 2026 08:00:00 +0000", b"1 1 1 1", b"verified", b"Microsoft SMTP Server",
)  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["style"])
def test_a_line_of_each_style_is_read_in_its_clauses(row: dict[str, object]) -> None:
    line, expected = str(row["line"]), dict(row["hop"])  # type: ignore[call-overload]
    expected["defects"] = tuple(expected["defects"])
    assert read_hop(line.encode())._asdict() == {**EMPTY._asdict(), "text": line, **expected}


def test_the_table_has_one_line_of_each_style() -> None:
    assert len({row["style"] for row in TABLE}) == len(TABLE) == len({row["line"] for row in TABLE})


def test_the_hops_come_in_the_order_of_the_way_and_each_names_the_way_up_to_it() -> None:
    first, second = b"from a.example by b.example; x", b"from b.example by c.example; x"
    hops = read_hops([second, first])
    assert [hop.by for hop in hops] == ["b.example", "c.example"]
    assert hops[0].parent_id == 0
    assert hops[1].parent_id == hops[0].prefix_id != 0


def test_the_same_way_has_the_same_name_however_it_is_folded_and_another_way_has_another() -> None:
    first, second = b"from a.example by b.example; x", b"from b.example by c.example; x"
    folded = [b"from b.example\r\n\tby c.example; x", first]
    assert read_hops(folded)[-1].prefix_id == read_hops([second, first])[-1].prefix_id
    assert read_hops([second])[-1].prefix_id != read_hops([second, first])[-1].prefix_id


def test_of_too_many_hops_the_topmost_are_read() -> None:
    hops = read_hops([b"from a by h%d.example; x" % number for number in range(MAX_HOPS + 10)])
    assert len(hops) == MAX_HOPS
    assert hops[-1].by == "h0.example"


@given(st.lists(st.one_of(st.sampled_from(PARTS), st.binary(max_size=40)), max_size=60).map(b"".join))
def test_any_bytes_give_a_hop_within_bounds(value: bytes) -> None:
    hop = read_hop(value)
    assert len(hop.text) <= MAX_TEXT
    assert all(len(told) <= MAX_TEXT for told in hop[:7])
    assert hop.at is None or 0 <= hop.at < 2**40
    assert len(hop.defects) == len(set(hop.defects))
    assert hop.from_ip.isascii()


@pytest.mark.parametrize(
    "head",
    [
        b"Received: from a by b; x\n" * 100_000,
        b"Received: " + b"(" * 100_000_000,
        b"Received: from a (" + b'"(\\' * 30_000_000,
        (b"Received: from a " + b"(" * 1000 + b"\n") * 1000,
        (b"Received: from a " + b"() " * 340 + b"\n") * 1000,
        (b"Received: from a " + b'"' * 1001 + b"\n") * 1000,
        (b"Received: from a by b (A" + b" " * 1000 + b"x)\n") * 1000,
        (b"Received: from a by b (1." + b"1" * 1000 + b"!)\n") * 1000,
        (b"Received: from a ([" + b"1:" * 500 + b"]) by b\n") * 1000,
        (b"Received: from a by b for " + b"a" * 1000 + b"\n") * 1000,
        (b"Received: from a by b; " + b"1 " * 500 + b"\n") * 1000,
        (b"Received: from \0\xff\xfe\xed\xa0\x80 by \0; \0\n") * 30_000,
    ],
    ids=["many", "one long", "quotes", "nested", "comments", "open quotes", "spaces", "digits", "colons", "for", "date", "octets"],
)  # fmt: skip
def test_hostile_headers_take_no_longer_than_long_ones(head: bytes) -> None:
    began = time.process_time()
    row = read_row(head, len(head))
    # An ordinary MiB of header takes a tenth of a second; what is not linear takes minutes.
    assert time.process_time() - began < 2.0
    assert len(row.hops) <= MAX_HOPS
    assert row.header_size <= 2**20


def _explained() -> dict[int, set[str]]:
    """The lines of SpamAssassin's table that the page explains, and the fields that differ there."""
    rows = re.findall(r"^\| ([\d, ]+) \| ([a-z_, ]+) \|", PAGE, re.MULTILINE)
    return {int(number): set(fields.split(", ")) for numbers, fields in rows for number in numbers.split(",")}


def _differing(hop: Hop, expected: dict[str, str]) -> set[str]:
    wanted = {
        "from_ip": expected["ip"].lower(),
        "rdns": expected["rdns"].lower(),
        "helo": expected["helo"].strip("!").lower(),
        "by": expected["by"].lower(),
        "queue_id": expected["id"],
    }
    return {name for name, value in wanted.items() if getattr(hop, name) != value}


@needs_corpus
def test_spamassassins_table_is_read_as_it_says_but_for_the_differences_that_the_page_explains() -> None:
    differing: dict[int, set[str]] = {}
    lines = (CORPUS / "received-formats" / "spamassassin_rcvd_parser.tsv").read_bytes().split(b"\n")
    read = 0
    for number, line in enumerate(lines, start=1):
        value, _, expected = line.partition(b"\t")
        if not expected or line.startswith(b"#"):
            continue
        read += 1
        told = dict(re.findall(r"(\w+)=(.*?) (?=\w+=|\])", expected.decode() + " "))
        if names := _differing(read_hop(value), told):
            differing[number] = names
    assert read > 100
    assert differing == _explained()


@needs_corpus
def test_the_lines_of_microsofts_header_analyser_are_read_where_they_are_whole() -> None:
    lines = (CORPUS / "received-formats" / "mha_received_tests.txt").read_bytes().splitlines()
    whole = [line for line in lines if re.search(rb"(^| )by \S+\.\S+ .*\d\d:\d\d:\d\d", line)]
    hops = [read_hop(line) for line in whole]
    assert len(whole) > 10
    assert all(hop.by and hop.at is not None for hop in hops)


@needs_corpus
def test_the_shares_of_real_lines_that_are_understood_are_those_that_the_page_tells() -> None:
    values = [
        line.split(b"\t", 2)[2]
        for line in (CORPUS / "received_lines.txt").read_bytes().split(b"\n")
        if line and not line.startswith(b"#")
    ]
    hops = [read_hop(value) for value in values]
    plain = [_without_comments(value.decode("utf-8", "replace")) for value in values]
    with_by = [hop for hop, text in zip(hops, plain, strict=True) if re.search(r"(?i)(^|\s)by\s+\S", text)]
    with_from = [hop for hop, text in zip(hops, plain, strict=True) if re.match(r"(?i)from\s", text)]
    shares = {
        "by": sum(hop.by != "" for hop in with_by) / len(with_by),
        "from": sum(bool(hop.helo or hop.rdns or hop.from_ip) for hop in with_from) / len(with_from),
        "date": sum(hop.at is not None for hop in hops) / len(hops),
    }
    assert shares["by"] >= 0.995
    assert shares["from"] >= 0.98
    assert shares["date"] >= 0.99
    for name, share in shares.items():
        assert re.search(rf"^\| {name} \|.* {100 * share:.2f} % \|$", PAGE, re.MULTILINE), (name, share)


def _without_comments(text: str) -> str:
    while (shorter := re.sub(r"\([^()]*\)", " ", text)) != text:
        text = shorter
    return text
