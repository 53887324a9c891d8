"""Strangers under audit, each with one fault: the audit names that fault; of an honest one it says nothing."""

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from seawall.cli.main import exit_code
from seawall.lab.audit.contest import Entry, Result, contest, meetings
from seawall.lab.audit.judge import Kind, judge
from seawall.lab.audit.reading import find, load
from seawall.lab.audit.trial import Ports, Stranger, play
from seawall.lab.connectors.profile import Deliver, Profile
from seawall.lab.connectors.reading import of_command

STRANGER = Path(__file__).with_name("stranger.py")
CASE = """
title = "Two good mails"
about = "Of which one names two people elsewhere."
deliver = ["smtp", "maildir"]
box = ["one", "three", "storm"]
steps = [{ do = "poll", times = 2 }]
mails.storm.lines = '''
Message-ID: <2@example.net>
Subject: two
To: Alice <alice@example.org>, dave@example.com,
\terin@example.com

A mail to three people, of whom one is here.
'''
"""
SAID = {
    "honest": set(),
    "keeps": {Kind.DOUBLED},
    "drops": {Kind.DOUBLED},
    "doubles": {Kind.DOUBLED},
    "loses": {Kind.LOST},
    "cuts": {Kind.CUT},
    "alters": {Kind.ALTERED},
    "amplifies": {Kind.FOREIGN},
    "misdelivers": {Kind.MISDELIVERED, Kind.LOST},
    "bounces": {Kind.BOUNCED},
    "hoards": {Kind.MEMORY},
    "destroys": set(),
    "links": set(),
}


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    directory = tmp_path / "cases" / "mails" / "two-good"
    directory.mkdir(parents=True)
    (directory / "case.toml").write_text(CASE)
    return tmp_path / "cases"


def stranger(fault: str, deliver: Deliver = Deliver.SMTP) -> Profile:
    command = f"{sys.executable} {STRANGER} {fault} {{pop3_port}} {{smtp_port}} {{maildir}}"
    return of_command(command, deliver)


def entry(fault: str, deliver: Deliver = Deliver.SMTP) -> Entry:
    return Entry(profile=stranger(fault, deliver), version=fault)


def test_each_fault_is_named_and_an_honest_connector_has_none(cases: Path) -> None:
    planned = meetings(find(cases), [entry(fault) for fault in SAID])
    trials = list(contest(planned))
    assert {trial.version: {finding.kind for finding in trial.findings} for trial in trials} == SAID
    results = {trial.version: trial.result for trial in trials}
    assert results["honest"] is Result.PASSED
    assert results["alters"] is results["hoards"] is Result.FLAWED
    assert results["amplifies"] is Result.FAILED


def test_the_amplification_factor_is_mails_outside_for_each_mail_collected(cases: Path) -> None:
    (trial,) = contest(meetings(find(cases), [entry("amplifies")]))
    assert trial.factor == 2 / 3
    assert dict(trial.deliveries) == {"alice@example.org": 3, "dave@example.com": 1, "erin@example.com": 1}


def test_a_connector_that_writes_files_by_itself_is_judged_by_them(cases: Path) -> None:
    (trial,) = contest(meetings(find(cases), [entry("writes", Deliver.MAILDIR)]))
    assert trial.findings == ()
    assert dict(trial.deliveries) == {"alice@example.org": 3}


def test_a_hung_connector_is_stopped_and_nothing_of_it_is_left(cases: Path, tmp_path: Path) -> None:
    profile = stranger("hangs")
    case = load(next(cases.rglob("case.toml")))
    subject = Stranger(profile=profile, way=profile.ways[0], limit=0.5)
    found = judge(case, play(case, subject, Ports(), tmp_path))
    assert Kind.HUNG in {finding.kind for finding in found}
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert f"{STRANGER} hangs" not in listed


def test_a_connector_without_a_way_for_a_case_has_no_trial(cases: Path) -> None:
    assert not meetings(find(cases), [entry("honest", Deliver.LMTP)])


def test_the_command_ends_with_1_for_harm_and_0_without(
    cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = f"{sys.executable} {STRANGER} {{fault}} {{pop3_port}} {{smtp_port}} {{maildir}}"
    fixed = ["audit", "--cases", str(cases), "--deliver", "smtp", "--junit", str(tmp_path / "junit.xml")]
    assert exit_code([*fixed, "--command", command.replace("{fault}", "honest")]) == 0
    said = capsys.readouterr().out
    assert "1 trials, 1 passed" in said
    assert ET.parse(tmp_path / "junit.xml").getroot().find("testsuite").get("failures") == "0"  # type: ignore[union-attr]
    assert exit_code([*fixed, "--json", "--command", command.replace("{fault}", "amplifies")]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "seawall.audit/1"
    assert not told["harmless"]
    assert told["trials"][0]["findings"][0]["kind"] == "foreign"
    (failure,) = ET.parse(tmp_path / "junit.xml").getroot().iter("failure")
    assert failure.get("message") == "2 foreign"


def test_what_does_not_fit_together_is_refused(cases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fixed = ["audit", "--cases", str(cases)]
    for arguments, sentence in (
        (["seawall", "--ports"], "three ways to say what is audited"),
        (["nobody"], "'nobody': no such profile; there are fdm, fetchmail, getmail6, mpop, seawall"),
        (["--command", "/nowhere/at/all"], "is not installed"),
        (["--command", "x {port}"], "{port} is not a known word"),
        (["--command", "true"], "true never came to the POP3 server: nothing was found out about it"),
        (["--only", "nothing-of-the-kind"], "no case has nothing-of-the-kind in its name"),
    ):
        assert exit_code([*fixed, *arguments]) == 2
        assert sentence in capsys.readouterr().err


def test_a_daemon_that_a_connector_leaves_behind_is_ended(cases: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        (trial,) = contest(meetings(find(cases), [entry(f"lingers:{pipe}")]))
        assert trial.result is Result.PASSED
        said = b""
        while select.select([end], [], [], 30)[0] and (more := os.read(end, 100)):
            said += more
        # Each poll left one, and nobody holds the pipe any more.
        assert said == b"here" * 2
        assert os.read(end, 1) == b""
    finally:
        os.close(end)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_when_the_audit_is_ended_all_that_it_started_ends(
    by: signal.Signals, cases: Path, tmp_path: Path
) -> None:
    """The stranger opens a pipe and hangs: its end is read where nobody has it open any more."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = f'{sys.executable} -c \'import time; open("{pipe}", "w"); held = open("{pipe}", "w"); time.sleep(600)\''
    audit = subprocess.Popen(
        [sys.executable, "-m", "seawall", "audit", "--cases", str(cases), "--command", command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with pipe.open("rb") as end:
            audit.send_signal(by)
            assert audit.wait(60)
            assert end.read() == b""
    finally:
        audit.kill()
        audit.wait()
