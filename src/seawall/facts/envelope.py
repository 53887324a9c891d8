"""A header's fields → the occurrences of an account's envelope field, and the hops between them.

Owns what stands above what: a server adds its lines on top, so the number of hops above an occurrence
tells which server can have written it (RFC 5321 §4.4). It judges nothing. Names of fields come as
EnvelopeName alone, which cannot name a field that a sender writes.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from seawall.facts.header import Fields, scan
from seawall.facts.received import by_host
from seawall.facts.section import header_section
from seawall.model.envelope import (
    KNOWN_NAMES,
    MAX_ISP_HOPS,
    MAX_OCCURRENCES,
    MAX_OCTETS,
    EnvelopeField,
    EnvelopeName,
)
from seawall.model.facts import EnvelopeCandidates

MAX_RECEIVED_READ: Final = 64
"""Received fields that are read; the others are counted as hops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundEnvelope:
    """The occurrences of one field, the hosts of the topmost hops (as many as MAX_ISP_HOPS), and what was odd."""

    fields: tuple[EnvelopeField, ...]
    by_hosts: tuple[str, ...]
    defects: tuple[str, ...]


def read_envelope(fields: Fields, name: EnvelopeName) -> FoundEnvelope:
    """Return where a header has the envelope field that an account trusts."""
    found, by_hosts = _walk(fields, {name.text.encode("ascii"): name})
    defects = []
    if len(found) > MAX_OCCURRENCES:
        defects.append("too-many-envelope-fields")
    kept = tuple(occurrence for _, occurrence in found[:MAX_OCCURRENCES])
    if any(len(occurrence.value) >= MAX_OCTETS for occurrence in kept):
        defects.append("envelope-field-too-long")
    return FoundEnvelope(fields=kept, by_hosts=by_hosts, defects=tuple(defects))


def read_candidates(head: bytes, names: Collection[EnvelopeName] = KNOWN_NAMES) -> EnvelopeCandidates:
    """Return which fields that could be an account's envelope are in a mail's first bytes, and where."""
    found, by_hosts = _walk(scan(header_section(head)), {name.text.encode("ascii"): name for name in names})
    return EnvelopeCandidates(by_hosts=by_hosts, fields=tuple(found[:MAX_OCCURRENCES]))


def _walk(
    fields: Fields, names: dict[bytes, EnvelopeName]
) -> tuple[list[tuple[EnvelopeName, EnvelopeField]], tuple[str, ...]]:
    """Go down a header once; one occurrence more than MAX_OCCURRENCES is kept, to tell that there are more."""
    found: list[tuple[EnvelopeName, EnvelopeField]] = []
    by_hosts: list[str] = []
    hops = read = 0
    for key, value in fields.entries:
        if key == b"received":
            read += 1
            if hops >= MAX_ISP_HOPS or read > MAX_RECEIVED_READ:
                hops += 1
                continue
            host = by_host(value)
            if host is not None:
                hops += 1
                by_hosts.append(host)
        elif key in names and len(found) <= MAX_OCCURRENCES:
            found.append((names[key], EnvelopeField(value=value[:MAX_OCTETS], received_above=hops)))
    return found, tuple(by_hosts)
