"""Every server of the audit's cases: nothing wrong is delivered, and all arrives once it behaves; every hostile mail too."""

import ssl
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from hostile.cases import behaviour, hostile_mails, misbehaving
from hostile.connector import PASSWORD, USER, Connector
from seawall.lab.audit.reading import shipped
from seawall.lab.behaviour import HONEST, Behaviour
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running
from seawall.lab.mails import ordinary_mails
from seawall.model.account import Tls

ONE, TWO, THREE = ordinary_mails(3, 600)
IN_PIECES = "connection/odd-pieces"
WAYS = {
    "honest": HONEST,
    **{name: behaviour(name) for name in ("server/dots-unstuffed", "server/no-pipelining", IN_PIECES)},
}
HELD = {"mails/many-received/two"}
# A server that stuffs no dots takes some from these without a sign.
SPOILT = {("mails/dot-lines/two", "server/dots-unstuffed")}


def native(mails: list[bytes]) -> Counter[bytes]:
    """As they come out of a server, which ends a last line that has no end, and into a Maildir."""
    return Counter(
        (mail if mail.endswith(b"\r\n") or not mail else mail + b"\r\n").replace(b"\r\n", b"\n")
        for mail in mails
    )


def test_every_server_and_every_mail_of_the_cases_is_here() -> None:
    for case in shipped():
        assert case.server == HONEST or case.server in misbehaving().values()
    assert len(shipped()) >= 177
    assert len(misbehaving()) >= 90
    assert len(hostile_mails()) >= 62


@pytest.mark.parametrize("name", sorted(misbehaving()))
def test_a_server_that_misbehaves_and_then_behaves_loses_and_doubles_nothing(
    name: str, tmp_path: Path
) -> None:
    box = Box([ONE, TWO, THREE])
    connector = Connector(tmp_path, patience=1.0)
    server = misbehaving()[name]
    isp = ToyIsp({USER: (PASSWORD, box)}, server)
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
    if "AUTH" not in str(server.replies.get(("PASS", None))):
        assert connector.delivered() == everything
        assert box.mails == ()


@pytest.mark.parametrize(
    ("name", "way"),
    [
        # What comes in pieces takes its time; a few of them tell.
        pytest.param(name, way, marks=pytest.mark.soak if way == IN_PIECES and index % 5 else [])
        for index, name in enumerate(sorted(hostile_mails()))
        for way in WAYS
        if (name, way) not in SPOILT
    ],
)
def test_a_hostile_mail_harms_no_other(name: str, way: str, tmp_path: Path) -> None:
    hostile = hostile_mails()[name]
    box = Box([ONE, hostile, THREE])
    connector = Connector(tmp_path, patience=1.0)
    with running(ToyIsp({USER: (PASSWORD, box)}, WAYS[way])) as isp:
        for _ in range(3):
            connector.now += 100_000.0
            connector.poll(isp)
            here = connector.delivered()
            if name not in HELD:
                assert native([mail.raw for mail in box.erased]) <= here
    assert native([ONE, THREE]) <= here
    if name in HELD:
        assert here == native([ONE, THREE])
    elif way != "server/dots-unstuffed":
        assert here == native([ONE, hostile, THREE])


@pytest.mark.parametrize(
    ("server", "takes_the_password"),
    [
        (HONEST, True),
        (Behaviour(lacks=frozenset({"STLS"})), False),
        (Behaviour(replies={("STLS", None): b"-ERR no\r\n"}), False),
        (Behaviour(behind={("STLS", None): b"+OK injected\r\n+OK injected\r\n"}), False),
    ],
)
def test_no_password_is_said_where_stls_went_wrong(
    *, server: Behaviour, takes_the_password: bool, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    connector = Connector(tmp_path)
    box = Box([ONE])
    with running(ToyIsp({USER: (PASSWORD, box)}, server, tls=context)) as isp:
        account = connector.at(isp)
        connector.poll(
            isp, server=replace(account.server, tls=Tls.STARTTLS, ca_file=str(tmp_path / "ca.pem"))
        )
    said = {command.split()[0] for command in isp.commands}
    assert "STLS" in said
    assert bool(said & {"USER", "PASS", "AUTH", "APOP"}) == takes_the_password
    assert connector.delivered() == (native([ONE]) if takes_the_password else Counter())
