"""The unpatched connector: it sends each mail that it collects again, to everybody whom the mail names.

Owns one collection, over real sockets, as the product of 2003 did it. The fault itself, and how a copy is written, is
`lab.copywriter`'s. Assumed: the copy's envelope names the author as its sender, which is why bounces flooded people who had
sent one mail.
"""

from datetime import timedelta
from typing import Final

from seawall.lab.copywriter import Connector, recipients_of, resend
from seawall.lab.fields import split
from seawall.lab.internet.letters import author_of
from seawall.lab.internet.mail import Envelope, message_id
from seawall.lab.internet.pop3_client import session
from seawall.lab.internet.smtp_client import connected
from seawall.lab.internet.surroundings import Place, Surroundings

BETWEEN_COPIES: Final = timedelta(milliseconds=16)
"""So that no two Message-IDs, which hold the moment, are the same."""


class Unpatched:
    """A connector that collects one box; `own_server` takes what it sends."""

    name = "unpatched"

    def __init__(
        self,
        around: Surroundings,
        fault: Connector,
        *,
        organisation: str,
        box: Place,
        user: str,
        password: str,
        own_server: Place,
    ) -> None:
        self._around = around
        self._fault = fault
        self._organisation = organisation
        self._box = box
        self._user = user
        self._password = password
        self._own_server = own_server
        self._copies = 0

    async def collect(self) -> str:
        """Collect once: all mails first, then all copies of them, then the box is emptied."""
        async with session(self._box.host, self._box.port, self._user, self._password) as box:
            collected = [mail async for mail in box.mails()]
            async with connected(self._own_server.host, self._own_server.port, self._fault.host) as server:
                for number, mail in enumerate(collected):
                    await server.send(self._copy(mail, number))
                    if self._around.meter.reached is not None:
                        return ""
            await box.erase_and_quit()
        return ""

    def _copy(self, mail: bytes, number: int) -> Envelope:
        self._copies += 1
        at = self._around.clock.now + number * BETWEEN_COPIES
        data = resend(mail, self._fault, at=at, number=self._copies)
        marker = self._fault.marker.lower()
        others = [each for each in recipients_of(mail) if each.lower() != marker]
        copy = Envelope.of(author_of(split(mail)[0]), (marker, *others), data)
        journal = self._around.journal
        journal.families.add(copy.message_id, message_id(mail), "copy")
        journal.sent_again(self._organisation, copy.to(others))
        return copy
