"""docs/lab.md: its scenario is one, and it names every key, habit and figure that there is."""

import re
from pathlib import Path

import pytest

from seawall.lab.confinement import Confinement
from seawall.lab.internet import tables
from seawall.lab.internet.bounds import MOST, End
from seawall.lab.internet.habits import Habit
from seawall.lab.internet.reading import load, shipped
from seawall.lab.internet.report import content
from seawall.lab.internet.world import play
from seawall.toml.section import keys_of

PAGE = (Path(__file__).parents[2] / "docs" / "lab.md").read_text(encoding="utf-8")


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    found = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert found
    path = tmp_path / "scenario.toml"
    path.write_text(found.group(1), encoding="utf-8")
    return path


def test_the_scenario_of_the_page_is_one(scenario: Path) -> None:
    assert load(scenario).organisations[1].stints[1].connector == "seawall"


def test_the_page_has_every_key_of_a_scenario() -> None:
    models = (tables.Top, tables.BoundsTable, tables.OrganisationTable, tables.LaterTable, tables.HabitTable)
    for model in (*models, tables.ListTable, tables.MailTable):
        for key in keys_of(model):
            assert re.search(rf"\b{key} = |`{key}`", PAGE), (model, key)


def test_the_page_has_every_habit_every_end_and_every_scenario() -> None:
    for word in (*(habit.value for habit in Habit), *(end.value for end in End), *shipped()):
        assert f"`{word}`" in PAGE, word


def test_the_page_tells_the_most_that_a_run_may_take() -> None:
    assert f"{MOST.mails:,} mails, {MOST.octets // 10**9} GB" in PAGE


def test_the_page_has_every_key_of_the_report(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(
        'about = "A test."\n[bounds]\nlab_time = "20m"\n[[organisation]]\ndomain = "a.test"\nconnector = "unpatched"\n'
        '[[organisation]]\ndomain = "b.test"\n[[mail]]\nfrom = "office@b.test"\n',
        encoding="utf-8",
    )
    found = content(play(load(path), tmp_path / "out", confinement=Confinement.PORTS))
    keys = set(found)
    for rows in (value for value in found.values() if isinstance(value, list)):
        keys |= set(rows[0])
    keys |= set(found["organisations"][0]["polls"][0])
    # The two ends of a mail's way are plain words.
    for key in keys - {"from", "to", "why"}:
        assert f"`{key}`" in PAGE, key
