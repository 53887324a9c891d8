"""docs/trace.md: what it shows at a terminal is what the command prints, and it names every option and species."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from seawall.forensic.report.terminal import report
from seawall.forensic.report.words import WHAT_IT_IS
from seawall.model.trace import Species
from unit.forensic.report import sample

PAGE = (Path(__file__).parents[2] / "docs" / "trace.md").read_text(encoding="utf-8")


def test_the_example_is_what_the_command_prints() -> None:
    found = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert found
    assert found.group(1).splitlines() == list(report(sample.example(), sample.NOW, ("example.org",)))


def test_every_kind_of_storm_is_told_in_the_words_of_the_report() -> None:
    rows = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", PAGE.partition("| kind |")[2], re.MULTILINE))
    assert {species.value: WHAT_IT_IS[species] for species in Species}.items() <= rows.items()


@pytest.mark.parametrize("command", ["spot", "trace", "notify"])
def test_every_option_is_told(command: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "seawall", command, "--help"], capture_output=True, text=True, check=True
    )
    options = set(re.findall(r"--[a-z-]+", answer.stdout)) - {"--help", "--version"}
    assert options
    for option in options:
        assert f"`{option}" in PAGE, option
