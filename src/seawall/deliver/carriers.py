"""Which carrier takes mail to a destination; a Maildir needs none."""

from seawall.deliver.command import Command
from seawall.deliver.nexthop import NextHop
from seawall.deliver.transfer import Carrier
from seawall.model.account import CommandDestination, Destination, NextHopDestination


def carrier(destination: Destination, *, here: str) -> Carrier | None:
    """Return the carrier to a destination, to be shared by all who deliver there; None for a Maildir."""
    match destination:
        case NextHopDestination():
            return NextHop(destination, here=here)
        case CommandDestination():
            return Command(destination.argv, patience=destination.patience)
        case _:
            return None
