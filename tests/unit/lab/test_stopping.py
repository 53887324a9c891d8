"""Whatever the clients do, the toy ISP stops at once, leaves nothing open, and hides no failure of its own."""

import gc
import socket
from typing import Any

import pytest

from hostile.cases import misbehaving
from seawall.lab.behaviour import Behaviour
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running
from unit.lab.test_honest import server_context
from unit.lab.wiretap import PASSWORD, THREE, Wiretap, logged_in, tapped


def test_it_stops_while_a_client_is_being_accepted() -> None:
    for _ in range(20):
        with running(ToyIsp({})) as isp:
            client = socket.create_connection((isp.host, isp.port))
        client.close()
    gc.collect()


def test_it_stops_while_a_client_does_not_begin_implicit_tls() -> None:
    with running(ToyIsp({}, tls=server_context(), implicit_tls=True)) as isp:
        client = socket.create_connection((isp.host, isp.port))
    client.close()
    gc.collect()


def test_it_stops_while_a_client_does_not_begin_tls_after_stls() -> None:
    with running(ToyIsp({}, tls=server_context())) as isp:
        tap = Wiretap(isp)
        tap.until(b"\r\n")
        assert tap.ask(b"STLS").startswith(b"+OK")
    tap.close()
    gc.collect()


def test_bytes_can_be_injected_behind_the_reply_to_stls() -> None:
    injecting = Behaviour(behind={("STLS", None): b"+OK injected\r\n+OK injected\r\n"})
    with running(ToyIsp({}, injecting, tls=server_context())) as isp:
        tap = Wiretap(isp)
        tap.until(b"\r\n")
        tap.send(b"STLS")
        assert tap.socket.recv(1000).endswith(b"\r\n+OK injected\r\n+OK injected\r\n")
        tap.close()


@pytest.mark.parametrize(
    "name", ["connection/hang-mid-mail", "an-octet-a-second-of-a-mail", "server/endless-body"]
)
def test_it_stops_while_it_misbehaves(name: str) -> None:
    with logged_in(misbehaving()[name]) as tap:
        tap.send(b"RETR 2")
        tap.socket.recv(1)


def test_a_failure_of_the_server_itself_is_raised_where_it_is_stopped() -> None:
    no_box: Any = None

    def provoke() -> None:
        with running(ToyIsp({"alice": (PASSWORD, no_box)})) as isp:
            tap = Wiretap(isp)
            tap.until(b"\r\n")
            tap.send(b"USER alice", b"PASS " + PASSWORD.encode())
            tap.rest()
            tap.close()

    with pytest.raises(ExceptionGroup):
        provoke()


def test_a_command_line_without_end_closes_the_connection() -> None:
    with tapped(box=Box(THREE)) as (_, tap):
        tap.until(b"\r\n")
        tap.socket.sendall(b"x" * 40_000)
        assert tap.rest() == b""
