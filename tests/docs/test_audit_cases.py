"""The page on the audit's cases: its keys, its defaults, its example and its index are the real ones."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

from seawall.lab.audit.octets import Part
from seawall.lab.audit.reading import load, shipped
from seawall.lab.audit.server import EndlessReply, PaceTable, Server, StopTable
from seawall.lab.audit.written import CaseTables, MailTable, NextHopTable, StepTable, ThenTable
from seawall.toml.section import Section, keys_of

PAGE = (Path(__file__).parents[2] / "docs" / "audit-cases.md").read_text(encoding="utf-8")
TABLES: dict[str, tuple[str, type[Section]]] = {
    "case.toml": ("key", CaseTables),
    "`[mails.NAME]`": ("key", MailTable),
    "`[server]`": ("key", Server),
    "`[next_hop]`": ("key", NextHopTable),
    "`[[steps]]`": ("key", StepTable),
    "`[then]`": ("key", ThenTable),
    "Octets": ("key of a part", Part),
    "`[server]`, a stop": ("key of a stop", StopTable),
    "`[server]`, the pace": ("key of the pace", PaceTable),
}


def rows(heading: str, first: str) -> Mapping[str, list[str]]:
    """The rows of the table below `heading` whose first column is called `first`, by what stands there in code."""
    section = PAGE.split(f"# {heading}\n", 1)[1].split("\n#", 1)[0]
    table = section.split(f"| {first} |", 1)[1].split("\n\n", 1)[0]
    found = {}
    for line in table.splitlines()[2:]:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for key in re.findall(r"`([\w.-]+)`", cells[0]):
            found[key] = cells[1:]
    return found


@pytest.mark.parametrize("heading", TABLES)
def test_each_key_is_documented_with_its_default(heading: str) -> None:
    first, model = TABLES[heading]
    documented = rows(heading.partition(", ")[0], first)
    real: Mapping[str, Any] = keys_of(model)
    assert set(documented) == set(real)
    for key, cells in documented.items():
        if re.fullmatch("`[^`]+`", cells[0]) and len(cells) > 1:
            default = real[key]
            assert tomllib.loads(f"value = {cells[0][1:-1]}")["value"] == (
                list(default) if isinstance(default, tuple) else default
            )


def test_a_reply_without_end_has_the_two_keys_that_are_told() -> None:
    assert set(keys_of(EndlessReply)) == {"head", "again"}
    assert "a table with `head` and `again`" in PAGE


def test_each_act_is_documented() -> None:
    acts = get_args(StepTable.model_fields["do"].annotation)
    assert set(rows("`[[steps]]`", "act")) == set(acts)


def test_the_example_loads(tmp_path: Path) -> None:
    found = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert found
    path = tmp_path / "case.toml"
    path.write_text(found[1], encoding="utf-8")
    case = load(path)
    assert case.then.arrives == case.box == ("one", "tab", "three")
    assert b"Subject: a \t tab, caf\xe9\r\n" in case.mails["tab"].octets
    assert case.mails["tab"].octets.endswith(b"line 1000\r\n")
    assert [stop.at for stop in case.server.stops] == [("RETR", 2)]


def test_the_mails_of_every_case_are_named(tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    paragraph = PAGE.split("Every case may name the mails", 1)[1].split("\n\n", 1)[0]
    names = [*re.findall(r"`([\w-]+)`", paragraph)]
    path.write_text(f'title = "t"\nabout = "a"\nserves = "multidrop"\nbox = {names}', encoding="utf-8")
    assert len(load(path).mails) == len(names) - 1 + 60


def test_the_index_lists_each_shipped_case_with_its_title() -> None:
    index = PAGE.split("## The cases that come with Seawall", 1)[1]
    listed = [
        (group, *row)
        for group, table in re.findall(r"### ([\w-]+)\n\n(.*?)(?=\n###|\Z)", index, re.DOTALL)
        for row in re.findall(r"^\| `([\w-]+)` \| (.*) \|$", table, re.MULTILINE)
    ]
    assert listed == [(case.group, case.name, case.title) for case in shipped()]


def test_every_key_of_every_model_is_a_table_of_the_page() -> None:
    """A model that a case's table has inside it is one of those above, so that no key is left out."""
    models: set[type[Section]] = {model for _, model in TABLES.values()} | {EndlessReply}
    inside = {
        part
        for model in models
        for field in model.model_fields.values()
        for part in _sections(field.annotation)
    }
    assert inside <= models


def _sections(annotation: object) -> set[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return {annotation}
    return {found for part in get_args(annotation) for found in _sections(part)}
