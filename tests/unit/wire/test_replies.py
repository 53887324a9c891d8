import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.wire.replies import Capabilities, listing, octets


def test_capabilities_are_read_with_their_parameters() -> None:
    capabilities = Capabilities.parse(
        b"TOP\r\nuidl\r\nSASL PLAIN scram-sha-256\r\nEXPIRE 7 USER\r\nLOGIN-DELAY 900\r\n\r\nIMPLEMENTATION x y\r\n"
    )
    assert capabilities.has("TOP")
    assert capabilities.has("UIDL")
    assert not capabilities.has("PIPELINING")
    assert capabilities.sasl == {"PLAIN", "SCRAM-SHA-256"}
    assert capabilities.expire == 7 * 86400
    assert capabilities.login_delay == 900


@pytest.mark.parametrize("line", [b"EXPIRE NEVER", b"EXPIRE", b"EXPIRE -1", b"EXPIRE " + b"9" * 40, b""])
def test_an_expiry_that_is_no_number_is_none(line: bytes) -> None:
    assert Capabilities.parse(line).expire is None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"1 a\r\n2 b\r\n", {1: b"a", 2: b"b"}),
        (b"", {}),
        (b"7 with some spaces \xff\r\n3 ../x\r\n", {7: b"with some spaces \xff", 3: b"../x"}),
        (b"1\r\n", {1: b""}),
        (b"0 a\r\n-1 b\r\nx c\r\n" + b"9" * 30 + b" d\r\n", {}),
        (b"1 first\r\n1 second\r\n", {1: b"first"}),
    ],
)
def test_a_listing_is_read_line_by_line(content: bytes, expected: dict[int, bytes]) -> None:
    assert listing(content) == expected


@pytest.mark.parametrize(
    ("rest", "expected"), [(b"120", 120), (b"120 extra", 120), (b"-5", None), (b"many", None), (b"", None)]
)
def test_a_size_is_a_number_or_nothing(rest: bytes, expected: int | None) -> None:
    assert octets(rest) == expected


@given(st.binary())
def test_replies_are_read_whatever_they_hold(content: bytes) -> None:
    capabilities = Capabilities.parse(content)
    assert capabilities.expire is None or capabilities.expire >= 0
    assert all(number > 0 for number in listing(content))
