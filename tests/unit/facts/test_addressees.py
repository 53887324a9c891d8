import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.facts.addressees import MAX_ENTRIES, read_addressees


@pytest.mark.parametrize(
    ("value", "addresses", "unreadable"),
    [
        ("a@x.example", ["a@x.example"], []),
        ("  <a@x.example>  ", ["a@x.example"], []),
        ("a@x.example, b@X.example", ["a@x.example", "b@x.example"], []),
        ("a@x.example,,, ", ["a@x.example"], []),
        ('"A, B" <a@x.example>, B C <b@x.example>', ["a@x.example", "b@x.example"], []),
        ("a@x.example (c, (d) e), b@x.example", ["a@x.example", "b@x.example"], []),
        ('"a, b" <a@x.example>', ["a@x.example"], []),
        (r'"a\" <z@x.example>, " <a@x.example>', ["a@x.example"], []),
        ("<a@x.example", [], ["<a@x.example"]),
        ("a@x.example>", [], ["a@x.example>"]),
        ("<a@x.example> b@x.example", [], ["<a@x.example> b@x.example"]),
        ('"b@x.example" <a@x.example>', ["a@x.example"], []),
        ('<"a"@x.example>', [], ['<"a"@x.example>']),
        ("<a@x.example> <b@x.example>", [], ["<a@x.example> <b@x.example>"]),
        ("<<a@x.example>>", [], ["<<a@x.example>>"]),
        ("<@b.example:a@x.example>", [], ["<@b.example:a@x.example>"]),
        ("group: a@x.example;", [], ["group: a@x.example;"]),
        ("a@x.example b@x.example", [], ["a@x.example b@x.example"]),
        ('"a"@x.example, b@x.example', ["b@x.example"], ['"a"@x.example']),
        ('"a@x.example', [], ['"a@x.example']),
        ("office", [], ["office"]),
        ("(only a comment)", [], ["(only a comment)"]),
        ("", [], []),
    ],
)
def test_a_value_is_read_entry_by_entry(value: str, addresses: list[str], unreadable: list[str]) -> None:
    found = read_addressees(value.encode())
    assert list(map(str, found.addresses)) == addresses
    assert [entry.decode() for entry in found.unreadable] == unreadable


def test_a_list_is_read_up_to_its_bound() -> None:
    assert not read_addressees(b",".join([b"a@b"] * MAX_ENTRIES)).is_cut
    found = read_addressees(b",".join([b"a@b"] * (MAX_ENTRIES + 1)))
    assert found.is_cut
    assert len(found.addresses) == MAX_ENTRIES


@given(
    st.binary(max_size=300) | st.text(alphabet='a@.,<>()"\\ é\N{LATIN SMALL LETTER SHARP S}').map(str.encode)
)
def test_any_bytes_give_addresses(value: bytes) -> None:
    found = read_addressees(value)
    assert all(address.domain.isascii() for address in found.addresses)


@pytest.mark.parametrize(
    "piece", ["(", "<", '"', "\\", ",", "a@é.", "a@" + "é" * 60 + ",", "a@\N{ARABIC LETTER BEH}"]
)
def test_a_long_value_costs_little(piece: str) -> None:
    started = time.process_time()
    read_addressees((piece.encode() * 8192)[:8192])
    assert time.process_time() - started < 1
