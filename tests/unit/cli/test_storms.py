"""`seawall storms`: what it writes, says and refuses."""

import json
from pathlib import Path

import pytest

from seawall.cli.storms import storms
from seawall.errors import Misconfigured


def test_each_storm_has_a_directory_with_mailboxes_and_the_truth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert storms(out=tmp_path, count=3, seed=7, mailboxes=2) == 0
    said = capsys.readouterr().out.splitlines()
    directories = [tmp_path / f"storm-{seed:06}" for seed in (7, 8, 9)]
    assert [line.partition(":")[0] for line in said] == [str(directory) for directory in directories]
    for directory in directories:
        told = json.loads((directory / "truth.json").read_text("ascii"))
        assert told["schema"] == "seawall.storm/1"
        assert len(list((directory / "views").iterdir())) == len(told["views"]) == 2


def test_only_the_species_that_are_asked_for_are_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert storms(out=tmp_path, count=6, species="retry, newsletter", styles="qmail,exim", json=True) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "seawall.storms/1"
    assert {one["species"] for one in document["storms"]} == {"retry", "newsletter"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"species": "flood"}, "--species knows no 'flood', but connector"),
        ({"styles": "sendmale"}, "--styles knows no 'sendmale', but postfix"),
        ({"mailboxes": 51}, "--mailboxes is from 0 to 50"),
        ({"strip": 1.5}, "--strip is from 0 to 1"),
        ({"count": 0}, "--count is at least 1"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_written(
    options: dict[str, object], said: str, tmp_path: Path
) -> None:
    with pytest.raises(Misconfigured, match=said):
        storms(out=tmp_path / "out", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()
