"""Whatever stands in a case.toml, it is a case or Misconfigured, in little time and memory."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.errors import Misconfigured
from seawall.lab.audit.reading import SHIPPED, load

HEAD = 'title = "a title"\nabout = "about it"\n'
EXAMPLE = "\n".join(
    (SHIPPED / name / "case.toml").read_text(encoding="utf-8")
    for name in ("connection/one-octet-pieces", "server/endless-list", "next-hop/silent-end")
)
LINES = [line for line in EXAMPLE.splitlines() if "=" in line or line.startswith("[")]
VALUES = st.sampled_from(
    [
        "1",
        "-1",
        "true",
        '""',
        '"x"',
        '"%d"',
        "[]",
        '["two"]',
        "{}",
        '{ a = "x" }',
        '[{ octets = "%d", times = 3 }]',
        "nan",
        "2026-01-31",
    ]
)


@pytest.fixture(scope="module")
def load_octets(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], None]:
    path = tmp_path_factory.mktemp("group") / "case.toml"

    def only_a_case_or_misconfigured(raw: bytes) -> None:
        path.write_bytes(raw)
        try:
            load(path)
        except Misconfigured as refused:
            assert str(refused).startswith(str(path))  # noqa: PT017 - either outcome is right

    return only_a_case_or_misconfigured


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_octets_are_a_case_or_misconfigured(load_octets: Callable[[bytes], None], raw: bytes) -> None:
    load_octets(raw)


@given(st.lists(st.tuples(st.sampled_from(LINES), st.none() | VALUES | st.text(max_size=20)), max_size=12))
def test_any_keys_with_any_values_are_a_case_or_misconfigured(
    load_octets: Callable[[bytes], None], changed: list[tuple[str, str | None]]
) -> None:
    lines = [HEAD.rstrip("\n")]
    for line, value in changed:
        key, equals, _ = line.partition("=")
        lines.append(line if value is None or not equals else f"{key}={value}")
    load_octets("\n".join(lines).encode("utf-8", "surrogatepass"))


@given(st.integers(0, 2000), st.integers(0, 40), st.binary(max_size=8))
def test_a_case_with_a_piece_cut_or_overwritten_is_a_case_or_misconfigured(
    load_octets: Callable[[bytes], None], at: int, length: int, piece: bytes
) -> None:
    text = (SHIPPED / "next-hop" / "silent-end" / "case.toml").read_bytes()
    load_octets(text[:at] + piece + text[at + length :])
