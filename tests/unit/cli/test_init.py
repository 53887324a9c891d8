"""`seawall init`: an interview on a terminal, a translation with --from, a template elsewhere."""

import contextlib
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from seawall.cli.main import exit_code
from seawall.config.load import load
from seawall.config.template import TEMPLATE
from seawall.model.account import KeepFor, MaildirDestination

PROMPT = b": "
CTRL_C, CTRL_D = b"\x03", b"\x04"


class Terminal:
    """`seawall init` on a terminal of its own."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        ours, theirs = os.openpty()
        self._ours = ours
        self.said = b""
        program = "from seawall.cli.main import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, "init", *arguments],
            cwd=directory,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def answer(self, *answers: bytes) -> int:
        """Give each answer when a question is asked; return the exit code."""
        for answer in answers:
            self._read_until_asked()
            if answer == CTRL_C:
                self._interrupt()
            else:
                os.write(self._ours, answer if answer == CTRL_D else answer + b"\n")
        code = self.process.wait(timeout=30)
        self._read_until_asked()
        os.close(self._ours)
        return code

    def _interrupt(self) -> None:
        """Do what the terminal does where it is the process's own; a signal before the read begins is not noticed."""
        for _ in range(150):
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=0.2)
                return

    def _read_until_asked(self) -> None:
        fresh = b""
        while not fresh.endswith(PROMPT):
            try:
                octets = os.read(self._ours, 4096)
            except OSError:
                return
            if not octets:
                return
            fresh += octets
            self.said += octets


def test_on_a_terminal_the_answers_are_filled_in_and_the_file_loads(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    code = terminal.answer(
        b"pop.isp.example", b"office@isp.example", b"", b"example.com", b"one", b"alice", b"", b"forever"
    )
    assert code == 0, terminal.said
    written = tmp_path / "seawall.toml"
    assert written.stat().st_mode & 0o777 == 0o600
    loaded = load(written).settings
    (account,) = loaded.accounts
    assert (account.server.host, account.user, str(account.to)) == (
        "pop.isp.example",
        "office@isp.example",
        "alice@example.com",
    )
    assert loaded.site.domains == ("example.com",)
    assert account.destination == MaildirDestination(name="main", path=str(tmp_path / "Maildir/{user}"))
    assert "<-" not in written.read_text()
    assert b"seawall check" in terminal.said


def test_return_takes_each_default(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    assert terminal.answer(b"pop.isp.example", b"alice@example.org", b"", b"", b"", b"", b"", b"") == 0
    (account,) = load(tmp_path / "seawall.toml").settings.accounts
    assert str(account.to) == "alice@example.org"
    assert account.keep == KeepFor(7 * 86400.0)


def test_an_answer_that_cannot_be_used_is_asked_for_again_at_once(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    code = terminal.answer(
        b"http://pop", b"192.168.1.300", b"pop.isp.example",
        b"", b"alice",
        b"",
        b"not a domain", b"example.org",
        b"both", b"one",
        b"eve@elsewhere.example", b"alice bob", b"alice",
        b"Maildir/{home}", b"lmtp:127.0.0.1:70000", b"Maildir/{user}",
        b"soon", b"none",
    )  # fmt: skip
    assert code == 0, terminal.said
    assert b"must be a host name" in terminal.said
    assert b"must be one address" in terminal.said
    assert b"mail may be delivered only to your own domain" in terminal.said
    (account,) = load(tmp_path / "seawall.toml").settings.accounts
    assert account.keep == KeepFor(0.0)


def test_a_whole_domain_s_box_becomes_multidrop_and_lmtp_a_destination(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    code = terminal.answer(
        b"pop.isp.example", b"office", b"", b"example.org", b"all", b"alice bob@example.org", b"Delivered-To",
        b"lmtp:/run/dovecot/lmtp", b"",
    )  # fmt: skip
    assert code == 0, terminal.said
    assert len(load(tmp_path / "seawall.toml").settings.accounts) == 1
    found = tomllib.loads((tmp_path / "seawall.toml").read_text())
    (account,) = found["account"]
    assert "to" not in account
    assert account["multidrop"] == {
        "envelope": "Delivered-To",
        "isp": ["isp.example"],
        "isp_hops": 1,
        "unknown": "alice@example.org",
    }
    assert found["mailboxes"] == {"alice@example.org": [], "bob@example.org": []}
    assert found["destination"]["main"] == {"kind": "lmtp", "socket": "/run/dovecot/lmtp"}


@pytest.mark.parametrize(("end", "code"), [(CTRL_C, 130), (CTRL_D, 1)])
def test_an_interview_that_is_broken_off_writes_nothing(end: bytes, code: int, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    assert terminal.answer(b"pop.isp.example", end) == code, terminal.said
    assert b"Traceback" not in terminal.said
    assert list(tmp_path.iterdir()) == []


def test_with_template_nothing_is_asked(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "--template")
    assert terminal.answer() == 0
    assert (tmp_path / "seawall.toml").read_text() == TEMPLATE


def test_a_file_that_is_there_is_told_before_any_question(tmp_path: Path) -> None:
    (tmp_path / "seawall.toml").write_text("mine")
    terminal = Terminal(tmp_path)
    assert terminal.answer() == 2
    assert (tmp_path / "seawall.toml").read_text() == "mine"


SOURCE = """\
poll pop.isp.example proto pop3
  user "office" password "hunter2" is alice here ssl
  mda "/usr/sbin/sendmail -oi -t"
"""


def test_a_translation_flags_what_is_dangerous_and_keeps_the_password_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rc").write_text(SOURCE)
    target = tmp_path / "seawall.toml"
    assert exit_code(["init", "--from", str(tmp_path / "rc"), str(target)]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"{tmp_path / 'rc'}:3: mda: sendmail -t takes the recipients" in printed.err
    assert "hunter2" not in printed.err + target.read_text()
    password = tmp_path / "office.password"
    assert password.read_text() == "hunter2\n"
    assert password.stat().st_mode & 0o777 == target.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("there", ["office.password", "seawall.toml"])
def test_a_translation_overwrites_nothing_and_leaves_nothing_half(
    there: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rc").write_text(SOURCE)
    (tmp_path / there).write_text("mine")
    assert exit_code(["init", "--from", str(tmp_path / "rc"), str(tmp_path / "seawall.toml")]) == 2
    assert "exists already; nothing was written" in capsys.readouterr().err
    assert (tmp_path / there).read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"rc", there}


def test_a_source_that_is_none_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rc").write_text("# nothing\nhello\n")
    assert exit_code(["init", "--from", str(tmp_path / "rc"), str(tmp_path / "new.toml")]) == 2
    assert (
        capsys.readouterr().err
        == f"{tmp_path / 'rc'}:1: this is no .fetchmailrc, no getmailrc and no .mpoprc\n"
    )
    assert exit_code(["init", "--from", str(tmp_path / "no"), str(tmp_path / "new.toml")]) == 2
    assert "cannot be read: No such file or directory" in capsys.readouterr().err
