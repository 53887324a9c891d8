"""How much of a source is read: the bounds that keep hostile archives and mails from taking the machine."""

from dataclasses import dataclass
from typing import Final

MOST: Final = 2**20 + 4
"""Octets of a mail that are kept: its first MiB, and enough beyond to see that there is more."""
PEEK: Final = 64 * 2**10
"""Octets of a file by which its kind is told."""
RANGE: Final = 32 * 2**20
"""Octets of a plain mbox that one piece of work takes, and above which a file is a piece of its own."""
FILES: Final = 1000
"""Files of a tree, or mails of a Maildir, that one piece of work takes at most."""
BATCH_MAILS: Final = 2000
BATCH_OCTETS: Final = 32 * 2**20
"""Mails and octets of mails that are turned to facts at once."""
MAX_UNREAD: Final = 1000
"""Sources that could not be read and are named; the others are counted."""
MAX_LOG_LINE: Final = 2**16
"""Octets of a log's line that are handed on at once."""
MAX_NAME: Final = 1024
"""Characters of a source's name that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What an archive may unpack to.

    Above `free_octets` an archive may be `max_ratio` times as large unpacked as packed: a storm's mailbox, a million
    copies of one mail, shrinks a hundredfold with zstd, and gzip ends at a thousandfold. `max_layers` counts each
    packing: a gzip in a tar in a gzip is three. `max_directory` are the octets of a zip's directory, which is read
    into memory (about 100 an entry). `max_spooled` are the octets of a zip or an Outlook mail inside another archive.
    """

    free_octets: int = 2**30
    max_ratio: int = 1000
    max_layers: int = 4
    max_entries: int = 5_000_000
    max_directory: int = 32 * 2**20
    max_spooled: int = 2**30
    max_outlook: int = 64 * 2**20


BOUNDS: Final = Bounds()
