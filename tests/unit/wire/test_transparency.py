import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.wire.transparency import END, Transparent

ANY_LINE_END = re.compile(rb"(?:\A|\r\n|\n|\r)\.(?:\r\n|\n|\r)")


def encoded(*pieces: bytes) -> bytes:
    encoder = Transparent()
    return b"".join([*(encoder.encode(piece) for piece in pieces), encoder.end()])


def decoded(wire: bytes) -> bytes:
    """As RFC 5321 §4.5.2 asks of a server."""
    assert wire.endswith(END)
    return (b"\r\n" + wire.removesuffix(END)).replace(b"\r\n.", b"\r\n")[2:]


@pytest.mark.parametrize(
    ("mail", "received"),
    [
        (b"", b""),
        (b"a\r\n", b"a\r\n"),
        (b"a", b"a\r\n"),
        (b".\r\n", b".\r\n"),
        (b"..\r\n.a\r\n", b"..\r\n.a\r\n"),
        (b"a\n.\nMAIL FROM:<>\n", b"a\r\n.\r\nMAIL FROM:<>\r\n"),
        (b"a\n.\r\nb\r\n", b"a\r\n.\r\nb\r\n"),
        (b"a\r\n.\nb\r\n", b"a\r\n.\r\nb\r\n"),
        (b"a\r.\rb\r\n", b"a . b\r\n"),
        (b"a\r.\r\nb\r\n", b"a .\r\nb\r\n"),
        (b"a\r\n.\rb\r\n", b"a\r\n. b\r\n"),
        (b"a\r\r\nb\r", b"a \r\nb \r\n"),
        (b"\0\xff\x1a\r\n", b"\0\xff\x1a\r\n"),
    ],
)
def test_line_ends_are_made_whole_and_nothing_else_is_changed(mail: bytes, received: bytes) -> None:
    assert decoded(encoded(mail)) == received
    assert decoded(encoded(*(mail[at : at + 1] for at in range(len(mail))))) == received


@given(st.lists(st.text(alphabet="\r\n.a\0", max_size=12).map(str.encode), max_size=8))
def test_no_server_ends_a_mail_early_whatever_it_takes_for_a_line_end(pieces: list[bytes]) -> None:
    wire = encoded(*pieces)
    found = ANY_LINE_END.search(wire)
    assert found is not None
    assert found.end() == len(wire)
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", wire)


@given(st.binary(max_size=200), st.integers(1, 7))
def test_how_the_bytes_come_in_makes_no_difference(mail: bytes, size: int) -> None:
    assert encoded(*(mail[at : at + size] for at in range(0, len(mail), size))) == encoded(mail)


@given(st.lists(st.binary(max_size=30).map(lambda line: re.sub(rb"[\r\n]", b"", line) + b"\r\n")))
def test_a_mail_with_whole_line_ends_arrives_byte_for_byte(lines: list[bytes]) -> None:
    mail = b"".join(lines)
    assert decoded(encoded(mail)) == mail
