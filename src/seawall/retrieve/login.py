"""Logging in: the strongest way that the server offers, and what a refusal means.

With TLS: SCRAM-SHA-256, SCRAM-SHA-1, PLAIN, USER and PASS. In the clear, which configuration
allows only to loopback or by a person's word: SCRAM first, then APOP, then the others.
"""

import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

from seawall.errors import CredentialsRefused, OurBug, ProtocolViolation, ServerRefused
from seawall.model.secret import Secret
from seawall.model.text import shown
from seawall.net.sasl import scram
from seawall.wire import commands
from seawall.wire.pop3 import Challenge, Command, Event, Status
from seawall.wire.replies import Capabilities

SCRAM: Final[tuple[str, ...]] = ("SCRAM-SHA-256", "SCRAM-SHA-1")

Exchange = Callable[[Command], Awaitable[Event]]
"""Sends one command and returns its one reply."""


def mechanisms(capabilities: Capabilities, timestamp: bytes | None, *, is_protected: bool) -> tuple[str, ...]:
    """Return the ways to log in, best first; the last is always one that every server knows (RFC 1939 §7)."""
    offered: list[str] = [name for name in SCRAM if name in capabilities.sasl]
    if timestamp is not None and not is_protected:
        offered.append("APOP")
    if "PLAIN" in capabilities.sasl:
        offered.append("PLAIN")
    if capabilities.has("USER") or not capabilities.is_announced or not offered:
        offered.append("USER")
    return tuple(offered)


async def log_in(
    exchange: Exchange,
    offered: tuple[str, ...],
    *,
    user: str,
    secret: Secret,
    timestamp: bytes | None,
    knows_auth_code: bool,
) -> str:
    """Log in by the first way, and by the next where SCRAM or APOP fails; return the one that served.

    A server can offer SCRAM or APOP for users whose stored password does not allow it, so one
    weaker way is tried after it. Raises CredentialsRefused for [AUTH] (RFC 3206 §4), and
    ServerRefused for any other refusal; `knows_auth_code` tells that a refusal without [AUTH]
    does not mean the password.
    """
    refused: ServerRefused | None = None
    for mechanism in _attempts(offered):
        status = await _attempt(exchange, mechanism, user, secret, timestamp)
        if status.is_positive:
            return mechanism
        said = secret.hidden_in(shown(status.text), user)
        refused = _refusal(status, mechanism, said, knows_auth_code=knows_auth_code)
        if status.code and status.code != "AUTH":
            break
    raise refused or OurBug("no way to log in was tried")


def _attempts(offered: tuple[str, ...]) -> tuple[str, ...]:
    first = offered[:1]
    if first and first[0] in {*SCRAM, "APOP"}:
        return first + tuple(name for name in offered[1:] if name in {"PLAIN", "USER"})[:1]
    return first


def _refusal(status: Status, mechanism: str, said: str, *, knows_auth_code: bool) -> ServerRefused:
    message = f"the server refused to log in by {mechanism}: {said}"
    if status.code == "AUTH":
        return CredentialsRefused(message, code=status.code)
    if not status.code and not knows_auth_code:
        message += " (it does not say whether the password is wrong)"
    return ServerRefused(message, code=status.code)


async def _attempt(
    exchange: Exchange, mechanism: str, user: str, secret: Secret, timestamp: bytes | None
) -> Status:
    if mechanism in SCRAM:
        return await _scram(exchange, mechanism, user, secret)
    if mechanism == "PLAIN":
        reply = await exchange(commands.auth("PLAIN"))
        if isinstance(reply, Challenge):
            answer = f"\0{user}\0{secret.reveal}".encode()
            reply = await exchange(commands.auth_response(base64.b64encode(answer)))
        return _final(reply)
    if mechanism == "APOP":
        # MD5 is what RFC 1939 §7 defines; it is used only where the alternative is the password itself.
        digest = hashlib.md5((timestamp or b"") + secret.reveal.encode(), usedforsecurity=False)
        return _final(await exchange(commands.apop(user.encode(), digest.hexdigest().encode())))
    status = _final(await exchange(commands.user(user.encode())))
    return _final(await exchange(commands.password(secret.reveal.encode()))) if status.is_positive else status


async def _scram(exchange: Exchange, mechanism: str, user: str, secret: Secret) -> Status:
    """SCRAM (RFC 5802 §3): the server must prove that it knows the password too."""
    client = scram(mechanism, user, secret)
    reply, response = await exchange(commands.auth(mechanism)), next(client)
    while isinstance(reply, Challenge):
        reply = await exchange(commands.auth_response(base64.b64encode(response)))
        if isinstance(reply, Challenge):
            try:
                response = client.send(_decoded(reply))
            except StopIteration:
                raise ProtocolViolation(f"the server does not end {mechanism}") from None
    status = _final(reply)
    if status.is_positive and response:
        raise ProtocolViolation(f"the server accepted {mechanism} without proving itself")
    return status


def _decoded(challenge: Challenge) -> bytes:
    try:
        return base64.b64decode(challenge.data, validate=True)
    except binascii.Error as problem:
        raise ProtocolViolation("the server's SASL challenge is not base64") from problem


def _final(reply: Event) -> Status:
    if not isinstance(reply, Status):
        raise ProtocolViolation("the server sent a SASL challenge where none can follow")
    return reply
