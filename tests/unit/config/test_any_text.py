from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.config.load import load
from seawall.config.template import TEMPLATE
from seawall.errors import Misconfigured


def only_misconfigured(directory: Path, octets: bytes) -> None:
    path = directory / "seawall.toml"
    path.write_bytes(octets)
    try:
        load(path)
    except Misconfigured as refused:
        assert str(refused).startswith(str(path))  # noqa: PT017 - either outcome is right


@pytest.fixture(scope="module")
def load_octets(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], None]:
    directory = tmp_path_factory.mktemp("arbitrary")
    return lambda octets: only_misconfigured(directory, octets)


values = st.recursive(
    st.sampled_from(
        [
            "1",
            "true",
            '"x"',
            "''",
            "1e999",
            "nan",
            "-5",
            "2026-01-31",
            "0001-01-01",
            '"5m"',
            '"a@example.org"',
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | inner.map(lambda item: f"{{ a = {item} }}")
    ),
    max_leaves=4,
)


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_octets_load_or_are_misconfigured(load_octets: Callable[[bytes], None], octets: bytes) -> None:
    load_octets(octets)


@given(st.data())
def test_a_template_with_any_key_or_value_replaced_loads_or_is_misconfigured(
    load_octets: Callable[[bytes], None], data: st.DataObject
) -> None:
    lines = [line.removeprefix("# ") for line in TEMPLATE.splitlines() if "=" in line or line.startswith("[")]
    at = data.draw(st.integers(0, len(lines) - 1))
    key, equals, value = lines[at].partition("=")
    lines[at] = data.draw(
        st.one_of(
            values.map(lambda other: f"{key} = {other}"),
            st.text(max_size=20).map(lambda other: f"{key}{equals}{other}"),
            st.text(max_size=20).map(lambda other: f'{key} = "{other}"'),
            st.sampled_from(["local", "mailboxes", "destination", "account"]).map(lambda name: f"[{name}]"),
            st.sampled_from(["local", "mailboxes", "destination", "account"]).map(lambda name: f"[[{name}]]"),
            st.sampled_from(lines),
            st.just(f'"" {equals}{value}'),
        )
    )
    load_octets("\n".join(lines).encode("utf-8", "surrogatepass"))


@given(st.integers(0, len(TEMPLATE)), st.integers(0, 40), st.binary(max_size=8))
def test_a_template_with_a_piece_cut_or_overwritten_loads_or_is_misconfigured(
    load_octets: Callable[[bytes], None], at: int, length: int, octets: bytes
) -> None:
    written = TEMPLATE.encode()
    load_octets(written[:at] + octets + written[at + length :])
