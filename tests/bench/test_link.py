"""The link of the benches: it delays, and changes nothing else."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from link import HOST, Link, download, measured, server

OCTETS = bytes(range(251)) * 40_000


@pytest.fixture
def quick(tools: Path) -> Iterator[Link]:
    with Link(tools, rtt_seconds=0.001) as link:
        yield link


def test_a_round_trip_takes_its_time_a_greeting_two_of_them_and_bulk_data_no_longer(tools: Path) -> None:
    with Link(tools) as link:
        found = measured(link, bulk_octets=50_000_000)
    # The most is generous: other tests run beside this one. `bench/link.py` measures on a quiet machine.
    assert 0.040 <= found.round_trip_seconds < 0.060
    assert 0.080 <= found.greeting_seconds < 0.120
    assert found.bulk_octets_per_second > 20_000_000


def test_a_client_that_speaks_first_is_answered_after_two_round_trips(tools: Path) -> None:
    with server(lambda accepted: accepted.sendall(accepted.recv(9))) as port, Link(tools) as link:
        start = time.perf_counter()
        with socket.create_connection((HOST, link.to(port))) as client:
            client.sendall(b"?")
            assert client.recv(9) == b"?"
    assert 0.080 <= time.perf_counter() - start < 0.120


def test_the_end_of_one_direction_is_passed_on_and_the_other_goes_on(quick: Link) -> None:
    def talk(accepted: socket.socket) -> None:
        heard = bytearray()
        while octets := accepted.recv(1 << 20):
            heard += octets
        accepted.sendall(heard)

    with server(talk) as port, socket.create_connection((HOST, quick.to(port))) as client:
        client.sendall(OCTETS)
        client.shutdown(socket.SHUT_WR)
        answer = bytearray()
        while octets := client.recv(1 << 20):
            answer += octets
    assert answer == OCTETS


def test_a_reset_is_passed_on_behind_what_was_said_before_it(quick: Link) -> None:
    def talk(accepted: socket.socket) -> None:
        accepted.sendall(b"+OK")
        accepted.recv(1)
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with server(talk) as port, socket.create_connection((HOST, quick.to(port))) as client:
        assert client.recv(9) == b"+OK"
        client.sendall(b"?")
        with pytest.raises(ConnectionResetError):
            client.recv(9)


def test_a_client_that_resets_is_seen_by_the_server(quick: Link) -> None:
    seen: list[OSError] = []
    done = threading.Event()

    def talk(accepted: socket.socket) -> None:
        try:
            accepted.recv(9)
        except OSError as error:
            seen.append(error)
        done.set()

    with server(talk) as port:
        client = socket.create_connection((HOST, quick.to(port)))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        assert done.wait(5)
    assert isinstance(seen[0], ConnectionResetError)


def test_a_port_where_nobody_listens_resets(quick: Link) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
    with (
        socket.create_connection((HOST, quick.to(port))) as client,
        pytest.raises(ConnectionResetError),
    ):
        client.recv(1)


def test_a_thousand_connections_in_sequence(quick: Link) -> None:
    with server(lambda accepted: accepted.sendall(b"+OK")) as port:
        for _ in range(1000):
            assert download(quick.to(port)) == b"+OK"


def test_sixty_four_connections_at_once(tools: Path) -> None:
    got: list[bytearray] = []
    with server(lambda accepted: accepted.sendall(OCTETS[:200_000])) as port, Link(tools) as link:
        leads = link.to(port)
        threads = [threading.Thread(target=lambda: got.append(download(leads))) for _ in range(64)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert got == [OCTETS[:200_000]] * 64
    assert time.perf_counter() - start < 2


def test_a_slow_reader_loses_nothing(quick: Link) -> None:
    answer = bytearray()
    with (
        server(lambda accepted: accepted.sendall(OCTETS)) as port,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client,
    ):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((HOST, quick.to(port)))
        while octets := client.recv(4096):
            answer += octets
    assert answer == OCTETS
