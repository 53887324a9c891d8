"""Mails that are erased at the POP3 server, or never asked for again, although somebody has not got them."""

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from hostile.connector import PASSWORD, USER, Connector, native
from hostile.delivery import Delivery, catch_all, mail, mails_of
from seawall.deliver import staging
from seawall.deliver.writer import Writer
from seawall.errors import StorageFull, Temporary
from seawall.lab import isp as lab_isp
from seawall.lab.behaviour import Behaviour
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp
from seawall.lab.mails import storm_mail
from seawall.lab.sink import Manners, Sink
from seawall.model.account import KeepFor, KeepForever, Speech


def test_a_mail_that_one_of_two_maildirs_cannot_take_is_kept_for_that_one(tmp_path: Path) -> None:
    box = Box([mail("alice", "bob")])
    connector = catch_all(tmp_path)
    (tmp_path / "bob").write_text("in the way of a Maildir")
    with lab_isp.running(ToyIsp({USER: (PASSWORD, box)})) as isp:
        assert connector.poll(isp).troubled == 1
        (tmp_path / "bob").unlink()
        for _ in range(3):
            connector.now += 3600
            connector.poll(isp)
    assert (mails_of(tmp_path, "alice"), mails_of(tmp_path, "bob")) == (1, 1), (
        f"{len(box.raws)} mails are left at the server"
    )


def test_a_mail_of_which_one_of_two_held_copies_found_no_room_is_kept_for_that_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manners = Manners(
        answers={
            "RCPT alice@example.org": (b"550 5.1.1 never",),
            "RCPT bob@example.org": (b"550 5.1.1 never",),
        }
    )
    delivery = Delivery(tmp_path, [mail("alice", "bob")], manners)
    write, calls = staging._write, []

    def no_room_for_the_second(folder: staging.Folder, parcel: staging.Parcel) -> int:
        calls.append(parcel)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return write(folder, parcel)

    monkeypatch.setattr(staging, "_write", no_room_for_the_second)
    for _ in range(4):
        delivery.poll(minutes=60)
    held = Counter(record.note.recipient for record in delivery.held())
    assert held == Counter({"alice@example.org": 1, "bob@example.org": 1}), (
        f"{len(delivery.box.raws)} mails are left at the server"
    )


def test_a_next_hop_that_says_yes_to_data_has_no_mail(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path, [mail("alice")], Manners(answers={"DATA": (b"250 2.0.0 ok",)}))
    for _ in range(3):
        delivery.poll()
    assert not delivery.sink.mails
    assert delivery.box.raws or delivery.held(), "erased at the server, and nobody has it"


class SlowAtData(Sink):
    """Answers MAIL and RCPT at once, and thinks before it asks for a mail."""

    def answer(self, ordinary: bytes, *keys: str) -> bytes:
        if "DATA" in keys:
            time.sleep(0.3)
        return super().answer(ordinary, *keys)


def test_one_reply_too_many_is_not_taken_for_the_next_mails(tmp_path: Path) -> None:
    manners = Manners(answers={"CONTENT": (b"250 2.0.0 kept\r\n250 2.0.0 kept", b"250 2.0.0 kept")})
    mails = [mail("alice", number=n) for n in range(3)]
    delivery = Delivery(tmp_path, mails)
    delivery.sink = SlowAtData(Speech.LMTP, manners)
    for _ in range(4):
        delivery.poll(minutes=400)
    arrived = {n for n in range(3) if any(b"<%d@a.test>" % n in sunk.data for sunk in delivery.sink.mails)}
    waiting = {n for n in range(3) if any(b"<%d@a.test>" % n in raw for raw in delivery.box.raws)}
    assert arrived | waiting == {0, 1, 2}


def test_what_was_read_to_be_compared_and_is_another_mail_is_not_left_to_quit(tmp_path: Path) -> None:
    """Without TOP, RETR tells whether what is due is still what was fetched; what turns out to be new is not durable."""
    first = storm_mail()
    second = first.replace(b"Message-ID: <", b"Message-ID: <x", 1)[:-3] + b"\r\n"
    assert len(first) == len(second)
    assert first != second
    box = Box()
    box.add(first, uidl=b"1")
    connector = Connector(tmp_path, keep=KeepFor(600.0))
    honest = Behaviour(lacks=frozenset({"TOP"}))
    with lab_isp.running(ToyIsp({USER: (PASSWORD, box)})) as isp:
        isp.behaviour = replace(honest, erases_retrieved=True, expire="0")
        connector.poll(isp)
        assert not box.raws, "the server erased what was read, as it says"
        box.add(second, uidl=b"1")
        for _ in range(3):
            connector.now += 3600
            connector.poll(isp)
    subjects = connector.delivered()
    assert sum(subjects.values()) == 2 or box.raws, "the second mail is nowhere"


def test_a_uidl_that_names_another_mail_by_the_time_the_first_is_due_erases_nothing_unfetched(
    tmp_path: Path,
) -> None:
    """The same size under the same UIDL, and the old mail's time is over: its header tells."""
    old = b"Message-ID: <old@example.net>\r\n\r\nbody\r\n"
    new = b"Message-ID: <new@example.net>\r\n\r\nbody\r\n"
    box = Box([old])
    connector = Connector(tmp_path, keep=KeepForever())
    with lab_isp.running(ToyIsp({USER: (PASSWORD, box)})) as isp:
        connector.poll(isp)
        box.rebuild([new])
        connector.poll(isp, keep=KeepFor(50.0))
        connector.poll(isp)
    assert connector.delivered() == native(old, new)


@pytest.mark.parametrize("error", [Temporary, StorageFull])
def test_what_ends_between_a_failure_and_the_deliveries_beside_it_leaves_it_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """Bob's Maildir fails, and the process ends once alice's is staged: what is settled afterwards leaves bob open."""
    box = Box([mail("alice", "bob")])
    connector = catch_all(tmp_path)
    (tmp_path / "bob").write_text("in the way of a Maildir")

    def killed(_self: Writer, _placements: object) -> object:
        raise error("killed")

    with lab_isp.running(ToyIsp({USER: (PASSWORD, box)})) as isp:
        with monkeypatch.context() as patch:
            patch.setattr(Writer, "publish", killed)
            connector.poll(isp)
        (tmp_path / "bob").unlink()
        for _ in range(3):
            connector.now += 3600
            connector.poll(isp)
    assert (mails_of(tmp_path, "alice"), mails_of(tmp_path, "bob")) == (1, 1)
