"""A connector that somebody else runs: its polls are waited for, at ports that stay."""

import poplib
import smtplib
import threading
from pathlib import Path

from seawall.lab.audit.contest import Result
from seawall.lab.audit.elsewhere import Elsewhere, fitting, free_ports, play_elsewhere
from seawall.lab.audit.judge import Kind
from seawall.lab.audit.reading import load
from seawall.lab.audit.trial import PASSWORD, USER, Ports
from seawall.lab.box import Box
from seawall.lab.connectors.preparing import Offer
from seawall.lab.connectors.run import Ended

ANYTHING = Offer(
    pop3_port=1,
    smtp_port=2,
    lmtp_port=3,
    home=Path(),
    maildir=Path(),
    user=USER,
    password=PASSWORD,
    mailbox="alice@example.org",
)
CASE = """
title = "Two good mails"
about = "One poll."
deliver = ["smtp"]
box = ["one", "three"]
steps = [{ do = "poll" }]
"""


def case_at(tmp_path: Path) -> Path:
    directory = tmp_path / "mails" / "two-good"
    directory.mkdir(parents=True)
    (directory / "case.toml").write_text(CASE)
    return directory / "case.toml"


def collect(ports: Ports) -> None:
    """One poll, as soon as the servers are there."""
    while True:
        try:
            box = poplib.POP3("127.0.0.1", ports.pop3, timeout=10)
            break
        except ConnectionRefusedError:
            continue
    box.user(USER)
    box.pass_(PASSWORD)
    for number in (1, 2):
        mail = b"".join(line + b"\r\n" for line in box.retr(number)[1])
        with smtplib.SMTP("127.0.0.1", ports.smtp, timeout=10, local_hostname="stranger.example.org") as hop:
            hop.sendmail("", ["alice@example.org"], mail)
        box.dele(number)
    box.quit()


def test_whoever_comes_is_judged_like_any_other(tmp_path: Path) -> None:
    ports = free_ports()
    (meeting,) = fitting([load(case_at(tmp_path))])
    stranger = threading.Thread(target=collect, args=(ports,))
    stranger.start()
    trial = play_elsewhere(meeting, ports, 60.0)
    stranger.join()
    assert trial.result is Result.PASSED
    assert dict(trial.deliveries) == {"alice@example.org": 2}


def test_where_nobody_comes_the_mail_is_stuck(tmp_path: Path) -> None:
    (meeting,) = fitting([load(case_at(tmp_path))])
    trial = play_elsewhere(meeting, free_ports(), 0.3)
    assert {finding.kind for finding in trial.findings} == {Kind.STUCK}


def test_a_case_that_kills_is_not_played_with_who_cannot_be_killed(tmp_path: Path) -> None:
    path = case_at(tmp_path)
    path.write_text(CASE.replace('{ do = "poll" }', '{ do = "poll", killed_at = "RETR" }'))
    assert not fitting([load(path)])


def test_who_came_before_he_was_waited_for_counts() -> None:
    now = iter(range(1000))
    box = Box()
    box.sessions = 1
    subject = Elsewhere(patience=100.0, clock=lambda: float(next(now)), rest=lambda _: None)
    assert subject.collect(ANYTHING, box, None).ended is Ended.CLEAN
    assert subject.collect(ANYTHING, box, None).ended is Ended.FAILED
    box.sessions = 2
    assert subject.collect(ANYTHING, box, None).ended is Ended.CLEAN
