"""Ordinary mail that resembles a storm's passes through the real connector; what a machine sent again does not."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import formatdate
from ipaddress import IPv4Address
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hostile.connector import PASSWORD, USER, Connector, native
from hostile.delivery import ALICE, BOB, MULTIDROP, POSTMASTER, Delivery, mails_of
from seawall.collect.release import Held
from seawall.collect.report import Report
from seawall.collect.surroundings import Surroundings
from seawall.lab import copywriter
from seawall.lab import isp as lab_isp
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp
from seawall.lab.server_time import filetime
from seawall.lab.sink import Manners
from seawall.ledger import windows
from seawall.ledger.ledger import Ledger
from seawall.ledger.state import State
from seawall.model.account import KeepForever, Settings
from seawall.model.address import Address
from seawall.model.envelope import Mailboxes
from seawall.model.guard import Guard
from seawall.model.verdict import Reason

NOW = 1_800_000_000.0
HOUR = 3600.0
FOOTER = "_______________________________________________\r\ncrew mailing list\r\n"
SERVER = copywriter.Connector(
    host="sbs.club.test",
    user="secretary",
    domain="club.test",
    internal_address=IPv4Address("192.168.0.3"),
    internal_domain="club.local",
    public_address=IPv4Address("192.0.2.9"),
)


class Mailbox:
    """One installation that collects from a box of its own, poll after poll."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.root = root
        self.box = Box()
        self.connector = Connector(root, **settings)
        self.connector.site = replace(
            self.connector.site,
            mailboxes=Mailboxes.build(
                {ALICE: (ALICE.parse("a.smith@example.org"),), BOB: (), POSTMASTER: ()}
            ),
        )

    def guard(self, **changes: Any) -> None:
        self.connector.site = replace(self.connector.site, guard=Guard(**changes))

    def begins(self) -> None:
        """Its first complete poll is over: rates count from here on."""
        self.collect()

    def collect(self, *mails: bytes, **changes: Any) -> Report:
        for raw in mails:
            self.box.add(raw)
        with lab_isp.running(ToyIsp({USER: (PASSWORD, self.box)})) as isp:
            report = self.connector.poll(isp, **changes)
        assert not report.problem
        return report

    def release(self, held_id: int, to: Address) -> None:
        state = State.make(self.connector.site.state)
        ledger = Ledger.open(state.database)
        held = Held(
            Settings(site=self.connector.site, accounts=(self.connector.account,)),
            ledger=ledger,
            state=state,
            surroundings=Surroundings(
                now=lambda: self.connector.now,
                token=lambda: "f" * 32,
                pick=lambda numbers, most: numbers[:most],
                chance=lambda: 0.5,
                here="here.example.org",
                log=self.connector.log,
            ),
        )
        try:
            asyncio.run(held.release(held_id, to))
        finally:
            ledger.close()

    @property
    def aside(self) -> Counter[str]:
        """What was held or filed, by its reason."""
        return Counter(
            fields["reason"] for _, event, fields in self.connector.log.lines if event in {"held", "filed"}
        )

    def passes(self, *mails: bytes, **changes: Any) -> Report:
        """All of them are delivered, whatever was here before, and nothing is held or filed."""
        report = self.collect(*mails, **changes)
        assert not self.aside
        assert (report.delivered, report.held, report.filed) == (len(mails), 0, 0)
        return report

    def raws(self, name: str = "alice", folder: str = "") -> list[bytes]:
        """The mails in a Maildir as they lie there, as a POP3 server would serve them."""
        paths = (self.root / name / folder / "new").glob("*")
        return [path.read_bytes().replace(b"\n", b"\r\n") for path in sorted(paths)]


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path)


def hop(helo: str, by: str, at: float = NOW, more: str = "", identity: int = 1) -> str:
    address = f"192.0.2.{sum(helo.encode()) % 250 + 1}"
    return (
        f"Received: from {helo} ([{address}])\r\n\tby {by} with ESMTP id {identity}{more}; {formatdate(at)}"
    )


def mail(
    *top: str,
    body: str = "The minutes of Monday are below.\r\nBob\r\n",
    message_id: str = "minutes@club.test",
    at: float = NOW,
    author: str = "Bob <bob@club.test>",
    to: str = "alice@example.org",
    subject: str = "Minutes",
    more: Sequence[str] = (),
) -> bytes:
    lines = [
        *top,
        f"From: {author}",
        f"To: {to}",
        f"Subject: {subject}",
        f"Date: {formatdate(at)}",
        f"Message-ID: <{message_id}>",
        *more,
    ]
    return ("".join(line + "\r\n" for line in lines) + "\r\n" + body).encode()


def by_the_club(at: float = NOW, identity: int = 1) -> list[str]:
    return [
        hop("out.club.test", "mx.isp.example", at, identity=identity),
        hop("desk.club.test", "out.club.test", NOW - 5),
    ]


def by_the_list(*, keeps_received: bool) -> list[str]:
    lists = [hop("lists.sail.test", "mx.isp.example", NOW + 9)]
    if keeps_received:
        lists += [hop("out.club.test", "lists.sail.test", NOW + 5), *by_the_club()[1:]]
    return [*lists, "List-Id: The crew <crew.sail.test>", "List-Post: <mailto:crew@sail.test>"]


# ── what passes ─────────────────────────────────────────────────────────────────────────────


def cron(number: int, host: str = "box.club.test", relay: str = "out.club.test") -> bytes:
    at = NOW - number * HOUR
    return mail(
        hop(relay, "mx.isp.example", at, identity=number),
        hop(host, relay, at, identity=number),
        body="done\r\n",
        message_id=f"{number}@{host}",
        at=at,
        author=f"root@{host}",
        subject="Cron <root@box> backup",
        more=["Auto-Submitted: auto-generated"],
    )


def test_a_years_cron_mails_pass_in_one_first_poll_and_the_next_days(mailbox: Mailbox) -> None:
    """The same content each hour from one place: content alone holds nothing, and one origin is no storm."""
    mailbox.passes(*(cron(number) for number in range(8760, 24, -1)))
    mailbox.passes(*(cron(number) for number in range(24, 0, -1)))


@pytest.mark.parametrize(
    "more",
    [
        (),
        ("References: <incident-7@club.test>",),
    ],
)
def test_one_report_by_machines_at_two_providers_passes(mailbox: Mailbox, more: Sequence[str]) -> None:
    """A firm's servers stand at two hosters and report under one address that all is well: neither copies the other."""
    reports = [
        mail(
            hop(f"srv.{hoster}.test", "mx.isp.example", NOW + number),
            body="Backup complete, no errors.\r\n",
            message_id=f"{number}@srv.{hoster}.test",
            author="Monitoring <monitoring@club.test>",
            subject="Backup OK",
            more=more,
        )
        for number, hoster in enumerate(["hosting-one", "hosting-two"])
    ]
    mailbox.passes(*reports)


@pytest.mark.parametrize("keeps_received", [True, False])
@pytest.mark.parametrize("footer", ["", FOOTER])
@pytest.mark.parametrize("is_list_first", [True, False])
def test_a_list_copy_beside_a_direct_one_passes(
    mailbox: Mailbox, keeps_received: bool, footer: str, is_list_first: bool
) -> None:
    """Another List-Id is another way, whatever the list did to the trace and put below the text."""
    text = "The minutes of Monday are below.\r\nBob\r\n"
    direct = mail(*by_the_club())
    listed = mail(*by_the_list(keeps_received=keeps_received), body=text + footer)
    mailbox.begins()
    for one in (listed, direct) if is_list_first else (direct, listed):
        mailbox.passes(one)


@pytest.mark.parametrize("is_list_first", [True, False])
def test_they_pass_in_one_batch_too(mailbox: Mailbox, is_list_first: bool) -> None:
    """As before: each sees the other while it is judged."""
    pair = mail(*by_the_club()), mail(*by_the_list(keeps_received=False))
    mailbox.passes(*(reversed(pair) if is_list_first else pair))


def test_copies_for_each_recipient_of_a_catch_all_pass(tmp_path: Path) -> None:
    """One mail, a copy for each address in the envelope: no recipient has it twice."""
    mailbox = Mailbox(tmp_path, to=MULTIDROP)
    copies = [
        mail(
            f"X-Original-To: {name}@example.org",
            hop("out.club.test", "mx.isp.example", identity=number),
            hop("desk.club.test", "out.club.test"),
        )
        for number, name in enumerate(("alice", "bob", "stranger"))
    ]
    mailbox.passes(*copies)
    assert [mails_of(tmp_path, name) for name in ("alice", "bob", "postmaster")] == [1, 1, 1]


def test_a_newsletter_to_two_aliases_of_one_mailbox_passes_twice(tmp_path: Path) -> None:
    """Sent to each address by itself; the envelope's field says so even where the Message-ID is one."""
    mailbox = Mailbox(tmp_path, to=MULTIDROP)
    for number, name in enumerate(("alice", "a.smith")):
        mailbox.passes(
            mail(
                f"X-Original-To: {name}@example.org",
                hop("out.club.test", "mx.isp.example", identity=number),
                hop("desk.club.test", "out.club.test"),
            )
        )
    assert mails_of(tmp_path, "alice") == 2


def test_a_newsletter_to_two_aliases_passes_by_its_message_ids_alone(mailbox: Mailbox) -> None:
    """A single mailbox whose ISP writes no envelope: a mailing program makes a mail of its own for each subscriber."""
    mailbox.passes(
        *(
            mail(*by_the_club(identity=number), message_id=f"news.{number}@club.test", subject="News")
            for number in (1, 2)
        )
    )


def redirected(raw: bytes, *resent: str) -> bytes:
    top = [hop("here.example.org", "mx.isp.example", NOW + 60), *resent]
    return "".join(line + "\r\n" for line in top).encode() + raw


@pytest.mark.parametrize("resent", [(), (f"Resent-From: {ALICE}", f"Resent-To: {BOB}")])
@pytest.mark.parametrize("has_it", [False, True])
def test_a_redirect_to_somebody_else_passes_with_our_mark_on_it(
    mailbox: Mailbox, resent: tuple[str, ...], has_it: bool
) -> None:
    """The mark names a delivery to Alice: to Bob it says nothing; and it passed where his own copy, if any, began."""
    direct = mail(*by_the_club(), to="alice@example.org, bob@example.org")
    mailbox.passes(direct)
    if has_it:
        mailbox.passes(direct, to=BOB, name="bobs")
    (delivered,) = mailbox.raws()
    assert b"X-Seawall-Mark: " in delivered
    mailbox.passes(redirected(delivered, *resent), to=BOB, name="bobs")


def test_a_migrated_box_is_known_under_its_new_uidls(tmp_path: Path) -> None:
    """The same octets with the ledger there: known by their headers, nothing is fetched."""
    mailbox = Mailbox(tmp_path, keep=KeepForever())
    mailbox.passes(mail(*by_the_club()), cron(1), cron(2))
    mailbox.box.renumber_uidls()
    report = mailbox.collect()
    assert (report.known, report.delivered, report.filed, report.held) == (3, 0, 0, 0)
    assert set(mailbox.box.retrievals.values()) == {1}


def test_with_the_ledger_lost_everything_is_delivered(tmp_path: Path) -> None:
    """Nobody remembers it: better twice than never."""
    mailbox = Mailbox(tmp_path, keep=KeepForever())
    mailbox.passes(mail(*by_the_club()), cron(1))
    shutil.rmtree(tmp_path / "state")
    mailbox.box.renumber_uidls()
    report = mailbox.collect()
    assert (report.delivered, report.held, report.filed) == (2, 0, 0)


def test_a_backup_that_is_restored_elsewhere_passes_with_our_marks(tmp_path: Path) -> None:
    """Alice's mails in Bob's box, and in a stranger's installation: the marks name no delivery to them."""
    mailbox = Mailbox(tmp_path)
    mailbox.passes(mail(*by_the_club()), cron(1))
    backup = mailbox.raws()
    mailbox.passes(*backup, to=BOB, name="bobs")
    (tmp_path / "other").mkdir()
    Mailbox(tmp_path / "other").passes(*backup)


@pytest.mark.parametrize(
    "network",
    [
        "hotel.test",
        "carrier.test",
        "home.test",
        "",
    ],
)
def test_a_person_who_sends_a_document_again_gets_through(mailbox: Mailbox, network: str) -> None:
    """A new Message-ID and Date, from another network by the same provider: both passed the sender's own servers."""
    mailbox.begins()
    for number, origin in enumerate(["home.test", network]):
        helo = f"dsl-7.{origin}" if origin else "[10.0.0.7]"
        at = NOW + 600 * number
        mailbox.passes(
            mail(
                hop("out.provider.example", "mx.isp.example", at),
                hop(helo, "smtp.provider.example", at),
                message_id=f"{number}@client",
                at=at,
            )
        )


def test_a_post_that_its_author_sent_to_the_list_again_by_another_gateway_is_filed(mailbox: Mailbox) -> None:
    """As in a kernel list's archive: by a news gateway and, hours later, by the author's own server.

    It could as well be the first of a storm whose copy came earlier; the user has it in his own folder.
    """
    mailbox.begins()
    for number, gateway in enumerate(["gate.test", "author.test"]):
        at = NOW + HOUR * number
        mailbox.collect(
            mail(
                hop("lists.sail.test", "mx.isp.example", at),
                hop(f"out.{gateway}", "lists.sail.test", at),
                message_id=f"{number}@author.test",
                at=at,
                author="A <a@author.test>",
                more=["List-Id: <crew.sail.test>"],
            )
        )
    assert mailbox.aside == {Reason.DUPLICATE.value: 1}
    assert len(mailbox.connector.filed()) == 1


def from_the_pickup_folder(number: int, *, received: bool = True, top: Sequence[str] | None = None) -> bytes:
    """A web program's mail that a Windows server made in its pickup folder, its moment in two fields."""
    at = datetime.fromtimestamp(NOW + 86400 * number, UTC)
    high, low = divmod(filetime(at), 2**32)
    pickup = f"Received: from mail pickup service by web.club.test with Microsoft SMTPSVC;\r\n\t {formatdate(at.timestamp())}"
    return mail(
        *(top if top is not None else [hop("web.club.test", "mx.isp.example", at.timestamp())]),
        *([pickup] if received else []),
        body="No orders today.\r\n",
        message_id=f"{number:04x}{high:08x}${low:08x}$0300a8c0@club.local",
        at=at.timestamp(),
        author="Shop <shop@club.test>",
        subject="Daily report",
        more=[f"X-OriginalArrivalTime: x (UTC) FILETIME=[{low:08X}:{high:08X}]"],
    )


def test_a_daily_report_from_a_pickup_folder_passes(mailbox: Mailbox) -> None:
    """Both signs of a pickup stand in each, and all come from one organisation: a storm's copy comes from another."""
    mailbox.passes(*(from_the_pickup_folder(number) for number in range(6)))
    for number in range(6, 12):
        mailbox.passes(from_the_pickup_folder(number))


@pytest.mark.parametrize(
    "received",
    [True, False],
)
def test_it_passes_by_a_list_and_directly(mailbox: Mailbox, received: bool) -> None:
    """A list sent it too: another List-Id is another way."""
    top = ["List-Id: <orders.sail.test>", hop("lists.sail.test", "mx.isp.example", NOW + 9)]
    mailbox.passes(from_the_pickup_folder(1))
    mailbox.passes(from_the_pickup_folder(1, received=received, top=top))


MARKED = 'alice@example.org,\r\n\t"IMB Recipient 1" <mspop3connector.secretary@club.test>'


@pytest.mark.parametrize("keeps_received", [True, False])
@pytest.mark.parametrize("is_list_first", [True, False])
def test_an_answer_to_all_that_bears_a_marker_passes_directly_and_by_a_list(
    mailbox: Mailbox, keeps_received: bool, is_list_first: bool
) -> None:
    """A person answered a storm's mail, marker and all: where the Message-ID is one no connector made it anew."""
    more = ["In-Reply-To: <storm@club.test>"]
    pair = [
        mail(*by_the_club(), to=MARKED, more=more),
        mail(*by_the_list(keeps_received=keeps_received), to=MARKED, more=more),
    ]
    mailbox.begins()
    for one in reversed(pair) if is_list_first else pair:
        mailbox.passes(one)


def test_so_do_answers_of_several_people(mailbox: Mailbox) -> None:
    """Each wrote something of their own."""
    mailbox.passes(
        *(
            mail(*by_the_club(), to=MARKED, message_id=f"{name}@club.test", body=f"Stop it! {name}\r\n")
            for name in ("ann", "ben", "cat")
        )
    )


def bounce(number: int, *, inner_from: str = "alice@example.org", inner_path: str = "") -> bytes:
    """A report by one of many servers that a mail of Alice's could not be delivered."""
    host = f"mx.o{number}.test"
    body = "\r\n".join(
        (
            "--dsn",
            "Content-Type: text/plain; charset=us-ascii",
            "",
            f"Your mail to nobody@o{number}.test was not delivered: mailbox full.",
            "--dsn",
            "Content-Type: message/delivery-status",
            "",
            f"Reporting-MTA: dns; {host}",
            "",
            f"Final-Recipient: rfc822; nobody@o{number}.test",
            "Action: failed",
            "Status: 5.2.2",
            "--dsn",
            "Content-Type: text/rfc822-headers",
            "",
            *([f"Return-Path: {inner_path}"] if inner_path else []),
            f"From: {inner_from}",
            "To: everybody@club.test",
            "Subject: Regatta",
            "Message-ID: <regatta@example.org>",
            "",
            "--dsn--",
            "",
        )
    )
    return mail(
        "Return-Path: <>",
        hop(host, "mx.isp.example", NOW + number, identity=number),
        body=body,
        message_id=f"dsn.{number}@{host}",
        at=NOW + number,
        author=f"Mail Delivery System <MAILER-DAEMON@{host}>",
        subject="Undelivered Mail Returned to Sender",
        more=[
            "Auto-Submitted: auto-replied",
            "MIME-Version: 1.0",
            "Content-Type: multipart/report; report-type=delivery-status; boundary=dsn",
        ],
    )


def test_a_few_bounces_to_a_real_mail_pass(mailbox: Mailbox) -> None:
    """They are fewer than a flood's, and tell Alice what she has to know."""
    mailbox.begins()
    mailbox.passes(*(bounce(number) for number in range(12)))


def test_many_bounces_pass_in_an_accounts_first_poll(mailbox: Mailbox) -> None:
    """A month's bounces come together: no rate means anything then."""
    mailbox.passes(*(bounce(number) for number in range(60)))


@pytest.mark.parametrize("field", ["List-Post: <mailto:crew@example.org>", "X-BeenThere: crew@example.org"])
def test_the_mail_of_a_list_passes_into_the_mailbox_that_has_its_address(tmp_path: Path, field: str) -> None:
    """The ISP runs the list crew@ and the box that archives it: the connector delivers to crew@ here."""
    mailbox = Mailbox(tmp_path, to=ALICE.parse("crew@example.org"))
    mailbox.passes(mail(*by_the_club(), more=["List-Id: <crew.example.org>", field]))


def test_what_the_isps_own_forwarding_marked_once_passes(mailbox: Mailbox) -> None:
    """alice@example.org is forwarded into the box at the ISP by a recipe that names itself: it came once."""
    mailbox.passes(
        mail(hop("mx.isp.example", "store.isp.example"), *by_the_club(), more=[f"X-Loop: {ALICE}"])
    )


def test_a_resend_after_the_window_holds_nothing_up(tmp_path: Path) -> None:
    """The next hop was down for a day; 90 days later the mail is sent again, and another one with it."""
    manners = Manners(answers={"RCPT alice@example.org": (b"451 4.3.0 later", b"250 ok")})
    delivery = Delivery(tmp_path, [mail(*by_the_club())], manners, to=ALICE)
    delivery.poll()
    first_tried = delivery.connector.now
    delivery.box.add(cron(2))
    delivery.poll(minutes=24 * 60)
    assert delivery.received == {"alice@example.org": 2}
    ledger = Ledger.open(State.make(delivery.connector.site.state).database)
    guard = delivery.connector.site.guard
    ledger.transact(windows.forget, first_tried + guard.window + HOUR, guard.window, guard.window_mails)
    ledger.close()
    delivery.box.add(mail(*by_the_club(NOW + 1, 7)))
    delivery.box.add(cron(1))
    report = delivery.poll()
    assert not report.problem
    assert delivery.received["alice@example.org"] >= 3


def test_a_stranger_with_one_of_our_marks_stops_no_account(mailbox: Mailbox) -> None:
    """One delivery that comes back twenty times is one loop, and each of it is held anyway."""
    mailbox.passes(mail(*by_the_club()))
    (mark,) = (line for line in mailbox.raws()[0].split(b"\r\n") if line.startswith(b"X-Seawall-Mark: "))
    forged = [mark + b"\r\n" + with_another_id(number) for number in range(20)]
    mailbox.collect(*forged)
    assert "account-stopped" not in mailbox.connector.log.events("error")
    assert mailbox.collect(cron(1)).delivered == 1


def with_another_id(number: int) -> bytes:
    return mail(*by_the_club(NOW + number, number), message_id=f"{number}@evil.test", body=f"{number}\r\n")


# ── what does not pass ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("is_together", [True, False])
def test_a_servers_resend_is_filed_into_the_users_own_folder(mailbox: Mailbox, is_together: bool) -> None:
    pair = [mail(*by_the_club(NOW + at, at)) for at in (1, 700)]
    if is_together:
        mailbox.collect(*pair)
    else:
        mailbox.begins()
        for one in pair:
            mailbox.collect(one)
    assert mailbox.aside == {Reason.DUPLICATE.value: 1}
    assert mailbox.connector.delivered() == native(pair[0])
    (filed,) = mailbox.raws(folder=".Held")
    assert filed.endswith(pair[1])
    assert b"X-Seawall-Mark: " in filed


def test_a_servers_resend_is_held_where_the_destination_has_no_folders(tmp_path: Path) -> None:
    pair = [mail(*by_the_club(NOW + at, at)) for at in (1, 700)]
    delivery = Delivery(tmp_path, pair, to=ALICE)
    delivery.poll()
    assert delivery.received == {"alice@example.org": 1}
    assert [record.note.reason for record in delivery.held()] == [Reason.DUPLICATE.value]


def held_once(mailbox: Mailbox, reason: Reason, *mails: bytes, delivered: int = 0) -> None:
    report = mailbox.collect(*mails)
    assert mailbox.aside == {reason.value: 1}
    assert (report.delivered, report.held) == (delivered, 1)


def test_our_own_mark_that_comes_back_to_its_recipient_is_held(mailbox: Mailbox) -> None:
    mailbox.passes(mail(*by_the_club()))
    (delivered,) = mailbox.raws()
    held_once(mailbox, Reason.OWN_MARK, redirected(delivered))


def test_a_mail_that_was_delivered_twice_to_one_address_is_held(mailbox: Mailbox) -> None:
    top = [f"Delivered-To: {who}@club.test" for who in ("al", "office", "al")]
    held_once(mailbox, Reason.DELIVERED_TO_LOOP, mail(*top, *by_the_club()))


def test_a_mail_that_the_recipients_own_robot_sent_is_held(mailbox: Mailbox) -> None:
    held_once(mailbox, Reason.LOOP_HEADER, mail(*by_the_club(), more=["X-Loop: Alice@example.org"] * 2))


@pytest.mark.parametrize("in_one_batch", [True, False])
def test_of_a_bounce_flood_the_first_pass_and_the_rest_is_held(mailbox: Mailbox, in_one_batch: bool) -> None:
    mailbox.guard(bounces=5)
    mailbox.begins()
    bounces = [bounce(number) for number in range(12)]
    for some in [bounces] if in_one_batch else [[one] for one in bounces]:
        mailbox.collect(*some)
    assert mailbox.aside == {Reason.BOUNCE_FLOOD.value: 8}
    assert mailbox.connector.log.events("error").count("breaker-opened") == 1


def test_a_bounce_about_a_bounce_is_held(mailbox: Mailbox) -> None:
    inner = {"inner_from": "MAILER-DAEMON@example.org", "inner_path": "<>"}
    held_once(mailbox, Reason.BOUNCE_OF_BOUNCE, bounce(1, **inner))


def answer_to_all(number: int) -> bytes:
    return mail(
        *by_the_list(keeps_received=True),
        body=f"Please stop answering to all! ({number})\r\n",
        message_id=f"all.{number}@o{number}.test",
        at=NOW + number,
        author=f"Member <member{number}@o{number}.test>",
        subject="Re: Regatta",
        more=["References: <regatta@club.test>"],
    )


def test_a_reply_all_storm_is_delivered_with_one_alarm(mailbox: Mailbox) -> None:
    mailbox.begins()
    for some in range(0, 30, 10):
        mailbox.passes(*(answer_to_all(number) for number in range(some, some + 10)))
    alarms = [fields for _, event, fields in mailbox.connector.log.lines if event == "breaker-opened"]
    assert [alarm["kind"] for alarm in alarms] == ["reply-all"]


def copies_of(raw: bytes, count: int) -> list[bytes]:
    start = datetime.fromtimestamp(NOW - 2 * HOUR, UTC)
    return list(copywriter.storm(raw, [SERVER], count, start=start, draw=Random(1), inbox="mx.isp.example"))


@pytest.mark.parametrize("order", [lambda pile: pile, lambda pile: pile[::-1]])
@pytest.mark.parametrize("in_one_batch", [True, False])
def test_of_a_storm_one_mail_comes_through_and_one_alarm(
    mailbox: Mailbox, order: Callable[[list[bytes]], list[bytes]], in_one_batch: bool
) -> None:
    original = mail(hop("out.sail.test", "mx.isp.example"), hop("pc.sail.test", "out.sail.test"))
    pile = order([original, *copies_of(original, 9)])
    mailbox.begins()
    for some in [pile] if in_one_batch else [[one] for one in pile]:
        mailbox.collect(*some)
    delivered = mailbox.connector.delivered()
    assert delivered == native(original if in_one_batch else pile[0])
    assert set(mailbox.aside) == {Reason.REPLICATED.value, Reason.STORM.value}
    assert mailbox.aside.total() == 9
    assert mailbox.connector.log.events("error").count("breaker-opened") == 1


def test_a_copy_of_what_a_person_released_is_set_aside(tmp_path: Path) -> None:
    """It was held for want of an envelope, and released: from then on its recipient has it."""
    mailbox = Mailbox(tmp_path, to=MULTIDROP)
    original = mail(hop("out.sail.test", "mx.isp.example"), hop("pc.sail.test", "out.sail.test"))
    assert mailbox.collect(original).held == 1
    mailbox.release(1, ALICE)
    assert mails_of(tmp_path, "alice") == 1
    mailbox.collect(*(b"X-Original-To: alice@example.org\r\n" + copy for copy in copies_of(original, 3)))
    assert mails_of(tmp_path, "alice") == 1
