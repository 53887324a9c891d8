"""A change-over from each peer, for real: nothing it collected comes again, and everything after it comes."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from seawall.cli.main import exit_code
from servers.dovecot import MAIL_USER, Dovecot

pytestmark = pytest.mark.server

FEW, MANY = 300, 5_000
LATER = 7
RUNS = 8  # getmail loses the end of a child now and then, gives up after `timeout`, and goes on when it is run again
AS_USER = ("setpriv", f"--reuid={MAIL_USER}", f"--regid={MAIL_USER}", "--clear-groups", "--")


def mail(number: int) -> bytes:
    return (
        f"Received: from a.test by b.test; Mon, 23 Nov 2026 01:00:00 +0000\nFrom: a@a.test\n"
        f"Message-ID: <{number}@a.test>\nSubject: {number}\n\nBody {number}\n"
    ).encode()


def subjects(paths: list[Path]) -> set[int]:
    found = [re.search(rb"^Subject: (\d+)$", path.read_bytes(), re.MULTILINE) for path in paths]
    return {int(match[1]) for match in found if match}


def fetchmail(home: Path, dovecot: Dovecot, user: str) -> tuple[str, list[str], str]:
    (home / "mda").write_text(f'#!/bin/sh\nexec cat > "{home}/mail/$$.$(date +%N)"\n')
    (home / "mda").chmod(0o755)
    text = f"""\
set pidfile "{home}/pid"
set idfile "{home}/fetchids"
set no bouncemail
poll {dovecot.host} service {dovecot.pop3_port} protocol POP3 timeout 60 uidl
  user "{user}" password "{dovecot.password}" is "alice" here
  keep sslproto "" mda "{home}/mda"
"""
    return text, ["fetchmail", "--silent", "--nosyslog", "--fetchmailrc", str(home / "rc")], "fetchids"


def getmail(home: Path, dovecot: Dovecot, user: str) -> tuple[str, list[str], str]:
    text = f"""\
[retriever]
type = SimplePOP3Retriever
server = {dovecot.host}
port = {dovecot.pop3_port}
username = {user}
password = {dovecot.password}
timeout = 5
[destination]
type = Maildir
path = {home}/Maildir/
[options]
read_all = false
"""
    return text, ["getmail", "--quiet", "--getmaildir", str(home), "--rcfile", "rc"], "."


def mpop(home: Path, dovecot: Dovecot, user: str) -> tuple[str, list[str], str]:
    text = f"""\
account default
host {dovecot.host}
port {dovecot.pop3_port}
tls off
auth user
user {user}
password {dovecot.password}
delivery maildir {home}/Maildir
uidls_file {home}/uidls
keep on
"""
    return text, ["mpop", "--quiet", f"--file={home}/rc"], "uidls"


Peer = Callable[[Path, Dovecot, str], tuple[str, list[str], str]]


@pytest.mark.parametrize("mails", [FEW, pytest.param(MANY, marks=pytest.mark.soak)])
@pytest.mark.parametrize("peer", [fetchmail, getmail, mpop], ids=["fetchmail", "getmail", "mpop"])
def test_a_change_over_fetches_nothing_twice_and_misses_nothing(
    *,
    mails: int,
    peer: Peer,
    dovecot: Dovecot,
    fresh_user: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = dovecot.root / f"{fresh_user}-{peer.__name__}"
    for folder in ("mail", "Maildir/tmp", "Maildir/new", "Maildir/cur"):
        (home / folder).mkdir(parents=True)
    text, argv, seen = peer(home, dovecot, fresh_user)
    if shutil.which(argv[0]) is None:
        pytest.skip(f"{argv[0]} is not installed")
    (home / "rc").write_text(text)
    (home / "rc").chmod(0o600)
    dovecot.fill(fresh_user, [mail(number) for number in range(mails)])

    subprocess.run(["chown", "-R", f"{MAIL_USER}:{MAIL_USER}", str(home)], check=True)
    environ = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    for _ in range(RUNS):
        ended = subprocess.run(
            [*AS_USER, *argv], env=environ, check=False, timeout=600, capture_output=True, text=True
        )
        if ended.returncode == 0:
            break
    assert ended.returncode == 0, ended.stdout[-500:] + ended.stderr[-500:]
    theirs = [path for folder in ("mail", "Maildir/new", "Maildir/cur") for path in (home / folder).iterdir()]
    assert subjects(theirs) >= set(range(mails))

    config = str(tmp_path / "seawall.toml")
    assert exit_code(["init", "--from", str(home / "rc"), config]) == 0
    capsys.readouterr()
    account = re.findall(r'^name = "(.*)"', Path(config).read_text(), re.MULTILINE)[0]
    mended = re.sub(
        r"(?s)\[destination\.main\].*?\n\n", f'[destination.main]\nkind = "maildir"\npath = "{tmp_path}/ours"\n\n',
        Path(config).read_text(), count=1,
    )  # fmt: skip
    Path(config).write_text(mended)

    dovecot.fill(fresh_user, [mail(number) for number in range(mails, mails + LATER)])
    assert exit_code(["adopt", account, "--from", str(home / seen), "--config", config]) == 0
    said = capsys.readouterr().out
    assert said.splitlines() == [
        f"{account}: {mails} mails are marked as seen and will not be fetched",
        f"{account}: {LATER} mails at the server are not in the list and will be fetched",
        f"{account}: 0 of the list are not at the server any more",
    ]
    for _ in range(2):
        assert exit_code(["run", "--once", "--config", config]) == 0
    ours = list((tmp_path / "ours" / "new").iterdir())
    assert subjects(ours) == set(range(mails, mails + LATER))
    assert len(ours) == LATER
    assert dovecot.count(fresh_user) == mails + LATER


def test_a_list_of_another_box_is_refused_unless_a_person_insists(
    dovecot: Dovecot, fresh_user: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dovecot.fill(fresh_user, [mail(number) for number in range(3)])
    text, _, _ = mpop(tmp_path, dovecot, fresh_user)
    (tmp_path / "rc").write_text(text)
    config = str(tmp_path / "seawall.toml")
    assert exit_code(["init", "--from", str(tmp_path / "rc"), config]) == 0
    (tmp_path / "fetchids").write_text(f"{fresh_user}@pop.isp.example 0123456789abcdef\n")
    adopt = ["adopt", "default", "--from", str(tmp_path / "fetchids"), "--config", config]
    assert exit_code(adopt) == 1
    assert "none of the 3 mails at the server is in the list" in capsys.readouterr().err
    assert exit_code([*adopt, "--yes"]) == 0
    assert "default: 3 mails at the server are not in the list and will be fetched" in capsys.readouterr().out
