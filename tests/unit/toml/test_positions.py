import tomllib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seawall.config.template import TEMPLATE
from seawall.toml.positions import DEEPEST, KeyPath, lines_of_keys, nearest_line

TEXT = '''\
# a comment with key = 1 and [table]
top = 1

[local]
domains = [
  "example.org",   # one = 1
  # a comment, ] and "quotes
  'example.net',
]
text = """
[not.a.table]
key = "no" """
literal = \'\'\'
fake = 1\'\'\'
escaped = "a \\" # ] = b"
dotted.deep . "quoted key" = 1
inline = { a = 1, b = { c = [1, { d = 2 }] } }
after = 2026-01-31 08:00:00Z # ok

[[account]]
name = "one"
[account.extra]
x = 1
[[account]]
name = "two"
[[account.box]]
n = 1
[[account.box]]
n = 2
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("local",), 4),
        (("local", "domains"), 5),
        (("local", "domains", 0), 6),
        (("local", "domains", 1), 8),
        (("local", "text"), 10),
        (("local", "literal"), 13),
        (("local", "escaped"), 15),
        (("local", "dotted"), 16),
        (("local", "dotted", "deep", "quoted key"), 16),
        (("local", "inline", "a"), 17),
        (("local", "inline", "b", "c", 1, "d"), 17),
        (("local", "after"), 18),
        (("account",), 20),
        (("account", 0), 20),
        (("account", 0, "name"), 21),
        (("account", 0, "extra"), 22),
        (("account", 0, "extra", "x"), 23),
        (("account", 1), 24),
        (("account", 1, "name"), 25),
        (("account", 1, "box", 0, "n"), 27),
        (("account", 1, "box", 1, "n"), 29),
    ],
)
def test_each_key_is_found_on_its_line(path: KeyPath, line: int) -> None:
    assert lines_of_keys(TEXT)[path] == line


def test_only_real_keys_are_found() -> None:
    assert set(lines_of_keys(TEXT)) == _paths(tomllib.loads(TEXT))


def test_crlf_text_has_the_same_lines() -> None:
    assert lines_of_keys(TEXT.replace("\n", "\r\n")) == lines_of_keys(TEXT)


def test_a_key_too_deep_to_be_kept_is_placed_at_what_is_kept_of_it() -> None:
    path = ("a",) * 2000
    lines = lines_of_keys(f"top = 1\n{'.'.join(path)} = 1\nafter = 1")
    assert nearest_line(lines, path) == 2
    assert lines[("after",)] == 3
    assert max(map(len, lines)) == DEEPEST


def test_a_key_that_is_not_there_is_placed_at_the_nearest_table_around_it() -> None:
    lines = lines_of_keys(TEXT)
    assert nearest_line(lines, ("account", 1, "host")) == 24
    assert nearest_line(lines, ("nowhere", "at", "all")) == 1


def _paths(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    found = {path} if path else set()
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in parts:
        found |= _paths(item, (*path, key))
    return found


@given(st.text(alphabet="ab=.[]{},\"'\\#\n \t1") | st.text())
@example("[" * 200 + "]" * 200)
@example('a = "')
@example("= 1")
def test_any_text_is_scanned_to_an_end_and_toml_to_exactly_its_keys(text: str) -> None:
    lines = lines_of_keys(text)
    try:
        keys = _paths(tomllib.loads(text))
    except ValueError:
        return
    assert set(lines) == keys


@given(st.integers(min_value=0, max_value=len(TEMPLATE)), st.text(max_size=5))
def test_a_template_with_something_typed_into_it_is_scanned_to_an_end(at: int, typed: str) -> None:
    assert all(line >= 1 for line in lines_of_keys(TEMPLATE[:at] + typed + TEMPLATE[at:]).values())
