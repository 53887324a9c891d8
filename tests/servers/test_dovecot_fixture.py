"""The fixture does what the other server tests lean on."""

import contextlib
import poplib
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator

import pytest

from servers.dovecot import Dovecot
from servers.processes import living

pytestmark = pytest.mark.server

MAILS = [
    f"Subject: {number}\nMessage-ID: <{number}@a.test>\n\nBody {number}\n".encode() for number in range(12)
]
OTHERS = [mail.replace(b"Body", b"Another body") for mail in MAILS]


@contextlib.contextmanager
def session(dovecot: Dovecot, user: str) -> Iterator[poplib.POP3]:
    client = poplib.POP3(dovecot.host, dovecot.pop3_port, timeout=10)
    try:
        client.user(user)
        client.pass_(dovecot.password)
        yield client
        client.quit()
    finally:
        client.close()


def uidls(dovecot: Dovecot, user: str) -> list[str]:
    with session(dovecot, user) as client:
        return [line.decode("latin-1").partition(" ")[2] for line in client.uidl()[1]]


def fetched(dovecot: Dovecot, user: str) -> list[bytes]:
    with session(dovecot, user) as client:
        return [b"\n".join([*client.retr(number)[1], b""]) for number in range(1, len(client.list()[1]) + 1)]


@pytest.mark.parametrize("folder", ["cur", "new"])
def test_mails_are_served_in_the_order_in_which_they_were_filled(
    dovecot: Dovecot, fresh_user: str, folder: str
) -> None:
    dovecot.fill(fresh_user, MAILS[:5], folder=folder)
    dovecot.fill(fresh_user, MAILS[5:], folder=folder)
    assert fetched(dovecot, fresh_user) == MAILS
    assert dovecot.raw_mails(fresh_user) == MAILS


def test_list_gives_the_size_on_the_wire(dovecot: Dovecot, fresh_user: str) -> None:
    dovecot.fill(fresh_user, [b"Subject: x\n\none\r\ntwo\n"])
    with session(dovecot, fresh_user) as client:
        assert client.list()[1] == [b"1 24"]
        assert client.retr(1)[2] == 24


def test_an_erased_mail_is_gone_from_the_disk_and_the_others_stay(dovecot: Dovecot, fresh_user: str) -> None:
    dovecot.fill(fresh_user, MAILS)
    with session(dovecot, fresh_user) as client:
        client.dele(3)
    assert dovecot.raw_mails(fresh_user) == MAILS[:2] + MAILS[3:]
    assert dovecot.count(fresh_user) == len(MAILS) - 1


def test_change_uidls_gives_the_same_mails_new_uidls_each_time(dovecot: Dovecot, fresh_user: str) -> None:
    dovecot.fill(fresh_user, MAILS)
    seen: set[str] = set()
    for _ in range(3):
        seen.update(uidls(dovecot, fresh_user))
        dovecot.change_uidls(fresh_user)
    seen.update(uidls(dovecot, fresh_user))
    assert len(seen) == 4 * len(MAILS)
    assert fetched(dovecot, fresh_user) == MAILS


def test_uidls_are_stable_and_never_reused_by_default(dovecot: Dovecot, fresh_user: str) -> None:
    dovecot.fill(fresh_user, MAILS)
    first = uidls(dovecot, fresh_user)
    assert uidls(dovecot, fresh_user) == first
    dovecot.empty(fresh_user)
    assert uidls(dovecot, fresh_user) == []
    dovecot.fill(fresh_user, MAILS)
    assert set(first).isdisjoint(uidls(dovecot, fresh_user))
    before_rebuild = set(first) | set(uidls(dovecot, fresh_user))
    dovecot.rebuild(fresh_user, MAILS)
    assert before_rebuild.isdisjoint(uidls(dovecot, fresh_user))


@pytest.mark.parametrize("uidl_format", ["%u", "%f"])
def test_a_rebuilt_box_reuses_the_uidls_for_other_mails_where_the_format_says_so(
    dovecot: Dovecot, fresh_user: str, uidl_format: str
) -> None:
    user = dovecot.add_user(f"{fresh_user}-reuse", settings={"pop3_uidl_format": uidl_format})
    same_size = [mail.replace(b"Body", b"Ydob") for mail in MAILS]
    dovecot.fill(user, MAILS)
    first = uidls(dovecot, user)
    dovecot.rebuild(user, same_size)
    assert uidls(dovecot, user) == first
    assert fetched(dovecot, user) == same_size


def test_uidls_can_be_given_repeated_and_reordered(dovecot: Dovecot, fresh_user: str) -> None:
    given = [f"id-{number}" for number in range(len(MAILS))]
    dovecot.fill(fresh_user, MAILS, uidls=given)
    assert uidls(dovecot, fresh_user) == given
    dovecot.set_uidls(fresh_user, given[::-1])
    assert uidls(dovecot, fresh_user) == given[::-1]
    dovecot.rebuild(fresh_user, OTHERS, uidls=given)
    assert uidls(dovecot, fresh_user) == given
    assert fetched(dovecot, fresh_user) == OTHERS
    dovecot.set_uidls(fresh_user, ["same"] * len(MAILS))
    assert uidls(dovecot, fresh_user) == ["same"] * len(MAILS)


def test_a_users_own_settings_are_obeyed(dovecot: Dovecot, fresh_user: str) -> None:
    silent = dovecot.add_user(f"{fresh_user}-silent", settings={"pop3_no_flag_updates": "yes"})
    for user in (fresh_user, silent):
        dovecot.fill(user, MAILS[:1])
        fetched(dovecot, user)
    assert next((dovecot.maildir(fresh_user) / "cur").iterdir()).name.endswith(":2,S")
    assert next((dovecot.maildir(silent) / "cur").iterdir()).name.endswith(":2,")


def test_with_a_deleted_flag_an_erased_mail_is_hidden_and_stays_on_disk(
    dovecot: Dovecot, fresh_user: str
) -> None:
    settings = {"pop3_deleted_flag": "$POP3Deleted", "pop3_delete_type": "flag"}
    user = dovecot.add_user(f"{fresh_user}-hides", settings=settings)
    dovecot.fill(user, MAILS)
    with session(dovecot, user) as client:
        client.dele(1)
    assert fetched(dovecot, user) == MAILS[1:]
    assert dovecot.count(user) == len(MAILS)


def test_tls_implicit_and_stls_verify_against_the_authority(dovecot: Dovecot, fresh_user: str) -> None:
    context = ssl.create_default_context(cafile=str(dovecot.ca_file))
    for host in ("localhost", "127.0.0.1"):
        implicit = poplib.POP3_SSL(host, dovecot.pop3s_port, timeout=10, context=context)
        implicit.user(fresh_user)
        implicit.pass_(dovecot.password)
        implicit.quit()
        upgraded = poplib.POP3(host, dovecot.pop3_port, timeout=10)
        upgraded.stls(context)
        upgraded.user(fresh_user)
        upgraded.pass_(dovecot.password)
        upgraded.quit()


def test_apop_and_the_sasl_mechanisms_are_offered(dovecot: Dovecot, fresh_user: str) -> None:
    client = poplib.POP3(dovecot.host, dovecot.pop3_port, timeout=10)
    assert {"PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-1"} <= set(client.capa()["SASL"])
    assert client.apop(fresh_user, dovecot.password).startswith(b"+OK")
    client.quit()


def test_a_wrong_password_is_refused_within_a_second_every_time(dovecot: Dovecot, fresh_user: str) -> None:
    for _ in range(3):
        client = poplib.POP3(dovecot.host, dovecot.pop3_port, timeout=1)
        client.user(fresh_user)
        with pytest.raises(poplib.error_proto, match=r"\[AUTH\]"):
            client.pass_("wrong")
        client.close()


def test_an_unknown_user_is_refused_like_a_wrong_password(dovecot: Dovecot) -> None:
    client = poplib.POP3(dovecot.host, dovecot.pop3_port, timeout=5)
    client.user("nobody-here")
    with pytest.raises(poplib.error_proto, match=r"\[AUTH\]"):
        client.pass_(dovecot.password)
    client.close()


def test_many_connections_at_once_are_served(dovecot: Dovecot, fresh_user: str) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(session(dovecot, fresh_user))


@contextlib.contextmanager
def lmtp_session(dovecot: Dovecot) -> Iterator[smtplib.LMTP]:
    with smtplib.LMTP(dovecot.host, dovecot.lmtp_port, timeout=10) as client:
        client.ehlo("connector.test")
        yield client


def hand_over(dovecot: Dovecot, recipient: str, content: bytes) -> None:
    with lmtp_session(dovecot) as client:
        client.sendmail("sender@outside.test", [recipient], content.replace(b"\n", b"\r\n"))


def without_trace(mail: bytes) -> bytes:
    """The mail as it was handed over: less what Dovecot puts on top."""
    trace = re.match(rb"Return-Path: .*\nDelivered-To: .*\nReceived: .*\n(?:\t.*\n)*", mail)
    assert trace is not None
    return mail[trace.end() :]


def test_lmtp_delivers_to_the_local_part_whatever_the_domain_case_and_tag(
    dovecot: Dovecot, fresh_user: str
) -> None:
    recipients = [f"{fresh_user}@example.org", f"{fresh_user.upper()}@other.test", f"{fresh_user}+tag@a.test"]
    for recipient, content in zip(recipients, MAILS, strict=False):
        hand_over(dovecot, recipient, content)
    delivered = dovecot.raw_mails(fresh_user)
    assert [without_trace(mail) for mail in delivered] == MAILS[:3]
    assert [mail.split(b"\n")[1].decode() for mail in delivered] == [
        f"Delivered-To: {to}" for to in recipients
    ]


def test_what_came_by_lmtp_is_fetched_by_pop3_in_the_order_of_arrival(
    dovecot: Dovecot, fresh_user: str
) -> None:
    for content in MAILS:
        hand_over(dovecot, f"{fresh_user}@example.org", content)
    delivered = dovecot.raw_mails(fresh_user)
    assert [without_trace(mail) for mail in delivered] == MAILS
    assert fetched(dovecot, fresh_user) == delivered


def test_lmtp_puts_its_trace_above_one_that_is_there(dovecot: Dovecot, fresh_user: str) -> None:
    content = b"Return-Path: <old@a.test>\nDelivered-To: old@a.test\n" + MAILS[0]
    hand_over(dovecot, f"{fresh_user}@example.org", content)
    (delivered,) = dovecot.raw_mails(fresh_user)
    assert delivered.startswith(
        f"Return-Path: <sender@outside.test>\nDelivered-To: {fresh_user}@example.org\n".encode()
    )
    assert without_trace(delivered) == content


def test_lmtp_refuses_an_unknown_user_at_rcpt(dovecot: Dovecot) -> None:
    with lmtp_session(dovecot) as client:
        client.mail("sender@outside.test")
        assert client.rcpt("nobody-here@example.org")[0] == 550


def test_lmtp_announces_what_seawall_uses_and_neither_dsn_nor_size(dovecot: Dovecot) -> None:
    with lmtp_session(dovecot) as client:
        assert set(client.esmtp_features) == {
            "8bitmime",
            "chunking",
            "enhancedstatuscodes",
            "pipelining",
            "starttls",
        }
        assert client.docmd("MAIL FROM:<a@b.test> RET=HDRS")[0] == 555
        assert client.docmd("MAIL FROM:<a@b.test> SIZE=10")[0] == 555


def test_lmtp_takes_any_byte_and_ends_a_mail_at_bare_line_feeds_too(
    dovecot: Dovecot, fresh_user: str
) -> None:
    """A client that sends a lone LF before a dot lets the mail end early: Dovecot 2.3 does not defend against it."""
    hand_over(dovecot, f"{fresh_user}@example.org", b"Subject: x\n\nNUL \0 and \xe9\xff\n.dot\n")
    with lmtp_session(dovecot) as client:
        client.mail("sender@outside.test")
        client.rcpt(f"{fresh_user}@example.org")
        client.docmd("DATA")
        client.send(b"Subject: y\r\n\r\none\rtwo\r.\r\nthree\n.\nNOOP\r\n")
        assert client.getreply()[0] == 250
        assert client.getreply()[0] == 250
    assert [without_trace(mail) for mail in dovecot.raw_mails(fresh_user)] == [
        b"Subject: x\n\nNUL \0 and \xe9\xff\n.dot\n",
        b"Subject: y\n\none\rtwo\r.\nthree\n",
    ]


@pytest.mark.parametrize(("settings", "code"), [({}, 552), ({"quota_full_tempfail": "yes"}, 452)])
def test_a_full_box_refuses_at_the_end_of_the_mail_for_now_or_for_good(
    dovecot: Dovecot, fresh_user: str, settings: dict[str, str], code: int
) -> None:
    user = dovecot.add_user(f"{fresh_user}-full", settings={"quota_rule": "*:storage=1K", **settings})
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        hand_over(dovecot, f"{user}@example.org", b"Subject: x\n\n" + b"0123456789\n" * 100)
    assert refusal.value.smtp_code == code
    assert dovecot.count(user) == 0
    hand_over(dovecot, f"{fresh_user}@example.org", MAILS[0])
    assert dovecot.count(fresh_user) == 1


def test_one_mail_to_several_recipients_has_an_answer_for_each(dovecot: Dovecot, fresh_user: str) -> None:
    full = dovecot.add_user(f"{fresh_user}-full", settings={"quota_rule": "*:storage=1K"})
    with lmtp_session(dovecot) as client:
        client.mail("sender@outside.test")
        for name in (full, fresh_user):
            assert client.rcpt(f"{name}@example.org")[0] == 250
        assert client.data(b"Subject: x\n\n" + b"0123456789\n" * 100)[0] == 552
        assert client.getreply()[0] == 250
    assert (dovecot.count(full), dovecot.count(fresh_user)) == (0, 1)


def test_lmtp_by_starttls_by_tls_from_the_start_and_by_a_unix_socket(
    dovecot: Dovecot, fresh_user: str
) -> None:
    context = ssl.create_default_context(cafile=str(dovecot.ca_file))
    recipient = f"{fresh_user}@example.org"
    with lmtp_session(dovecot) as upgraded:
        upgraded.starttls(context=context)
        upgraded.sendmail("sender@outside.test", [recipient], MAILS[0].replace(b"\n", b"\r\n"))
    with (
        socket.create_connection((dovecot.host, dovecot.lmtps_port), timeout=10) as connection,
        context.wrap_socket(connection, server_hostname="localhost") as implicit,
    ):
        assert implicit.recv(512).startswith(b"220 ")
    assert len(str(dovecot.lmtp_socket)) < 100
    with smtplib.LMTP(str(dovecot.lmtp_socket), timeout=10) as local:
        local.sendmail("sender@outside.test", [recipient], MAILS[1].replace(b"\n", b"\r\n"))
    assert [without_trace(mail) for mail in dovecot.raw_mails(fresh_user)] == MAILS[:2]


def test_many_lmtp_connections_at_once_are_served(dovecot: Dovecot, fresh_user: str) -> None:
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(lmtp_session(dovecot)) for _ in range(40)]
        for client in clients:
            client.sendmail("sender@outside.test", [f"{fresh_user}@example.org"], MAILS[0])
    assert dovecot.count(fresh_user) == 40


def test_a_personal_script_sieves_one_users_mail_and_a_later_one_replaces_it(
    dovecot: Dovecot, fresh_user: str
) -> None:
    other = dovecot.add_user(f"{fresh_user}-other")
    for script, kept in (("discard;", 0), ("keep;", 1), ("discard;", 1)):
        dovecot.sieve(fresh_user, script)
        for user in (fresh_user, other):
            hand_over(dovecot, f"{user}@example.org", MAILS[0])
        assert dovecot.count(fresh_user) == kept
    assert dovecot.count(other) == 3


def test_a_script_that_does_not_compile_is_an_error_of_the_test(dovecot: Dovecot, fresh_user: str) -> None:
    with pytest.raises(ValueError, match=r"unknown command 'nonsense'"):
        dovecot.sieve(fresh_user, "nonsense;")


def test_stop_leaves_no_process_and_no_file() -> None:
    with Dovecot(users=["carol"], settings={"pop3_deleted_flag": "$POP3Deleted"}) as server:
        master = server._process.pid
        assert living(master)
        server.fill("carol", MAILS)
        left_open = poplib.POP3(server.host, server.pop3_port, timeout=10)
        left_open.user("carol")
        left_open.pass_(server.password)
    left_open.close()
    assert not server.root.exists()
    assert living(master) == []
    server.stop()
