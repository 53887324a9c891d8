"""The trace that Seawall puts on top of a mail: nothing else of a mail is touched (promise 6)."""

import re
from dataclasses import dataclass
from email.utils import formatdate
from typing import Final

from seawall.facts.mark import FIELD, mark_value
from seawall.model.address import Address

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9.:_-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """How a mail came here: the POP3 server's name and address, whether over TLS, and this host's name."""

    server: str
    address: str
    is_protected: bool
    here: str


def final_trace(
    *, delivery_id: str, recipient: Address, reverse_path: str | None, hop: Hop, mark_key: bytes, now: float
) -> bytes:
    """Return the trace of a final delivery by Seawall itself, LF line ends.

    Return-Path (RFC 5321 §4.4) where the mail's own topmost one tells the reverse-path (POP3 has
    no envelope, and a guess from From would be a lie), Delivered-To (RFC 9228), Received
    (RFC 5321 §4.4) and the mark.
    """
    lines = [f"Return-Path: <{reverse_path}>"] if reverse_path is not None else []
    lines += [f"Delivered-To: {recipient}", *_passage(delivery_id, recipient, hop, mark_key, now)]
    return "\n".join((*lines, "")).encode("utf-8")


def gateway_trace(*, delivery_id: str, recipient: Address, hop: Hop, mark_key: bytes, now: float) -> bytes:
    """Return the trace of a mail that another server delivers, CRLF line ends: Received and the mark alone.

    That server writes Return-Path and Delivered-To, and takes one that names its recipient for a
    loop (RFC 9228 §4).
    """
    return "\r\n".join((*_passage(delivery_id, recipient, hop, mark_key, now), "")).encode("utf-8")


def _passage(delivery_id: str, recipient: Address, hop: Hop, mark_key: bytes, now: float) -> list[str]:
    protocol = "POP3S" if hop.is_protected else "POP3"
    return [
        f"Received: from {_safe(hop.server)} ([{_safe(hop.address)}])",
        f"\tby {_safe(hop.here)} (Seawall) with {protocol} id {delivery_id}",
        f"\tfor <{recipient}>; {formatdate(now)}",
        f"{FIELD}: {mark_value(delivery_id, mark_key)}",
    ]


def _safe(name: str) -> str:
    """Keep a name from the configuration or the system from breaking the header's syntax."""
    return _UNSAFE.sub("_", name)[:255] or "unknown"
