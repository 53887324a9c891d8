"""Promises 2, 3 and 6 against a real Dovecot."""

import hashlib
import ssl
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hostile.connector import NOTHING_ASIDE, Connector
from seawall.model.account import Keep, KeepFor, KeepForever, Server, Tls
from seawall.model.secret import PasswordFile
from servers.dovecot import Dovecot

pytestmark = pytest.mark.server

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
MAILS = [
    f"Received: from a.test by b.test; Mon, 23 Nov 2026 01:00:0{n} +0000\nMessage-ID: <{n}@a.test>\n\nBody {n}\n".encode()
    for n in range(8)
]


@dataclass(frozen=True)
class Place:
    """Where the connector calls: what a toy ISP has too."""

    host: str
    port: int


@pytest.fixture
def connector(dovecot: Dovecot, fresh_user: str, tmp_path: Path) -> Connector:
    found = Connector(tmp_path, keep=KeepForever(), patience=20.0)
    (tmp_path / "dovecot-password").write_text(dovecot.password)
    found.account = replace(
        found.account, user=fresh_user, secret=PasswordFile(str(tmp_path / "dovecot-password"))
    )
    found.site = replace(found.site, guard=NOTHING_ASIDE)
    return found


@pytest.fixture
def place(dovecot: Dovecot) -> Place:
    return Place(dovecot.host, dovecot.pop3_port)


def in_a_maildir(mail: bytes) -> bytes:
    """A Maildir has LF, and Dovecot ends a last line that has no end."""
    native = mail.replace(b"\r\n", b"\n")
    return native if native.endswith(b"\n") or not native else native + b"\n"


def corpus() -> Iterator[bytes]:
    for path in sorted(CORPUS.glob("*/messages/*")):
        yield path.read_bytes()


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of real mail is not beside this checkout")
@pytest.mark.parametrize("tls", [Tls.NONE, Tls.IMPLICIT, Tls.STARTTLS])
def test_all_real_mail_arrives_once_and_byte_identical(
    tls: Tls, dovecot: Dovecot, fresh_user: str, connector: Connector
) -> None:
    mails = list(corpus())
    dovecot.fill(fresh_user, mails)
    port = dovecot.pop3s_port if tls is Tls.IMPLICIT else dovecot.pop3_port
    server = Server(host=dovecot.host, port=port, tls=tls, ca_file=str(dovecot.ca_file))
    for _ in range(2):
        report = connector.poll(Place(dovecot.host, port), server=server)
        assert report.went_well, report.problem
    expected = Counter(map(in_a_maildir, mails))
    delivered = connector.delivered()
    assert delivered.total() == len(mails)
    assert not delivered - expected, next(iter(delivered - expected))[:500]
    assert report.known == len(mails)
    assert dovecot.count(fresh_user) == len(mails)


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of real mail is not beside this checkout")
def test_top_and_retr_of_all_real_mail_show_the_same_header(
    dovecot: Dovecot, fresh_user: str, connector: Connector, place: Place
) -> None:
    """All UIDLs change: each header that TOP shows must be the one that RETR showed."""
    mails = list(corpus())
    dovecot.fill(fresh_user, mails)
    connector.poll(place)
    dovecot.change_uidls(fresh_user)
    report = connector.poll(place)
    assert report.went_well
    assert (report.known, report.delivered) == (len(mails), 0)


@pytest.mark.parametrize(
    ("keep", "left"),
    [(KeepFor(0.0), [0, 0, 0]), (KeepFor(250.0), [8, 8, 0]), (KeepForever(), [8, 8, 8])],
    ids=["none", "a while", "forever"],
)
def test_each_keep_rule_is_obeyed_over_several_sessions(
    *, keep: Keep, left: list[int], dovecot: Dovecot, fresh_user: str, connector: Connector, place: Place
) -> None:
    """Each poll is 100 seconds after the one before; the fourth comes when 250 seconds are over."""
    dovecot.fill(fresh_user, MAILS)
    found = []
    for _ in range(4):
        assert connector.poll(place, keep=keep).went_well
        found.append(dovecot.count(fresh_user))
    assert [found[0], found[2], found[3]] == left
    assert connector.delivered() == Counter(MAILS)


def test_changed_uidls_fetch_nothing_twice(
    dovecot: Dovecot, fresh_user: str, connector: Connector, place: Place
) -> None:
    dovecot.fill(fresh_user, MAILS)
    connector.poll(place)
    for _ in range(2):
        dovecot.change_uidls(fresh_user)
        assert connector.poll(place).went_well
    assert connector.delivered() == Counter(MAILS)


def test_uidls_reused_for_other_mails_skip_and_erase_nothing_unfetched(
    dovecot: Dovecot, connector: Connector, place: Place
) -> None:
    """The same sizes under the same UIDLs, and the old mails' time is over."""
    user = dovecot.add_user("reused", settings={"pop3_uidl_format": "%u"})
    dovecot.empty(user)
    others = [mail.replace(b"a.test>", b"z.test>") for mail in MAILS]
    connector.account = replace(connector.account, user=user)
    dovecot.rebuild(user, MAILS)
    connector.poll(place)
    dovecot.rebuild(user, others)
    for _ in range(3):
        assert connector.poll(place, keep=KeepFor(50.0)).went_well
    assert connector.delivered() == Counter(MAILS + others)
    assert dovecot.count(user) == 0


def test_a_rebuilt_box_with_old_and_new_mail_brings_only_the_new(
    dovecot: Dovecot, fresh_user: str, connector: Connector, place: Place
) -> None:
    dovecot.fill(fresh_user, MAILS[:5])
    connector.poll(place)
    dovecot.rebuild(fresh_user, MAILS[2:])
    for _ in range(2):
        report = connector.poll(place)
        assert report.went_well
    assert connector.delivered() == Counter(MAILS)
    assert report.known == 6


def test_a_certificate_that_nobody_vouches_for_gets_no_password(
    dovecot: Dovecot, fresh_user: str, connector: Connector
) -> None:
    place = Place(dovecot.host, dovecot.pop3s_port)
    stranger = Server(host=dovecot.host, port=place.port, tls=Tls.IMPLICIT)
    assert "cannot be trusted" in connector.poll(place, server=stranger).problem
    pinned = replace(stranger, pin="00" * 32)
    assert "not the pinned one" in connector.poll(place, server=pinned).problem
    certificate = ssl.get_server_certificate((dovecot.host, place.port))
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()
    assert connector.poll(place, server=replace(stranger, pin=digest)).went_well


def test_a_wrong_password_stops_the_account_until_it_changes(
    dovecot: Dovecot, fresh_user: str, connector: Connector, place: Place
) -> None:
    dovecot.fill(fresh_user, MAILS)
    password = connector.root / "dovecot-password"
    password.write_text("wrong")
    assert connector.poll(place).is_stopped
    lines = dovecot.log().count("auth failed")
    assert connector.poll(place).is_stopped
    assert dovecot.log().count("auth failed") == lines, "it must not try again"
    password.write_text(dovecot.password)
    assert connector.poll(place).went_well
    assert connector.delivered() == Counter(MAILS)
