"""Real copies of 2005, from a real Dovecot: the mails are delivered, what a connector made of them is set aside."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from hostile.connector import Connector, configuration
from seawall.cli.main import exit_code
from seawall.ledger import setaside
from seawall.ledger.ledger import Ledger
from seawall.ledger.state import State
from seawall.model.account import KeepForever
from seawall.model.secret import PasswordFile
from servers.dovecot import Dovecot

CORPUS: Final = Path(__file__).parents[3] / "shared/corpus/storm-sbs-pop3connector-lexbox-2005/messages"
ORDERS: Final = {
    "as they came": (0, 1, 2, 3),
    "the copies first": (1, 3, 0, 2),
    "the other way round": (3, 2, 1, 0),
}
pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of real mail is not beside this checkout"),
]


def read() -> list[bytes]:
    """Two mails, each with its copy behind it."""
    return [path.read_bytes() for path in sorted(CORPUS.iterdir())]


class Place:
    """Where the connector calls: what a toy ISP has too."""

    def __init__(self, dovecot: Dovecot) -> None:
        self.host, self.port = "127.0.0.1", dovecot.pop3_port


@pytest.fixture
def connector(dovecot: Dovecot, fresh_user: str, tmp_path: Path) -> Connector:
    found = Connector(tmp_path, keep=KeepForever(), patience=20.0)
    (tmp_path / "dovecot-password").write_text(dovecot.password)
    found.account = replace(
        found.account, user=fresh_user, secret=PasswordFile(str(tmp_path / "dovecot-password"))
    )
    return found


def assert_only_the_genuine_came(connector: Connector, mails: Sequence[bytes]) -> None:
    assert connector.delivered() == Counter(mails[0::2])
    ledger = Ledger.open(State.make(connector.site.state).database)
    try:
        held = ledger.transact(setaside.held_mails)
    finally:
        ledger.close()
    assert [record.note.reason for record in held] == ["replicated"] * 2
    for record, copy in zip(
        sorted(held, key=lambda record: record.note.message_id), sorted(mails[1::2], key=_id), strict=True
    ):
        assert record.note.message_id.encode() == _id(copy)
        assert any("mspop3connector.david.sanchez@lexbox.fr" in line for line in record.note.evidence)
    assert connector.log.events("error") == []


def _id(mail: bytes) -> bytes:
    (found,) = (
        line for line in mail.split(b"\n\n")[0].split(b"\n") if line.lower().startswith(b"message-id:")
    )
    return found.partition(b":")[2].strip()


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_real_copies_are_set_aside_in_one_poll_whatever_their_order(
    dovecot: Dovecot, fresh_user: str, connector: Connector, order: Sequence[int]
) -> None:
    mails = read()
    dovecot.fill(fresh_user, [mails[index] for index in order])
    assert connector.poll(Place(dovecot)).went_well
    assert_only_the_genuine_came(connector, mails)


def test_real_copies_are_set_aside_in_polls_of_their_own(
    dovecot: Dovecot, fresh_user: str, connector: Connector
) -> None:
    mails = read()
    for mail in mails:
        dovecot.fill(fresh_user, [mail])
        assert connector.poll(Place(dovecot)).went_well
    assert_only_the_genuine_came(connector, mails)


def test_a_real_copy_can_be_had_back_as_it_was_served(
    dovecot: Dovecot, fresh_user: str, connector: Connector, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    mails = read()
    dovecot.fill(fresh_user, mails)
    connector.poll(Place(dovecot))
    (connector.root / "seawall.toml").write_text(configuration(dovecot.pop3_port))
    shown = set()
    for number in ("1", "2"):
        words = ["held", "show", number, "--raw", "--config", str(connector.root / "seawall.toml")]
        assert exit_code(words) == 0
        shown.add(capsysbinary.readouterr().out)
    assert shown == {copy.replace(b"\n", b"\r\n") for copy in mails[1::2]}
