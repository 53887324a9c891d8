"""A mailing list: one address, expanded to its subscribers by its own server (RFC 5321 §3.9.2).

Owns what the list writes into a mail (RFC 2369, RFC 2919) and the envelope, whose reverse-path is the list's own.
A list of 2004 sends whatever comes; one that stops loops drops what bears its own List-Id.
"""

from seawall.lab.fields import joined, name_of, split, values
from seawall.lab.internet.mail import Envelope
from seawall.lab.internet.mta import Mta
from seawall.lab.internet.smtp_server import OK
from seawall.lab.internet.surroundings import Surroundings


class MailingList:
    """The address of a list, at its server."""

    def __init__(
        self,
        around: Surroundings,
        mta: Mta,
        *,
        address: str,
        subscribers: tuple[str, ...],
        stops_loops: bool,
    ) -> None:
        self._around = around
        self._mta = mta
        self._address = address
        self._subscribers = subscribers
        self._stops_loops = stops_loops
        self._sent = 0

    def answer(self) -> str:
        """Say that it takes mail from anybody."""
        return OK

    async def deliver(self, envelope: Envelope) -> None:
        """Send a mail to all subscribers, under the list's own envelope and header fields."""
        name, _, host = self._address.partition("@")
        identity = f"<{name}.{host}>"
        fields, body = split(envelope.data)
        journal = self._around.journal
        if self._stops_loops and any(identity in value for value in values(fields, b"list-id")):
            journal.note("stopped by the list", self._address, envelope.message_id)
            return
        self._sent += 1
        kept = [field for field in fields if name_of(field) not in {b"return-path", b"list-id", b"list-post"}]
        own = (
            f"List-Id: {identity}",
            f"List-Post: <mailto:{self._address}>",
            "Precedence: list",
            f"X-Archive-Position: {self._sent}",
        )
        data = joined([*kept, *(field.encode() for field in own)], body)
        journal.note(
            "expanded",
            self._address,
            envelope.message_id,
            recipients=len(self._subscribers),
            number=self._sent,
        )
        self._mta.queue(Envelope.of(f"{name}-bounces@{host}", self._subscribers, data))


class Bin:
    """An address at which nobody looks: a list's own for bounces."""

    def answer(self) -> str:
        """Say that it takes all."""
        return OK

    async def deliver(self, envelope: Envelope) -> None:
        """Forget the mail."""
        del envelope
