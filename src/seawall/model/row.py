"""A mail as what traces a storm sees it: one row of facts, and its hops (DESIGN §7).

Every text came out of a mail: it is hostile, shortened, and shown only escaped. Times are Unix seconds.
"""

from typing import NamedTuple


class Hop(NamedTuple):
    """One Received field in its clauses (RFC 5321 §4.4). "" and None: not told.

    `helo` is what the client called itself, `rdns` the name that the server looked up for it, `from_ip` the
    address that the server saw, an IPv4 or IPv6 address without brackets. Names are in lower case, without a dot at
    their end. `by` is the host that wrote the field, `protocol` what stands behind `with`, `queue_id` behind `id`,
    `recipient` behind `for`. `product` and `version` are those of the program that wrote it, as far as it says so.
    `defects` names what is odd about it; `text` is the field as it stands, unfolded.
    `prefix_id` names the way from the origin up to here: hops of two mails have the same where all of both ways up to
    here is the same; `parent_id` is that of the hop before, 0 at the origin.
    """

    helo: str
    rdns: str
    from_ip: str
    by: str
    protocol: str
    queue_id: str
    recipient: str
    at: float | None
    product: str
    version: str
    defects: tuple[str, ...]
    text: str
    prefix_id: int = 0
    parent_id: int = 0


class DeliveredTo(NamedTuple):
    """One Delivered-To (RFC 9228) in lower case, and how many hops stand above it."""

    address: str
    hops_above: int


class Report(NamedTuple):
    """What a report of a failed delivery says (RFC 3464); see model.bounce.Bounce."""

    action: str
    status: str
    cause: str
    recipients: tuple[str, ...]
    reporter: str
    original_message_id: str
    original_from: str
    original_hosts: tuple[str, ...]
    is_about_bounce: bool


class Row(NamedTuple):
    """The facts of one mail, apart from where it was found.

    `exact_id` is Message-ID and content in one, `content_id` what stays when a machine copies a mail, `body_id`
    its body alone (16 octets each, None where there is nothing to tell mails apart by). `recipients` are the addresses in To and Cc, the first
    1,000 of `recipient_count`; `marked_recipients` those anywhere in a recipient field that bear a connector's marker.
    `envelope_to` is what X-Original-To, Envelope-To and their like say. `hops` are in the order of the way, the
    origin's first, at most 256 of `hop_count`.
    `minted_at` and `minted_ip` are the moment and the host that a Microsoft Message-ID encodes, `pickup_host` is who
    says that its pickup folder sent the mail, `pickup_arrival` the moment in X-OriginalArrivalTime. `mailer` is
    X-MimeOLE or X-Mailer or User-Agent. `list_positions` are a list's own numbers for this mail, topmost first, as
    "name: value"; `loop_addresses` those that lists, robots and rules wrote twice to know their own mail again;
    `thread` is the Message-ID that References begins with.
    """

    size: int
    header_size: int
    message_id: str
    exact_id: bytes | None
    content_id: bytes | None
    body_id: bytes | None
    from_address: str
    sender_domain: str
    subject: str
    subject_norm: str
    date: float | None
    return_path: str | None
    recipients: tuple[str, ...]
    recipient_count: int
    marked_recipients: tuple[str, ...]
    envelope_to: tuple[str, ...]
    delivered_to: tuple[DeliveredTo, ...]
    hops: tuple[Hop, ...]
    hop_count: int
    list_id: str
    list_positions: tuple[str, ...]
    loop_addresses: tuple[str, ...]
    auto_submitted: str
    is_resent: bool
    thread: str
    in_reply_to: str
    mailer: str
    minted_at: float | None
    minted_ip: str
    pickup_host: str
    pickup_arrival: float | None
    report: Report | None
    defects: tuple[str, ...]
