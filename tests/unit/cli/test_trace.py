"""`seawall trace`: what it prints and writes, how it ends, and what it leaves behind."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seawall.cli.trace import trace
from seawall.errors import Misconfigured, Temporary
from seawall.forensic.trace import Order
from seawall.model.trace import Trace
from unit.forensic.report import sample

MBOX = b"From a@b.example Mon May 24 09:12:00 2004\nFrom: a@b.example\nSubject: one\n\nHello.\n"


@pytest.fixture
def mailbox(tmp_path: Path) -> str:
    path = tmp_path / "inbox.mbox"
    path.write_bytes(MBOX)
    return str(path)


@pytest.fixture
def storm(monkeypatch: pytest.MonkeyPatch) -> list[Order]:
    """Have the analysis find the sample; the list is of what it was asked."""
    asked: list[Order] = []

    def found(_: object, order: Order) -> Trace:
        asked.append(order)
        return sample.trace()

    monkeypatch.setattr("seawall.forensic.trace.trace", found)
    monkeypatch.setattr("seawall.cli.trace.now", lambda: sample.NOW)
    return asked


def test_a_mailbox_without_a_storm_is_told_as_one(mailbox: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert trace(mailbox, exit_code=True) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("This is no storm: among 1 mail none was copied over and over.\n")
    assert printed.err == ""


def test_a_storm_exits_3_only_where_that_is_asked_for(
    mailbox: str, storm: list[Order], capsys: pytest.CaptureFixture[str]
) -> None:
    assert trace(mailbox) == 0
    assert trace(mailbox, exit_code=True) == 3
    assert "alpha.example" in capsys.readouterr().out


def test_the_document_is_all_that_stdout_holds(
    mailbox: str, storm: list[Order], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trace(mailbox, json=True, html=tmp_path / "page.html") == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["schema"] == "seawall.trace/1"
    assert printed.err == f"the page: {tmp_path / 'page.html'}\n"
    assert "alpha.example" in (tmp_path / "page.html").read_text("utf-8")


def test_the_readers_own_domains_are_asked_about_in_a_labels(mailbox: str, storm: list[Order]) -> None:
    trace(mailbox, mine=("Example.ORG", "bücher.example"))
    assert storm == [Order(mine=("example.org", "xn--bcher-kva.example"))]


def test_what_is_wrong_is_told_before_anything_is_read(tmp_path: Path) -> None:
    missing = str(tmp_path / "not read")
    options: tuple[tuple[dict[str, Any], str], ...] = (
        ({"mine": ("not a domain",)}, "--mine: 'not a domain' is not a domain"),
        ({"workers": 0}, "--workers is at least 1"),
        ({"html": tmp_path}, "is a directory: name another file with --html"),
        ({"facts": tmp_path}, "is there already: name a new directory with --facts"),
    )
    for option, said in options:
        with pytest.raises(Misconfigured, match=said):
            trace(missing, **option)
    with pytest.raises(Misconfigured, match="name at least one source"):
        trace()


def test_facts_are_kept_in_a_new_directory_where_that_is_asked_for(mailbox: str, tmp_path: Path) -> None:
    trace(mailbox, facts=tmp_path / "new" / "facts")
    assert [path.suffix for path in (tmp_path / "new" / "facts").iterdir()] == [".parquet"]
    assert (tmp_path / "new" / "facts").stat().st_mode & 0o777 == 0o700


def test_facts_that_nobody_asked_for_are_gone_whatever_happens(
    mailbox: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))

    def breaks(gathered: Any, _: Order) -> Trace:
        assert gathered.parts[0].exists()
        raise KeyboardInterrupt

    trace(mailbox)
    assert not list(place.iterdir())
    monkeypatch.setattr("seawall.forensic.trace.trace", breaks)
    with pytest.raises(KeyboardInterrupt):
        trace(mailbox)
    assert not list(place.iterdir())


@pytest.mark.parametrize("absent", ["pyarrow", "duckdb", "jinja2", "publicsuffixlist"])
def test_a_base_without_the_extra_says_how_to_get_it(mailbox: str, absent: str) -> None:
    program = f"import sys; sys.modules[{absent!r}] = None; from seawall.cli.main import main; main(['trace', {mailbox!r}])"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr == "seawall trace needs more than the base: pip install 'seawall[trace]'\n"


def test_registries_are_asked_only_where_that_is_asked_for(
    mailbox: str, storm: list[Order], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
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
    trace(mailbox)
    assert asked == []
    trace(mailbox, rdap=True)
    assert "alpha.example" in asked
    assert "postmaster@alpha.example, abuse@alpha.example and noc@host.example" in capsys.readouterr().out


def test_hostile_text_reaches_stdout_harmless(
    mailbox: str, storm: list[Order], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("seawall.forensic.trace.trace", lambda *_: sample.hostile())
    trace(mailbox)
    assert not set(capsys.readouterr().out) & set("\x00\x1b\x07\x9b\u202e\u2066\r")


def test_where_nothing_at_all_could_be_read_the_command_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trace(str(tmp_path / "nothing")) == 1
    assert "could not be read" in capsys.readouterr().out
