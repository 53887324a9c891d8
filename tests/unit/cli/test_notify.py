"""`seawall notify`: what it writes and says. Nothing is sent."""

from collections.abc import Callable
from pathlib import Path

import pytest

from seawall.cli.notify import notify
from seawall.errors import Misconfigured, Temporary
from seawall.model.trace import Bounces, Trace
from unit.forensic.report import sample

NOTHING = Trace(mails=1, octets=1, sources=1, storms=(), bounces=Bounces())


@pytest.fixture(autouse=True)
def storm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seawall.forensic.trace.trace", lambda *_: sample.trace())
    monkeypatch.setattr("seawall.cli.notify.now", lambda: sample.NOW)


@pytest.fixture
def mailbox(tmp_path: Path) -> str:
    path = tmp_path / "mail.eml"
    path.write_bytes(b"From: a@b.example\n\nHello.\n")
    return str(path)


def test_a_notice_to_each_named_suspect_is_written_and_listed(
    mailbox: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert notify(mailbox, out=tmp_path / "out", reporter="post@example.org") == 0
    listed = capsys.readouterr().out.splitlines()
    assert sorted(listed) == sorted(str(path) for path in (tmp_path / "out").iterdir())
    assert {Path(path).name.partition("-")[0] for path in listed} == {"alpha.example", "example.org"}


def test_that_there_is_nothing_to_notify_of_is_said(
    mailbox: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("seawall.forensic.trace.trace", lambda *_: NOTHING)
    assert notify(mailbox, out=tmp_path / "out") == 0
    assert capsys.readouterr().out == "No notice was written: no storm was found.\n"


def test_what_the_registries_know_is_written_to_too_and_what_they_do_not_say_is_told(
    mailbox: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def by_rdap() -> Callable[[str], tuple[str, ...]]:
        def ask(domain: str) -> tuple[str, ...]:
            asked.append(domain)
            if domain != "alpha.example":
                raise Temporary("its registry does not answer")
            return ("noc@host.example",)

        return ask

    monkeypatch.setattr("seawall.forensic.rdap.abuse_addresses_by_rdap", by_rdap)
    notify(mailbox, out=tmp_path / "out", rdap=True)
    assert asked == ["alpha.example", "example.org", "relay.example"]
    assert "example.org: " in capsys.readouterr().err
    drafts = [path.read_text() for path in (tmp_path / "out").glob("alpha*.eml") if ".arf" not in path.name]
    assert ["noc@host.example" in draft for draft in drafts] == [True]


def test_a_reporter_that_is_no_address_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    for address in ("nobody", "a@b.example\r\nBcc: everybody@c.example"):
        with pytest.raises(Misconfigured, match="--reporter"):
            notify("not read", out=tmp_path, reporter=address)
