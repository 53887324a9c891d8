"""The servers and the mails of the audit's cases, by name, for tests that play no audit.

Owns the way from a name to a Behaviour or to octets. Refuses to know what should come of them: that is a test's to say.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from seawall.lab.audit.case import Case
from seawall.lab.audit.reading import shipped
from seawall.lab.behaviour import HONEST, Behaviour, Pace, Stop

LARGEST: Final = 4 * 2**20
"""Octets of a mail from which it is large and no more hostile than others."""
UNPLAYED: Final = MappingProxyType(
    {
        "an-octet-a-second": Behaviour(pace=Pace(octets=(1,), seconds=1.0)),
        "an-octet-a-second-of-a-mail": Behaviour(pace=Pace(octets=(1,), seconds=1.0, at=("RETR", 2))),
        "drop-in-every-uidl": Behaviour(stops=(Stop(at=("UIDL", None)),)),
        "login-delay-announced": Behaviour(login_delay="900"),
    }
)
"""Servers that no case has: what goes on for ever at one of these, or only between polls, is not seen by an audit."""


@cache
def _by_name() -> Mapping[str, Case]:
    return MappingProxyType({f"{case.group}/{case.name}": case for case in shipped()})


def behaviour(name: str) -> Behaviour:
    """How the server of the case GROUP/NAME behaves; in most of them the second mail of three is the one that is hit."""
    return _by_name()[name].server


@cache
def misbehaving() -> Mapping[str, Behaviour]:
    """Every server that is not the honest one: each once, under the name of the first case that has it."""
    found: dict[str, Behaviour] = {}
    for name, server in {**UNPLAYED, **{name: case.server for name, case in _by_name().items()}}.items():
        if server != HONEST and server not in found.values():
            found[name] = server
    return MappingProxyType(found)


@cache
def hostile_mails() -> Mapping[str, bytes]:
    """Every mail, by GROUP/NAME/MAIL, that a case has of its own: what all cases may name is the good mail around it."""
    found: dict[str, bytes] = {}
    for name, case in _by_name().items():
        own = tomllib.loads(case.path.read_text(encoding="utf-8")).get("mails", {})
        for mail in own:
            octets = case.mails[mail].octets
            if len(octets) <= LARGEST and octets not in found.values():
                found[f"{name}/{mail}"] = octets
    return MappingProxyType(found)
