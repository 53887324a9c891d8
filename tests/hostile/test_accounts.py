"""Accounts by themselves: isolation, first polls, adopted mail, alarms, and servers that refuse for now."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from hostile.connector import PASSWORD, USER, Connector, native
from seawall.lab.behaviour import Behaviour, Ending, Stop, refusing_logins
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running
from seawall.model.account import KeepFor, KeepForever, StartNew, StartSince

OLD = b"Received: from a by b; Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <old@a.test>\r\n\r\nold\r\n"
NEW = b"Received: from a by b; Sun, 01 Nov 2026 00:00:00 +0000\r\nMessage-ID: <new@a.test>\r\n\r\nnew\r\n"
NOVEMBER = 1_793_000_000.0


def test_a_server_that_hangs_delays_no_other_account(tmp_path: Path) -> None:
    connector = Connector(tmp_path, patience=1.0)
    good, bad = Box([OLD]), Box([NEW])
    hangs = Behaviour(stops=(Stop(at=("UIDL", None), ending=Ending.HANG),))
    with (
        running(ToyIsp({USER: (PASSWORD, good)})) as honest,
        running(ToyIsp({USER: (PASSWORD, bad)}, hangs)) as hanging,
    ):
        accounts = [
            replace(connector.at(hanging), name="bad"),
            replace(connector.at(honest), name="good"),
        ]
        reports = asyncio.run(connector._poll(accounts))
    assert [report.went_well for report in reports] == [False, True]
    assert connector.delivered() == native(OLD)


def test_start_new_fetches_only_what_comes_later_and_erases_nothing_else(tmp_path: Path) -> None:
    box = Box([OLD])
    connector = Connector(tmp_path, start=StartNew())
    with running(ToyIsp({USER: (PASSWORD, box)})) as isp:
        assert connector.poll(isp).went_well
        box.add(NEW)
        box.renumber_uidls()
        assert connector.poll(isp).went_well
        assert connector.poll(isp).went_well
    assert connector.delivered() == native(NEW)
    assert box.raws == (OLD,)


def test_start_with_a_date_fetches_what_arrived_since(tmp_path: Path) -> None:
    undated = b"Message-ID: <undated@a.test>\r\n\r\n?\r\n"
    connector = Connector(tmp_path, start=StartSince(NOVEMBER), keep=KeepForever())
    with running(ToyIsp({USER: (PASSWORD, Box([OLD, NEW, undated]))})) as isp:
        assert connector.poll(isp).went_well
    assert connector.delivered() == native(NEW, undated)


def test_a_mail_that_keeps_failing_raises_one_alarm(tmp_path: Path) -> None:
    box = Box([OLD, NEW])
    connector = Connector(tmp_path, keep=KeepForever())
    with running(ToyIsp({USER: (PASSWORD, box)}, Behaviour(stops=(Stop(at=("RETR", 1)),)))) as isp:
        for _ in range(12):
            connector.now += 100_000.0
            connector.poll(isp)
    assert connector.log.events("error").count("mail-keeps-failing") == 1
    assert connector.delivered() == native(NEW)


@pytest.mark.parametrize("code", ["IN-USE", "SYS/TEMP", "LOGIN-DELAY"])
def test_a_refusal_for_now_is_tried_again(code: str, tmp_path: Path) -> None:
    connector = Connector(tmp_path)
    refusing = Behaviour(replies=refusing_logins(f"[{code}] later".encode()))
    isp = ToyIsp({USER: (PASSWORD, Box([OLD]))}, refusing)
    with running(isp):
        report = connector.poll(isp)
        assert (report.code, report.is_stopped) == (code, False)
        isp.behaviour = Behaviour()
        assert connector.poll(isp).went_well
    assert connector.delivered() == native(OLD)


def test_a_login_delay_is_told_to_the_schedule(tmp_path: Path) -> None:
    connector = Connector(tmp_path)
    with running(ToyIsp({USER: (PASSWORD, Box([OLD]))}, Behaviour(login_delay="900"))) as isp:
        assert connector.poll(isp).login_delay == 900.0


def test_mail_too_large_is_left_and_reported_once_and_fetched_when_allowed(tmp_path: Path) -> None:
    connector = Connector(tmp_path)
    box = Box([OLD, NEW * 100])
    with running(ToyIsp({USER: (PASSWORD, box)})) as isp:
        for _ in range(3):
            assert connector.poll(isp, max_octets=1000).left == 1
        assert connector.log.events("warning") == ["left"]
        assert connector.poll(isp, max_octets=10**6).went_well
    assert connector.delivered().total() == 2


def test_a_bad_day_at_the_server_erases_only_what_is_here(tmp_path: Path) -> None:
    """It drops after every few thousand octets, at another place each time."""
    mails = [OLD.replace(b"old@", b"%d@" % n) for n in range(60)]
    box = Box(mails)
    connector = Connector(tmp_path, keep=KeepFor(0.0))
    isp = ToyIsp({USER: (PASSWORD, box)})
    with running(isp):
        for octets in (900, 1500, 2500, 4000, 7000, 5000):
            isp.behaviour = Behaviour(stops=(Stop(at=None, after=octets),))
            connector.poll(isp)
            here = connector.delivered()
            assert all(mail.raw.replace(b"\r\n", b"\n") in here for mail in box.erased)
        isp.behaviour = Behaviour()
        for _ in range(3):
            connector.now += 100_000.0
            connector.poll(isp)
    assert connector.delivered() == native(*mails)
    assert box.mails == ()
