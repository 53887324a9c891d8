"""The Maildirs of a destination, one for each recipient: whether each can be written or made, and whose it is."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from seawall.collect.check.finding import Notes, named
from seawall.deliver import maildir
from seawall.errors import SeawallError
from seawall.model.account import MaildirDestination, Site
from seawall.model.address import Address

MOST_SHOWN: Final = 10
"""Maildirs that are described one by one, and as many that cannot be used."""

Sharing = Mapping[str, Sequence[Address]]
"""Directory → the recipients whose Maildir it is."""


def about_maildirs(
    destination: MaildirDestination, recipients: Sequence[Address], site: Site, notes: Notes
) -> None:
    """Note of each recipient's Maildir whether it can be written, whose it is, and the room on its disk."""
    by_directory: defaultdict[str, list[Address]] = defaultdict(list)
    for recipient in recipients:
        try:
            by_directory[maildir.directory(destination, recipient)].append(recipient)
        except SeawallError as problem:
            notes.problem(str(problem))
    _about_sharing(by_directory, notes)
    _about_each(by_directory, site, notes)


def _about_sharing(by_directory: Sharing, notes: Notes) -> None:
    for path, sharing in by_directory.items():
        if len(sharing) > 1:
            notes.warn(
                f"the mail of {len(sharing)} mailboxes ({named(sharing)}) goes into one directory, {path}: "
                "with {user} in the path each has their own"
            )


def _about_each(by_directory: Sharing, site: Site, notes: Notes) -> None:
    usable: list[str] = []
    unusable: list[str] = []
    free: list[int] = []
    for path, sharing in by_directory.items():
        try:
            look = maildir.look(path, site.min_free_octets)
        except SeawallError as problem:
            unusable.append(f"{named(sharing)}: {problem}")
            continue
        state = "can be written" if look.is_there else "is not there yet and can be made"
        usable.append(f"{named(sharing)}: {path} {state}; owner {look.owner}")
        free.append(look.free)
    for sentence in unusable[:MOST_SHOWN]:
        notes.problem(sentence)
    if len(unusable) > MOST_SHOWN:
        notes.problem(f"{len(unusable) - MOST_SHOWN} more cannot be used")
    notes.found(*usable[:MOST_SHOWN])
    if len(usable) > MOST_SHOWN:
        notes.found(f"{len(usable) - MOST_SHOWN} more can be written, or made")
    if free:
        notes.found(
            f"at least {min(free):,} octets are free there; polling stops below {site.min_free_octets:,}"
        )
