"""Runs the real connector between a toy ISP and a toy next hop, or into the Maildirs of a catch-all box."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hostile.connector import PASSWORD, USER, Connector
from seawall.lab import isp as lab_isp
from seawall.lab import sink as lab_sink
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp
from seawall.lab.sink import Manners, Sink
from seawall.ledger import deliveries, setaside, statements
from seawall.ledger.ledger import Ledger
from seawall.ledger.records import HeldRecord
from seawall.ledger.state import State
from seawall.model.account import NextHopDestination, Server, Speech, Tls
from seawall.model.address import Address
from seawall.model.envelope import EnvelopeName, Mailboxes, Multidrop

ALICE, BOB, CAROL, POSTMASTER = (
    Address.parse(f"{name}@example.org") for name in ("alice", "bob", "carol", "postmaster")
)
MULTIDROP = Multidrop(
    envelope=EnvelopeName.parse("X-Original-To"), isp=("isp.example",), isp_hops=1, unknown=POSTMASTER
)
MARK = re.compile(rb"X-Seawall-Mark: ([0-9a-f]{32})\.")


def mail(*recipients: str, number: int = 0, top: bytes = b"") -> bytes:
    return (
        top
        + b"X-Original-To: "
        + ", ".join(f"{name}@example.org" for name in recipients).encode()
        + b"\r\nReceived: from a.test by mx.isp.example; Mon, 23 Nov 2026 01:00:00 +0000\r\n"
        + b"To: x@elsewhere.test, y@elsewhere.test\r\nMessage-ID: <%d@a.test>\r\n\r\nbody\r\n" % number
    )


def catch_all(root: Path, **settings: Any) -> Connector:
    """A connector for the mailboxes of a whole domain."""
    connector = Connector(root, **({"to": MULTIDROP} | settings))
    connector.site = replace(
        connector.site, mailboxes=Mailboxes.build({ALICE: (), BOB: (), CAROL: (), POSTMASTER: ()})
    )
    return connector


def mails_of(root: Path, name: str) -> int:
    """How many mails came into a Maildir, which need not be there."""
    return len(list((root / name / "new").glob("*"))) if (root / name / "new").is_dir() else 0


class Delivery:
    """A connector between a toy ISP and a toy next hop; `poll` is one poll, some minutes after the last."""

    def __init__(
        self, root: Path, mails: Sequence[bytes], manners: Manners | None = None, **settings: Any
    ) -> None:
        self.box = Box(mails)
        self.isp = ToyIsp({USER: (PASSWORD, self.box)})
        self.sink = Sink(Speech.LMTP, manners)
        self.connector = catch_all(root, **settings)

    def poll(self, minutes: float = 10, **destination: Any) -> Any:
        self.connector.now += 60 * minutes
        with lab_isp.running(self.isp), lab_sink.running(self.sink):
            place = Server(host=self.sink.host, port=self.sink.port, tls=Tls.NONE)
            next_hop = NextHopDestination(
                name="main", speech=self.sink.speech, place=place, connections=1, patience=2.0
            )
            return self.connector.poll(self.isp, destination=replace(next_hop, **destination))

    def held(self) -> list[HeldRecord]:
        ledger = Ledger.open(State.make(self.connector.site.state).database)
        try:
            return ledger.transact(setaside.held_mails)
        finally:
            ledger.close()

    def doubts(self) -> int:
        ledger = Ledger.open(State.make(self.connector.site.state).database)
        try:
            account = ledger.transact(statements.open_account, "office").account_id
            return ledger.transact(deliveries.count_doubts, account)
        finally:
            ledger.close()

    @property
    def received(self) -> Counter[str]:
        return Counter(sunk.recipient for sunk in self.sink.mails)
