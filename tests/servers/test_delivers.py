"""Promises 1, 2, 4 and 6 through real servers: Dovecot's LMTP, and Postfix's SMTP with virtual(8) and local(8)."""

import itertools
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from crash.test_stops import peak_kilobytes
from hostile.connector import NOTHING_ASIDE, Connector, configuration
from seawall.collect.report import Report
from seawall.lab.mails import storm_mail
from seawall.ledger import setaside
from seawall.ledger.ledger import Ledger
from seawall.ledger.state import State
from seawall.model.account import (
    Credentials,
    KeepFor,
    KeepForever,
    NextHopDestination,
    Server,
    Speech,
    Tls,
    UnixSocket,
)
from seawall.model.address import Address
from seawall.model.envelope import EnvelopeName, Mailboxes, Multidrop
from seawall.model.secret import PasswordFile
from servers.dovecot import Dovecot
from servers.postfix import Postfix

pytestmark = pytest.mark.server

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
SAMPLE = 12
"""Every so many mails of the corpus are taken in the everyday tests; `make soak` takes all."""
ALICE, BOB, CAROL, POSTMASTER = (
    Address.parse(f"{name}@example.org") for name in ("alice", "bob", "carol", "postmaster")
)
AS_IT_IS = {
    "local_header_rewrite_clients": "",
    "message_drop_headers": "",
    "header_size_limit": "10000000",
    "hopcount_limit": "200",
}
"""Postfix then adds no Date, From or Message-ID to a mail that has none, drops or cuts no field, and refuses no long chain."""
TRACE = re.compile(
    rb"Received: from 127\.0\.0\.1 \(\[127\.0\.0\.1\]\)\n\tby here\.example\.org \(Seawall\) with POP3 id [0-9a-f]{32}\n"
    rb"\tfor <[^>]+>; [^\n]+\nX-Seawall-Mark: [0-9a-f]{32}\.[0-9a-f]{32}\n"
)
MULTIDROP = Multidrop(
    envelope=EnvelopeName.parse("X-Original-To"), isp=("isp.example",), isp_hops=1, unknown=POSTMASTER
)
full = pytest.param(1, marks=pytest.mark.soak, id="all of it")
every_step = pytest.mark.parametrize("step", [pytest.param(SAMPLE, id="a sample"), full])
with_corpus = pytest.mark.skipif(
    not CORPUS.exists(), reason="the corpus of real mail is not beside this checkout"
)


@dataclass(frozen=True)
class Place:
    """Where the connector calls."""

    host: str
    port: int


class Office:
    """A POP3 box at Dovecot that is collected to a destination."""

    def __init__(self, dovecot: Dovecot, user: str, root: Path) -> None:
        self.dovecot = dovecot
        self.user = user
        (root / "dovecot-password").write_text(dovecot.password)
        self.connector = Connector(
            root,
            user=user,
            secret=PasswordFile(str(root / "dovecot-password")),
            patience=20.0,
            keep=KeepForever(),
        )
        self.connector.site = replace(
            self.connector.site,
            mailboxes=Mailboxes.build(dict.fromkeys((ALICE, BOB, CAROL, POSTMASTER), ())),
            guard=NOTHING_ASIDE,
        )

    def poll(self, **changes: Any) -> Report:
        self.connector.now += 600
        return self.connector.poll(Place(self.dovecot.host, self.dovecot.pop3_port), **changes)

    def held(self) -> list[str]:
        ledger = Ledger.open(State.make(self.connector.site.state).database)
        try:
            return [record.note.reason for record in ledger.transact(setaside.held_mails)]
        finally:
            ledger.close()


@pytest.fixture
def office(dovecot: Dovecot, fresh_user: str, tmp_path: Path) -> Office:
    return Office(dovecot, fresh_user, tmp_path)


def lmtp(dovecot: Dovecot, way: str) -> NextHopDestination:
    place: Server | UnixSocket = UnixSocket(str(dovecot.lmtp_socket))
    if way != "socket":
        port = dovecot.lmtps_port if way == "implicit" else dovecot.lmtp_port
        place = Server(host="127.0.0.1", port=port, tls=Tls(way), ca_file=str(dovecot.ca_file))
    return NextHopDestination(name="main", speech=Speech.LMTP, place=place, patience=30.0)


def smtp(server: Postfix, **changes: Any) -> NextHopDestination:
    place = Server(host=server.host, port=server.smtp_port, tls=Tls.STARTTLS, ca_file=str(server.ca_file))
    found = NextHopDestination(name="main", speech=Speech.SMTP, place=place, patience=30.0)
    return replace(found, **changes)


def corpus(step: int) -> list[bytes]:
    paths = sorted(CORPUS.glob("*/messages/*"))
    return [path.read_bytes() for path in itertools.islice(paths, 0, None, step)]


def as_it_arrives(mail: bytes) -> bytes:
    """Under the mark: lines end in LF; a CR by itself is a space; the last line has an end (`wire.transparency`)."""
    native = mail.replace(b"\r\n", b"\n").replace(b"\r", b" ")
    return native if native.endswith(b"\n") else native + b"\n"


def without_return_path(mail: bytes) -> bytes:
    """What the ISP's Return-Path leaves where it moved into the envelope."""
    for line in itertools.takewhile(bool, mail.split(b"\n")):
        if line.lower().startswith(b"received:"):
            break
        if line.lower().startswith(b"return-path:"):
            is_path = re.fullmatch(rb"\S+[ \t]*<?[!-;=?-~]*>?[ \t]*", line) and not line.endswith(
                (b":", b": ")
            )
            return mail.replace(line + b"\n", b"", 1) if is_path else mail
    return mail


def is_well_formed(mail: bytes) -> bool:
    """Whether every line of the header is a field or goes on with one: Postfix mends what is not."""
    header = mail.partition(b"\n\n")[0]
    return all(re.match(rb"[!-9;-~]+:|[ \t]+\S", line) for line in header.split(b"\n"))


def squeezed(mail: bytes) -> bytes:
    return mail.translate(None, b" \t\n")


def under_the_mark(arrived: Sequence[bytes]) -> Counter[bytes]:
    found: Counter[bytes] = Counter()
    for raw in arrived:
        trace = TRACE.search(raw)
        assert trace, raw[:600]
        found[raw[trace.end() :]] += 1
    return found


@with_corpus
@every_step
@pytest.mark.parametrize("way", ["none", "starttls", "implicit", "socket"])
def test_real_mail_arrives_by_lmtp_once_and_byte_identical(
    way: str, step: int, office: Office, dovecot: Dovecot
) -> None:
    mails = corpus(step if way in {"none", "socket"} else step * 5)
    recipient = dovecot.add_user(f"{office.user}-inbox")
    dovecot.fill(office.user, mails)
    for _ in range(2):
        report = office.poll(
            destination=lmtp(dovecot, way), to=Address(local_part=recipient, domain="example.org")
        )
        assert report.went_well, report.problem
    arrived = under_the_mark(dovecot.raw_mails(recipient))
    expected = Counter(map(as_it_arrives, mails))
    assert arrived == expected, next(iter(arrived - expected))[:500]
    assert office.held() == []


@with_corpus
@every_step
@pytest.mark.parametrize("agent", ["virtual", "local"])
def test_real_mail_arrives_by_smtp_once_and_byte_identical(
    agent: str, step: int, office: Office, dovecot: Dovecot, postfix: type[Postfix]
) -> None:
    mails = corpus(step if step == 1 else step * 2)
    dovecot.fill(office.user, mails)
    ways: dict[str, Any] = {"virtual": {"virtual": ["alice@example.org"]}, "local": {"local": ["alice"]}}
    with postfix(**ways[agent], settings=AS_IT_IS) as server:
        for _ in range(2):
            assert office.poll(destination=smtp(server), to=ALICE).went_well
        server.settle(timeout=120)
        arrived = under_the_mark(server.delivered({"virtual": "alice@example.org", "local": "alice"}[agent]))
        assert server.foreign() == []
        assert server.queue() == []
    wanted = [without_return_path(as_it_arrives(mail)) for mail in mails]
    mended = {squeezed(mail) for mail in wanted if not is_well_formed(mail)}
    expected = Counter(mail if is_well_formed(mail) else squeezed(mail) for mail in wanted)
    found = Counter(
        squeezed(mail) if squeezed(mail) in mended and mail not in expected else mail
        for mail in arrived.elements()
    )
    assert found == expected, next(iter(found - expected))[:500]
    assert office.held() == []


@pytest.mark.parametrize("dsn", [True, False])
def test_a_server_that_accepts_and_then_fails_tells_nobody_outside(
    *, dsn: bool, office: Office, dovecot: Dovecot, postfix: type[Postfix]
) -> None:
    mails = [
        b"Return-Path: <sender%d@elsewhere.test>\nReceived: from a.test by b.test; Mon, 23 Nov 2026 01:00:00 +0000\n"
        b"From: sender%d@elsewhere.test\nMessage-ID: <%d@a.test>\n\nbody\n" % (n, n, n)
        for n in range(5)
    ]
    dovecot.fill(office.user, mails)
    with postfix(virtual=["alice@example.org"], fails_later=True, dsn=dsn) as server:
        assert office.poll(destination=smtp(server), to=ALICE).went_well
        server.settle()
        log = server.log()
        assert len(re.findall(r"status=bounced", log)) == len(mails)
        assert server.foreign() == []
        assert "sender" not in "".join(re.findall(r"to=<[^>]*>", log))
        assert server.queue() == []


def test_refusals_now_and_for_good_are_told_to_nobody_outside(
    office: Office, dovecot: Dovecot, postfix: type[Postfix]
) -> None:
    envelope = (
        b"X-Original-To: alice@example.org, bob@example.org, carol@example.org\n"
        b"Received: from a.test by mx.isp.example; Mon, 23 Nov 2026 01:00:00 +0000\nMessage-ID: <1@a.test>\n\nbody\n"
    )
    dovecot.fill(office.user, [envelope])
    everybody = [str(ALICE), str(BOB), str(CAROL)]
    refuses = {str(BOB): "450 4.2.2 full", str(CAROL): "550 5.1.1 no such user"}
    with postfix(virtual=everybody, refuses=refuses) as server:
        for _ in range(3):
            office.poll(destination=smtp(server), to=MULTIDROP)
        server.settle()
        assert len(server.delivered(str(ALICE))) == 1
        assert server.foreign() == []
    assert office.held() == ["rejected"]
    office.connector.now += 86400
    with postfix(virtual=everybody) as server:
        office.poll(destination=smtp(server), to=MULTIDROP)
        server.settle()
        assert len(server.delivered(str(BOB))) == 1
        assert server.delivered(str(ALICE)) == server.delivered(str(CAROL)) == []


@pytest.mark.parametrize("tempfail", ["no", "yes"])
def test_a_full_mailbox_bounces_to_nobody(tempfail: str, office: Office, dovecot: Dovecot) -> None:
    full_box = {"quota_rule": "*:storage=1K", "quota_full_tempfail": tempfail}
    name = dovecot.add_user(f"{office.user}-full", settings=full_box)
    dovecot.fill(office.user, [b"Message-ID: <1@a.test>\n\n" + b"x" * 5000 + b"\n"])
    report = office.poll(
        destination=lmtp(dovecot, "none"),
        to=Address(local_part=name, domain="example.org"),
        keep=KeepFor(0.0),
    )
    assert dovecot.raw_mails(name) == []
    if tempfail == "yes":
        assert report.troubled == 1
        assert dovecot.count(office.user) == 1
    else:
        assert office.held() == ["rejected"]


@pytest.mark.parametrize("password", ["right", "wrong"])
def test_a_server_that_wants_a_login_gets_it_over_tls(
    password: str, office: Office, dovecot: Dovecot, postfix: type[Postfix], tmp_path: Path
) -> None:
    dovecot.fill(office.user, [b"Message-ID: <1@a.test>\n\nbody\n"])
    secret = tmp_path / "smtp-password"
    secret.write_text(dovecot.password if password == "right" else "wrong")
    credentials = Credentials(user=office.user, secret=PasswordFile(str(secret)))
    with postfix(virtual=[str(ALICE)], auth_socket=dovecot.auth_socket) as server:
        place = Server(
            host=server.host, port=server.submission_port, tls=Tls.STARTTLS, ca_file=str(server.ca_file)
        )
        destination = smtp(server, place=place, credentials=credentials)
        report = office.poll(destination=destination, to=ALICE)
        server.settle()
        assert len(server.delivered(str(ALICE))) == (1 if password == "right" else 0)
    if password == "wrong":
        assert "refused to log in by SCRAM-SHA-256" in report.problem
        assert not report.is_stopped, "the POP3 account is not to blame"
        assert dovecot.count(office.user) == 1


def test_smtp_may_begin_with_tls(office: Office, dovecot: Dovecot, postfix: type[Postfix]) -> None:
    dovecot.fill(office.user, [b"Message-ID: <1@a.test>\n\nbody\n"])
    with postfix(virtual=[str(ALICE)]) as server:
        place = Server(
            host=server.host, port=server.smtps_port, tls=Tls.IMPLICIT, ca_file=str(server.ca_file)
        )
        assert office.poll(destination=smtp(server, place=place), to=ALICE).went_well
        server.settle()
        assert len(server.delivered(str(ALICE))) == 1
        stranger = replace(place, ca_file=None)
        assert "cannot be trusted" in office.poll(destination=smtp(server, place=stranger), to=ALICE).problem


# ── who receives ────────────────────────────────────────────────────────────────────────────

HOP = b"Received: from sender.test by mx.isp.example; Mon, 23 Nov 2026 01:00:00 +0000\n"
THOUSAND = b"Cc: " + b",\n ".join(b"someone%d@elsewhere.test" % n for n in range(1000)) + b"\n"
ENVELOPES = {
    "fifty addressees, three of them local": (
        b"X-Original-To: bob@example.org\n"
        + storm_mail().replace(b"by pop.isp.example", b"by mx.isp.example"),
        [str(BOB)],
    ),
    "unlisted-recipients": (
        b"X-Original-To: bob@example.org\n"
        + HOP
        + b"To: unlisted-recipients:; (no To-header on input)\n\nx\n",
        [str(BOB)],
    ),
    "no To at all": (b"X-Original-To: carol@example.org\n" + HOP + b"Subject: x\n\nx\n", [str(CAROL)]),
    "a thousand in Cc": (b"X-Original-To: carol@example.org\n" + HOP + THOUSAND + b"\nx\n", [str(CAROL)]),
    "Resent": (
        b"X-Original-To: carol@example.org\n"
        + HOP
        + b"Resent-To: bob@example.org, y@elsewhere.test\nResent-Cc: z@elsewhere.test\nTo: alice@example.org\n\nx\n",
        [str(CAROL)],
    ),
    "a forged X-Original-To straight from a sender": (
        HOP + b"X-Original-To: bob@example.org\nTo: bob@example.org\n\nx\n",
        [],
    ),
    "a forged hop of the ISP": (
        HOP.replace(b"mx.isp.example", b"relay.elsewhere.test")
        + b"X-Original-To: bob@example.org\n"
        + HOP
        + b"To: bob@example.org\n\nx\n",
        [],
    ),
    "an alias nobody listed": (b"X-Original-To: zoe@example.org\n" + HOP + b"\nx\n", [str(POSTMASTER)]),
}


@pytest.mark.parametrize("case", ENVELOPES)
@pytest.mark.parametrize("kind", ["single", "multidrop"])
def test_postfix_hears_of_the_recipients_of_the_envelope_alone(
    kind: str, case: str, office: Office, dovecot: Dovecot, postfix: type[Postfix]
) -> None:
    mail, multidrop = ENVELOPES[case]
    to, expected = (ALICE, [str(ALICE)]) if kind == "single" else (MULTIDROP, multidrop)
    dovecot.fill(office.user, [mail])
    with postfix(virtual=[str(ALICE), str(BOB), str(CAROL), str(POSTMASTER)]) as server:
        assert office.poll(destination=smtp(server), to=to).went_well
        server.settle()
        assert re.findall(r"to=<([^>]*)>", server.log()) == expected
        assert server.foreign() == []
    assert office.held() == ([] if expected else ["no-envelope"])


def test_three_copies_in_a_catch_all_box_make_three_deliveries(
    office: Office, dovecot: Dovecot, postfix: type[Postfix]
) -> None:
    everybody = [str(ALICE), str(BOB), str(CAROL)]
    to = b"To: " + ", ".join(everybody).encode() + b"\nMessage-ID: <1@a.test>\n\nx\n"
    dovecot.fill(office.user, [b"X-Original-To: " + name.encode() + b"\n" + HOP + to for name in everybody])
    with postfix(virtual=everybody) as server:
        assert office.poll(destination=smtp(server), to=MULTIDROP).went_well
        server.settle()
        assert sorted(re.findall(r"to=<([^>]*)>", server.log())) == everybody


# ── smuggling ───────────────────────────────────────────────────────────────────────────────

FORGED = b"MAIL FROM:<evil@elsewhere.test>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: forged\r\n\r\nforged\r\n.\r\n"
SEQUENCES = [
    before + b"." + after
    for before in (b"\n", b"\r", b"\r\n")
    for after in (b"\n", b"\r", b"\r\n")
    if (before, after) != (b"\r\n", b"\r\n")
] + [b"\r\r\n.\r\r\n", b"\0\r\n.\0\r\n", b"\n\n.\n\n"]


def smuggling() -> Iterator[bytes]:
    for number, sequence in enumerate(SEQUENCES):
        yield b"Subject: %d\r\nMessage-ID: <%d@a.test>\r\n\r\nbefore" % (number, number) + sequence + FORGED


@pytest.fixture
def smuggler(office: Office, dovecot: Dovecot) -> Office:
    """A box with a mail for each sequence. Dovecot's own POP3 serves a lone LF as CRLF, so a file stands for it."""
    dovecot.fill(office.user, list(smuggling()))
    return office


def assert_nothing_was_smuggled(arrived: Sequence[bytes]) -> None:
    subjects = Counter(
        found.group(1) for raw in arrived if (found := re.search(rb"^Subject: (\S+)$", raw, re.MULTILINE))
    )
    assert subjects == Counter({b"%d" % number: 1 for number in range(len(SEQUENCES))})
    assert all(b"forged" in raw for raw in arrived)


@pytest.mark.parametrize("bare_newline", ["no", "normalize", "reject"])
def test_nothing_is_smuggled_through_postfix(
    bare_newline: Any, smuggler: Office, postfix: type[Postfix]
) -> None:
    with postfix(virtual=[str(ALICE), str(BOB)], bare_newline=bare_newline) as server:
        assert smuggler.poll(destination=smtp(server), to=ALICE).went_well
        server.settle()
        assert_nothing_was_smuggled(server.delivered(str(ALICE)))
        assert server.delivered(str(BOB)) == []
        assert server.foreign() == []


def test_nothing_is_smuggled_through_dovecot(smuggler: Office, dovecot: Dovecot) -> None:
    name = dovecot.add_user(f"{smuggler.user}-target")
    report = smuggler.poll(
        destination=lmtp(dovecot, "none"), to=Address(local_part=name, domain="example.org")
    )
    assert report.went_well
    assert_nothing_was_smuggled(dovecot.raw_mails(name))


@pytest.mark.soak
def test_a_very_large_mail_goes_by_lmtp_in_bounded_memory(
    office: Office, dovecot: Dovecot, tmp_path: Path
) -> None:
    name = dovecot.add_user(f"{office.user}-large")
    mail = b"Message-ID: <1@a.test>\n\n" + b"0123456789abcde\n" * (2**28 // 16)
    dovecot.fill(office.user, [mail])
    (tmp_path / "password").write_text(dovecot.password)
    config = tmp_path / "seawall.toml"
    config.write_text(
        configuration(
            dovecot.pop3_port,
            f'kind = "lmtp"\nsocket = "{dovecot.lmtp_socket}"',
            to=f'to = "{name}@example.org"',
            user=office.user,
            more='max_size = "1 GB"',
        )
    )
    command = [sys.executable, "-m", "seawall", "run", "--once", "--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, peak_kilobytes(process.pid))
            time.sleep(0.02)
    assert process.returncode == 0
    (arrived,) = dovecot.raw_mails(name)
    assert arrived.endswith(b"\n" + mail)
    print(f"peak resident: {peak / 1024:.0f} MB")  # noqa: T201
    assert 0 < peak < 100 * 1024
