"""Fixtures over real servers: skipped where they cannot run, a failure under SEAWALL_REQUIRE_SERVERS=1."""

import itertools
import os
from collections.abc import Iterator

import pytest

from servers import dovecot as dovecot_server
from servers import postfix as postfix_server
from servers.dovecot import Dovecot
from servers.postfix import Postfix

_numbers = itertools.count(1)


def _need(reason: str | None) -> None:
    if reason is not None:
        if os.environ.get("SEAWALL_REQUIRE_SERVERS") == "1":
            pytest.fail(f"SEAWALL_REQUIRE_SERVERS=1, but {reason}")
        pytest.skip(reason)


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """One server a test process; each test takes a user of its own (fresh_user, or dovecot.add_user)."""
    _need(dovecot_server.unavailable())
    with Dovecot() as server:
        yield server


@pytest.fixture
def fresh_user(dovecot: Dovecot) -> str:
    """The name of a user that no other test has, with an empty box; the password is dovecot.password."""
    return dovecot.add_user(f"user{next(_numbers)}")


@pytest.fixture(scope="session")
def postfix() -> type[Postfix]:
    """The class, where it can run: `with postfix(virtual=["alice@example.org"]) as server:`, or in a fixture."""
    _need(postfix_server.unavailable())
    return Postfix
