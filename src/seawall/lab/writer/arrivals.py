"""A mail in a mailbox, and why it is there.

Owns these values, and what a connector adds that brings a mail from the box to its reader. Refuses to know
how it came.
"""

from dataclasses import dataclass, replace
from random import Random

from seawall.lab.writer.cast import Organisation
from seawall.lab.writer.mail import Mail, taken
from seawall.lab.writer.style import Handover


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a mail is under way."""

    kind: str
    """`genuine`, `copy`, `reply`, `duplicate`, `ordinary`, `bounce` …: `docs/storm-writer.md` tells them."""
    parent: int | None = None
    """The number of the copy that it was made of."""
    generation: int = 0
    """How often a fault had made it anew."""
    made_by: str = ""
    """The domain whose fault made it last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A mail in a mailbox."""

    number: int
    mail: Mail
    mailbox: str
    moment: float
    """When it came there, the true time."""
    cause: Cause


def fetched(copy: Copy, organisation: Organisation, draw: Random) -> Copy:
    """Return a copy as it lies where its recipient reads it: a connector may have brought it there."""
    connector = organisation.connector
    if connector is None:
        return copy
    moment = organisation.next_poll(copy.moment) + draw.uniform(0.5, 8)
    handover = Handover(
        client=organisation.inward[-1],
        server=connector,
        moment=moment,
        reverse_path="",
        recipients=(copy.mailbox,),
        mailbox=copy.mailbox,
        draw=draw,
    )
    return replace(copy, mail=taken(copy.mail, handover), moment=moment)
