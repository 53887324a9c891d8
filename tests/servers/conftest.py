"""Fixtures over a real Dovecot: skipped where it cannot run, a failure under SEAWALL_REQUIRE_SERVERS=1."""

import itertools
import os
from collections.abc import Iterator

import pytest

from servers.dovecot import Dovecot, unavailable

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """One server a test process; each test takes a user of its own (fresh_user, or dovecot.add_user)."""
    reason = unavailable()
    if reason is not None:
        if os.environ.get("SEAWALL_REQUIRE_SERVERS") == "1":
            pytest.fail(f"SEAWALL_REQUIRE_SERVERS=1, but {reason}")
        pytest.skip(reason)
    with Dovecot() as server:
        yield server


@pytest.fixture
def fresh_user(dovecot: Dovecot) -> str:
    """The name of a user that no other test has, with an empty box; the password is dovecot.password."""
    return dovecot.add_user(f"user{next(_numbers)}")
