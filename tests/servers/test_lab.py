"""The lab with real software: Postfix and Dovecot as its servers, fetchmail and its peers as its connectors."""

import os
import threading
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from seawall.cli.lab import lab
from seawall.lab.confinement import Confinement
from seawall.lab.internet import dovecot as dovecot_server
from seawall.lab.internet import postfix as postfix_server
from seawall.lab.internet.bounds import End
from seawall.lab.internet.reading import find, load
from seawall.lab.internet.report import bounces_to, copies
from seawall.lab.internet.world import Outcome, absent, play

pytestmark = pytest.mark.server

REAL = 'mta = "postfix"\nbox = "dovecot"\n'


def need(reasons: Sequence[str | None]) -> None:
    if found := [reason for reason in reasons if reason]:
        if os.environ.get("SEAWALL_REQUIRE_SERVERS") == "1":
            pytest.fail(f"SEAWALL_REQUIRE_SERVERS=1, but {found}")
        pytest.skip("; ".join(found))


def played(directory: Path, text: str) -> Outcome:
    path = directory / "scenario.toml"
    path.write_text(f'about = "A test."\n{text}', encoding="utf-8")
    scenario = load(path)
    need(absent(scenario))
    return play(scenario, directory / "out", confinement=Confinement.PORTS)


def organisation(domain: str, connector: str, rest: str = "") -> str:
    return f'[[organisation]]\ndomain = "{domain}"\nconnector = "{connector}"\n{rest}'


BEGIN = '[[organisation]]\ndomain = "sailing.test"\nusers = ["secretary"]\nmta = "postfix"\n'
LETTER = '[[mail]]\nfrom = "secretary@sailing.test"\n'


def test_a_storm_through_postfix_and_dovecot_is_exactly_the_closed_form_too(tmp_path: Path) -> None:
    before = set(threading.enumerate()), len(psutil.Process().children(recursive=True))
    text = (
        BEGIN + organisation("alpha.test", "unpatched", REAL) + organisation("beta.test", "unpatched", REAL)
    )
    text += '[[organisation]]\ndomain = "member{n}.example"\ncount = 3\n' + LETTER
    outcome = played(tmp_path, '[bounds]\nlab_time = "50m"\n' + text)
    for poll in outcome.journal.polls:
        fetched = 2 ** (poll.number - 1)
        assert (poll.fetched, poll.kept, poll.outside - poll.to_markers) == (fetched, fetched, 5 * fetched)
        assert not poll.problem
    assert [poll.number for poll in outcome.journal.polls] == [1, 1, 2, 2, 3, 3]
    assert copies(outcome.journal)["office@member1.example"] == 15
    # The markers are unknown at the ISP, and Postfix tells the author, who sent one mail.
    assert bounces_to(outcome.journal, "secretary@sailing.test") == sum(
        poll.to_markers for poll in outcome.journal.polls
    )
    assert (set(threading.enumerate()), len(psutil.Process().children(recursive=True))) == before


def test_with_seawall_in_both_places_the_storm_does_not_begin(tmp_path: Path) -> None:
    seawall = REAL + 'way = "lmtp"\n'
    text = (
        BEGIN + organisation("alpha.test", "seawall", seawall) + organisation("beta.test", "seawall", seawall)
    )
    text += '[[organisation]]\ndomain = "member{n}.example"\ncount = 3\n' + LETTER
    outcome = played(tmp_path, text)
    assert outcome.end is End.QUIET
    assert set(copies(outcome.journal).values()) == {1}
    assert len(copies(outcome.journal)) == 5


@pytest.mark.parametrize(
    ("connector", "way"),
    [("fetchmail", "smtp"), ("getmail6", "lmtp-override"), ("mpop", "maildir"), ("fdm", "smtp")],
)
def test_who_does_not_amplify_keeps_each_copy_and_sends_none(
    tmp_path: Path, connector: str, way: str
) -> None:
    text = BEGIN + organisation("alpha.test", "unpatched")
    text += organisation("beta.test", connector, f'{REAL}way = "{way}"\n')
    outcome = played(tmp_path, '[bounds]\nlab_time = "50m"\n' + text + LETTER)
    polls = [poll for poll in outcome.journal.polls if poll.connector == connector]
    assert [(poll.fetched, poll.kept, poll.outside, poll.problem) for poll in polls] == [(1, 1, 0, "")] * 3


def test_the_users_of_a_receiving_organisation_get_one_copy_from_seawall(tmp_path: Path) -> None:
    text = BEGIN + organisation("alpha.test", "unpatched") + organisation("beta.test", "unpatched")
    text += organisation("gamma.test", "seawall", REAL + 'way = "lmtp"\n') + LETTER
    outcome = played(tmp_path, '[bounds]\nlab_time = "65m"\n' + text)
    fetched = [poll.fetched for poll in outcome.journal.polls if poll.connector == "seawall"]
    assert fetched == [1, 2, 4, 8]
    assert copies(outcome.journal)["office@gamma.test"] == 1


@pytest.mark.parametrize("name", ["two-unpatched", pytest.param("real-servers", marks=pytest.mark.soak)])
def test_the_command_leaves_mails_a_timeline_a_report_and_a_picture(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    need(absent(find(name)))
    # This process is pytest's: it stays where it is.
    monkeypatch.setattr("seawall.lab.confinement.enter", lambda: Confinement.PORTS)
    assert lab(name, out=tmp_path / "out", mails=400) == 0
    assert "most copies of one mail: " in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "mail", "timeline.jsonl", "report.json", "picture.svg",
    }  # fmt: skip


def test_what_is_not_there_is_told_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postfix_server, "MASTER", tmp_path / "master")
    monkeypatch.setattr(dovecot_server, "PROGRAM", str(tmp_path / "dovecot"))
    assert absent(find("real-servers")) == ["postfix is not installed", "dovecot is not installed"]
