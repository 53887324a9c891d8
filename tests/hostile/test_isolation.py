"""One mail, one mailbox, one next hop or one full disk stops nobody else's mail, and nothing is copied meanwhile."""

import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hostile.connector import PASSWORD, USER, Connector
from hostile.delivery import ALICE, CAROL, MARK, POSTMASTER, Delivery, catch_all, mail, mails_of
from seawall.deliver.writer import Writer
from seawall.errors import StorageFull
from seawall.lab import isp as lab_isp
from seawall.lab import sink as lab_sink
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp
from seawall.lab.sink import DROP, OFFERED, Manners, Sink
from seawall.ledger import statements
from seawall.ledger.ledger import Ledger
from seawall.model.account import Credentials, Filter, KeepForever, NextHopDestination, Server, Speech, Tls
from seawall.model.envelope import Mailboxes
from seawall.model.secret import PasswordFile

# ── copies ──────────────────────────────────────────────────────────────────────────────────


def many(number: int = 600) -> list[bytes]:
    """More mails than one batch holds: while the first goes to the next hop, the second is on its way."""
    return [mail("alice", number=n) for n in range(number)]


def test_a_next_hop_that_hangs_up_once_a_poll_gets_a_mail_at_most_once_a_poll(tmp_path: Path) -> None:
    manners = Manners(answers={"CONTENT": (DROP,)})
    delivery = Delivery(tmp_path, many(), manners, to=ALICE)
    delivery.poll()
    copies = Counter(found.group(1) for sunk in delivery.sink.mails if (found := MARK.search(sunk.data)))
    assert max(copies.values()) == 1, f"{max(copies.values())} copies of one mail in one poll"


def test_a_mail_that_is_offered_again_within_a_poll_is_written_down_as_in_doubt(tmp_path: Path) -> None:
    manners = Manners(answers={"CONTENT": (DROP, b"250 kept")})
    delivery = Delivery(tmp_path, many(), manners, to=ALICE)
    delivery.poll()
    delivery.poll()
    copies = Counter(found.group(1) for sunk in delivery.sink.mails if (found := MARK.search(sunk.data)))
    twice = sum(count > 1 for count in copies.values())
    assert delivery.doubts() >= twice > 0 or not twice, (
        f"{twice} came twice, {delivery.doubts()} are in doubt"
    )


def test_the_pop3_mail_being_read_is_not_blamed_for_the_next_hop(tmp_path: Path) -> None:
    manners = Manners(answers={"CONTENT": (DROP, b"250 kept")})
    delivery = Delivery(tmp_path, many(), manners, to=ALICE)
    delivery.poll()
    blamed = [fields for _, event, fields in delivery.connector.log.lines if event == "mail-failed"]
    assert [fields["problem"].split(":")[0] for fields in blamed] == ["not yet for alice@example.org"]


@pytest.mark.parametrize("said", [DROP, b"421 4.3.0 internal error, closing"])
def test_a_mail_at_which_the_next_hop_always_hangs_up_delays_no_other_and_is_not_sent_for_ever(
    tmp_path: Path, said: bytes
) -> None:
    manners = Manners(answers={"CONTENT bob@example.org": (said,)})
    mails = [mail("bob", number=1), mail("alice", number=2), mail("carol", number=3)]
    delivery = Delivery(tmp_path, mails, manners)
    for _ in range(20):
        delivery.poll(minutes=24 * 60)
    received = delivery.received
    others = {name: received[f"{name}@example.org"] for name in ("alice", "carol")}
    assert others == {"alice": 1, "carol": 1}, (
        f"bob's server got {received['bob@example.org']} copies meanwhile"
    )


def test_a_mail_at_which_the_next_hop_always_hangs_up_is_reported(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path, [mail("bob")], Manners(answers={"CONTENT bob@example.org": (DROP,)}))
    for _ in range(20):
        delivery.poll(minutes=24 * 60)
    copies = delivery.received["bob@example.org"]
    assert copies < 10 or "mail-keeps-failing" in delivery.connector.log.events("error"), (
        f"{copies} copies in {copies} polls, and no word about this mail"
    )


def test_a_recipient_whom_the_next_hop_answers_with_421_delays_no_other(tmp_path: Path) -> None:
    manners = Manners(answers={"RCPT bob@example.org": (b"421 4.7.0 try again later",)})
    delivery = Delivery(tmp_path, [mail("bob", number=1), mail("alice", number=2)], manners)
    for _ in range(5):
        delivery.poll(minutes=24 * 60)
    assert delivery.received["alice@example.org"] == 1


def test_a_half_delivered_mail_is_not_forgotten_while_it_is_on_the_server(tmp_path: Path) -> None:
    """The machine is off for three months, and bob's mailbox is full before and after."""
    manners = Manners(answers={"RCPT bob@example.org": (b"452 4.2.2 full",)})
    mails = [mail("alice", "bob", number=1), mail("carol", number=2)]
    delivery = Delivery(tmp_path, mails, manners, keep=KeepForever())
    delivery.poll()
    delivery.poll()
    carols = next(stored for stored in delivery.box.mails if b"carol" in stored.raw)
    delivery.box.erase([carols.serial])
    delivery.poll(minutes=91 * 24 * 60)
    delivery.poll()
    assert delivery.received["alice@example.org"] == 1


# ── accounts that stop ──────────────────────────────────────────────────────────────────────


def test_a_password_that_the_next_hop_refuses_does_not_stop_the_account_once_it_is_mended(
    tmp_path: Path,
) -> None:
    box = Box([mail("alice")])
    sink = Sink(Speech.LMTP, Manners(offers=(*OFFERED, "AUTH PLAIN")))
    connector = Connector(tmp_path)
    (tmp_path / "smtp-password").write_text("wrong\n")
    wrong = Credentials(user="me", secret=PasswordFile(str(tmp_path / "smtp-password")))
    with lab_isp.running(ToyIsp({USER: (PASSWORD, box)})) as isp, lab_sink.running(sink):
        destination = NextHopDestination(
            name="main",
            speech=Speech.LMTP,
            place=Server(host=sink.host, port=sink.port, tls=Tls.NONE),
            connections=1,
            patience=2.0,
        )
        connector.poll(isp, destination=replace(destination, credentials=wrong))
        for _ in range(3):
            report = connector.poll(isp, destination=destination)
    assert len(sink.mails) == 1, report.problem


def test_what_a_kill_left_in_a_maildir_that_is_gone_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Box([mail("alice", "bob", number=1)])
    connector = catch_all(tmp_path)

    class Killed(BaseException):
        pass

    def killed(_self: Writer, _placements: object) -> object:
        raise Killed

    with lab_isp.running(ToyIsp({USER: (PASSWORD, box)})) as isp:
        with monkeypatch.context() as patch:
            patch.setattr(Writer, "publish", killed)
            with pytest.raises(BaseExceptionGroup):
                connector.poll(isp)
        # Bob leaves: his mailbox is gone, from the disk and from the configuration.
        (tmp_path / "bob").rename(tmp_path / "bob.gone")
        connector.site = replace(
            connector.site, mailboxes=Mailboxes.build({ALICE: (), CAROL: (), POSTMASTER: ()})
        )
        box.add(mail("carol", number=2))
        for _ in range(3):
            connector.now += 3600
            report = connector.poll(isp)
    assert mails_of(tmp_path, "carol") == 1, report.problem


def test_a_filter_that_names_a_folder_leaves_the_others_of_the_account_alone(tmp_path: Path) -> None:
    box = Box([mail("bob", number=1), mail("alice", number=2)])
    says = "import sys; sys.stdin.read(); print('folder: Lists')"
    connector = catch_all(tmp_path, filter=Filter(argv=(sys.executable, "-c", says)))
    (tmp_path / "bob").write_text("in the way of a Maildir")
    with lab_isp.running(ToyIsp({USER: (PASSWORD, box)})) as isp:
        for _ in range(3):
            connector.now += 3600
            report = connector.poll(isp)
    assert mails_of(tmp_path / "alice", ".Lists") == 1, report.problem


def test_a_ledger_that_cannot_be_written_stops_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: polling stops and says so."""
    do = Ledger.do

    async def full(self: Ledger, statement: Any, *args: Any, **kwargs: Any) -> Any:
        if statement in {statements.note_failure, statements.note_success}:
            raise StorageFull("the ledger cannot be written: database or disk is full")
        return await do(self, statement, *args, **kwargs)

    monkeypatch.setattr(Ledger, "do", full)
    connector = Connector(tmp_path)
    with lab_isp.running(ToyIsp({USER: (PASSWORD, Box([mail("alice")]))})) as isp:
        report = connector.poll(isp)
    assert "full" in report.problem


# ── other next hops ─────────────────────────────────────────────────────────────────────────


@contextmanager
def trickling_server() -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))

    def converse(peer: socket.socket) -> None:
        with peer:
            try:
                peer.sendall(b"220-")
                for _ in range(120):
                    time.sleep(0.25)
                    peer.sendall(b"x")
            except OSError:
                return

    def serve() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=converse, args=(peer,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def test_a_next_hop_that_answers_octet_by_octet_is_given_up(tmp_path: Path) -> None:
    """With its patience of a second a reply of 4,096 octets could take over an hour, and with the ordinary one two weeks."""
    connector = Connector(tmp_path)
    with lab_isp.running(ToyIsp({USER: (PASSWORD, Box([mail("alice")]))})) as isp, trickling_server() as port:
        destination = NextHopDestination(
            name="main",
            speech=Speech.SMTP,
            place=Server(host="127.0.0.1", port=port, tls=Tls.NONE),
            connections=1,
            patience=0.5,
        )
        report = connector.poll(isp, destination=destination)
    assert "took over" in report.problem
