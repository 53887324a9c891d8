"""`seawall notify`: what it hands to the writer of notices, and what it says. Nothing is sent."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seawall.cli.notify import notify
from seawall.errors import Misconfigured
from seawall.model.trace import Bounces, Trace
from unit.forensic.report import sample

NOTHING = Trace(mails=1, octets=1, sources=1, storms=(), bounces=Bounces())


@pytest.fixture
def mailbox(tmp_path: Path) -> str:
    path = tmp_path / "mail.eml"
    path.write_bytes(b"From: a@b.example\n\nHello.\n")
    return str(path)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Have the sample found, and its notices written by a stand-in that keeps what it was asked."""
    calls: list[dict[str, Any]] = []

    def write_notices(found: Trace, out: Path, **more: Any) -> tuple[Path, ...]:
        calls.append({"storms": len(found.storms), "out": out, **more})
        return (out / "alpha.example.txt",) if found.storms else ()

    module = SimpleNamespace(write_notices=write_notices)
    monkeypatch.setitem(sys.modules, "seawall.forensic.notices", module)
    monkeypatch.setattr("seawall.forensic.trace.trace", lambda *_: sample.trace())
    monkeypatch.setattr("seawall.cli.notify.now", lambda: sample.NOW)
    return calls


def test_the_notices_that_were_written_are_listed(
    mailbox: str, tmp_path: Path, asked: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert notify(mailbox, out=tmp_path / "out", reporter="post@Example.org") == 0
    assert asked == [
        {"storms": 2, "out": tmp_path / "out", "reporter": "post@example.org", "now": sample.NOW}
    ]
    assert capsys.readouterr().out == f"{tmp_path / 'out' / 'alpha.example.txt'}\n"


def test_that_there_is_nothing_to_notify_of_is_said(
    mailbox: str,
    tmp_path: Path,
    asked: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("seawall.forensic.trace.trace", lambda *_: NOTHING)
    assert notify(mailbox, out=tmp_path / "out") == 0
    assert capsys.readouterr().out == "No notice was written: no storm was found.\n"


def test_a_reporter_that_is_no_address_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    for address in ("nobody", "a@b.example\r\nBcc: everybody@c.example"):
        with pytest.raises(Misconfigured, match="--reporter"):
            notify("not read", out=tmp_path, reporter=address)
