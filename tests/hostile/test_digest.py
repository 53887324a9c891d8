"""The postmaster's digest: one a day and one when a breaker opens, to nobody but the postmaster."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path

import pytest

from hostile.connector import PASSWORD, USER, Connector
from hostile.guarded import Rules
from seawall.errors import Temporary
from seawall.lab import isp as lab_isp
from seawall.lab import sink as lab_sink
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp
from seawall.lab.mails import ordinary_mails
from seawall.lab.sink import Manners, Sink, Sunk
from seawall.ledger import digests
from seawall.ledger.ledger import Ledger
from seawall.model.account import (
    CommandDestination,
    Destination,
    MaildirDestination,
    NextHopDestination,
    Server,
    Speech,
    Tls,
)
from seawall.model.address import Address
from seawall.model.envelope import Mailboxes

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
POSTMASTER = Address.parse("postmaster@example.org")


class Site:
    """A connector between a toy ISP and a toy next hop that takes the digest, with what rules write down."""

    def __init__(self, root: Path, isp: ToyIsp, sink: Sink, rules: Rules) -> None:
        self.root, self.isp, self.sink, self.rules = root, isp, sink, rules
        self.connector = Connector(root)
        self.send_to(
            NextHopDestination(
                name="hop",
                speech=sink.speech,
                place=Server(host=sink.host, port=sink.port, tls=Tls.NONE),
                patience=2.0,
            )
        )

    def send_to(self, destination: Destination) -> None:
        self.connector.site = replace(self.connector.site, digest=destination)

    def polls(self, every: float, times: int) -> list[int]:
        """Poll again and again; return how many digests there were after each."""
        counts = []
        for _ in range(times):
            self.connector.now += every - 100.0  # a poll takes 100 seconds of this clock
            assert self.connector.poll(self.isp).problem == ""
            counts.append(len(self.sink.mails))
        return counts

    @property
    def now(self) -> float:
        return self.connector.now

    def problems(self) -> list[tuple[str, str]]:
        return [
            (level, str(fields["problem"]))
            for level, event, fields in self.connector.log.lines
            if event == "digest-not-sent"
        ]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    isp, sink = ToyIsp({USER: (PASSWORD, Box(ordinary_mails(1, 500)))}), Sink(Speech.LMTP)
    with lab_isp.running(isp), lab_sink.running(sink), Rules(tmp_path) as rules:
        yield Site(tmp_path, isp, sink, rules)


def header(raw: bytes, name: str) -> str:
    return str(message_from_bytes(raw)[name])


def subjects(mails: list[Sunk]) -> list[str]:
    return [" ".join(header(mail.data, "Subject").split()) for mail in mails]


def test_where_there_is_nothing_to_tell_no_digest_is_sent(site: Site) -> None:
    assert site.polls(DAY, 3) == [0, 0, 0]
    assert site.connector.delivered().total() == 1


def test_there_is_one_digest_a_day_however_much_is_set_aside(site: Site) -> None:
    counts = []
    for _ in range(10):
        site.rules.holds("duplicate", 7, site.now + 1)
        counts += site.polls(6 * HOUR, 1)
    assert counts == [1, 1, 1, 1, 2, 2, 2, 2, 3, 3]
    assert subjects(site.sink.mails) == [
        "Seawall: 7 copies set aside",
        "Seawall: 28 copies set aside",
        "Seawall: 28 copies set aside",
    ]


def test_a_breaker_that_opens_is_told_at_once_and_not_each_copy(site: Site) -> None:
    site.rules.holds("no-envelope", 1, site.now + 1)
    assert site.polls(HOUR, 1) == [1]
    site.rules.opens_storm(opened_at=site.now + 1, last_at=site.now + 1)
    site.rules.holds("storm", 4211, site.now + 1)
    assert site.polls(5 * MINUTE, 1) == [1], "a digest was sent less than ten minutes ago"
    assert site.polls(5 * MINUTE, 1) == [2]
    for _ in range(3):
        site.rules.holds("storm", 1000, site.now + 1)
        assert site.polls(15 * MINUTE, 1) == [2]
    assert subjects(site.sink.mails)[1] == "Seawall: 1 storm, 4,211 copies set aside"


def test_an_account_that_is_stopped_is_told_at_once(site: Site) -> None:
    site.rules.holds("no-envelope", 1, site.now + 1)
    assert site.polls(HOUR, 1) == [1]
    site.rules.breaks("office", site.now + 1, "20 mails of Seawall's own came back")
    site.connector.now += HOUR
    site.connector.poll(site.isp)
    assert subjects(site.sink.mails)[1] == "Seawall: 1 account stopped"
    assert b"\r\n  seawall resume office\r\n" in site.sink.mails[1].data


def test_its_one_recipient_is_the_postmaster_and_its_reverse_path_is_null(site: Site) -> None:
    site.rules.holds(
        "storm", 3, site.now + 1, subject="x\r\nBcc: victim@elsewhere.example", sender="a@b.example"
    )
    site.rules.holds("bounce-flood", 2, site.now + 1, evidence=["bob@example.net: 5.2.2\r\nTo: v@e.example"])
    site.rules.opens_storm(
        sender="v@e.example\r\nCc: v@e.example", subject="\r\n.\r\nMAIL FROM:<v@e.example>"
    )
    assert site.polls(HOUR, 1) == [1]
    (mail,) = site.sink.mails
    assert (mail.reverse_path, mail.recipient) == ("", "postmaster@example.org")
    assert "NOTIFY=NEVER" in mail.parameters[1]
    assert [line for line in site.sink.commands if line.startswith(("MAIL", "RCPT"))] == [
        f"MAIL FROM:<> {mail.parameters[0]}",
        f"RCPT TO:<postmaster@example.org> {mail.parameters[1]}",
    ]
    assert header(mail.data, "To") == "postmaster@example.org"
    assert header(mail.data, "From") == "Seawall <postmaster@example.org>"
    assert header(mail.data, "Auto-Submitted") == "auto-generated"
    assert header(mail.data, "Bcc") == header(mail.data, "Cc") == "None"
    assert rb"2  bob@example.net: 5.2.2\r\nTo: v@e.example" in mail.data


def test_into_a_maildir_it_has_a_null_return_path_and_goes_to_the_postmasters_mailbox(site: Site) -> None:
    site.send_to(MaildirDestination(name="main", path=str(site.root / "{user}")))
    site.rules.holds("storm", 3, site.now + 1)
    site.polls(HOUR, 1)
    (path,) = (site.root / "postmaster" / "new").iterdir()
    raw = path.read_bytes()
    top = b"Return-Path: <>\nDelivered-To: postmaster@example.org\nFrom: Seawall <postmaster@example.org>\n"
    assert raw.startswith(top)
    assert b"\r" not in raw
    assert site.connector.delivered().total() == 1, "nobody else has it"


def test_where_the_postmaster_is_another_name_of_a_mailbox_that_mailbox_has_it(site: Site) -> None:
    alice = Address.parse("alice@example.org")
    mailboxes = Mailboxes.build({alice: (POSTMASTER,)})
    site.connector.site = replace(site.connector.site, mailboxes=mailboxes)
    site.send_to(MaildirDestination(name="main", path=str(site.root / "digest-{user}")))
    site.rules.holds("storm", 3, site.now + 1)
    site.polls(HOUR, 1)
    assert len(list((site.root / "digest-alice" / "new").iterdir())) == 1


def test_a_command_takes_it_for_the_postmaster_with_the_null_sender(site: Site) -> None:
    script = 'cat > "$0/digest"; echo "$1 $2" > "$0/who"'
    argv = ("/bin/sh", "-c", script, str(site.root), "{recipient}", "{sender}")
    site.send_to(CommandDestination(name="program", argv=argv))
    site.rules.holds("storm", 3, site.now + 1)
    site.polls(HOUR, 1)
    assert (site.root / "who").read_text() == "postmaster@example.org MAILER-DAEMON\n"
    assert b"\nSubject: Seawall: 3 copies set aside\n" in (site.root / "digest").read_bytes()


def test_a_next_hop_that_refuses_it_stops_no_mail_and_is_tried_again_in_an_hour(site: Site) -> None:
    site.sink.manners = Manners(answers={"RCPT": (b"550 5.1.1 no postmaster here", b"250 ok")})
    site.rules.holds("storm", 3, site.now + 1)

    async def work() -> None:
        async with site.connector.schedule([site.connector.at(site.isp)], site.connector.site) as schedule:
            for minutes in (0, 30, 31):
                site.connector.now += minutes * MINUTE
                await schedule.once([site.connector.at(site.isp)])

    asyncio.run(work())
    assert [level for level, _ in site.problems()] == ["warning"]
    assert "no postmaster here" in site.problems()[0][1]
    assert len(site.sink.mails) == 1
    assert site.connector.delivered().total() == 1


def test_a_mailbox_that_cannot_be_is_one_alarm(site: Site) -> None:
    slashed = Address.parse("a/b@example.org")
    site.connector.site = replace(site.connector.site, postmaster=slashed)
    site.send_to(MaildirDestination(name="main", path=str(site.root / "{user}")))
    site.rules.holds("storm", 3, site.now + 1)

    async def work() -> None:
        async with site.connector.schedule([site.connector.at(site.isp)], site.connector.site) as schedule:
            for _ in range(5):
                site.connector.now += 2 * HOUR
                await schedule.once([site.connector.at(site.isp)])

    asyncio.run(work())
    problem = "a/b@example.org cannot be used in the path of a Maildir"
    assert site.problems() == [("error", problem), *[("warning", problem)] * 4]


def test_a_second_one_after_a_kill_has_the_same_message_id(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.rules.holds("storm", 3, site.now + 1)
    with monkeypatch.context() as killed:
        killed.setattr(digests, "note_sent", lambda *_: None)
        assert site.polls(HOUR, 1) == [1]
    site.rules.holds("storm", 1, site.now + 1)
    assert site.polls(HOUR, 1) == [2]
    site.rules.holds("storm", 1, site.now + 1)
    assert site.polls(DAY, 1) == [3]
    first, again, other = (header(mail.data, "Message-ID") for mail in site.sink.mails)
    assert first == again != other
    assert first.endswith(".1.digest@example.org>")


def test_a_connector_that_runs_sends_it_by_itself(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.rules.holds("storm", 3, site.now + 1)

    async def work() -> None:
        loop, sent = asyncio.get_running_loop(), asyncio.Event()
        monkeypatch.setattr(digests, "note_sent", lambda *_: loop.call_soon_threadsafe(sent.set))
        async with (
            site.connector.schedule([], site.connector.site) as schedule,
            asyncio.TaskGroup() as group,
        ):
            running = group.create_task(schedule.forever([site.connector.at(site.isp)]))
            await sent.wait()
            schedule._stop.set()
            await running

    asyncio.run(asyncio.wait_for(work(), 30))
    assert len(site.sink.mails) == 1


def test_the_digest_is_off_where_no_destination_is_given(site: Site) -> None:
    site.connector.site = replace(site.connector.site, digest=None)
    site.rules.holds("storm", 3, site.now + 1)
    assert site.polls(DAY, 2) == [0, 0]


def test_a_ledger_that_fails_is_no_reason_to_stop(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.rules.holds("storm", 3, site.now + 1)
    do = Ledger.do

    async def failing(ledger: Ledger, statement: object, *args: object, **kwargs: object) -> object:
        if statement is digests.news:
            raise Temporary("the ledger cannot be used: disk I/O error")
        return await do(ledger, statement, *args, **kwargs)  # type: ignore[arg-type] # any statement

    monkeypatch.setattr(Ledger, "do", failing)
    assert site.polls(HOUR, 1) == [0]
    assert site.problems() == [("warning", "the ledger cannot be used: disk I/O error")]
