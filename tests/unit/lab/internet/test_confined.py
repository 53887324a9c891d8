"""Nothing outside can be named, and nothing outside can be reached."""

import ast
import asyncio
from pathlib import Path

import pytest

import seawall.lab.internet
from seawall.errors import Misconfigured
from seawall.lab.internet import gate
from seawall.lab.internet.names import domain, mailbox
from seawall.lab.internet.reading import load
from unit.lab.internet.staging import LETTER, SENDER, crowd, written

OUTSIDE = ("somebody@gmail.invalid.com", "a@example.co", "postmaster@mail.de", "x@testing")


@pytest.mark.parametrize("host", ["192.0.2.1", "0.0.0.0", "localhost", "mail.test", "::", ""])
@pytest.mark.parametrize("door", ["connect", "listen"])
def test_the_door_is_closed_to_every_address_but_loopback(host: str, door: str) -> None:
    async def knock() -> None:
        if door == "connect":
            await gate.connect(host, 25)
        else:
            await gate.listen(lambda _reader, _writer: asyncio.sleep(0), host)

    with pytest.raises(Misconfigured, match="is not a loopback address"):
        asyncio.run(knock())


def test_there_is_no_other_door() -> None:
    """No module but the gate makes a connection or opens a port by itself, or resolves a name."""
    doors = {"open_connection", "start_server", "create_connection", "create_server", "getaddrinfo", "socket"}
    doors |= {"gethostbyname", "smtplib", "poplib", "urllib", "http", "open_unix_connection"}
    for path in Path(seawall.lab.internet.__file__).parent.glob("*.py"):
        named = {
            getattr(node, "attr", None) or getattr(node, "module", None) or getattr(node, "name", None)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute | ast.ImportFrom | ast.alias)
        }
        assert not named & doors or path.name == "gate.py", (path.name, named & doors)


@pytest.mark.parametrize("address", OUTSIDE)
@pytest.mark.parametrize(
    ("place", "line"),
    [
        ('[[habit]]\nuser = "{}"\ndoes = "full"\n', "user"),
        ('[[habit]]\nuser = "secretary@sailing.test"\ndoes = "forward"\nto = "{}"\n', "to"),
        ('[[list]]\naddress = "{}"\n', "address"),
        ('[[list]]\naddress = "crew@lists.test"\nsubscribers = ["*", "{}"]\n', "subscribers[1]"),
        ('[[mail]]\nfrom = "{}"\n', "from"),
        ('[[mail]]\nfrom = "secretary@sailing.test"\nto = ["{}"]\n', "to[0]"),
        ('[[mail]]\nfrom = "secretary@sailing.test"\ncc = ["*", "{}"]\n', "cc[1]"),
    ],
)
def test_an_address_that_may_be_somebodys_is_refused_wherever_one_may_stand(
    tmp_path: Path, place: str, line: str, address: str
) -> None:
    path = written(tmp_path, SENDER + crowd(2) + LETTER + place.format(address))
    with pytest.raises(Misconfigured, match="may be somebody's") as refused:
        load(path)
    assert f".{line}: " in str(refused.value)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("domain", "microsoft.com", "may be somebody's"),
        ("domain", "office{n}.de", "may be somebody's"),
        ("host", "198.51.100.7", "is not a loopback address"),
        ("host", "localhost", "is not a loopback address"),
        ("host", "0.0.0.0", "is not a loopback address"),
    ],
)
def test_an_organisation_outside_is_refused(tmp_path: Path, key: str, value: str, reason: str) -> None:
    other = "" if key == "domain" else 'domain = "alpha.test"\n'
    text = f'{SENDER}[[organisation]]\n{other}{key} = "{value}"\n{LETTER}'
    with pytest.raises(Misconfigured, match=reason) as refused:
        load(written(tmp_path, text))
    assert f"organisation[1].{key}" in str(refused.value)


@pytest.mark.parametrize(
    "name", ["a.test", "x.y.example", "example.com", "mail.EXAMPLE.org", "nowhere.invalid"]
)
def test_the_reserved_names_are_taken(name: str) -> None:
    assert domain(name) == name.lower()
    assert mailbox(f"Anna@{name}") == f"anna@{name.lower()}"
