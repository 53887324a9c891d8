"""How a connection is protected and by what a password went over it, in sentences."""

import ssl
from datetime import UTC, datetime
from typing import Final

from seawall.collect.check.finding import Notes, counted
from seawall.net.tls import expiry

FEW_DAYS: Final = 14
"""Days left of a certificate below which somebody should renew it."""
_REVEALING: Final = frozenset(("USER", "PLAIN", "LOGIN"))
"""Ways to log in that hand over the password itself."""
_WORDS: Final = {"USER": "USER and PASS"}


def about_protection(tls: ssl.SSLObject | None, now: float, notes: Notes) -> None:
    """Note the version of TLS and how long the server's certificate lasts; `now` is in Unix seconds."""
    if tls is None:
        return
    version = (tls.version() or "TLS").replace("TLSv", "TLS ")
    ends = expiry(tls)
    if ends is None:
        notes.found(f"{version}; its certificate is the pinned one, whatever date it bears")
        return
    days = (ends - datetime.fromtimestamp(now, UTC)).days
    if days < 0:
        # It was good at the handshake, by this machine's clock.
        notes.problem(f"{version}; its certificate ended on {ends:%Y-%m-%d}: it must be renewed")
        return
    if days < FEW_DAYS:
        notes.warn(
            f"its certificate ends in {counted(days, 'day')}, on {ends:%Y-%m-%d}: it is not trusted any more after that"
        )
    notes.found(f"{version}; its certificate is good for {counted(days, 'day')} more, until {ends:%Y-%m-%d}")


def about_login(where: str, mechanism: str, *, is_protected: bool, notes: Notes) -> None:
    """Note by what mechanism the login was; a warning where it showed the password to whoever listens."""
    words = _WORDS.get(mechanism, mechanism)
    notes.found(f"logged in to {where} by {words}{'' if is_protected else ' without TLS'}")
    if not is_protected and mechanism in _REVEALING:
        notes.warn(
            f"the password goes to {where} in the clear ({words} without TLS): whoever listens on the way has it"
        )
