"""A storm that has been → `truth.json`, schema `seawall.storm/1`; docs/storm-writer.md tells every key.

Owns the form of the truth. Refuses to know how it came about.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from seawall.lab.writer.arrivals import Copy
from seawall.lab.writer.cast import Organisation
from seawall.lab.writer.storm import Frame, Storm
from seawall.lab.writer.style import Host
from seawall.lab.writer.styles import product

SCHEMA: Final = "seawall.storm/1"


def truth(storm: Storm, places: Mapping[int, tuple[int, str, int]]) -> str:
    """Return the truth as JSON; `places` tells of each copy that is seen its view, its file and its place in it.

    A copy that is not seen has none: it lay in a mailbox of which there is no view.
    """
    cast, start = storm.cast, storm.cast.start
    hosts = {stop.host.name: stop.host for copy in storm.copies for stop in copy.mail.stops}
    for organisation in cast.organisations:
        hosts |= {host.name: host for host in (*organisation.inward, *organisation.outward)}
    culprits = {culprit.domain for culprit in storm.culprits}
    head: dict[str, Any] = {
        "schema": SCHEMA,
        "seed": storm.order.seed,
        "species": storm.species.name,
        "is_storm": storm.species.is_storm,
        "start": _told(start),
        "sender": {"address": cast.sender.address, "domain": cast.sender.organisation.domain},
        "genuine": {
            "message_id": storm.genuine.first(b"message-id").decode() if storm.genuine else None,
            "subject": storm.genuine.first(b"subject").decode() if storm.genuine else None,
            "left_origin": storm.left_origin,
        },
        "addressees": [person.address for person in cast.addressees],
        "k": len(storm.culprits),
        "culprits": [
            {
                "domain": culprit.domain,
                "hosts": list(culprit.hosts),
                "product": culprit.product,
                "mailbox": culprit.mailbox or None,
                "made": storm.made.get(culprit.domain, 0),
                "sent": storm.sent.get(culprit.domain, 0),
                "fetched": [
                    [round(poll - start, 3), count]
                    for (domain, poll), count in sorted(storm.fetched.items())
                    if domain == culprit.domain
                ],
                "seen": sum(
                    _passed(storm.copies[n], culprit.hosts, culprit.domain) for n in _seen(storm, places)
                ),
            }
            for culprit in storm.culprits
        ],
        "framed": [_frame(frame, storm) for frame in storm.frames],
        "stripping": sorted(host.name for host in hosts.values() if host.is_stripping),
        "forwarding": [
            {"from": person.address, "to": person.forwards_to} for person in cast.people if person.forwards_to
        ],
        "full": [person.address for person in cast.people if person.is_full],
        "list": {
            "address": cast.forum.address,
            "software": cast.forum.software,
            "subscribers": list(cast.forum.subscribers),
        },
        "organisations": {
            organisation.domain: _organisation(organisation, is_culprit=organisation.domain in culprits)
            for organisation in cast.organisations
        },
        "hosts": {name: _host(host) for name, host in sorted(hosts.items())},
        "views": [
            {"view": number, "mailbox": address} for number, address in enumerate(storm.views, start=1)
        ],
    }
    lines = [json.dumps(_copy(copy, storm, places.get(copy.number))) for copy in storm.copies]
    opened = json.dumps(head, indent=1).removesuffix("\n}")
    return f'{opened},\n "copies": [\n' + ",\n".join(lines) + "\n ]\n}\n"


def _seen(storm: Storm, places: Mapping[int, tuple[int, str, int]]) -> Sequence[int]:
    return [n for n, copy in enumerate(storm.copies) if copy.number in places]


def _passed(copy: Copy, hosts: Sequence[str], domain: str) -> bool:
    return copy.cause.made_by == domain or any(stop.host.name in hosts for stop in copy.mail.stops)


def _copy(copy: Copy, storm: Storm, place: tuple[int, str, int] | None) -> dict[str, Any]:
    view, file, index = place or (None, None, None)
    return {
        "number": copy.number,
        "view": view,
        "file": file,
        "index": index,
        "kind": copy.cause.kind,
        "generation": copy.cause.generation,
        "parent": copy.cause.parent,
        "made_by": copy.cause.made_by or None,
        "mailbox": copy.mailbox,
        "at": round(copy.moment - storm.cast.start, 3),
        "lineage": [
            [stop.host.name, round(stop.moment - storm.cast.start, 3), stop.received]
            for stop in copy.mail.stops
        ],
        "forged": [n for n, frame in enumerate(storm.frames) if frame.field in copy.mail.forged],
    }


def _frame(frame: Frame, storm: Storm) -> dict[str, Any]:
    return {
        "domain": frame.domain,
        "how": frame.how,
        "field": frame.field.decode(),
        "copies": [copy.number for copy in storm.copies if frame.field in copy.mail.forged],
    }


def _organisation(organisation: Organisation, *, is_culprit: bool) -> dict[str, Any]:
    return {
        "keeping": organisation.keeping.value,
        "zone": organisation.zone.winter,
        "inward": [host.name for host in organisation.inward],
        "outward": [host.name for host in organisation.outward],
        "poll": organisation.poll,
        "phase": round(organisation.phase, 3),
        "is_culprit": is_culprit,
    }


def _host(host: Host) -> dict[str, Any]:
    return {
        "domain": host.domain,
        "style": host.style,
        "product": product(host.style),
        "address": host.address,
        "skew": round(host.skew, 3),
        "strips": host.is_stripping,
    }


def _told(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
