"""What Seawall knows of a mail after reading its header: facts and defects, no judgement."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Seawall's own mark on a mail: the delivery that it names, and whether the mark is genuine here."""

    delivery: str
    is_genuine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """The facts of one mail. Texts are unfolded and shortened; they are hostile and shown only escaped.

    `header_digest` identifies the header as served (16 octets); `reverse_path` is the topmost
    Return-Path without its angle brackets, None where there is none or it cannot be used;
    `received_at` is the moment in the topmost Received (Unix seconds), else that of Date.
    """

    header_digest: bytes
    octets: int
    received_hops: int = 0
    received_at: float | None = None
    reverse_path: str | None = None
    message_id: str = ""
    from_: str = ""
    subject: str = ""
    marks: tuple[Mark, ...] = field(default=())
    defects: tuple[str, ...] = field(default=())
