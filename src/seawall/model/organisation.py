"""Which organisation a host belongs to: the part of its name that somebody registered.

An approximation without a list of all registries: two labels, three where a country's registry sells
names below a second one (`co.uk`). It is compared only with itself, so where it is too short or too long
two hosts of one organisation, or of one provider, still compare alike.
"""

from typing import Final

COUNTRY_LABEL: Final = 2
REGISTRY_LABELS: Final = frozenset(
    ("ac", "co", "com", "edu", "go", "gov", "gv", "id", "ltd", "me", "ne", "net", "nom", "or", "org", "plc")
)
"""What stands before a country's label where anybody can register below it."""
_PRIVATE: Final = frozenset(
    ("localdomain", "local", "localhost", "lan", "internal", "home", "intern", "invalid")
)


def organisation(host: str) -> str:
    """Return a host's organisation in lower case, "" for a private name, a number or a name without a dot."""
    labels = host.rstrip(".").lower().split(".")
    last = labels[-1]
    if len(labels) < 2 or last in _PRIVATE or last.isdigit() or ":" in last:  # noqa: PLR2004 -- one label is no domain
        return ""
    if len(last) == COUNTRY_LABEL and labels[-2] in REGISTRY_LABELS:
        return ".".join(labels[-3:])
    return ".".join(labels[-2:])
