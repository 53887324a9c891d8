import pytest

from seawall.facts.charset import codec


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        (b"UTF-8", "utf_8"),
        (b"us-ascii", "ascii"),
        (b"iso-8859-15", "iso8859_15"),
        (b"Windows-1252", "cp1252"),
        (b"koi8-u", "koi8_u"),
        (b"GB2312", "gb2312"),
        (b"ANSI_X3.4-1968", "ascii"),
    ],
)
def test_charsets_of_human_writing_are_decoded(charset: bytes, name: str) -> None:
    assert codec(charset) == name


@pytest.mark.parametrize(
    "charset",
    [
        b"unicode_escape",
        b"raw-unicode-escape",
        b"punycode",
        b"idna",
        b"rot13",
        b"hex",
        b"nobody",
        b"",
        b"\xff",
    ],
)
def test_no_other_codec_of_python_is_reached_by_a_mail(charset: bytes) -> None:
    assert codec(charset) is None
