"""The lab's own SMTP server, with clients that do as they should, and with others."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from seawall.errors import ConnectionLost
from seawall.lab.internet import gate, smtp_server
from seawall.lab.internet.gate import connect
from seawall.lab.internet.mail import Envelope, hops, message_id
from seawall.lab.internet.smtp_client import connected
from seawall.lab.internet.smtp_server import SmtpServer
from seawall.model.account import Speech

MAIL = b"Message-ID: <one@a.test>\r\n\r\n.\r\n..\r\na lone dot\r\n.\r\n"


class Desk:
    """It refuses one address at RCPT, and one behind the mail."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []

    def answer(self, recipient: str) -> str:
        return "550 5.1.1 no such user" if recipient.startswith("nobody@") else "250 2.1.5 ok"

    async def take(self, envelope: Envelope, helo: str, peer: str) -> str:
        del helo, peer
        if "late@a.test" in envelope.recipients:
            return "552 5.2.2 full"
        self.taken.append(envelope)
        return "250 2.0.0 ok"


def serving(speech: Speech, visit: Callable[[SmtpServer], Awaitable[None]]) -> list[Envelope]:
    """What the desk took while somebody visited."""
    desk = Desk()

    async def serve() -> None:
        server = SmtpServer("mail.a.test", desk, speech=speech, host="127.0.0.1")
        await server.start()
        try:
            await visit(server)
        finally:
            await server.close()

    asyncio.run(serve())
    return desk.taken


def test_a_mail_arrives_to_the_octet_dots_and_all() -> None:
    async def visit(server: SmtpServer) -> None:
        async with connected(server.host, server.port, "here.test") as client:
            for _ in range(2):
                answers = await client.send(Envelope.of("s@a.test", ("nobody@a.test", "b@a.test"), MAIL))
                assert [answer.reply.code for answer in answers] == [550, 250]

    taken = serving(Speech.SMTP, visit)
    assert [(each.reverse_path, each.recipients, each.data) for each in taken] == [
        ("s@a.test", ("b@a.test",), MAIL)
    ] * 2


def test_by_lmtp_each_recipient_has_an_answer_of_its_own() -> None:
    async def visit(server: SmtpServer) -> None:
        async with connected(server.host, server.port, "here.test", Speech.LMTP) as client:
            mail = Envelope.of("", ("b@a.test", "nobody@a.test", "late@a.test", "c@a.test"), MAIL)
            assert [answer.reply.code for answer in await client.send(mail)] == [250, 550, 552, 250]

    assert [each.recipients for each in serving(Speech.LMTP, visit)] == [("b@a.test",), ("c@a.test",)]


@pytest.mark.parametrize("octets", [b"", b"\r\n", b"one line\r\n", b"." * 9 + b"\r\n", b"\x00\xff.\r\n"])
def test_odd_mails_arrive_as_they_are(octets: bytes) -> None:
    async def visit(server: SmtpServer) -> None:
        async with connected(server.host, server.port, "here.test") as client:
            await client.send(Envelope.of("", ("b@a.test",), octets))

    assert [each.data for each in serving(Speech.SMTP, visit)] == [octets]


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (b"DATA\r\n", b"503"),
        (b"MAIL FROM:nobody\r\n", b"501"),
        (b"RCPT TO:<>\r\n", b"501"),
        (b"RCPT TO:<a b@c.test>\r\n", b"501"),
        (b"\x00\xff\xfe\r\n", b"500"),
        (b"\r\n", b"500"),
        (b"HELO\r\n", b"250"),
    ],
)
def test_whatever_a_client_says_is_answered(said: bytes, answered: bytes) -> None:
    async def visit(server: SmtpServer) -> None:
        reader, writer = await connect(server.host, server.port)
        await reader.readline()
        writer.write(said)
        assert (await reader.readline()).startswith(answered)
        writer.close()

    assert serving(Speech.SMTP, visit) == []


@pytest.mark.parametrize(
    "said", [b"x" * 5000, b"MAIL FROM:<>\r\nRCPT TO:<a@a.test>\r\nDATA\r\n" + b"x" * 5000]
)
def test_a_line_or_a_mail_without_end_is_cut(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seawall.lab.internet.gate.LIMIT", 2000)
    monkeypatch.setattr(smtp_server, "LIMIT", 2000)

    async def visit(server: SmtpServer) -> None:
        reader, writer = await connect(server.host, server.port)
        writer.write(said)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(10_000)
        writer.close()

    assert serving(Speech.SMTP, visit) == []


def test_a_silent_client_is_left_and_so_is_a_silent_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp_server, "PATIENCE", 0.05)

    async def visit(server: SmtpServer) -> None:
        reader, writer = await connect(server.host, server.port)
        assert (await reader.read()).startswith(b"220 ")
        writer.close()

    serving(Speech.SMTP, visit)
    monkeypatch.setattr(gate, "PATIENCE", 0.05)

    async def to_nobody(port: int) -> None:
        with pytest.raises(ConnectionLost, match="said nothing"):
            async with connected("127.0.0.1", port, "here.test"):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listens:
        asyncio.run(to_nobody(listens.getsockname()[1]))


@pytest.mark.parametrize("failure", [ZeroDivisionError, IsADirectoryError, TimeoutError])
def test_what_fails_at_the_desk_is_not_hidden(failure: type[Exception]) -> None:
    class Broken(Desk):
        async def take(self, envelope: Envelope, helo: str, peer: str) -> str:
            del envelope, helo, peer
            raise failure

    async def run() -> None:
        server = SmtpServer("mail.a.test", Broken(), host="127.0.0.1")
        await server.start()
        with pytest.raises(ConnectionLost):
            async with connected(server.host, server.port, "here.test") as client:
                await client.send(Envelope.of("", ("b@a.test",), MAIL))
        with pytest.raises(failure):
            await server.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("data", "identity", "passed"),
    [
        (MAIL, "one@a.test", 0),
        (b"Received: a\r\nReceived: b\r\n\tReceived: c\r\nMESSAGE-ID:<x@y.test>\r\n\r\nReceived: d\r\n", "x@y.test", 2),
        (b"\r\nMessage-ID: <in.the.body@a.test>\r\n", "?", 0),
        (b"", "?", 0),
        (b"Message-ID:", "?", 0),
    ],
)  # fmt: skip
def test_a_mails_id_and_its_hops_are_those_of_its_header(data: bytes, identity: str, passed: int) -> None:
    assert (message_id(data), hops(data)) == (identity, passed)
