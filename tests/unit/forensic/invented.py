"""A storm as a trace tells it, invented: for the tests of what is made of it."""

from dataclasses import replace

from seawall.model.trace import (
    Bounces,
    Departure,
    Evidence,
    EvidenceKind,
    Quote,
    Species,
    Storm,
    Suspect,
    Trace,
)

NOW = 1767420000.0  # 2026-01-03 06:00 UTC

HANDED_OVER = Quote(
    mail="storm.mbox, mail 17",
    header="Received",
    text=(
        "from mail.branch.example (mail.branch.example [198.51.100.20]) by mx.reader.example (Postfix) with ESMTP"
        " id 4T1abc for <bob@reader.example>; Fri, 2 Jan 2026 03:15:07 +0000"
    ),
)
PICKED_UP = Quote(
    mail="storm.mbox, mail 17",
    header="Received",
    text="from mail pickup service by mail.branch.example with Microsoft SMTPSVC; Fri, 2 Jan 2026 04:15:02 +0100",
)
MARKED = Quote(
    mail="storm.mbox, mail 18",
    header="To",
    text="mspop3connector.office@branch.example, bob@reader.example",
)
DEPARTED = Quote(
    mail="storm.mbox, mail 0",
    header="Received",
    text="from out.sender.example (out.sender.example [192.0.2.7]) by mx.reader.example; Fri, 2 Jan 2026 03:05:00 +0000",
)
SUSPECT = Suspect(
    domain="branch.example",
    hosts=("mail.branch.example",),
    score=0.93,
    copies=3990,
    product="Windows Small Business Server 2003",
    advice=(
        "Stop the POP3 connector, empty the server's pickup and queue folders, install update 835734, and only then let"
        " it fetch mail again."
    ),
    contacts=(),
    innocent_explanation=(
        "A server that only forwards for somebody else shows the same hand-over; then the lines below it name the one"
        " that makes the copies."
    ),
    evidence=(
        Evidence(
            kind=EvidenceKind.PICKUP_RESUBMISSION,
            says="mail.branch.example put the mail into its own pickup folder and sent it as new.",
            copies=3990,
            weight=0.6,
            quotes=(HANDED_OVER, PICKED_UP),
        ),
        Evidence(
            kind=EvidenceKind.CONNECTOR_MARKER,
            says="The POP3 connector of branch.example left its mark among the recipients.",
            copies=3990,
            weight=0.3,
            quotes=(MARKED,),
        ),
    ),
)
STORM = Storm(
    id="s1",
    species=Species.CONNECTOR,
    sender="ann@sender.example",
    subject="Minutes of the meeting",
    message_id="m1@sender.example",
    first_seen=1767323700.0,
    last_seen=1767410100.0,
    copies=4213,
    recipients=57,
    contents=1,
    departures=(Departure(at=1767323100.0, host="out.sender.example", quote=DEPARTED),),
    because=("The copies bear the mark of a POP3 connector.",),
    suspects=(SUSPECT,),
    timeline=((1767323700.0, 4213),),
    span=86400.0,
    tree=(),
    first_response="Stop what sends the copies.",
)


def traced(*suspects: Suspect, storm: Storm = STORM) -> Trace:
    """A trace of one storm with these suspects."""
    return Trace(
        mails=5000,
        octets=10**7,
        sources=1,
        storms=(replace(storm, suspects=suspects or storm.suspects),),
        bounces=Bounces(),
    )
