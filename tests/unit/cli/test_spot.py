"""`seawall spot`: the short answer."""

import json
from pathlib import Path

import pytest

from seawall.cli.spot import spot
from seawall.errors import Misconfigured
from unit.forensic.report import sample


@pytest.fixture(autouse=True)
def storm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seawall.forensic.trace.trace", lambda *_: sample.trace())
    monkeypatch.setattr("seawall.cli.spot.now", lambda: sample.NOW)


@pytest.fixture
def mailbox(tmp_path: Path) -> str:
    path = tmp_path / "mail.eml"
    path.write_bytes(b"From: a@b.example\n\nHello.\n")
    return str(path)


def test_it_tells_storms_and_bounces_and_names_no_suspect(
    mailbox: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert spot(mailbox) == 0
    said = capsys.readouterr().out
    assert said.startswith("These are 2 storms; the largest: 1,204 copies of one mail by anna@club.example")
    assert "Bounces: 431 reports" in said
    assert "alpha.example" not in said


def test_its_document_has_its_own_schema_and_its_exit_code_is_asked_for(
    mailbox: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert spot(mailbox, json=True, exit_code=True) == 3
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "seawall.spot/1"
    assert told["storms"][0]["copies"] == 1204


def test_no_source_is_misuse() -> None:
    with pytest.raises(Misconfigured, match="seawall spot: name at least one source"):
        spot()
