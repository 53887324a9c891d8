"""What each style writes, beside real lines of that style: shapes, folds, and what the scanner finds in them."""

import re
from collections import Counter
from functools import cache
from typing import Final

import pytest

from seawall.facts.dates import moment
from seawall.facts.received import by_host
from seawall.lab.writer.refolded import by_perl, by_python
from seawall.lab.writer.style import folded
from seawall.lab.writer.styles import STYLES
from unit.lab.writer.lines import CORPUS, EXCHANGE, KINDS, by_style, raw_fields, unfolded
from unit.lab.writer.shapes import shape

with_corpus = pytest.mark.skipif(
    not CORPUS.exists(), reason="the corpus of real mail is not beside this checkout"
)
STORMS: Final = 16
every_style = pytest.mark.parametrize("name", [style.name for style in STYLES])


@cache
def written(name: str) -> tuple[str, ...]:
    """The Received of a style's hosts in some storms."""
    found = tuple(line for lines in by_style(name, range(STORMS), copies=60) for line in lines)
    assert len(found) >= 100
    return tuple(dict.fromkeys(found))


@cache
def real_lines() -> tuple[str, ...]:
    text = (CORPUS / "received_lines.txt").read_text("latin-1")
    return tuple(line.split("\t", 2)[2] for line in text.split("\n")[1:] if line.count("\t") > 1)


def real(name: str) -> list[str]:
    pattern = re.compile(KINDS[name].real)
    return [line for line in real_lines() if pattern.search(line)]


def form(field: str) -> tuple[tuple[str, str], ...]:
    """How a field is folded: each further line's indent, and what it begins with."""
    lines = re.split(r"\r?\n", field)[1:]
    return tuple(
        (re.match(r"[ \t]*", line)[0], begins(line.strip()))  # type: ignore[index]
        for line in lines
    )


def is_refolded(field: str, name: str) -> bool:
    """Whether a program on the way wrote the folds: four blanks, one, or eight for a tab."""
    blanks = "1,4" if name in {"gmail", "proofpoint"} else "1,4,8"
    return any(re.search(rf"\n {{{count}}}\S", field) for count in blanks.split(","))


def begins(text: str) -> str:
    word = text.split(" ", maxsplit=1)[0]
    if re.match(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),", text):
        return "DATE"
    return word if word in {"by", "for", "with", "id", "key-exchange"} else word[:4]


@with_corpus
@every_style
def test_the_shapes_of_the_written_lines_are_those_of_real_ones(name: str) -> None:
    known = {shape(line) for line in real(name)}
    shapes = Counter(shape(unfolded(field)) for field in written(name))
    share = sum(count for one, count in shapes.items() if one in known) / shapes.total()
    assert share >= KINDS[name].shapes, [one for one in shapes if one not in known]


@with_corpus
@every_style
def test_the_scanner_finds_in_the_written_lines_what_it_finds_in_real_ones(name: str) -> None:
    """The host that wrote the line, or a note of none; and a date that can be read."""
    there = Counter(kind_of(line) for line in real(name))
    here = Counter(kind_of(unfolded(field)) for field in written(name))
    assert here.keys() <= there.keys()
    for kind in here:
        assert there[kind] >= 2 or there[kind] / there.total() > 0.05


def kind_of(line: str) -> tuple[str, bool]:
    host = by_host(line.encode("latin-1"))
    named = "a note" if host is None else "a name" if "." in host or ":" in host else host
    return named, moment(line.rpartition(";")[2].encode("latin-1")) is not None


@with_corpus
@pytest.mark.parametrize("name", [name for name in KINDS if name not in {"exchange", "exchange-online"}])
def test_the_written_lines_are_folded_where_real_ones_are(name: str) -> None:
    pattern = re.compile(KINDS[name].real)
    known = {form(field) for field in raw_fields() if pattern.search(unfolded(field))}
    forms = Counter(form(field) for field in written(name) if not is_refolded(field, name))
    share = sum(count for one, count in forms.items() if one in known) / forms.total()
    assert share >= KINDS[name].folds, [one for one in forms if one not in known]


@with_corpus
def test_exchange_folds_at_the_column_at_which_the_writer_does() -> None:
    """Most real lines of Exchange come out the same when they are folded anew; a list's server folded the rest."""
    raw = ["Received:" + field for field in raw_fields() if EXCHANGE.search(unfolded(field))]
    raw = [
        field
        for field in raw
        if re.search(r"\n [^ \t]", field) and "\n\t" not in field and "=3D" not in field
    ]
    same = {
        width: sum(folded(unfolded(field), width=width) == field.replace("\n", "\r\n") for field in raw)
        for width in (70, 74, 76, 77, 78, 79, 80)
    }
    assert len(raw) >= 100
    assert max(same, key=lambda width: same[width]) == 78
    assert same[78] / len(raw) > 0.7


@with_corpus
def test_a_filter_folds_as_most_real_lines_with_four_blanks_are_folded() -> None:
    """The rest were folded by programs that kept what folds there were, or had other widths."""
    raw = [field for field in raw_fields() if re.fullmatch(r".*(?:\n {4}\S.*)+", field)]
    same = sum(
        by_perl(f"Received:{field}").replace("\r\n", "\n") == f"Received:{field}".strip() for field in raw
    )
    assert len(raw) >= 1000
    assert same / len(raw) > 0.7


def test_what_a_list_folds_anew_keeps_its_lines_and_has_one_blank_before_each() -> None:
    line = "Received: from mx.alder.example (mail-gateway.kessler-engineering.example [192.0.2.1])"
    field = f"{line}\r\n\tby in1.orion.test (Postfix) with ESMTP id 1AE041939;\r\n\tFri, 30 Jul 2021 13:07:34 +0200"
    assert by_python(field).split("\r\n") == [
        "Received: from mx.alder.example (mail-gateway.kessler-engineering.example",
        " [192.0.2.1])",
        " by in1.orion.test (Postfix) with ESMTP id 1AE041939;",
        " Fri, 30 Jul 2021 13:07:34 +0200",
    ]


@every_style
def test_a_styles_dates_are_real_days_with_their_weekday(name: str) -> None:
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    seen = 0
    for field in written(name):
        told = re.search(r"(\w{3}), {1,2}(\d{1,2}) (\w{3}) (\d{4})", unfolded(field))
        if told:
            day, _, rest = told[0].partition(",")
            at = moment(f"{rest.strip()} 12:00:00 +0000".encode())
            assert at is not None
            assert days[int(at // 86_400 + 3) % 7] == day
            seen += 1
    assert seen or name == "qmail"
