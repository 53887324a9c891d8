"""What destinations and multidrop accounts become."""

from pathlib import Path

import pytest

from seawall.model.account import (
    CommandDestination,
    Credentials,
    Destination,
    NextHopDestination,
    Server,
    Speech,
    Tls,
    UnixSocket,
)
from seawall.model.address import Address
from seawall.model.envelope import Multidrop
from seawall.model.secret import PasswordFile
from unit.config.good import GOOD, loaded, told

MULTIDROP = 'multidrop = { envelope = "X-Original-To", isp = ["isp.example"], unknown = "a@example.org" }'


def destination(directory: Path, section: str) -> Destination:
    text = GOOD.replace('kind = "maildir"\npath = "{user}"', section)
    return loaded(directory, text).settings.accounts[0].destination


@pytest.mark.parametrize(
    ("section", "place"),
    [
        ('kind = "lmtp"\nhost = "localhost"', Server(host="localhost", port=24, tls=Tls.NONE)),
        ('kind = "lmtp"\nhost = "mx.example"', Server(host="mx.example", port=24, tls=Tls.STARTTLS)),
        ('kind = "smtp"\nhost = "127.0.0.1"', Server(host="127.0.0.1", port=25, tls=Tls.NONE)),
        ('kind = "smtp"\nhost = "mx.example"', Server(host="mx.example", port=25, tls=Tls.STARTTLS)),
        (
            'kind = "smtp"\nhost = "mx.example"\ntls = "implicit"',
            Server(host="mx.example", port=465, tls=Tls.IMPLICIT),
        ),
        (
            'kind = "smtp"\nhost = "mx.example"\nport = 2525',
            Server(host="mx.example", port=2525, tls=Tls.STARTTLS),
        ),
        ('kind = "lmtp"\nsocket = "/run/lmtp"', UnixSocket("/run/lmtp")),
    ],
)
def test_a_next_hop_has_the_port_and_the_protection_that_its_place_asks_for(
    tmp_path: Path, section: str, place: Server | UnixSocket
) -> None:
    found = destination(tmp_path, section)
    assert isinstance(found, NextHopDestination)
    assert found.place == place
    assert found.speech is Speech(section[8:12])


def test_who_logs_in_does_so_at_the_submission_port(tmp_path: Path) -> None:
    section = 'kind = "smtp"\nhost = "mx.example"\nuser = "office"\npassword_file = "smtp.password"'
    found = destination(tmp_path, section)
    assert isinstance(found, NextHopDestination)
    assert found.place == Server(host="mx.example", port=587, tls=Tls.STARTTLS)
    assert found.credentials == Credentials(
        user="office", secret=PasswordFile(str(tmp_path / "smtp.password"))
    )


def test_a_command_is_a_list_of_words(tmp_path: Path) -> None:
    found = destination(tmp_path, 'kind = "command"\ncommand = ["deliver", "-d", "{user}"]')
    assert found == CommandDestination(name="main", argv=("deliver", "-d", "{user}"))


def test_a_catch_all_box_needs_its_mailboxes(tmp_path: Path) -> None:
    text = GOOD.replace('to = "alice@example.org"', MULTIDROP)
    assert told(tmp_path, text) == [
        "15: account.office.multidrop: needs [mailboxes]: who may receive is never guessed"
    ]


def test_a_catch_all_box_knows_its_mailboxes_and_its_own_address(tmp_path: Path) -> None:
    text = GOOD.replace('to = "alice@example.org"', MULTIDROP).replace(
        "#local#", '[mailboxes]\n"alice@example.org" = ["a.smith@example.org"]\n'
    )
    settings = loaded(tmp_path, text.replace('user = "office"', 'user = "office@isp.example"')).settings
    to = settings.accounts[0].to
    assert isinstance(to, Multidrop)
    assert (str(to.envelope), to.isp, to.isp_hops) == ("X-Original-To", ("isp.example",), 1)
    assert to.box == Address.parse("office@isp.example")
    alice = Address.parse("alice@example.org")
    assert settings.site.mailboxes.find(Address.parse("A.Smith+x@Example.Org")) == alice


def test_nobody_receives_where_neither_a_mailbox_nor_an_envelope_is_named(tmp_path: Path) -> None:
    (mistake,) = told(tmp_path, GOOD.replace('to = "alice@example.org"\n', ""))
    assert mistake.startswith("10: account.office.to: is missing, and so is multidrop")
