"""From the sections about servers and envelopes to what they mean, once each by itself is right.

Owns the defaults that depend on where a server is, and which keys of a next hop exclude each other.
Refuses to know lines and names of sections.
"""

from collections.abc import Iterator

from seawall.config import hosts, schema
from seawall.model.account import Credentials, NextHopDestination, Server, Speech, Tls, UnixSocket
from seawall.model.address import Address
from seawall.model.envelope import Multidrop
from seawall.model.secret import PasswordCommand, PasswordFile, SecretSource


def next_hop_mistakes(section: schema.NextHop) -> Iterator[tuple[bool, str, str]]:
    """Yield what could be wrong between the keys of a next hop: whether it is, the key, and a sentence."""
    has_socket, has_password = section.socket is not None, secret_source(section) is not None
    yield section.host is None and not has_socket, "host", "is missing: where mail is taken"
    yield section.host is not None and has_socket, "socket", "host is given too: keep one of them"
    yield has_socket and section.kind == "smtp", "socket", 'is for kind "lmtp"'
    yield has_socket and section.port is not None, "port", "has no meaning with socket"
    yield has_socket and section.tls not in {None, Tls.NONE}, "tls", "has no meaning with socket"
    yield (
        section.password_file is not None and section.password_command is not None,
        "password_command",
        "password_file is given too: keep one of them",
    )
    yield section.user is None and has_password, "user", "is missing, and a password is given"
    yield section.user is not None and not has_password, "password_file", "is missing, and user is given"


def next_hop(name: str, section: schema.NextHop) -> NextHopDestination:
    """Return the next hop that a section without mistakes means."""
    speech = Speech(section.kind)
    secret = secret_source(section)
    credentials = None
    if section.user is not None and secret is not None:
        credentials = Credentials(user=section.user, secret=secret)
    return NextHopDestination(
        name=name,
        speech=speech,
        place=_place(section, speech),
        credentials=credentials,
        connections=section.connections,
        patience=section.timeout,
        ignores_delivered_to=section.ignores_delivered_to,
    )


def _place(section: schema.NextHop, speech: Speech) -> Server | UnixSocket:
    if section.socket is not None or section.host is None:
        return UnixSocket(section.socket or "")
    tls = section.tls
    if tls is None:
        tls = Tls.NONE if hosts.is_loopback(section.host) or section.insecure else Tls.STARTTLS
    port = section.port
    if port is None:
        port = schema.LMTP_PORT if speech is Speech.LMTP else schema.SMTP_PORT
        if speech is Speech.SMTP and (section.user is not None or tls is Tls.IMPLICIT):
            port = schema.SUBMISSION_PORT[tls]
    return Server(host=section.host, port=port, tls=tls, ca_file=section.ca_file, pin=section.pin)


def secret_source(section: schema.Account | schema.NextHop) -> SecretSource | None:
    """Return where a section's password comes from; None where it names nothing."""
    if section.password_command is not None:
        return PasswordCommand(argv=section.password_command)
    return None if section.password_file is None else PasswordFile(path=section.password_file)


def received_by(section: schema.Multidrop, user: str) -> Multidrop:
    """Return how an account tells who receives; its box is its POP3 user, where that is an address."""
    box = section.box
    if box is None and "@" in user:
        try:
            box = Address.parse(user)
        except ValueError:
            box = None
    return Multidrop(
        envelope=section.envelope,
        isp=section.isp,
        isp_hops=section.isp_hops,
        unknown=section.unknown,
        strip_prefix=section.strip_prefix,
        box=box,
    )
