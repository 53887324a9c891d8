"""A mail on its way, with the servers that it truly passed.

Owns how a server's lines come onto a mail and how they go. Refuses to know who sends it and why.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Final

from seawall.lab.copywriter import Connector, resend
from seawall.lab.writer.refolded import refolded, refolding
from seawall.lab.writer.style import Handover, Host
from seawall.lab.writer.styles import write

_FIELD_END: Final = re.compile(rb"\r\n(?![ \t])")
_OF_DELIVERY: Final = (
    b"return-path:",
    b"delivered-to:",
    b"x-original-to:",
    b"envelope-to:",
    b"delivery-date:",
)
"""What a mailbox's server puts on top, in lower case; another one's is gone before it writes its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A server that a mail passed."""

    host: Host
    moment: float
    """The true time, in Unix seconds."""
    received: int
    """How many of the Received that it wrote are still there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A header's fields (with their folds, without line ends), a body, and the truth about both."""

    header: tuple[bytes, ...]
    body: bytes
    stops: tuple[Stop, ...] = ()
    """Its way from its origin, this mail's own or that of the one it is a copy of."""
    forged: tuple[bytes, ...] = ()
    """Fields that lie about that way, and are still there."""

    def octets(self) -> bytes:
        """Return the mail as POP3 gives it."""
        return b"\r\n".join((*self.header, b"", self.body))

    def first(self, name: bytes) -> bytes:
        """Return a field's value; its name is in lower case. Empty where there is none."""
        for field in self.header:
            label, _, value = field.partition(b":")
            if label.lower() == name:
                return value.strip()
        return b""


def taken(mail: Mail, handover: Handover) -> Mail:
    """Return the mail as the server has it: what it takes away is gone, what it writes is there."""
    server, header, stops, forged = handover.server, mail.header, mail.stops, mail.forged
    if server.is_stripping:
        header = tuple(field for field in header if not field.startswith(b"Received:"))
        stops = tuple(replace(stop, received=0) for stop in stops)
        forged = tuple(field for field in forged if not field.startswith(b"Received:"))
    if handover.is_final:
        header = without(header, _OF_DELIVERY)
    written = write(handover)
    above = [field.encode() for field in written.above]
    below = [field.encode() for field in written.below]
    if below:
        # Real mails that passed several such servers have these once.
        header = without(header, tuple(field.partition(b":")[0].lower() + b":" for field in below))
    stop = Stop(host=server, moment=handover.moment, received=written.received)
    header = (*above, *header, *below)
    if handover.is_final and server.style != "fetchmail":
        header = refolded(header, refolding(handover.at.year, server.settled("refolds", range(100))))
    return Mail(header=header, body=mail.body, stops=(*stops, stop), forged=forged)


def laid_down(
    mail: Mail, server: Host, mailbox: str, *, reverse_path: str, moment: float, draw: Random
) -> Mail:
    """Return the mail in a mailbox on a server that has it already: fields of delivery, and no line of trace."""
    written = write(
        Handover(
            client=server,
            server=server,
            moment=moment,
            reverse_path=reverse_path,
            recipients=(mailbox,),
            draw=draw,
            mailbox=mailbox,
        )
    )
    above = [field.encode() for field in written.above if field.lower().encode().startswith(_OF_DELIVERY)]
    return replace(mail, header=(*above, *without(mail.header, _OF_DELIVERY)))


def without(header: Sequence[bytes], names: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return a header without some fields; the names are in lower case, with their colon."""
    return tuple(field for field in header if not field[:64].lower().startswith(names))


def resent(mail: Mail, connector: Connector, server: Host, *, moment: float, number: int) -> Mail:
    """Return the copy that a connector of 2003 makes of a mail (`copywriter.resend`), with its way."""
    at = server.clock(moment)
    octets = resend(
        mail.octets(), connector, at=at, number=number, delay=timedelta(milliseconds=16 + number % 470)
    )
    header, _, body = octets.partition(b"\r\n\r\n")
    stops = tuple(replace(stop, received=0) for stop in mail.stops)
    return Mail(
        header=tuple(_FIELD_END.split(header)),
        body=body,
        stops=(*stops, Stop(host=server, moment=moment, received=1)),
        forged=tuple(field for field in mail.forged if not field.startswith(b"Received:")),
    )
