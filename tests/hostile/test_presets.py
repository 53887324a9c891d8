"""Every way of the lab's server to misbehave: nothing wrong is delivered, and all arrives once it behaves."""

from collections import Counter
from pathlib import Path

import pytest

from hostile.connector import PASSWORD, USER, Connector
from seawall.lab.behaviour import HONEST
from seawall.lab.box import Box
from seawall.lab.hostile import hostile_mails
from seawall.lab.isp import ToyIsp, running
from seawall.lab.mails import ordinary_mails
from seawall.lab.presets import PRESETS

ONE, TWO, THREE = ordinary_mails(3, 2000)
# Held, as it should be; and one from which a server that stuffs no dots takes some without a sign.
ELSEWHERE = {("many-received", preset) for preset in PRESETS} | {("dot-lines", "dots-unstuffed")}


def native(mails: list[bytes]) -> Counter[bytes]:
    """As they come out of a server, which ends a last line that has no end, and into a Maildir."""
    return Counter(
        (mail if mail.endswith(b"\r\n") or not mail else mail + b"\r\n").replace(b"\r\n", b"\n")
        for mail in mails
    )


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_a_server_that_misbehaves_and_then_behaves_loses_and_doubles_nothing(
    preset: str, tmp_path: Path
) -> None:
    box = Box([ONE, TWO, THREE])
    connector = Connector(tmp_path, patience=1.0)
    isp = ToyIsp({USER: (PASSWORD, box)}, PRESETS[preset])
    everything = native([ONE, TWO, THREE])
    with running(isp):
        for _ in range(2):
            connector.poll(isp)
            here = connector.delivered()
            assert here <= everything
            assert native([mail.raw for mail in box.erased]) <= here
        isp.behaviour = HONEST
        for _ in range(3):
            connector.now += 100_000.0
            connector.poll(isp)
    # [AUTH] stops an account until a person changes something.
    if "AUTH" not in str(PRESETS[preset].replies.get(("PASS", None))):
        assert connector.delivered() == everything
        assert box.mails == ()


@pytest.mark.parametrize(
    ("name", "preset"),
    sorted(
        {
            (name, preset)
            for name in hostile_mails()
            for preset in ("honest", "dots-unstuffed", "no-pipelining", "odd-segments")
        }
        - ELSEWHERE
    ),
)
def test_a_hostile_mail_harms_no_other(name: str, preset: str, tmp_path: Path) -> None:
    hostile = hostile_mails()[name]
    box = Box([ONE, hostile, THREE])
    connector = Connector(tmp_path, patience=1.0)
    with running(ToyIsp({USER: (PASSWORD, box)}, PRESETS[preset])) as isp:
        for _ in range(3):
            connector.now += 100_000.0
            connector.poll(isp)
            here = connector.delivered()
            assert native([mail.raw for mail in box.erased]) <= here
    assert native([ONE, THREE]) <= here
    if preset != "dots-unstuffed":
        assert here == native([ONE, hostile, THREE])
