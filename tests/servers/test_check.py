"""`seawall check` before a real Dovecot and a real Postfix, and what a poll then does with mail that would loop."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hostile.connector import Connector
from seawall.collect.check.finding import Finding
from seawall.collect.check.survey import Survey, survey
from seawall.ledger import setaside
from seawall.ledger.ledger import Ledger
from seawall.ledger.records import HeldRecord
from seawall.ledger.state import State
from seawall.model.account import (
    Account,
    Credentials,
    KeepForever,
    NextHopDestination,
    Server,
    Settings,
    Speech,
    Tls,
    UnixSocket,
)
from seawall.model.address import Address
from seawall.model.secret import PasswordFile
from servers.dovecot import Dovecot
from servers.postfix import Postfix

pytestmark = pytest.mark.server

LOOPING = b"Delivered-To: alice@example.org\nReceived: from a.test by mx.isp.example; x\nMessage-ID: <1@a.test>\n\nBody\n"
PLAIN = b"Received: from a.test by mx.isp.example; x\nMessage-ID: <2@a.test>\n\nOther body\n"


@pytest.fixture
def connector(dovecot: Dovecot, fresh_user: str, tmp_path: Path) -> Connector:
    found = Connector(tmp_path, keep=KeepForever(), patience=20.0)
    (tmp_path / "dovecot-password").write_text(dovecot.password)
    found.account = replace(
        found.account,
        user=fresh_user,
        secret=PasswordFile(str(tmp_path / "dovecot-password")),
        server=Server(host=dovecot.host, port=dovecot.pop3_port, tls=Tls.NONE),
    )
    return found


def look(connector: Connector, *accounts: Account) -> Survey:
    settings = Settings(site=connector.site, accounts=accounts or (connector.account,))
    told: list[Finding] = []
    return asyncio.run(survey(settings, here="here.test", now=connector.now, tell=told.append))


def poll(connector: Connector, account: Account) -> None:
    (report,) = asyncio.run(connector._poll([account]))
    assert report.went_well, report.problem


def held(connector: Connector) -> list[HeldRecord]:
    ledger = Ledger.open(State.make(connector.site.state).database)
    try:
        return ledger.transact(setaside.held_mails)
    finally:
        ledger.close()


def by_smtp(server: Postfix, **changes: Any) -> NextHopDestination:
    place = Server(host=server.host, port=server.smtp_port, tls=Tls.NONE)
    given: dict[str, Any] = {"name": "mta", "speech": Speech.SMTP, "place": place, "patience": 20.0}
    return NextHopDestination(**(given | changes))


def said(sentences: tuple[str, ...], *parts: str) -> bool:
    return any(all(part in sentence for part in parts) for sentence in sentences)


# ── Dovecot ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("tls", [Tls.NONE, Tls.IMPLICIT, Tls.STARTTLS])
def test_dovecot_is_described_and_its_box_unchanged(
    tls: Tls, dovecot: Dovecot, fresh_user: str, connector: Connector
) -> None:
    dovecot.fill(fresh_user, [PLAIN, LOOPING], folder="new")
    port = dovecot.pop3s_port if tls is Tls.IMPLICIT else dovecot.pop3_port
    ca_file = None if tls is Tls.NONE else str(dovecot.ca_file)
    server = Server(host=dovecot.host, port=port, tls=tls, ca_file=ca_file)
    (found,) = look(connector, replace(connector.account, server=server)).accounts
    assert (found.warnings, found.problems) == ((), ())
    for parts in (
        ("logged in to 127.0.0.1 by SCRAM-SHA-256",),
        ("PIPELINING: yes",),
        ("TOP: yes",),
        ("UIDL: yes",),
        ("AUTH-RESP-CODE: yes",),
        ("2 mails there",),
    ):
        assert said(found.found, *parts), (parts, found.found)
    assert not said(found.found, "not known here")
    assert said(found.found, "TLS 1.", "certificate is good for") == (tls is not Tls.NONE)
    assert sorted(dovecot.raw_mails(fresh_user)) == sorted([PLAIN, LOOPING])
    talk = [line for line in dovecot.log().splitlines() if f"pop3({fresh_user})" in line]
    assert all(re.search(r"retr=0/0, del=0/", line) for line in talk if "retr=" in line), talk


@pytest.mark.parametrize("way", ["socket", "starttls", "implicit"])
def test_dovecots_lmtp_says_whom_it_knows(
    way: str, dovecot: Dovecot, fresh_user: str, connector: Connector
) -> None:
    implicit = way == "implicit"
    server = Server(
        host=dovecot.host,
        port=dovecot.lmtps_port if implicit else dovecot.lmtp_port,
        tls=Tls.IMPLICIT if implicit else Tls.STARTTLS,
        ca_file=str(dovecot.ca_file),
    )
    place = UnixSocket(str(dovecot.lmtp_socket)) if way == "socket" else server
    lmtp = NextHopDestination(name="dovecot", speech=Speech.LMTP, place=place, patience=20.0)
    known = replace(connector.account, to=Address.parse(f"{fresh_user}@example.org"), destination=lmtp)
    stranger = replace(known, name="other", to=Address.parse("no-such-user@example.org"))
    (found,) = look(connector, known, stranger).destinations
    assert said(found.found, "used by office and other")
    assert said(found.found, f"take mail for {fresh_user}@example.org")
    assert said(found.problems, "no-such-user@example.org", "550 5.1.1")
    assert len(found.problems) == 1
    assert said(found.found, "TLS 1.") == (way != "socket")
    assert said(found.found, "no mail for elsewhere")
    assert dovecot.count(fresh_user) == 0


# ── Postfix ─────────────────────────────────────────────────────────────────────────────


def test_postfix_is_described_and_gets_no_mail(postfix: type[Postfix], connector: Connector) -> None:
    people = [connector.account, replace(connector.account, name="bob", to=Address.parse("bob@example.org"))]
    refuses = {"bob@example.org": "450 4.2.2 full"}
    with postfix(virtual=["alice@example.org"], refuses=refuses) as server:
        (found,) = look(
            connector, *(replace(one, destination=by_smtp(server)) for one in people)
        ).destinations
        assert said(found.found, "take mail for alice@example.org")
        assert said(found.warnings, "bob@example.org", "450 4.2.2")
        assert said(found.warnings, "nobody@example.com", "would relay")
        assert said(found.found, "DSN: yes", "NOTIFY=NEVER")
        assert said(found.warnings, "SIZE", "10,240,000")
        assert found.problems == ()
        server.settle()
        assert (server.foreign(), server.queue(), server.delivered("alice@example.org")) == ([], [], [])


def test_a_postfix_that_relays_for_nobody_gets_no_warning(
    postfix: type[Postfix], connector: Connector
) -> None:
    settings = {"mynetworks": "192.0.2.1", "message_size_limit": "60000000"}
    with postfix(virtual=["alice@example.org"], settings=settings) as server:
        (found,) = look(connector, replace(connector.account, destination=by_smtp(server))).destinations
    assert (found.warnings, found.problems) == ((), ())
    assert said(found.found, "no mail for elsewhere", "Relay access denied")


def test_a_login_at_postfix_is_told_with_its_certificate(
    postfix: type[Postfix], dovecot: Dovecot, fresh_user: str, connector: Connector
) -> None:
    with postfix(virtual=["alice@example.org"], auth_socket=dovecot.auth_socket) as server:
        place = Server(
            host=server.host, port=server.submission_port, tls=Tls.STARTTLS, ca_file=str(server.ca_file)
        )
        destination = by_smtp(server, place=place, credentials=None)
        account = replace(connector.account, destination=destination)
        (found,) = look(connector, account).destinations
        assert found.problems, "it wants a login"
        with_login = replace(
            destination,
            credentials=Credentials(
                user=fresh_user, secret=PasswordFile(str(connector.root / "dovecot-password"))
            ),
        )
        (found,) = look(connector, replace(account, destination=with_login)).destinations
    assert found.problems == ()
    assert said(found.found, "logged in to", "by SCRAM-SHA-256")
    assert said(found.found, "TLS 1.", "certificate is good for")


def test_two_hundred_recipients_do_not_make_postfix_hang_up(
    postfix: type[Postfix], connector: Connector
) -> None:
    people = [Address.parse(f"user{number}@example.org") for number in range(200)]
    with postfix(
        virtual=[str(person) for person in people[:190]],
        settings={"smtpd_soft_error_limit": "10", "smtpd_hard_error_limit": "20"},
    ) as server:
        destination = by_smtp(server)
        accounts = [
            replace(connector.account, name=person.local_part, to=person, destination=destination)
            for person in people[:190]
        ]
        (found,) = look(connector, *accounts).destinations
        assert found.problems == ()
        assert said(found.found, "and 185 more")


# ── mail that would loop ────────────────────────────────────────────────────────────────


def test_check_refuses_what_postfixs_local_would_bounce_and_a_poll_holds_it(
    postfix: type[Postfix], dovecot: Dovecot, fresh_user: str, connector: Connector
) -> None:
    dovecot.fill(fresh_user, [PLAIN, LOOPING])
    with postfix(local=["alice"]) as server:
        account = replace(connector.account, destination=by_smtp(server))
        (found,) = look(connector, account).accounts
        assert said(found.problems, "of 2 mails 1", "alice@example.org", "mail forwarding loop", "lmtp")
        poll(connector, account)
        server.settle()
        assert len(server.delivered("alice")) == 1
        assert "forwarding loop" not in server.log()
        assert "status=bounced" not in server.log()
        assert server.foreign() == []
    (record,) = held(connector)
    assert record.note.reason == "would-loop"
    assert dovecot.count(fresh_user) == 2


def test_what_ignores_delivered_to_gets_the_mail(
    postfix: type[Postfix], dovecot: Dovecot, fresh_user: str, connector: Connector
) -> None:
    dovecot.fill(fresh_user, [PLAIN, LOOPING])
    as_sent = {"local_header_rewrite_clients": ""}
    with postfix(virtual=["alice@example.org"], settings=as_sent) as server:
        account = replace(connector.account, destination=by_smtp(server, ignores_delivered_to=True))
        (found,) = look(connector, account).accounts
        assert found.problems == ()
        poll(connector, account)
        server.settle()
        delivered = server.delivered("alice@example.org")
        assert len(delivered) == 2
        assert all(any(got.endswith(mail) for got in delivered) for mail in (PLAIN, LOOPING))
        assert server.foreign() == []
    assert held(connector) == []
