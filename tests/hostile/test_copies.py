"""More copies without a kill: identical mails without TOP, releases in doubt; and a password in a log."""

import asyncio
import base64
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hostile.connector import PASSWORD, USER, Connector, configuration
from hostile.delivery import ALICE, MARK, Delivery, mail
from seawall.cli.main import exit_code
from seawall.collect.release import Held
from seawall.collect.surroundings import Surroundings
from seawall.deliver import staging
from seawall.errors import SeawallError
from seawall.lab import isp as lab_isp
from seawall.lab import sink as lab_sink
from seawall.lab.behaviour import Behaviour
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp
from seawall.lab.mails import storm_mail
from seawall.lab.sink import DROP, Manners, Sink
from seawall.ledger.ledger import Ledger
from seawall.ledger.state import State
from seawall.model.account import (
    Credentials,
    Destination,
    KeepForever,
    NextHopDestination,
    Server,
    Settings,
    Speech,
    Tls,
)
from seawall.model.secret import PasswordFile


def test_identical_mails_are_known_again_under_new_uidls_without_top(tmp_path: Path) -> None:
    box = Box([storm_mail(), storm_mail()])
    connector = Connector(tmp_path, keep=KeepForever())
    behaviour = Behaviour(lacks=frozenset({"TOP"}))
    with lab_isp.running(ToyIsp({USER: (PASSWORD, box)})) as isp:
        isp.behaviour = behaviour
        connector.poll(isp)
        assert sum(connector.delivered().values()) == 1
        assert len(connector.filed()) == 1, "the very same mail by the same way: a re-send"
        box.renumber_uidls()
        connector.poll(isp)
    assert (sum(connector.delivered().values()), len(connector.filed())) == (1, 1)


def release(connector: Connector, destination: Destination | None, times: int) -> list[str]:
    """Release held mail 1 so many times, each time as a command would; return what went wrong."""
    state = State.make(connector.site.state)
    ledger = Ledger.open(state.database)
    account = connector.account if destination is None else connector.at(_Nowhere, destination=destination)
    tokens = iter(f"{n:032x}" for n in range(10**6, 10**7))
    held = Held(
        Settings(site=connector.site, accounts=(account,)),
        ledger=ledger,
        state=state,
        surroundings=Surroundings(
            now=lambda: connector.now,
            token=lambda: next(tokens),
            pick=lambda numbers, most: numbers[:most],
            chance=lambda: 0.5,
            here="here.example.org",
            log=connector.log,
        ),
    )
    problems = []

    async def work() -> None:
        await held.settle()
        try:
            await held.release(1)
        except SeawallError as problem:
            problems.append(str(problem))

    try:
        for _ in range(times):
            asyncio.run(work())
    finally:
        ledger.close()
    return problems


class _Nowhere:
    host, port = "127.0.0.1", 9


def one_held(root: Path) -> Connector:
    """A connector that has set aside one mail, which loops."""
    looping = b"".join(b"Received: from a by b; Mon, 23 Nov 2026 01:00:00 +0000\r\n" for _ in range(101))
    connector = Connector(root)
    with lab_isp.running(ToyIsp({USER: (PASSWORD, Box([looping + b"Subject: x\r\n\r\nbody\r\n"]))})) as isp:
        assert connector.poll(isp).held == 1
    return connector


def test_a_release_in_doubt_is_repeated_under_the_same_mark(tmp_path: Path) -> None:
    """By the mark a Sieve `duplicate` test knows it again (promise 2); each release has another."""
    delivery = Delivery(
        tmp_path, [mail("alice")], Manners(answers={"RCPT alice@example.org": (b"550 5.1.1 never",)})
    )
    delivery.poll()
    assert len(delivery.held()) == 1
    sink = Sink(Speech.LMTP, Manners(answers={"CONTENT": (DROP, b"250 kept")}))
    with lab_sink.running(sink):
        place = Server(host=sink.host, port=sink.port, tls=Tls.NONE)
        destination = NextHopDestination(
            name="main", speech=Speech.LMTP, place=place, connections=1, patience=2.0
        )
        problems = release(delivery.connector, destination, 2)
    marks = [found.group(1) for sunk in sink.mails if (found := MARK.search(sunk.data))]
    assert len(marks) == 2, problems
    assert len(set(marks)) == 1


def test_a_release_of_which_only_the_last_sync_failed_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector = one_held(tmp_path)
    sync: Callable[[Any, str], None] = staging.Folder.sync
    failures = iter([True])

    def failing(self: staging.Folder, name: str) -> None:
        if name == "new" and next(failures, False):
            raise OSError(5, "Input/output error")
        sync(self, name)

    monkeypatch.setattr(staging.Folder, "sync", failing)
    release(connector, None, 2)
    assert sum(connector.delivered().values()) == 1


def test_a_next_hop_that_repeats_what_it_was_told_puts_no_password_into_the_log(tmp_path: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def converse() -> None:
        peer, _ = listener.accept()
        with peer, peer.makefile("rb") as lines:
            peer.sendall(b"220 echo.example\r\n")
            for line in lines:
                if line.startswith(b"LHLO"):
                    peer.sendall(b"250-echo.example\r\n250 AUTH PLAIN\r\n")
                else:
                    peer.sendall(b"500 5.5.2 unrecognised command: " + line)

    threading.Thread(target=converse, daemon=True).start()
    (tmp_path / "lmtp-password").write_text("swordfish\n")
    destination = NextHopDestination(
        name="main",
        speech=Speech.LMTP,
        place=Server(host="127.0.0.1", port=listener.getsockname()[1], tls=Tls.NONE),
        credentials=Credentials(user="me", secret=PasswordFile(str(tmp_path / "lmtp-password"))),
        connections=1,
        patience=2.0,
    )
    connector = Connector(tmp_path, to=ALICE)
    with listener, lab_isp.running(ToyIsp({USER: (PASSWORD, Box([mail("alice")]))})) as isp:
        connector.poll(isp, destination=destination)
    secret = base64.b64encode(b"\0me\0swordfish").decode()
    assert secret not in str(connector.log.lines)


def test_a_doubt_outlives_a_change_of_the_destination(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path, [mail("alice")], Manners(answers={"CONTENT": (DROP,)}))
    delivery.poll()
    delivery.connector.now += 3600
    with lab_isp.running(delivery.isp):
        delivery.connector.poll(delivery.isp)
    in_maildir = len(list((tmp_path / "alice" / "new").iterdir()))
    assert (delivery.received["alice@example.org"], in_maildir) == (1, 1)
    assert delivery.doubts() == 1


def test_a_pop3_server_that_repeats_what_it_was_told_puts_no_password_into_the_log(tmp_path: Path) -> None:
    isp = ToyIsp({USER: (PASSWORD, Box())})
    echo = b"-ERR unknown command: PASS " + PASSWORD.encode() + b"\r\n"
    isp.behaviour = Behaviour(sasl=(), replies={("PASS", None): echo})
    connector = Connector(tmp_path)
    with lab_isp.running(isp):
        report = connector.poll(isp)
    assert PASSWORD not in report.problem + str(connector.log.lines)


def test_the_file_of_a_mail_whose_release_a_kill_interrupted_leaves_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector = one_held(tmp_path)

    class Killed(BaseException):
        pass

    def killed(_placements: object) -> object:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(staging, "publish", killed)
        with pytest.raises(Killed):
            release(connector, None, 1)
    release(connector, None, 1)
    assert sum(connector.delivered().values()) == 1
    assert not list((State.make(connector.site.state).held / "new").iterdir())


@pytest.mark.parametrize("act", ["release", "drop"])
def test_a_kill_just_before_the_file_goes_leaves_no_file_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    connector = one_held(tmp_path)
    (tmp_path / "seawall.toml").write_text(configuration(1110))

    def killed(_path: Path, *, missing_ok: bool = False) -> None:
        raise KeyboardInterrupt(missing_ok)

    command = [
        "held",
        act,
        "1",
        *(["--yes"] if act == "drop" else []),
        "--config",
        str(tmp_path / "seawall.toml"),
    ]
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", killed)
        assert exit_code(command) == 130
    files = State.make(connector.site.state).held / "new"
    assert len(list(files.iterdir())) == 1
    assert exit_code(command) == 1, "it is not held any more"
    assert not list(files.iterdir())
    assert sum(connector.delivered().values()) == (act == "release")
