"""An installation that `seawall check` looks at, and what is said of it; nothing may change by that."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from hostile.connector import PASSWORD, USER, Connector
from seawall.collect.check.finding import Finding
from seawall.collect.check.survey import Survey, survey
from seawall.lab.behaviour import Behaviour
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running
from seawall.lab.sink import Sink
from seawall.lab.sink import running as taking
from seawall.model.account import (
    Account,
    NextHopDestination,
    Server,
    Settings,
    Tls,
)
from seawall.model.address import Address
from seawall.model.envelope import EnvelopeName, Mailboxes, Multidrop

ALICE, BOB, POSTMASTER = (Address.parse(f"{name}@example.org") for name in ("alice", "bob", "postmaster"))
MAILBOXES = Mailboxes.build(
    {ALICE: (Address.parse("a.smith@example.org"),), BOB: ()}, domains=["example.org"]
)
STORE = "Received: from mx by store.isp.example; x\r\n"
MX = "Received: from a by mx.isp.example; x\r\n"
OUT = "Received: from b by mail.sender.example; x\r\n"
PATIENT = 30.0


def header(*lines: str) -> bytes:
    return "".join([*lines, "Subject: x\r\n\r\nbody\r\n"]).encode()


def original(name: str) -> bytes:
    return header(STORE, f"X-Original-To: {name}@example.org\r\n", MX, OUT)


def multidrop(envelope: str = "X-Original-To", isp: str = "isp.example", isp_hops: int = 2) -> Multidrop:
    return Multidrop(envelope=EnvelopeName.parse(envelope), isp=(isp,), isp_hops=isp_hops, unknown=POSTMASTER)


class Installation(Connector):
    """A connector that is looked at and not run."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, patience=PATIENT)
        self.site = replace(self.site, mailboxes=MAILBOXES)
        self.told: list[Finding] = []

    def look(self, *accounts: Account) -> Survey:
        settings = Settings(site=self.site, accounts=accounts)
        return asyncio.run(survey(settings, here="here.test", now=self.now, tell=self.told.append))

    def account_of(self, box: Box, behaviour: Behaviour | None = None, **changes: Any) -> Finding:
        with running(ToyIsp({USER: (PASSWORD, box)}, behaviour or Behaviour())) as isp:
            (found,) = self.look(self.at(isp, **changes)).accounts
        assert box.retrievals.total() == 0
        assert not box.erased
        assert not (self.root / "state").exists()
        return found

    def next_hop(self, sink: Sink, *, of: tuple[Account, ...] = (), **changes: Any) -> Finding:
        """What is found out about a sink that the account delivers to; nobody answers as its POP3 server."""
        with taking(sink):
            destination = next_hop(sink, **changes)
            accounts = of or (self.account,)
            (found,) = self.look(*(replace(one, destination=destination) for one in accounts)).destinations
        assert not sink.mails
        assert "DATA" not in {command.split()[0] for command in sink.commands}
        return found


def next_hop(sink: Sink, **changes: Any) -> NextHopDestination:
    place = Server(host=sink.host, port=sink.port, tls=Tls.NONE)
    given: dict[str, Any] = {"name": "hop", "speech": sink.speech, "place": place, "patience": PATIENT}
    return NextHopDestination(**(given | changes))


def said(sentences: tuple[str, ...], *parts: str) -> bool:
    """Whether one sentence says all of it."""
    return any(all(part in sentence for part in parts) for sentence in sentences)
