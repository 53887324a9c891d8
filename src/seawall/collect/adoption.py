"""Which mails of a box are marked as seen, where a list says what another collector saw. Pure."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from seawall.decide.recognise import Recognition
from seawall.errors import Permanent
from seawall.model.mail import Listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What becomes of a box's mails: `marked` are marked as seen, `fetched` will be fetched, `known` are known already.

    `gone` counts UIDLs of the list that are not at the server any more, `again` those that are known already.
    """

    marked: tuple[Listed, ...]
    fetched: int = 0
    known: int = 0
    gone: int = 0
    again: int = 0

    def doubt(self) -> None:
        """Raise Permanent where the list has nothing in common with a box that has mails."""
        if not self.marked and self.fetched and not self.again:
            raise Permanent(
                f"none of the {self.fetched} mails at the server is in the list, so all of them would be fetched:"
                " it may be another box's list, or the UIDLs changed; nothing was marked; with --yes it is believed"
            )


def adoption(found: Recognition, seen: Collection[bytes] | None) -> Adoption:
    """Sort what is at the server and not known yet by a list of UIDLs; None marks all of it."""
    if seen is None:
        return Adoption(marked=tuple(found.fresh), known=len(found.known))
    # A UIDL that several mails share does not tell which of them was seen: better twice than never.
    sharing = Counter(listed.uidl for listed in found.fresh)
    marked = tuple(listed for listed in found.fresh if listed.uidl in seen and sharing[listed.uidl] == 1)
    there = {listed.uidl for listed in found.fresh} | {listed.uidl for listed, _ in found.known}
    return Adoption(
        marked=marked,
        fetched=len(found.fresh) - len(marked),
        known=len(found.known),
        gone=sum(uidl not in there for uidl in seen),
        again=sum(listed.uidl in seen for listed, _ in found.known),
    )
