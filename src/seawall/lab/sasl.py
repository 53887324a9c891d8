"""The server's side of AUTH (RFC 5034): PLAIN (RFC 4616) and SCRAM (RFC 5802).

Owns what is challenged and when a client has proved itself. Refuses to know base64 and the
protocol around it. An exchange yields challenges, is sent responses, and returns the user.
"""

from collections.abc import Generator, Mapping

from scramp import ScramException, ScramMechanism

Exchange = Generator[bytes, bytes, str]


class NotProved(Exception):
    """The client did not prove that it knows the password."""


def exchange(mechanism: str, passwords: Mapping[str, str]) -> Exchange:
    """Return the exchange of `mechanism`; its first challenge is empty, as the client speaks first."""
    return _plain(passwords) if mechanism == "PLAIN" else _scram(mechanism, passwords)


def _plain(passwords: Mapping[str, str]) -> Exchange:
    response = yield b""
    words = response.decode("utf-8", "replace").split("\0")
    if len(words) != 3 or passwords.get(words[1]) != words[2]:  # noqa: PLR2004 -- authzid, authcid, passwd
        raise NotProved
    return words[1]


def _scram(mechanism: str, passwords: Mapping[str, str]) -> Exchange:
    scram = ScramMechanism(mechanism)
    users: list[str] = []

    def stored(user: str) -> tuple[bytes, bytes, bytes, int] | None:
        if user not in passwords:
            return None
        users.append(user)
        found: tuple[bytes, bytes, bytes, int] = scram.make_auth_info(passwords[user])
        return found

    server = scram.make_server(stored)
    try:
        server.set_client_first((yield b"").decode("utf-8", "replace"))
        server.set_client_final((yield server.get_server_first().encode()).decode("utf-8", "replace"))
        yield server.get_server_final().encode()
    except ScramException as problem:
        raise NotProved from problem
    return users[0]
