"""What Seawall knows of a mail after reading its header: facts and defects, no judgement."""

from dataclasses import dataclass, field

from seawall.model.bounce import Bounce
from seawall.model.envelope import EnvelopeField, EnvelopeName
from seawall.model.replication import Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Seawall's own mark on a mail: the delivery that it names, and whether the mark is genuine here."""

    delivery: str
    is_genuine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """The facts of one mail. Texts are unfolded and shortened; they are hostile and shown only escaped.

    `header_digest` identifies the header as served (16 octets); `reverse_path` is the topmost
    Return-Path without its angle brackets, None where there is none or it cannot be used, and
    `return_path` the octets of the header where it stands, if that is above every hop;
    `delivered_to` are the Delivered-To (RFC 9228), lower case, topmost first.

    `envelope` holds the occurrences of the one field that the account trusts, topmost first, and `by_hosts`
    the hosts that wrote the topmost hops, "" where one names none; both are empty where the account names
    no such field.

    `content_id` is the identity of the content (16 octets), None where the body is empty; `resend_id` is
    that of this very mail on this very way: Message-ID, content, origin hop and path; None where it has no
    Message-ID or no content. `sender` is the address in From, `arrived` the date as the topmost Received has it,
    else Date. `bounce` is what a report of a failed delivery says.

    There is no To, Cc, Bcc or Resent field here, and EnvelopeName refuses them (promise 1).
    """

    header_digest: bytes
    octets: int
    received_hops: int = 0
    reverse_path: str | None = None
    return_path: tuple[int, int] | None = None
    delivered_to: tuple[str, ...] = field(default=())
    message_id: str = ""
    from_: str = ""
    subject: str = ""
    marks: tuple[Mark, ...] = field(default=())
    envelope: tuple[EnvelopeField, ...] = field(default=())
    by_hosts: tuple[str, ...] = field(default=())
    defects: tuple[str, ...] = field(default=())
    content_id: bytes | None = None
    resend_id: bytes | None = None
    sender: str = ""
    arrived: bytes = b""
    passage: Passage = field(default_factory=Passage)
    bounce: Bounce | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeCandidates:
    """What a mail's top tells of fields that could be an account's envelope: each occurrence, topmost first."""

    by_hosts: tuple[str, ...]
    fields: tuple[tuple[EnvelopeName, EnvelopeField], ...]
