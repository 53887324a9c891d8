"""The toy ISP as an honest server, judged by clients that its authors did not write."""

import asyncio
import base64
import poplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trustme
from scramp import ScramClient

from hostile.cases import behaviour, hostile_mails
from seawall.lab.behaviour import HONEST, Behaviour
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running
from seawall.lab.mails import ordinary_mails
from unit.lab.wiretap import PASSWORD, THREE, Wiretap, logged_in, stuffed, tapped

AUTHORITY = trustme.CA()


def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    return context


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


@contextmanager
def connected(box: Box, server: Behaviour = HONEST) -> Iterator[tuple[ToyIsp, poplib.POP3]]:
    with running(ToyIsp({"alice": (PASSWORD, box)}, server)) as isp:
        client = poplib.POP3(isp.host, isp.port, timeout=5)
        try:
            yield isp, client
        finally:
            client.close()


def read_everything(client: poplib.POP3) -> list[bytes]:
    count, octets = client.stat()
    listed = client.list()[1]
    assert len(listed) == count
    assert sum(int(line.split()[1]) for line in listed) == octets
    return [b"\r\n".join([*client.retr(number)[1], b""]) for number in range(1, count + 1)]


def log_in(client: poplib.POP3) -> None:
    client.user("alice")
    client.pass_(PASSWORD)


def test_poplib_logs_in_by_user_and_reads_every_mail_whole() -> None:
    box = Box(THREE)
    with connected(box) as (_, client):
        log_in(client)
        assert tuple(read_everything(client)) == THREE
        assert [line.split()[1] for line in client.uidl()[1]] == [mail.uidl for mail in box.mails]
        client.quit()
    assert box.raws == THREE
    assert box.sessions == 1
    assert [box.retrievals_of(raw) for raw in THREE] == [1, 1, 1]


def test_list_and_uidl_answer_for_one_mail_too() -> None:
    box = Box(THREE)
    with logged_in(box=box) as tap:
        assert tap.ask(b"LIST 2") == b"+OK 2 %d\r\n" % len(THREE[1])
        assert tap.ask(b"UIDL 2") == b"+OK 2 %s\r\n" % box.mails[1].uidl


def test_poplib_logs_in_by_apop() -> None:
    with connected(Box(THREE), behaviour("login/apop")) as (isp, client):
        client.apop("alice", PASSWORD)
        assert client.stat()[0] == 3
        client.quit()
    assert isp.commands[0] == "APOP alice ********"


def test_poplib_reads_every_mail_over_stls() -> None:
    with running(ToyIsp({"alice": (PASSWORD, Box(THREE))}, tls=server_context())) as isp:
        client = poplib.POP3(isp.host, isp.port, timeout=5)
        assert "STLS" in client.capa()
        client.stls(client_context())
        assert "STLS" not in client.capa()
        log_in(client)
        assert tuple(read_everything(client)) == THREE
        client.quit()


def test_poplib_reads_every_mail_over_implicit_tls() -> None:
    with running(ToyIsp({"alice": (PASSWORD, Box(THREE))}, tls=server_context(), implicit_tls=True)) as isp:
        client = poplib.POP3_SSL(isp.host, isp.port, timeout=5, context=client_context())
        assert "STLS" not in client.capa()
        log_in(client)
        assert tuple(read_everything(client)) == THREE
        client.quit()


def test_what_is_pipelined_in_the_clear_behind_stls_is_not_obeyed() -> None:
    with running(ToyIsp({"alice": (PASSWORD, Box(THREE))}, tls=server_context())) as isp:
        tap = Wiretap(isp)
        tap.until(b"\r\n")
        tap.send(b"STLS", b"USER mallory")
        tap.until(b"\r\n")
        with client_context().wrap_socket(tap.socket, server_hostname="127.0.0.1") as secure:
            secure.sendall(b"NOOP\r\n")
            assert secure.recv(1000).startswith(b"-ERR")
    assert isp.commands == ["STLS", "NOOP"]


def test_top_shows_the_header_and_as_many_lines_as_were_asked_for() -> None:
    with connected(Box(THREE)) as (_, client):
        log_in(client)
        header = [b"Subject: no. 1", b"Message-ID: <1@example.com>", b""]
        body = [b"line one", b".line two", b"", b"line four"]
        assert client.top(1, 0)[1] == header
        assert client.top(1, 3)[1] == header + body[:3]
        assert client.top(1, 4)[1] == header + body
        assert client.top(1, 99)[1] == header + body
        client.quit()


def test_dele_takes_effect_at_quit() -> None:
    box = Box(THREE)
    with connected(box) as (_, client):
        log_in(client)
        client.dele(2)
        assert client.stat()[0] == 2
        assert box.raws == THREE
        with pytest.raises(poplib.error_proto):
            client.retr(2)
        client.quit()
        assert box.raws == (THREE[0], THREE[2])
    assert [mail.raw for mail in box.erased] == [THREE[1]]


def test_rset_takes_dele_back() -> None:
    box = Box(THREE)
    with connected(box) as (_, client):
        log_in(client)
        client.dele(2)
        client.rset()
        assert client.stat()[0] == 3
        client.quit()
    assert box.raws == THREE


def test_without_quit_nothing_is_erased_and_the_box_is_free_again() -> None:
    box = Box(THREE)
    with connected(box) as (isp, client):
        log_in(client)
        client.dele(2)
        client.close()
        again = poplib.POP3(isp.host, isp.port, timeout=5)
        log_in(again)
        assert again.stat()[0] == 3
        again.quit()
    assert box.raws == THREE
    assert box.sessions == 2


def test_a_second_session_is_told_that_the_box_is_in_use() -> None:
    with connected(Box(THREE)) as (isp, client):
        log_in(client)
        second = Wiretap(isp)
        second.until(b"\r\n")
        second.ask(b"USER alice")
        assert second.ask(b"PASS " + PASSWORD.encode()).startswith(b"-ERR [IN-USE]")
        second.close()
        client.quit()


def test_a_wrong_password_is_refused_with_auth_and_never_logged() -> None:
    with tapped() as (isp, tap):
        tap.until(b"\r\n")
        tap.ask(b"USER alice")
        assert tap.ask(b"PASS wrong").startswith(b"-ERR [AUTH]")
        assert tap.ask(b"PASS " + PASSWORD.encode()).startswith(b"-ERR")
        assert tap.ask(b"AUTH PLAIN AGFsaWNlAHdyb25n").startswith(b"-ERR [AUTH]")
    assert isp.commands == ["USER alice", "PASS ********", "PASS ********", "AUTH PLAIN ********"]


@pytest.mark.parametrize("in_one_go", [True, False])
def test_auth_plain_works_with_and_without_an_initial_response(in_one_go: bool) -> None:
    response = b"AGFsaWNlAGNvcnJlY3QgaG9yc2U="
    with tapped() as (_, tap):
        tap.until(b"\r\n")
        if in_one_go:
            assert tap.ask(b"AUTH PLAIN " + response).startswith(b"+OK")
        else:
            assert tap.ask(b"AUTH PLAIN") == b"+ \r\n"
            assert tap.ask(response).startswith(b"+OK")


def test_auth_can_be_cancelled() -> None:
    with tapped() as (_, tap):
        tap.until(b"\r\n")
        tap.ask(b"AUTH SCRAM-SHA-256")
        assert tap.ask(b"*").startswith(b"-ERR")
        assert tap.ask(b"QUIT").startswith(b"+OK")


def base64_of(text: str) -> bytes:
    return base64.b64encode(text.encode())


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", "SCRAM-SHA-256"])
def test_scram_proves_both_sides(mechanism: str) -> None:
    client = ScramClient([mechanism], "alice", PASSWORD)
    with tapped() as (_, tap):
        tap.until(b"\r\n")
        assert tap.ask(b"AUTH " + mechanism.encode()) == b"+ \r\n"
        client.set_server_first(base64.b64decode(tap.ask(base64_of(client.get_client_first()))[2:]).decode())
        client.set_server_final(base64.b64decode(tap.ask(base64_of(client.get_client_final()))[2:]).decode())
        assert tap.ask(b"").startswith(b"+OK 3 mails")


@pytest.mark.parametrize("user", ["alice", "nobody"])
def test_scram_refuses_a_wrong_password_and_an_unknown_user(user: str) -> None:
    client = ScramClient(["SCRAM-SHA-256"], user, "wrong")
    with tapped() as (_, tap):
        tap.until(b"\r\n")
        tap.ask(b"AUTH SCRAM-SHA-256")
        reply = tap.ask(base64_of(client.get_client_first()))
        if user == "alice":
            client.set_server_first(base64.b64decode(reply[2:]).decode())
            reply = tap.ask(base64_of(client.get_client_final()))
        assert reply.startswith(b"-ERR [AUTH]")


def test_every_state_refuses_the_commands_of_the_other() -> None:
    with tapped() as (_, tap):
        tap.until(b"\r\n")
        for line in (b"STAT", b"RETR 1", b"STLS", b"XYZZY", b"", b"APOP alice 0"):
            assert tap.ask(line).startswith(b"-ERR")
        tap.ask(b"USER alice")
        tap.ask(b"PASS " + PASSWORD.encode())
        for line in (b"USER alice", b"STLS", b"RETR 9", b"RETR", b"RETR x", b"LIST 9", b"DELE 0", b"TOP 1"):
            assert tap.ask(line).startswith(b"-ERR")


@pytest.mark.parametrize("name", hostile_mails())
def test_a_hostile_mail_is_sent_as_rfc_1939_asks(name: str) -> None:
    raw = hostile_mails()[name]
    with logged_in(box=Box([raw, *THREE[:2]])) as tap:
        whole = raw if raw.endswith(b"\r\n") or not raw else raw + b"\r\n"
        tap.send(b"RETR 1", b"NOOP")
        status, _, content = tap.until(b"\r\n.\r\n+OK\r\n").partition(b"\r\n")
        assert status == b"+OK %d octets" % len(raw)
        assert content == stuffed(whole) + b"+OK\r\n"


def test_pipelined_commands_are_answered_in_order() -> None:
    with logged_in() as tap:
        tap.send(b"RETR 2", b"LIST 1", b"DELE 1", b"STAT", b"QUIT")
        replies = tap.rest()
        assert replies.startswith(b"+OK %d octets\r\n" % len(THREE[1]) + stuffed(THREE[1]) + b"+OK 1 ")
        assert replies.endswith(b"\r\n+OK\r\n+OK 2 %d\r\n+OK bye\r\n" % sum(map(len, THREE[1:])))


async def test_a_server_in_the_callers_loop_is_reachable_and_gone_afterwards() -> None:
    async with ToyIsp({"alice": (PASSWORD, Box(THREE))}) as isp:
        reader, writer = await asyncio.open_connection(isp.host, isp.port)
        assert (await reader.readline()).startswith(b"+OK")
    assert await reader.read() == b""
    writer.close()
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection(isp.host, isp.port)


def test_ten_thousand_mails_are_served_in_seconds() -> None:
    mails = ordinary_mails(10_000, 4096)
    with running(ToyIsp({"alice": (PASSWORD, Box(mails))})) as isp:
        tap = Wiretap(isp)
        tap.until(b"\r\n")
        tap.ask(b"USER alice")
        tap.ask(b"PASS " + PASSWORD.encode())
        began = time.monotonic()
        received = 0
        for first in range(1, 10_001, 200):
            tap.send(*(b"RETR %d" % number for number in range(first, first + 200)), b"NOOP")
            received += len(tap.until(b"\r\n.\r\n+OK\r\n"))
        assert received > 10_000 * 4096
        assert time.monotonic() - began < 5
        tap.close()
