"""A connector owns its Maildir: what lies there beside mail is neither followed, nor waited for, nor read whole."""

import asyncio
import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from seawall.lab.connectors.preparing import Offer
from seawall.lab.connectors.profile import Deliver
from seawall.lab.connectors.reading import of_command
from seawall.lab.internet import stranger
from seawall.lab.internet.bounds import MOST, Meter
from seawall.lab.internet.clock import Clock
from seawall.lab.internet.journal import Journal
from seawall.lab.internet.mail import Envelope, Families
from seawall.lab.internet.stores import Mailbox
from seawall.lab.internet.stranger import Stranger
from seawall.lab.internet.surroundings import Surroundings

MAIL = b"Return-Path: <anna@a.test>\nMessage-ID: <one@a.test>\n\nmail\n"
ELSEWHERE = b"for root alone\n"


async def ignore(envelope: Envelope) -> None:
    del envelope


def connector(directory: Path) -> Stranger:
    """One that brings nothing by itself: a test puts into `home/Maildir/new` what it might."""
    clock = Clock(datetime(2004, 5, 24, tzinfo=UTC))
    around = Surroundings(
        clock=clock,
        meter=Meter(MOST),
        journal=Journal(io.StringIO(), clock, Families()),
        transit=timedelta(),
    )
    mailbox = Mailbox(around, address="berta@b.test", directory=directory / "mail", habit=None, react=ignore)
    profile = of_command("true", Deliver.MAILDIR)
    home = directory / "work"
    offer = Offer(
        pop3_port=1,
        smtp_port=1,
        lmtp_port=1,
        home=home / "home",
        maildir=home / "Maildir",
        user="berta@b.test",
        password="opensesame",
        mailbox="berta@b.test",
    )
    return Stranger(around, profile, profile.ways[0], offer, mailbox)


def brought(directory: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((directory / "mail/berta/new").iterdir())]


def test_what_is_no_mail_is_left_where_it_is_and_the_mail_behind_it_is_brought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stranger, "LONGEST_MAIL", 1000)
    berta = connector(tmp_path)
    new = tmp_path / "work/Maildir/new"
    secret = tmp_path / "secret"
    secret.write_bytes(ELSEWHERE)
    (new / "a-link").symlink_to(secret)
    (new / "b-nowhere").symlink_to(tmp_path / "nowhere")
    os.mkfifo(new / "c-fifo")
    (new / "d-directory").mkdir()
    (new / "e-too-long").write_bytes(b"x" * 1001)
    (new / "f-mail").write_bytes(MAIL)
    (new / "g-as-long-as-may-be").write_bytes(b"x" * 1000)
    assert asyncio.run(berta.collect()) == ""
    assert brought(tmp_path) == [MAIL, b"x" * 1000]
    assert sorted(path.name[0] for path in new.iterdir()) == ["a", "b", "c", "d", "e"]
    assert secret.read_bytes() == ELSEWHERE


def test_a_folder_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    berta = connector(tmp_path)
    new = tmp_path / "work/Maildir/new"
    new.rmdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/file").write_bytes(ELSEWHERE)
    new.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="new"):
        asyncio.run(berta.collect())
    assert (tmp_path / "elsewhere/file").read_bytes() == ELSEWHERE
    assert brought(tmp_path) == []
