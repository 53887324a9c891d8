"""A connection that is closed leaves no socket behind, whatever the server does about it."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from seawall.model.account import Server, Tls
from seawall.net import connection as net
from seawall.net.connection import Connection, Nobody


@contextmanager
def listening(authority: trustme.CA, *, answers: bool) -> Iterator[int]:
    """A server with TLS that reads what comes and ends its own side of the session, or never does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    is_over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with context.wrap_socket(listener.accept()[0], server_side=True) as channel:
                while channel.recv(1000):
                    pass
                if not answers:
                    is_over.wait(10)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            is_over.set()
            thread.join(10)


@pytest.mark.parametrize("answers", [True, False])
def test_a_connection_closed_last_of_all_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, answers: bool
) -> None:
    monkeypatch.setattr(net, "CLOSING_SECONDS", 10.0 if answers else 0.05)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    async def call(server: Server) -> Any:
        connection = await Connection.open(server, 10.0, Nobody())
        channel = connection._transport.get_extra_info("socket")
        connection.send(b"QUIT\r\n")
        await connection.close()
        return channel

    with listening(authority, answers=answers) as port:
        server = Server(host="127.0.0.1", port=port, tls=Tls.IMPLICIT, ca_file=str(tmp_path / "ca.pem"))
        assert asyncio.run(call(server)).fileno() == -1
