"""The commands, as a person runs them, against a toy ISP."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hostile.connector import PASSWORD, USER, configuration
from seawall.cli.main import exit_code
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running
from seawall.lab.mails import ordinary_mails, storm_mail


@pytest.fixture
def box() -> Box:
    return Box(ordinary_mails(3, 1000))


@pytest.fixture
def config(tmp_path: Path, box: Box) -> Iterator[str]:
    path = tmp_path / "seawall.toml"
    (tmp_path / "password").write_text(PASSWORD)
    with running(ToyIsp({USER: (PASSWORD, box)})) as isp:
        path.write_text(configuration(isp.port, 'kind = "maildir"\npath = "Maildir"'))
        yield str(path)


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_check_says_what_it_found_and_changes_nothing(
    config: str, box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["check", "--config", config]) == 0
    said = capsys.readouterr().out
    assert "logged in to 127.0.0.1 by SCRAM-SHA-256 without TLS" in said
    assert "3 mails there" in said
    assert box.retrievals.total() == 0


def test_check_fails_for_an_account_that_cannot_be_used(config: str, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("wrong")
    assert exit_code(["check", "--config", config, "--json"]) == 1


def test_a_dry_run_fetches_and_erases_nothing(
    config: str, box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["run", "--once", "--dry-run", "--json", "--config", config]) == 0
    (account,) = document(capsys)["accounts"]
    assert len(account["fetch"]) == 3
    assert box.retrievals.total() == 0
    assert len(box.mails) == 3


def test_run_once_then_status(config: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert exit_code(["run", "--once", "--json", "--config", config]) == 0
    (account,) = document(capsys)["accounts"]
    assert account["delivered"] == 3
    assert exit_code(["status", "--config", config]) == 0
    assert "office: well" in capsys.readouterr().out
    assert len(list((tmp_path / "Maildir" / "new").iterdir())) == 3


def test_no_secret_is_in_the_log(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["run", "--once", "--log", "json", "--config", config]) == 0
    log = capsys.readouterr().err
    assert PASSWORD not in log
    assert all(json.loads(line)["event"] for line in log.splitlines())


def test_adopted_mail_is_never_fetched(config: str, box: Box, tmp_path: Path) -> None:
    assert exit_code(["adopt", "office", "--config", config]) == 0
    box.add(storm_mail())
    assert exit_code(["run", "--once", "--config", config]) == 0
    assert len(list((tmp_path / "Maildir" / "new").iterdir())) == 1
    assert len(box.mails) == 4


def test_what_another_collector_saw_is_adopted_and_the_rest_fetched(
    config: str, box: Box, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *rest = [stored.uidl for stored in box.mails]
    seen = tmp_path / f"oldmail-127.0.0.1-110-{USER}"
    seen.write_bytes(first + b"\x001795506459\nvanished\x001795506459\n")
    assert exit_code(["adopt", "office", "--from", str(tmp_path), "--config", config]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "office: 1 mails are marked as seen and will not be fetched",
        f"office: {len(rest)} mails at the server are not in the list and will be fetched",
        "office: 1 of the list are not at the server any more",
    ]
    assert exit_code(["run", "--once", "--config", config]) == 0
    assert len(list((tmp_path / "Maildir" / "new").iterdir())) == len(rest)


def test_a_list_whose_mails_are_marked_already_is_believed_again(config: str, tmp_path: Path) -> None:
    (tmp_path / "seen").write_bytes(b"seawall-lab-1\x001795506459\n")
    adopt = ["adopt", "office", "--from", str(tmp_path / "seen"), "--config", config]
    assert [exit_code(adopt), exit_code(adopt)] == [0, 0]


def test_a_list_of_nothing_in_the_box_is_refused_and_nothing_is_marked(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "seen").write_bytes(b"vanished\x001795506459\n")
    adopt = ["adopt", "office", "--from", str(tmp_path / "seen"), "--config", config]
    assert exit_code(adopt) == 1
    assert "nothing was marked; with --yes it is believed" in capsys.readouterr().err
    assert exit_code(["run", "--once", "--config", config]) == 0
    assert len(list((tmp_path / "Maildir" / "new").iterdir())) == 3


def test_a_list_that_is_none_is_told(config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, told in [
        ("none", "cannot be read: No such file"),
        (".", f"holds no list of what {USER} at 127.0.0.1"),
    ]:
        assert exit_code(["adopt", "office", "--from", str(tmp_path / name), "--config", config]) == 2
        assert told in capsys.readouterr().err


def test_an_account_that_is_none_is_named(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["run", "--once", "--account", "ofice", "--config", config]) == 2
    assert "there are: office" in capsys.readouterr().err


def test_explain_names_the_recipient_and_the_reason(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "storm.eml"
    path.write_bytes(storm_mail())
    assert exit_code(["explain", str(path), "--account", "office", "--json", "--config", config]) == 0
    said = document(capsys)
    (verdict,) = said["verdicts"]
    assert verdict["recipients"] == ["alice@example.org"]
    assert verdict["reason"] == "delivered"
