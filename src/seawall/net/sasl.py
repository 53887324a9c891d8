"""SASL mechanisms as dialogues (RFC 4422): what a client answers, and when the server has proved itself.

Each is a generator of responses that is sent the server's challenges, both without base64. The
client is content when it has ended or waits behind its last response; SCRAM waits there only once
the server has shown that it knows the password too. Refuses to know POP3 and SMTP.
"""

from collections.abc import Callable, Generator, Mapping
from typing import Final

from seawall.errors import ProtocolViolation
from seawall.model.secret import Secret

Exchange = Generator[bytes, bytes, None]


def plain(user: str, secret: Secret) -> Exchange:
    """PLAIN (RFC 4616)."""
    yield f"\0{user}\0{secret.reveal}".encode()


def login(user: str, secret: Secret) -> Exchange:
    """LOGIN, which has no standard and which some servers offer alone."""
    yield user.encode()
    yield secret.reveal.encode()


def scram(mechanism: str, user: str, secret: Secret) -> Exchange:
    """SCRAM (RFC 5802 §3); raises ProtocolViolation where the server cannot prove that it knows the password."""
    # The library takes a while to import, and most servers are spoken to without it.
    from scramp import ScramClient, ScramException  # noqa: PLC0415

    client = ScramClient([mechanism], user, secret.reveal)
    try:
        challenge = yield client.get_client_first().encode()
        client.set_server_first(_text(challenge))
        challenge = yield client.get_client_final().encode()
        client.set_server_final(_text(challenge))
    except ScramException as problem:
        raise ProtocolViolation(f"{mechanism} failed: {problem}") from problem
    yield b""


MECHANISMS: Final[Mapping[str, Callable[[str, Secret], Exchange]]] = {
    "SCRAM-SHA-256": lambda user, secret: scram("SCRAM-SHA-256", user, secret),
    "SCRAM-SHA-1": lambda user, secret: scram("SCRAM-SHA-1", user, secret),
    "PLAIN": plain,
    "LOGIN": login,
}
"""What is spoken, best first."""


def _text(challenge: bytes) -> str:
    try:
        return challenge.decode()
    except UnicodeDecodeError as problem:
        raise ProtocolViolation("the server's SASL challenge is not text") from problem
