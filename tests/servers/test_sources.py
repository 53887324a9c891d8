"""Mailboxes on a real server as sources of spot and trace: read whole, and left as they were."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from seawall.forensic.gather import Gathered, gather
from servers import dovecot as dovecot_server
from servers.dovecot import Dovecot
from servers.processes import free_ports

pytestmark = pytest.mark.server

MAILS = [
    f"From: bob@example.org\nMessage-ID: <{number}@a.test>\nSubject: sea\n\n.Wave {number}\n".encode()
    for number in range(40)
]
LARGE = b"Message-ID: <large@a.test>\nFrom: bob@example.org\n\n" + b"x" * 70 * 20_000 + b"\n"


class Ports:
    def __init__(self, imap: int, imaps: int) -> None:
        self.imap = imap
        self.imaps = imaps


@pytest.fixture(scope="module")
def ports() -> Ports:
    return Ports(*free_ports(2))


@pytest.fixture(scope="module")
def imap_server(ports: Ports) -> Iterator[Dovecot]:
    """A Dovecot that speaks IMAP too. The fixture writes settings as `key = "value"`, so a service closes a quote."""
    if not Path("/usr/lib/dovecot/imap").exists():
        pytest.skip("Dovecot's IMAP is not installed")
    reason = dovecot_server.unavailable()
    if reason is not None:
        pytest.skip(reason)
    service = f"""pop3 lmtp imap"
service imap-login {{
  inet_listener imap {{
    port = {ports.imap}
  }}
  inet_listener imaps {{
    port = {ports.imaps}
    ssl = yes
  }}
}}
instance_name = "of-test-sources"""
    with Dovecot(settings={"protocols": service}) as server:
        yield server


@pytest.fixture
def password(tmp_path: Path) -> str:
    path = tmp_path / "password"
    path.write_text(f"{Dovecot.password}\n")
    return str(path)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    directory = tmp_path / "out"
    directory.mkdir()
    return directory


def message_ids(found: Gathered) -> list[object]:
    return [row["message_id"] for part in found.parts for row in pq.read_table(part).to_pylist()]


def state(server: Dovecot, user: str) -> dict[str, bytes]:
    """Names carry the flags, so this is all that a reader could change."""
    box = server.maildir(user)
    return {
        str(path.relative_to(box)): path.read_bytes()
        for folder in ("cur", "new")
        for path in sorted((box / folder).iterdir())
    }


EXPECTED = [f"{number}@a.test" for number in range(40)]


@pytest.mark.parametrize("scheme", ["pops", "pop3"])
def test_a_pop3_mailbox_is_read_whole_and_every_mail_stays(
    scheme: str, dovecot: Dovecot, fresh_user: str, password: str, out: Path
) -> None:
    dovecot.fill(fresh_user, [*MAILS, LARGE])
    before = sorted(state(dovecot, fresh_user).values())
    port = dovecot.pop3s_port if scheme == "pops" else dovecot.pop3_port
    source = f"{scheme}://{fresh_user}@127.0.0.1:{port}"
    found = gather([source], out, password_file=password, ca_file=str(dovecot.ca_file))
    assert not found.unread
    assert message_ids(found) == [*EXPECTED, "large@a.test"]
    assert found.octets > len(LARGE)
    assert sorted(state(dovecot, fresh_user).values()) == before
    again = gather([source], out, password_file=password, ca_file=str(dovecot.ca_file))
    assert again.mails == 41


def test_a_wrong_password_and_an_unknown_certificate_are_told_and_nothing_secret_is(
    dovecot: Dovecot, fresh_user: str, tmp_path: Path, password: str, out: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("hunter2\n")
    source = f"pops://{fresh_user}@127.0.0.1:{dovecot.pop3s_port}"
    refused = gather([source], out, password_file=str(wrong), ca_file=str(dovecot.ca_file))
    assert "refused to log in" in refused.unread[0].reason
    assert "hunter2" not in refused.unread[0].reason
    untrusted = gather([source], out, password_file=password)
    assert "certificate" in untrusted.unread[0].reason.lower()


@pytest.mark.parametrize("scheme", ["imaps", "imap"])
def test_an_imap_mailbox_is_read_whole_and_no_flag_changes(
    scheme: str, imap_server: Dovecot, ports: Ports, password: str, out: Path
) -> None:
    user = imap_server.add_user(f"reader-{scheme}")
    imap_server.fill(user, [*MAILS, LARGE])
    source = f"{scheme}://{user}@127.0.0.1:{ports.imaps if scheme == 'imaps' else ports.imap}"
    before = state(imap_server, user)
    found = gather([source], out, password_file=password, ca_file=str(imap_server.ca_file))
    assert not found.unread
    assert message_ids(found) == [*EXPECTED, "large@a.test"]
    (last,) = pq.read_table(found.parts[-1]).slice(40, 1).to_pylist()
    assert last["size"] == len(LARGE) + LARGE.count(b"\n")
    assert last["received_at"] is not None
    assert last["place"] == 40
    assert state(imap_server, user) == before


def test_what_an_imap_server_refuses_is_told(
    imap_server: Dovecot, ports: Ports, password: str, tmp_path: Path, out: Path
) -> None:
    user = imap_server.add_user("refused")
    authority = str(imap_server.ca_file)
    at = f"127.0.0.1:{ports.imaps}"
    found = gather([f"imaps://{user}@{at}/No%20Such"], out, password_file=password, ca_file=authority)
    assert "does not open No Such" in found.unread[0].reason
    wrong = tmp_path / "wrong"
    wrong.write_text("hunter2\n")
    found = gather([f"imaps://{user}@{at}"], out, password_file=str(wrong), ca_file=authority)
    assert "refused to log in" in found.unread[0].reason
    assert "hunter2" not in found.unread[0].reason
    found = gather([f"imaps://{user}@{at}"], out, password_file=password)
    assert "does not prove who it is" in found.unread[0].reason


def test_an_empty_imap_mailbox_has_no_mails(
    imap_server: Dovecot, ports: Ports, password: str, out: Path
) -> None:
    user = imap_server.add_user("empty")
    found = gather(
        [f"imaps://{user}@127.0.0.1:{ports.imaps}"],
        out,
        password_file=password,
        ca_file=str(imap_server.ca_file),
    )
    assert (found.mails, found.unread, found.parts) == (0, (), ())
