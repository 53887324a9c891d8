"""A connector's profile: the ways in which it can be configured, as values.

Refuses to know the file that it stands in (`reading`), and what a connector is offered (`preparing`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Deliver(Enum):
    """Where a connector puts mail: into files by itself, or to a next hop by one protocol or the other."""

    MAILDIR = "maildir"
    SMTP = "smtp"
    LMTP = "lmtp"


class Serves(Enum):
    """Whose mail the POP3 box holds: one mailbox's, or that of all mailboxes of a domain (a catch-all)."""

    SINGLE = "single"
    MULTIDROP = "multidrop"


class Keep(Enum):
    """What becomes of collected mail at the server: erased once delivered, or left there for good."""

    ERASE = "erase"
    FOREVER = "forever"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One configuration: `files` by their name in the connector's home, `command` collects once and ends.

    `words` are this way's own: what stands in braces in its files and its command, beside the WORDS of all.
    """

    name: str
    deliver: Deliver
    serves: Serves
    command: tuple[str, ...]
    files: Mapping[str, str]
    words: Mapping[str, str] = field(default_factory=dict)
    clean_exits: frozenset[int] = frozenset({0})


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A connector that is run as a stranger.

    `needs_a_user`: it refuses to work for root. `kept` are glob patterns in its home: the files in which it keeps mail
    that it did not deliver.
    """

    name: str
    about: str
    program: str
    version_arguments: tuple[str, ...]
    version_pattern: str
    needs_a_user: bool
    keep_words: Mapping[Keep, str]
    kept: tuple[str, ...]
    ways: tuple[Way, ...]
