"""`status --prometheus`, read as Prometheus reads it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hostile.connector import PASSWORD, USER, Connector, configuration
from hostile.guarded import Rules
from seawall.cli.main import exit_code
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running
from seawall.lab.mails import ordinary_mails


@pytest.fixture
def config(tmp_path: Path) -> Iterator[str]:
    Connector(tmp_path)
    with running(ToyIsp({USER: (PASSWORD, Box(ordinary_mails(3, 500)))})) as isp:
        path = tmp_path / "seawall.toml"
        path.write_text(configuration(isp.port))
        yield str(path)


def samples(text: str) -> dict[str, float]:
    return {
        " ".join((sample.name, *sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_are_there_before_anything_ran(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["status", "--prometheus", "--config", config]) == 0
    found = samples(capsys.readouterr().out)
    assert found["seawall_delivered_total office"] == 0
    assert found["seawall_held_max_bytes"] == 5e9
    assert "seawall_last_success_timestamp_seconds office" not in found


def test_metrics_tell_what_the_ledger_knows(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["run", "--once", "--config", config]) == 0
    with Rules(tmp_path) as rules:
        rules.opens_storm()
        rules.opens_storm(closed_at=1_800_000_001.0)
        rules.opens_storm(opened_at=None)
        rules.holds("storm", 4, 1_800_000_000.0)
        rules.holds("bounce-flood", 1, 1_800_000_000.0)
        rules.breaks("office", 1_800_000_000.0, "why")
    assert exit_code(["status", "--prometheus", "--config", config]) == 0
    found = samples(capsys.readouterr().out)
    assert found.pop("seawall_last_success_timestamp_seconds office") > 1_700_000_000
    assert found == {
        "seawall_delivered_total office": 3.0,
        "seawall_set_aside_total office": 5.0,
        "seawall_poll_failures office": 0.0,
        "seawall_account_broken office": 1.0,
        "seawall_account_stopped office": 1.0,
        "seawall_known_mails office": 3.0,
        "seawall_troubled_mails office": 0.0,
        "seawall_doubts office": 0.0,
        "seawall_held_mails bounce-flood": 1.0,
        "seawall_held_mails storm": 4.0,
        "seawall_held_bytes": 5000.0,
        "seawall_held_max_bytes": 5e9,
        "seawall_storms_opened_total": 2.0,
        "seawall_open_breakers account": 1.0,
        "seawall_open_breakers storm": 1.0,
    }


def test_two_forms_at_once_are_refused(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["status", "--prometheus", "--json", "--config", config]) == 2
    assert "choose one" in capsys.readouterr().err
