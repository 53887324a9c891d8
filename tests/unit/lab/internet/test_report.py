"""What a run's report says, and that nothing out of a scenario is obeyed by what shows it."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from seawall.cli.lab import lab
from seawall.errors import Misconfigured
from seawall.lab.internet.picture import svg
from seawall.lab.internet.report import content, sentences
from unit.lab.internet.staging import LETTER, SENDER, crowd, played, unpatched, written

STORM = '[bounds]\nlab_time = "50m"\n' + SENDER + unpatched(2) + crowd(3) + LETTER


def test_the_report_adds_up(tmp_path: Path) -> None:
    found = content(played(tmp_path, STORM))
    assert (found["addressees"], found["ended"]["why"]) == (5, "lab_time")
    faulty = [each for each in found["organisations"] if each["connector"] == "unpatched"]
    for each in faulty:
        assert each["fetched"] == sum(poll["fetched"] for poll in each["polls"]) == 7
        assert each["amplification_factor"] == round(each["outside"] / 7, 3)
    assert sum(each["recipients"] for each in found["sent_again"]) == sum(each["outside"] for each in faulty)
    assert found["arrived"] == sum(each["received"] for each in found["users"])
    assert found["arrived"] == sum(each["arrived"] for each in found["generations"])
    assert json.loads(json.dumps(found)) == found


def test_the_sentences_name_who_did_it_and_who_suffered(tmp_path: Path) -> None:
    said = "\n".join(sentences(played(tmp_path, STORM)))
    assert (
        "faulty1.test (unpatched): mails fetched 7 (1 2 4), recipients outside that they were sent on to"
        in said
    )
    assert "most copies of one mail: 15, at office@" in said
    assert "It was stopped at its bound of lab time, 0 h 50 min after it began" in said


def test_the_picture_is_xml_whatever_a_scenario_is_called(tmp_path: Path) -> None:
    outcome = played(tmp_path, STORM)
    hostile = replace(
        outcome.scenario, name="<script>alert(1)</script>", about='"&<image href="https://x.test"/>'
    )
    root = ET.fromstring(svg(replace(outcome, scenario=hostile)))
    assert {element.tag.rpartition("}")[2] for element in root.iter()} == {
        "svg", "g", "rect", "defs", "marker", "path", "text", "circle", "title", "line",
    }  # fmt: skip
    titles = [element.text for element in root.iter("{http://www.w3.org/2000/svg}title")]
    assert any(title is not None and title.startswith("generation 3: ") for title in titles)


def test_a_run_where_nothing_arrives_has_a_picture_and_sentences_too(tmp_path: Path) -> None:
    outcome = played(tmp_path, SENDER + LETTER + 'to = ["nobody@nowhere.test"]\n[bounds]\nmails = 1\n')
    ET.fromstring(svg(outcome))
    assert "0 mails arrived in all" in "\n".join(sentences(outcome))


def test_the_command_refuses_a_directory_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    with pytest.raises(Misconfigured, match="holds something else"):
        lab(str(written(tmp_path, STORM)), out=tmp_path)
    assert (tmp_path / "precious").exists()


@pytest.mark.parametrize(("speed", "mails"), [(0.0, None), (-1.0, None), (float("nan"), None), (None, 0)])
def test_the_command_refuses_options_that_mean_nothing(
    tmp_path: Path, speed: float | None, mails: int | None
) -> None:
    with pytest.raises(Misconfigured, match=r"--speed|--mails"):
        lab(str(written(tmp_path, STORM)), out=tmp_path / "out", speed=speed, mails=mails)
