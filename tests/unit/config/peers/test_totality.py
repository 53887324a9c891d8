"""Any octets give a translation or one Misconfigured with file and line."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.config.load import load
from seawall.config.peers import translate
from seawall.config.peers.translation import MOST_OCTETS
from seawall.errors import Misconfigured
from unit.config.peers.examples import FETCHMAIL, GETMAIL, MPOP

REFUSED = re.compile(r"/home/me/rc:[1-9][0-9]*: [^\n]+")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("translated")


def check(octets: bytes, directory: Path) -> None:
    try:
        found = translate(octets, file="/home/me/rc", home="/home/me")
    except Misconfigured as refused:
        assert REFUSED.fullmatch(str(refused)), refused  # noqa: PT017 - either outcome is right
        return
    text = found.text()
    read = tomllib.loads(text)
    assert read["account"]
    assert all("\n" not in sentence for sentence in found.sentences())
    for password in found.passwords:
        assert password.secret.reveal not in repr(found) or len(password.secret.reveal) < 8
        assert "/" not in password.file
    (directory / "seawall.toml").write_text(text, encoding="utf-8")
    assert len(load(directory / "seawall.toml").settings.accounts) == len(read["account"])


words = st.sampled_from(
    sorted({word for text in (*FETCHMAIL, *GETMAIL, *MPOP) for word in re.findall(r"\S+|\n", text)})
)


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_octets(directory: Path, octets: bytes) -> None:
    check(octets, directory)
    for begin in (b"poll a.example user ", b"[retriever]\n", b"account a\nhost a.example\nuser "):
        check(begin + octets, directory)


@given(st.lists(words | st.sampled_from(["\n", "=", '"', "'", "\\", "(", "{", "\x1b", "é"]), max_size=40))
def test_any_words_of_the_three_languages(directory: Path, chosen: list[str]) -> None:
    check(" ".join(chosen).encode(), directory)


@given(
    st.sampled_from([*FETCHMAIL, *GETMAIL, *MPOP]),
    st.integers(0, 2000),
    st.integers(0, 30),
    st.text(max_size=12),
)
def test_any_example_with_a_piece_cut_or_overwritten(
    directory: Path, example: str, at: int, length: int, text: str
) -> None:
    at %= len(example) + 1
    changed = example[:at] + text + example[at + length :]
    check(changed.encode("utf-8", "surrogatepass"), directory)


@pytest.mark.parametrize(
    "octets",
    [
        b"poll a.example user b\n" + b"#" * MOST_OCTETS,
        b"poll a.example " + b"user b " * 100_000,
        b"poll a.example user b is " + b"c " * 400_000,
        b"poll a.example user b is " + b"c=d " * 200_000,
        b"poll a.example user " + b"\\" * 900_000,
        b'poll a.example user "' + b"\n" * 900_000,
        b"[retriever]\ntype = SimplePOP3Retriever\npassword_command = " + b"(" * 900_000,
        b"[retriever]\n" + b"a=b\n a\n" * 100_000,
        b"[a]\n" * 200_000,
        b"account a\n" + b"host a.example\n" * 60_000,
        b"".join(b"account a%d : a%d\nhost a\nuser b%d\n" % (n, max(n - 1, 0), n) for n in range(20_000)),
        b"account a\nhost a.example\nuser b\ndelivery mda " + b"a " * 400_000,
        b"account a\nhost a.example\nuser b\npasswordeval " + b"'" * 900_000,
    ],
    ids=range(13),
)
def test_what_is_huge_is_refused_in_little_time(directory: Path, octets: bytes) -> None:
    check(octets, directory)
