"""Invented traces for the tests of the reports: an ordinary storm, a large tree, and one whose every text is hostile."""

from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

from seawall.model.trace import (
    Bounces,
    Departure,
    Evidence,
    EvidenceKind,
    Flood,
    Quote,
    Species,
    Storm,
    Suspect,
    Trace,
    TreeNode,
    Unread,
)

BEGAN: Final = 1_085_389_920.0  # 2004-05-24 09:12 UTC
QUARTER: Final = 900.0
NOW: Final = BEGAN + 28 * QUARTER + 720
HOSTILE: Final = (
    "<script>alert('x')</script><img src=x onerror=alert(1)>\" onmouseover=\"alert(2)\" '</svg></pre></style>"
    "\x1b[31mred\x1b]0;title\x07\x9b2J\u202egpj.exe\u2066\x00\r\njavascript:alert(3) {{ 7*7 }} {% raw %} ]]> 漢字"
)
LONG: Final = "javascript:" + "x" * 10_000
PICKUP: Final = (
    "from mail pickup service by srv.alpha.example with Microsoft SMTPSVC; Mon, 24 May 2004 11:30:04 +0200"
)


def suspects() -> tuple[Suspect, ...]:
    """Three: one almost certain, one the reader's own, one that is only mentioned."""
    return (
        Suspect(
            domain="alpha.example",
            hosts=("srv.alpha.example", "mail.alpha.example"),
            score=1.0,
            copies=640,
            product="Windows Small Business Server 2003, POP3 connector",
            advice=(
                "Stop the service 'Microsoft Connector for POP3 Mailboxes', empty the queue and the pickup folder, then "
                "install update 835734 before it starts again."
            ),
            contacts=("postmaster@alpha.example", "abuse@alpha.example"),
            innocent_explanation="Somebody may have answered a copy: the marker stays in a reply, and names the server alone.",
            evidence=(
                Evidence(
                    kind=EvidenceKind.CONNECTOR_MARKER,
                    says="612 copies bear an address that the POP3 connector of a server of alpha.example writes",
                    copies=612,
                    weight=0.45,
                    quotes=(
                        Quote(
                            mail="inbox.mbox:17",
                            header="To",
                            text="mspop3connector.office@alpha.example",
                        ),
                        Quote(
                            mail="inbox.mbox:23",
                            header="To",
                            text="mspop3connector.office@alpha.example",
                        ),
                    ),
                ),
                Evidence(
                    kind=EvidenceKind.PICKUP_RESUBMISSION,
                    says="588 copies came out of the pickup folder of srv.alpha.example: the Message-ID was minted there",
                    copies=588,
                    weight=0.40,
                    quotes=(Quote(mail="inbox.mbox:17", header="Received", text=PICKUP),),
                ),
                Evidence(
                    kind=EvidenceKind.POLLING_BEAT,
                    says="the copies come every 15 minutes, as that connector polls (p = 0.0004, of 12 periods tried)",
                    copies=612,
                    weight=0.10,
                    quotes=(),
                ),
                Evidence(
                    kind=EvidenceKind.PRODUCT,
                    says="its server says that it is one that has the fault",
                    copies=640,
                    weight=0.10,
                    quotes=(
                        Quote(
                            mail="inbox.mbox:17",
                            header="X-MimeOLE",
                            text="Produced By Microsoft Exchange V6.0.6603.0",
                        ),
                    ),
                ),
            ),
        ),
        Suspect(
            domain="example.org",
            hosts=("mx.example.org",),
            score=0.55,
            copies=552,
            product=None,
            advice="Stop the program that fetches mail by POP3 and hold the outgoing queue.",
            contacts=("postmaster@example.org", "abuse@example.org"),
            innocent_explanation="A person may have sent the mail on by hand, or a list may have.",
            evidence=(
                Evidence(
                    kind=EvidenceKind.FAN_OUT,
                    says="one mail came to mx.example.org, and left it 46 times",
                    copies=552,
                    weight=0.60,
                    quotes=(
                        Quote(
                            mail="inbox.mbox:31",
                            header="Received",
                            text="from mx.example.org (mx.example.org [192.0.2.10]) by mx.isp.example with ESMTP id 4A7C2",
                        ),
                    ),
                ),
            ),
            cap="only one line, of a server that is not the reader's, names it",
            is_mine=True,
        ),
        Suspect(
            domain="relay.example",
            hosts=("out.relay.example",),
            score=0.2,
            copies=12,
            product=None,
            advice="",
            contacts=("postmaster@relay.example",),
            innocent_explanation="It may only have handed on what came.",
            evidence=(
                Evidence(
                    kind=EvidenceKind.LONGER_ROUTE,
                    says="12 copies made a detour over it",
                    copies=12,
                    weight=0.2,
                    quotes=(),
                ),
            ),
        ),
    )


def tree(children: int = 300) -> tuple[TreeNode, ...]:
    """The way of the genuine mail, and what two servers made of it: `children` hops behind the one, a chain behind the other."""
    nodes = [
        node("genuine", None, "mail.club.example", "club.example", copies=1192 + 12, left=3),
        node("isp", "genuine", "mx.isp.example", "isp.example", copies=1192, left=2),
        node("alpha", "isp", "srv.alpha.example", "alpha.example", copies=640, left=children, suspected=True),
        node("own", "isp", "mx.example.org", "example.org", copies=552, left=46, suspected=True),
        node("relay", "genuine", "out.relay.example", "relay.example", copies=12, left=1),
        node("relay2", "relay", "in.relay.example", "relay.example", copies=12, left=1),
        node("end", "relay2", "mx.home.example", "home.example", copies=12, left=0),
    ]
    nodes += [
        node(f"a{number}", "alpha", f"mx{number}.people.example", "people.example", copies=2, left=0)
        for number in range(children - 60)
    ]
    nodes += [
        node(f"b{number}", "alpha", "mx.isp.example", "isp.example", copies=3, left=1) for number in range(60)
    ]
    nodes += [
        node(f"c{number}", f"b{number}", "box.isp.example", "isp.example", copies=3, left=0)
        for number in range(60)
    ]
    nodes += [
        node(f"o{number}", "own", f"mx.firm-{number}.example", f"firm-{number}.example", copies=12, left=0)
        for number in range(46)
    ]
    return tuple(nodes)


def node(
    name: str, parent: str | None, host: str, domain: str, *, copies: int, left: int, suspected: bool = False
) -> TreeNode:
    return TreeNode(
        id=name,
        parent=parent,
        host=host,
        client="",
        domain=domain,
        copies=copies,
        left=left,
        first_seen=BEGAN,
        suspected=suspected,
        text=f"from somewhere by {host} with ESMTP id {name}; Mon, 24 May 2004 11:12:00 +0200",
    )


def storm() -> Storm:
    counts = [
        1,
        2,
        2,
        4,
        4,
        8,
        8,
        16,
        16,
        30,
        32,
        61,
        60,
        118,
        96,
        140,
        120,
        104,
        90,
        70,
        62,
        50,
        40,
        30,
        18,
        10,
        8,
        3,
        1,
    ]
    return Storm(
        id="7c1e8a4f",
        species=Species.CONNECTOR,
        sender="anna@club.example",
        subject="Programme of the summer meeting",
        message_id="<20040524091100.GA1@club.example>",
        first_seen=BEGAN,
        last_seen=BEGAN + 28 * QUARTER,
        copies=sum(counts),
        recipients=46,
        contents=1,
        departures=(
            Departure(
                at=BEGAN - 60,
                host="mail.club.example",
                quote=Quote(
                    mail="inbox.mbox:1",
                    header="Received",
                    text="from desk.club.example by mail.club.example with ESMTP id 8C2F1; Mon, 24 May 2004 11:11:00 +0200",
                ),
            ),
        ),
        because=(
            "copies bear the marker of a POP3 connector",
            "each copy has a Message-ID and a Date of its own",
        ),
        suspects=suspects(),
        timeline=tuple((BEGAN + place * QUARTER, number) for place, number in enumerate(counts)),
        span=QUARTER,
        tree=tree(),
        first_response="Hold mail with this subject at your border, and call the postmaster of alpha.example: an e-mail may not reach him.",
    )


def quiet_storm() -> Storm:
    """A second one, of which nobody can be named, over for long."""
    return replace(
        storm(),
        id="0b22",
        species=Species.RETRY,
        sender="",
        subject="",
        copies=14,
        recipients=1,
        contents=3,
        departures=(),
        because=(),
        suspects=(),
        timeline=(),
        tree=(),
        first_seen=None,
        last_seen=BEGAN - 86400 * 9,
        first_response="",
    )


def bounces() -> Bounces:
    return Bounces(
        reports=431,
        mailbox_full=377,
        bounce_of_bounce=4,
        not_sent_here=420,
        causes=(("mailbox-full", 377), ("no-such-user", 50), ("too-many-hops", 4)),
        reporters=(("mx.isp.example", 400), ("mx.people.example", 31)),
        floods=(
            Flood(
                original_message_id="<20040524091100.GA1@club.example>",
                original_from="anna@club.example",
                reports=420,
                causes=(("mailbox-full", 377), ("no-such-user", 43)),
                reporters=(("mx.isp.example", 400), ("mx.people.example", 20)),
                recipients=31,
                timeline=tuple(
                    (BEGAN + 3600 * place, number) for place, number in enumerate((5, 60, 180, 120, 40, 15))
                ),
                span=3600.0,
            ),
        ),
    )


def trace() -> Trace:
    """The rich one: two storms, three suspects, a tree of over 400 hops, bounces, a source that was not read."""
    return Trace(
        mails=3_208,
        octets=48_000_000,
        sources=3,
        storms=(storm(), quiet_storm()),
        bounces=bounces(),
        repeats=17,
        unread=(Unread(source="old/archive.pst", reason="reading it needs the extra 'pst'"),),
    )


def example() -> Trace:
    """What docs/trace.md shows: one storm, two suspects."""
    return replace(trace(), storms=(replace(storm(), suspects=suspects()[:2]),), unread=())


def hostile() -> Trace:
    """The rich one with hostile text in every string; identities stay apart from each other."""
    found: Trace = hostile_in(trace())
    return found


def hostile_in(value: Any, name: str = "") -> Any:
    """Return a value with each text in it replaced by a hostile one; ids keep the tree together, and bear it too."""
    if isinstance(value, str):
        return f"{value}{HOSTILE}" if name in {"id", "parent", "domain", "host"} else HOSTILE + LONG
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value,
            **{field.name: hostile_in(getattr(value, field.name), field.name) for field in fields(value)},
        )
    if isinstance(value, tuple):
        return tuple(hostile_in(one, name) for one in value)
    return value
