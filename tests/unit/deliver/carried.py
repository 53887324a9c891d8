"""Transfers for the carriers, a diary that remembers, and small programs."""

import sys
from pathlib import Path

from seawall.deliver.transfer import Carrier, Transfer
from seawall.model.address import Address
from seawall.model.mail import Content, MemoryContent
from seawall.model.outcome import Outcome

TOP = b"Delivered-To: alice@example.org\r\n"
MAIL = b"Subject: s\r\n\r\nbody\r\n"


class Diary:
    """What was written down, in order."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.outcomes: dict[str, Outcome] = {}

    async def offer(self, delivery_id: str) -> None:
        self.lines.append(("offer", delivery_id))

    def close(self, delivery_id: str, outcome: Outcome) -> None:
        assert delivery_id not in self.outcomes
        self.lines.append(("close", delivery_id))
        self.outcomes[delivery_id] = outcome


def transfer(
    delivery_id: str = "1",
    *,
    recipient: str = "alice@example.org",
    sender: str = "bob@elsewhere.test",
    content: Content | None = None,
) -> Transfer:
    return Transfer(
        delivery_id=delivery_id,
        recipient=Address.parse(recipient),
        reverse_path=sender,
        top=TOP,
        content=content or MemoryContent(MAIL),
    )


def python(place: Path, text: str) -> str:
    """Write a program in Python and return its path."""
    path = place / "program"
    path.write_text(f"#!{sys.executable} -IS\nimport os, sys, time\n{text}\n", encoding="utf-8")
    path.chmod(0o700)
    return str(path)


def shell(place: Path, text: str) -> str:
    path = place / "script"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o700)
    return str(path)


async def carried(carrier: Carrier, *transfers: Transfer) -> Diary:
    diary = Diary()
    await carrier.carry(transfers, diary)
    return diary


async def outcome_of(carrier: Carrier, one: Transfer) -> Outcome:
    return (await carried(carrier, one)).outcomes[one.delivery_id]
