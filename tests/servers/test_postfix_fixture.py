"""The fixture does what the tests of delivery by SMTP lean on."""

import contextlib
import re
import smtplib
import ssl
import time
from collections.abc import Iterator

import pytest

from servers.dovecot import Dovecot
from servers.postfix import Postfix
from servers.processes import living

pytestmark = pytest.mark.server

ALICE = "alice@example.org"
SENDER = "sender@outside.test"
MAIL = b"Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nFrom: x@a.test\r\nMessage-ID: <1@a.test>\r\n\r\nBody\r\n"
SMUGGLED = b"Subject: outer\r\n\r\nBody\n.\nNOOP\r\n"


@contextlib.contextmanager
def session(server: Postfix) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(server.host, server.smtp_port, timeout=10) as client:
        client.ehlo("connector.test")
        yield client


def send(
    server: Postfix,
    recipient: str,
    content: bytes = MAIL,
    *,
    sender: str = SENDER,
    options: tuple[str, ...] = (),
) -> None:
    with session(server) as client:
        client.sendmail(sender, [recipient], content, rcpt_options=options)
    server.settle()


def as_delivered(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


def without_trace(mail: bytes) -> bytes:
    trace = re.match(
        rb"Return-Path: .*\nX-Original-To: .*\nDelivered-To: .*\nReceived: .*\n(?:\t.*\n)*", mail
    )
    assert trace is not None
    return mail[trace.end() :]


@pytest.fixture(scope="module")
def gateway(postfix: type[Postfix]) -> Iterator[Postfix]:
    with postfix(virtual=[ALICE, "bob@other.test"]) as server:
        yield server


def test_virtual_delivers_to_its_addresses_and_refuses_others_of_their_domains(gateway: Postfix) -> None:
    content = MAIL.replace(b"Body", b"To two")
    with session(gateway) as client:
        assert client.sendmail(SENDER, [ALICE, "Bob+tag@OTHER.test", "no@example.org"], content) == {
            "no@example.org": (
                550,
                b"5.1.1 <no@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
            )
        }
    gateway.settle()
    for box in (ALICE, "bob@other.test"):
        assert [without_trace(mail) for mail in gateway.delivered(box)][-1:] == [as_delivered(content)]


def test_a_box_that_the_server_does_not_have_is_an_error_of_the_test(gateway: Postfix) -> None:
    with pytest.raises(KeyError):
        gateway.delivered("alice")


def test_virtual_delivers_a_mail_that_names_its_recipient_as_delivered_to(gateway: Postfix) -> None:
    content = b"Delivered-To: " + ALICE.encode() + b"\r\n" + MAIL
    send(gateway, ALICE, content)
    assert without_trace(gateway.delivered(ALICE)[-1]) == as_delivered(content)


def test_what_is_for_elsewhere_is_counted_and_goes_nowhere(postfix: type[Postfix]) -> None:
    with postfix(virtual=[ALICE]) as server:
        assert server.foreign() == []
        with session(server) as client:
            client.sendmail(SENDER, ["one@outside.test", "two@elsewhere.test", ALICE], MAIL)
        server.settle()
        assert sorted(server.foreign()) == ["one@outside.test", "two@elsewhere.test"]
        assert server.queue() == []
        assert len(server.delivered(ALICE)) == 1


def test_a_server_that_relays_for_nobody_refuses_what_is_for_elsewhere(postfix: type[Postfix]) -> None:
    with postfix(virtual=[ALICE], settings={"mynetworks": "192.0.2.1"}) as server, session(server) as client:
        client.mail(SENDER)
        assert client.rcpt("one@outside.test")[0] == 554
        assert client.rcpt(ALICE)[0] == 250


def test_local_delivers_to_its_users_and_bounces_what_was_delivered_to_them_before(
    postfix: type[Postfix],
) -> None:
    with postfix(local=["alice", "bob"]) as server:
        send(server, "Alice+tag@example.org")
        send(server, "bob@example.org")
        assert [without_trace(mail) for mail in server.delivered("alice")] == [as_delivered(MAIL)]
        assert len(server.delivered("bob")) == 1
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send(server, "nobody@example.org")
        assert server.foreign() == []
        send(server, ALICE, b"Delivered-To: alice@example.org\r\n" + MAIL)
        assert "status=bounced (mail forwarding loop for alice@example.org)" in server.log()
        assert server.foreign() == [SENDER]
        assert len(server.delivered("alice")) == 1


@pytest.mark.parametrize("kind", ["virtual", "local"])
def test_a_failure_in_the_queue_bounces_unless_nobody_is_to_hear_of_it(
    postfix: type[Postfix], kind: str
) -> None:
    virtual, local = ([ALICE], []) if kind == "virtual" else ([], ["alice"])
    with postfix(virtual=virtual, local=local, fails_later=True) as server:
        send(server, ALICE, sender="")
        send(server, ALICE, options=("NOTIFY=NEVER",))
        assert server.log().count("status=bounced") == 2
        assert server.foreign() == []
        send(server, ALICE)
        assert server.foreign() == [SENDER]
        assert server.queue() == []


def test_a_bounce_for_a_local_sender_stays_here(postfix: type[Postfix]) -> None:
    with postfix(local=["alice"]) as server:
        send(server, ALICE, b"Delivered-To: alice@example.org\r\n" + MAIL, sender=ALICE)
        (bounce,) = server.delivered("alice")
        assert b"Return-Path: <>\n" in bounce
        assert server.foreign() == []


def test_a_recipient_is_refused_with_the_reply_that_was_ordered(postfix: type[Postfix]) -> None:
    refuses = {"bob@example.org": "450 4.2.2 full", "carol@example.org": "550 5.1.1 no, never"}
    with postfix(virtual=[ALICE], refuses=refuses) as server, session(server) as client:
        client.mail(SENDER)
        replies = {name: client.rcpt(f"{name}@example.org") for name in ("bob", "carol", "alice")}
        assert replies["bob"] == (450, b"4.2.2 <bob@example.org>: Recipient address rejected: full")
        assert replies["carol"] == (
            550,
            b"5.1.1 <carol@example.org>: Recipient address rejected: no, never",
        )
        assert replies["alice"][0] == 250


def test_a_mail_that_cannot_be_delivered_yet_lies_in_the_queue(postfix: type[Postfix]) -> None:
    with postfix(virtual=[ALICE], settings={"virtual_transport": "later:"}) as server:
        send(server, ALICE)
        send(server, ALICE, sender="")
        queued = {entry.sender: entry for entry in server.queue()}
        assert set(queued) == {SENDER, ""}
        assert {entry.recipients for entry in queued.values()} == {(ALICE,)}
        assert {entry.folder for entry in queued.values()} <= {"deferred", "active"}
        assert server.delivered(ALICE) == []


def test_a_deferred_mail_is_tried_again_soon(postfix: type[Postfix]) -> None:
    with postfix(virtual=[ALICE]) as server:
        folder = server.root / "mail" / ALICE / "Maildir" / "tmp"
        folder.chmod(0)
        send(server, ALICE)
        assert [entry.recipients for entry in server.queue()] == [(ALICE,)]
        folder.chmod(0o755)
        deadline = time.monotonic() + 30
        while server.queue() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(server.delivered(ALICE)) == 1


def test_settle_waits_for_all_of_many_mails_and_their_bounces(postfix: type[Postfix]) -> None:
    with postfix(virtual=[ALICE], fails_later=True) as server:
        with session(server) as client:
            for number in range(30):
                client.sendmail(f"sender{number}@outside.test", [ALICE], MAIL)
        server.settle()
        assert sorted(server.foreign()) == sorted(f"sender{number}@outside.test" for number in range(30))


def test_settle_does_not_wait_for_a_mail_that_was_never_finished(gateway: Postfix) -> None:
    with session(gateway) as client:
        client.mail(SENDER)
        client.rcpt(ALICE)
        client.docmd("DATA")
        client.send(MAIL)
        client.close()
    gateway.settle()


def test_ehlo_offers_what_it_was_told_to(postfix: type[Postfix], gateway: Postfix) -> None:
    with session(gateway) as client:
        assert {
            "dsn",
            "pipelining",
            "size",
            "8bitmime",
            "smtputf8",
            "chunking",
            "starttls",
            "enhancedstatuscodes",
        } <= set(client.esmtp_features)
    with postfix(virtual=[ALICE], dsn=False, pipelining=False) as server, session(server) as client:
        assert not {"dsn", "pipelining"} & set(client.esmtp_features)
        client.mail(SENDER)
        assert client.rcpt(ALICE, ["NOTIFY=NEVER"])[0] == 501


def test_a_mail_that_is_too_big_is_refused_before_or_after_its_bytes(postfix: type[Postfix]) -> None:
    with postfix(virtual=[ALICE], settings={"message_size_limit": "1000"}) as server:
        with session(server) as client:
            assert client.mail(SENDER, ["SIZE=2000"])[0] == 552
        with session(server) as client:
            client.mail(SENDER)
            client.rcpt(ALICE)
            assert client.data(MAIL + b"0123456789\r\n" * 100)[0] == 552
        server.settle()
        assert server.delivered(ALICE) == []


def test_for_loopback_missing_headers_are_added_unless_told_otherwise(
    postfix: type[Postfix], gateway: Postfix
) -> None:
    send(gateway, ALICE, b"Subject: x\r\n\r\nBody\r\n")
    assert b"\nMessage-Id: " in gateway.delivered(ALICE)[-1]
    with postfix(virtual=[ALICE], settings={"local_header_rewrite_clients": ""}) as server:
        send(server, ALICE, b"Subject: x\r\n\r\nBody\r\n")
        assert [without_trace(mail) for mail in server.delivered(ALICE)] == [b"Subject: x\n\nBody\n"]


def test_a_lone_line_feed_ends_a_mail_early_where_nothing_forbids_it(postfix: type[Postfix]) -> None:
    with postfix(virtual=[ALICE], bare_newline="no") as server:
        assert smuggle(server) == [250, 250]
        server.settle()
        assert [mail.endswith(b"\n\nBody\n") for mail in server.delivered(ALICE)] == [True]


def test_normalize_takes_a_lone_line_feed_for_an_ordinary_line(postfix: type[Postfix]) -> None:
    with postfix(virtual=[ALICE], bare_newline="normalize") as server:
        assert smuggle(server) == [250]
        server.settle()
        assert [mail.endswith(b"\n\nBody\nNOOP\n") for mail in server.delivered(ALICE)] == [True]


def test_reject_refuses_a_lone_line_feed(postfix: type[Postfix]) -> None:
    with postfix(virtual=[ALICE], bare_newline="reject") as server:
        assert smuggle(server) == [550]
        server.settle()
        assert server.delivered(ALICE) == []


def smuggle(server: Postfix) -> list[int]:
    """The codes that answer a mail with LF . LF in its midst: two where the rest was taken for a command."""
    with session(server) as client:
        client.mail(SENDER)
        client.rcpt(ALICE)
        client.docmd("DATA")
        client.send(SMUGGLED + b".\r\nQUIT\r\n")
        codes = []
        with contextlib.suppress(smtplib.SMTPServerDisconnected):
            while (code := client.getreply()[0]) != 221:
                codes.append(code)
    return [code for code in codes if code not in {500, 502}]


def test_tls_by_starttls_and_from_the_start_verifies_against_the_authority(gateway: Postfix) -> None:
    context = ssl.create_default_context(cafile=str(gateway.ca_file))
    for host in ("localhost", "127.0.0.1"):
        with smtplib.SMTP(host, gateway.smtp_port, timeout=10) as upgraded:
            assert upgraded.starttls(context=context)[0] == 220
            assert upgraded.noop()[0] == 250
        with smtplib.SMTP_SSL(host, gateway.smtps_port, timeout=10, context=context) as implicit:
            assert implicit.noop()[0] == 250


def test_the_submission_port_wants_tls_and_a_password_of_dovecots(
    postfix: type[Postfix], dovecot: Dovecot, fresh_user: str
) -> None:
    with (
        postfix(virtual=[ALICE], auth_socket=dovecot.auth_socket) as server,
        smtplib.SMTP(server.host, server.submission_port, timeout=10) as client,
    ):
        client.ehlo()
        assert "auth" not in client.esmtp_features
        assert client.mail(SENDER)[0] == 530
        client.starttls(context=ssl.create_default_context(cafile=str(server.ca_file)))
        client.ehlo()
        assert {"PLAIN", "LOGIN"} <= set(client.esmtp_features["auth"].split())
        client.mail(SENDER)
        assert client.rcpt(ALICE)[0] == 554
        client.rset()
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(fresh_user, "wrong")
        client.login(fresh_user, dovecot.password)
        assert client.sendmail(SENDER, [ALICE], MAIL) == {}
        server.settle()
        assert len(server.delivered(ALICE)) == 1


def test_a_lone_carriage_return_becomes_a_space_and_other_bytes_stay(gateway: Postfix) -> None:
    with session(gateway) as client:
        client.mail(SENDER)
        client.rcpt(ALICE)
        client.docmd("DATA")
        client.send(MAIL[:-6] + b"NUL \0, \xe9\xff, CR\r.\r\n.\r\n")
        assert client.getreply()[0] == 250
    gateway.settle()
    assert gateway.delivered(ALICE)[-1].endswith(b"\n\nNUL \0, \xe9\xff, CR .\n")


def test_a_postfix_before_a_dovecot_hands_over_by_lmtp_without_the_callers_dsn(
    postfix: type[Postfix], dovecot: Dovecot, fresh_user: str
) -> None:
    full = dovecot.add_user(f"{fresh_user}-full", settings={"quota_rule": "*:storage=1K"})
    boxes = [f"{name}@example.org" for name in (fresh_user, full)]
    transport = f"lmtp:inet:{dovecot.host}:{dovecot.lmtp_port}"
    with postfix(virtual=boxes, settings={"virtual_transport": transport}) as server:
        for box in boxes:
            send(server, box, MAIL + b"0123456789\r\n" * 100, options=("NOTIFY=NEVER",))
        assert dovecot.count(fresh_user) == 1
        assert "dsn=5.2.2, status=bounced" in server.log()
        assert server.foreign() == []
        send(server, full + "@example.org", MAIL + b"0123456789\r\n" * 100)
        assert server.foreign() == [SENDER]


def test_many_connections_at_once_are_served(gateway: Postfix) -> None:
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(session(gateway)) for _ in range(20)]
        assert {client.noop()[0] for client in clients} == {250}


def test_two_servers_know_nothing_of_each_other(postfix: type[Postfix], gateway: Postfix) -> None:
    before = len(gateway.delivered(ALICE))
    with postfix(virtual=[ALICE]) as server:
        send(server, ALICE)
        assert len(server.delivered(ALICE)) == 1
    assert len(gateway.delivered(ALICE)) == before


def test_one_domain_is_not_both_locals_and_virtuals(postfix: type[Postfix]) -> None:
    with pytest.raises(ValueError, match=r"example\.org is either local's or virtual's"):
        postfix(virtual=[ALICE], local=["alice"])


def test_stop_leaves_no_process_and_no_file(postfix: type[Postfix]) -> None:
    with postfix(virtual=[ALICE]) as server:
        master = server._process.pid
        assert living(master)
        left_open = smtplib.SMTP(server.host, server.smtp_port, timeout=10)
        send(server, ALICE)
    left_open.close()
    assert not server.root.exists()
    assert living(master) == []
    server.stop()
