"""`seawall check` against toy ISPs and toy next hops: what it says, and that nothing changes."""

import asyncio
import json
import ssl
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from hostile.connector import PASSWORD, USER, Connector, configuration
from seawall.cli.main import exit_code
from seawall.collect.check.finding import Finding
from seawall.collect.check.survey import Survey, survey
from seawall.lab.behaviour import Behaviour, Ending, Endless, Stop, refusing_logins
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running
from seawall.lab.presets import PRESETS
from seawall.lab.sink import OFFERED, Manners, Sink
from seawall.lab.sink import running as taking
from seawall.model.account import (
    Account,
    CommandDestination,
    Filter,
    KeepFor,
    KeepForever,
    MaildirDestination,
    NextHopDestination,
    Server,
    Settings,
    Speech,
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
PASTED = (
    'multidrop = { envelope = "X-Original-To", isp = ["isp.example"], isp_hops = 2, '
    'unknown = "postmaster@example.org" }'
)


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


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def said(sentences: tuple[str, ...], *parts: str) -> bool:
    """Whether one sentence says all of it."""
    return any(all(part in sentence for part in parts) for sentence in sentences)


# ── the POP3 server ─────────────────────────────────────────────────────────────────────


def test_each_capability_is_told_in_words(here: Installation) -> None:
    extra = (
        b"+OK\r\nPIPELINING\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nUTF8\r\nXTND\r\nSASL PLAIN\r\n"
    )
    extra += b"USER\r\nEXPIRE NEVER\r\nLOGIN-DELAY 900\r\nIMPLEMENTATION Toy \x1b[31m 1\r\n.\r\n"
    found = here.account_of(Box([original("alice")] * 3), Behaviour(replies={("CAPA", None): extra}))
    assert found.problems == ()
    for parts in (
        ("PIPELINING: yes", "round trip"),
        ("TOP: yes", "header"),
        ("UIDL: yes", "known again"),
        ("RESP-CODES: yes", "in use"),
        ("AUTH-RESP-CODE: yes", "password"),
        ("UTF8: yes",),
        ("EXPIRE: never",),
        ("LOGIN-DELAY: 900 s", "polls are that far apart"),
        ("IMPLEMENTATION", "Toy"),
        ("not known here", "XTND"),
        ("3 mails there",),
        ("alice@example.org alone",),
    ):
        assert said(found.found, *parts), (parts, found.found)
    assert "\x1b" not in found.as_text()


def test_what_the_server_lacks_is_told_too(here: Installation) -> None:
    lacks = frozenset(("PIPELINING", "UIDL", "TOP", "RESP-CODES", "AUTH-RESP-CODE"))
    found = here.account_of(Box([original("alice")] * 3), Behaviour(lacks=lacks))
    assert found.problems == ()
    assert said(found.found, "PIPELINING: no", "round trip")
    assert said(found.found, "AUTH-RESP-CODE: no")
    assert said(found.warnings, "UIDL: no", "TOP")
    assert said(found.found, "no header without its mail")


def test_a_server_without_capa_is_tried(here: Installation) -> None:
    found = here.account_of(Box(), Behaviour(lacks=frozenset(("CAPA",))))
    assert said(found.found, "no CAPA")
    assert said(found.found, "UIDL: yes, though")
    assert said(found.found, "0 mails there")


@pytest.mark.parametrize(
    ("expire", "keep", "is_warned"),
    [
        ("0", KeepFor(0.0), False),
        ("0", KeepFor(7 * 86400.0), True),
        ("30", KeepFor(7 * 86400.0), False),
        ("3", KeepFor(7 * 86400.0), True),
        ("30", KeepForever(), True),
        ("NEVER", KeepForever(), False),
        ("nonsense", KeepForever(), False),
    ],
)
def test_keep_is_compared_with_what_the_server_erases_itself(
    *, expire: str, keep: KeepFor | KeepForever, is_warned: bool, here: Installation
) -> None:
    found = here.account_of(Box(), Behaviour(expire=expire), keep=keep)
    assert said(found.warnings, "keep asks for") == is_warned
    assert found.problems == ()


@pytest.mark.parametrize(("sasl", "is_warned"), [(("SCRAM-SHA-256",), False), (("PLAIN",), True), ((), True)])
def test_a_password_in_the_clear_is_a_warning(
    *, sasl: tuple[str, ...], is_warned: bool, here: Installation
) -> None:
    found = here.account_of(Box(), Behaviour(sasl=sasl))
    assert said(found.found, "logged in to 127.0.0.1 by", "without TLS")
    assert said(found.warnings, "password", "in the clear") == is_warned


@pytest.mark.parametrize(("days", "is_warned"), [(3, True), (60, False)])
def test_a_certificate_that_ends_soon_is_a_warning(
    *, days: int, is_warned: bool, here: Installation, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    here.now = now.timestamp()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", not_after=now + timedelta(days=days, hours=1)).configure_cert(context)
    server = replace(here.account.server, tls=Tls.IMPLICIT, ca_file=str(tmp_path / "ca.pem"))
    isp = ToyIsp({USER: (PASSWORD, Box())}, tls=context, implicit_tls=True)
    with running(isp):
        account = replace(here.account, server=replace(server, host=isp.host, port=isp.port))
        (found,) = here.look(account).accounts
    assert said(found.found, "TLS 1.", f"{days} days more")
    assert said(found.warnings, "certificate ends in", f"{days} days") == is_warned
    assert found.problems == ()


def test_a_login_that_is_refused_makes_the_account_unusable(here: Installation, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("wrong")
    found = here.account_of(Box())
    assert said(found.problems, "refused to log in")
    assert "NOT USABLE" in found.as_text()


def test_a_box_that_is_in_use_says_by_whom_it_may_be(here: Installation) -> None:
    found = here.account_of(Box(), Behaviour(replies=refusing_logins(b"[IN-USE] locked")))
    assert said(found.problems, "locked", "another session has the box")


def test_only_the_newest_twenty_headers_are_read(here: Installation) -> None:
    box = Box([original("alice")] * 50)
    here.account_of(box)
    tops = [command for command in box.commands if command.startswith("TOP")]
    assert sorted(tops) == sorted(f"TOP {number} 0" for number in range(31, 51))


def test_a_server_without_top_is_asked_once(here: Installation) -> None:
    box = Box([original("alice")] * 50)
    here.account_of(box, Behaviour(lacks=frozenset(("TOP",))))
    assert len([command for command in box.commands if command.startswith("TOP")]) == 1


# ── servers that misbehave ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_no_preset_of_the_toy_isp_makes_check_raise(name: str, here: Installation) -> None:
    here.account_of(Box([original("alice")] * 3), PRESETS[name], patience=1.0)


@pytest.mark.parametrize("at", ["GREETING", "CAPA", "UIDL", "TOP", "QUIT"])
@pytest.mark.parametrize("ending", [Ending.HANG, Ending.DROP])
def test_what_was_found_before_a_server_fell_silent_is_told(
    at: str, ending: Ending, here: Installation
) -> None:
    hangs = Behaviour(stops=(Stop(at=(at, None), after=0, ending=ending),))
    found = here.account_of(Box([original("alice")]), hangs, patience=1.0)
    assert found.problems or found.warnings
    assert said(found.found, "logged in") == (at in {"UIDL", "TOP", "QUIT"})
    assert said(found.warnings, "only then does the server erase") == (at == "QUIT")


def test_a_server_that_never_ends_is_given_up(here: Installation) -> None:
    endless = Behaviour(replies={("UIDL", None): Endless(head=b"+OK\r\n", again=b"%d aaaaaaaaaa\r\n")})
    assert here.account_of(Box([original("alice")]), endless, patience=1.0).problems


def test_others_are_told_while_one_hangs(here: Installation) -> None:
    hangs = Behaviour(stops=(Stop(at=("UIDL", None), ending=Ending.HANG),))
    with (
        running(ToyIsp({USER: (PASSWORD, Box())}, hangs)) as hanging,
        running(ToyIsp({USER: (PASSWORD, Box())})) as honest,
    ):
        survey = here.look(
            replace(here.at(hanging, patience=1.0), name="bad"), replace(here.at(honest), name="good")
        )
    assert [finding.name for finding in survey.accounts] == ["bad", "good"]
    assert [finding.name for finding in here.told][-1] == "bad"
    assert not survey.is_usable


def test_of_one_host_no_more_are_looked_at_together_than_are_polled_together(here: Installation) -> None:
    here.site = replace(here.site, at_once_per_host=2)
    users = {f"user{number}": (PASSWORD, Box()) for number in range(12)}
    isp = ToyIsp(users)
    with running(isp):
        found = here.look(*(replace(here.at(isp), name=user, user=user) for user in users))
    assert found.is_usable
    assert isp.most_at_once <= 2


# ── destinations ────────────────────────────────────────────────────────────────────────


def test_a_destination_is_looked_at_once_for_all_accounts_that_use_it(here: Installation) -> None:
    sink = Sink(Speech.LMTP)
    others = tuple(replace(here.account, name=name) for name in ("office", "home"))
    found = here.next_hop(sink, of=others)
    assert sink.connections == 1
    assert said(found.found, "used by office and home")


def test_a_maildir_is_described_and_not_made(here: Installation, tmp_path: Path) -> None:
    with running(ToyIsp({USER: (PASSWORD, Box())})) as isp:
        (found,) = here.look(here.at(isp)).destinations
        assert said(found.found, "alice@example.org", str(tmp_path / "alice"), "can be made", "owner")
        assert said(found.found, "octets are free")
        assert not (tmp_path / "alice").exists()
        for name in ("tmp", "new", "cur"):
            (tmp_path / "alice" / name).mkdir(parents=True)
        (found,) = here.look(here.at(isp)).destinations
    assert said(found.found, "can be written")
    assert (found.warnings, found.problems) == ((), ())


def test_a_maildir_that_cannot_be_used_is_a_problem(here: Installation, tmp_path: Path) -> None:
    (tmp_path / "alice").write_text("a file")
    (found,) = here.look(here.account).destinations
    assert said(found.problems, "alice@example.org", "cannot be made")
    (tmp_path / "alice").unlink()
    for name in ("tmp", "new", "cur"):
        (tmp_path / "alice" / name).mkdir(parents=True)
    (tmp_path / "alice").chmod(stat.S_IRWXU | stat.S_IRWXO)
    (found,) = here.look(here.account).destinations
    assert said(found.problems, "written by everybody")


def test_a_full_disk_is_a_problem(here: Installation) -> None:
    here.site = replace(here.site, min_free_octets=2**62)
    (found,) = here.look(here.account).destinations
    assert said(found.problems, "octets are free")


def test_mailboxes_that_share_one_directory_are_a_warning(here: Installation, tmp_path: Path) -> None:
    together = MaildirDestination(name="main", path=str(tmp_path / "all"))
    account = replace(here.account, destination=together)
    (found,) = here.look(account, replace(account, name="again")).destinations
    assert found.warnings == ()
    (found,) = here.look(account, replace(account, name="bob", to=BOB)).destinations
    assert said(found.warnings, "2 mailboxes", "alice@example.org", "bob@example.org", "{user}")
    (found,) = here.look(replace(account, to=multidrop())).destinations
    assert said(found.warnings, "3 mailboxes")


def test_programs_must_be_there(here: Installation) -> None:
    there, missing = (
        CommandDestination(name="a", argv=("/bin/cat",)),
        CommandDestination(name="b", argv=("/no",)),
    )
    account = replace(here.account, filter=Filter(argv=("/no-filter",)))
    survey = here.look(replace(account, destination=there), replace(account, destination=missing))
    assert said(survey.destinations[0].found, "/bin/cat", "can be run")
    assert survey.destinations[0].problems == ()
    assert said(survey.destinations[1].problems, "/no", "not there")
    assert said(survey.accounts[0].problems, "filter", "/no-filter")


def test_what_a_next_hop_offers_is_told_in_words(here: Installation) -> None:
    found = here.next_hop(Sink(Speech.LMTP))
    assert found.problems == ()
    for parts in (
        ("takes mail by LMTP",),
        ("PIPELINING: yes",),
        ("SIZE", "52,428,800", "50,000,000"),
        ("8BITMIME: yes",),
        ("SMTPUTF8: yes",),
        ("DSN: yes", "NOTIFY=NEVER"),
        ("take mail for alice@example.org",),
    ):
        assert said(found.found, *parts), (parts, found.found)


def test_what_a_next_hop_lacks_is_told_or_warned_of(here: Installation) -> None:
    found = here.next_hop(Sink(Speech.SMTP, Manners(offers=("SIZE 1000",))))
    assert found.problems == ()
    assert said(found.found, "DSN: no", "reverse-path is null", "nobody can be told")
    assert said(found.warnings, "SIZE", "1,000", "50,000,000", "held")
    assert said(found.warnings, "8BITMIME: no", "held")
    assert said(found.found, "SMTPUTF8: no")


def test_a_recipient_that_is_refused_is_a_problem_with_the_servers_words(here: Installation) -> None:
    answers = {
        "RCPT bob@example.org": (b"550 5.1.1 no \x1b[31mBob",),
        "RCPT postmaster@example.org": (b"450 4.2.2 full",),
        "RCPT nobody@example.com": (b"554 5.7.1 relay access denied",),
    }
    account = replace(here.account, to=multidrop())
    found = here.next_hop(Sink(Speech.SMTP, Manners(answers=answers)), of=(account,))
    assert said(found.problems, "bob@example.org", "550 5.1.1 no")
    assert said(found.warnings, "postmaster@example.org", "450 4.2.2 full")
    assert said(found.found, "take mail for alice@example.org")
    assert said(found.found, "no mail for elsewhere", "relay access denied")
    assert "\x1b" not in found.as_text()
    assert len(found.warnings) == 1


def test_a_next_hop_that_relays_is_a_warning(here: Installation) -> None:
    found = here.next_hop(Sink(Speech.SMTP))
    assert said(found.warnings, "nobody@example.com", "for anybody", "never names such a recipient")


def test_the_stranger_is_never_of_a_local_domain(here: Installation) -> None:
    here.site = replace(here.site, domains=("example.com", "example.net"))
    sink = Sink(Speech.SMTP)
    here.next_hop(sink)
    assert [command for command in sink.commands if "nobody@" in command] == [
        "RCPT TO:<nobody@example.org> NOTIFY=NEVER"
    ]


def test_two_hundred_recipients_are_asked_for_and_no_more(here: Installation) -> None:
    people = [Address.parse(f"user{number:03d}@example.org") for number in range(250)]
    here.site = replace(here.site, mailboxes=Mailboxes.build(dict.fromkeys(people, ())))
    sink = Sink(Speech.LMTP)
    found = here.next_hop(sink, of=(replace(here.account, to=multidrop()),))
    assert sum(command.startswith("RCPT") for command in sink.commands) == 201
    assert sum(command.startswith("RSET") for command in sink.commands) < 20
    assert said(found.found, "251 recipients", "first 200")


def test_a_next_hop_that_refuses_many_is_not_asked_for_all(here: Installation) -> None:
    people = [Address.parse(f"user{number:03d}@example.org") for number in range(100)]
    here.site = replace(here.site, mailboxes=Mailboxes.build(dict.fromkeys(people, ())))
    sink = Sink(Speech.LMTP, Manners(answers={"RCPT": (b"550 5.1.1 no",)}))
    found = here.next_hop(sink, of=(replace(here.account, to=multidrop()),))
    assert said(found.warnings, "more were not asked for")


def test_a_refused_null_reverse_path_is_told_once(here: Installation) -> None:
    account = replace(here.account, to=multidrop())
    refusing = {"MAIL": (b"550 5.7.1 no bounces",)}
    offers = tuple(offer for offer in OFFERED if offer != "DSN")
    found = here.next_hop(Sink(Speech.SMTP, Manners(offers=offers, answers=refusing)), of=(account,))
    assert said(found.problems, "null reverse-path", "no bounces")
    assert len(found.problems) == 1
    found = here.next_hop(Sink(Speech.SMTP, Manners(answers=refusing)), of=(account,))
    assert said(found.warnings, "null reverse-path", "no bounces")
    assert found.problems == ()


@pytest.mark.parametrize(
    "answers",
    [
        {"GREETING": (b"554 no",)},
        {"GREETING": (b"",)},
        {"EHLO": (b"421 closing",)},
        {"MAIL": (b"421 closing",)},
        {"RCPT": (b"",)},
        {"RCPT": (b"nonsense",)},
        {"RSET": (b"",)},
    ],
)
def test_a_next_hop_that_misbehaves_is_a_problem_and_no_exception(
    answers: dict[str, tuple[bytes, ...]], here: Installation
) -> None:
    assert here.next_hop(Sink(Speech.SMTP, Manners(answers=answers))).problems


# ── loops ───────────────────────────────────────────────────────────────────────────────

SMTP = NextHopDestination(
    name="mta", speech=Speech.SMTP, place=Server(host="127.0.0.1", port=1, tls=Tls.NONE), patience=1.0
)


@pytest.mark.parametrize(
    ("to", "delivered_to", "is_refused"),
    [
        (ALICE, "Alice@example.org", True),
        (ALICE, "bob@example.org", False),
        (ALICE, "office@isp.example", False),
        (multidrop(), "a.smith@example.org", True),
        (multidrop(), "bob@example.org", True),
        (multidrop(), "carol@example.org", False),
        (ALICE, "<<<not an address", False),
    ],
)
def test_an_smtp_destination_is_refused_where_the_mails_would_loop(
    *, to: Address | Multidrop, delivered_to: str, is_refused: bool, here: Installation
) -> None:
    """Any occurrence counts, below the ISP's hops too: the next hop reads them all."""
    mail = header(STORE, "X-Original-To: alice@example.org\r\n", MX, f"Delivered-To: {delivered_to}\r\n", OUT)
    found = here.account_of(Box([original("alice"), mail]), to=to, destination=SMTP)
    assert said(found.problems, "Delivered-To", "mail forwarding loop", 'kind = "lmtp"') == is_refused
    assert said(found.problems, "ignores_delivered_to = true") == is_refused
    for other in (replace(SMTP, ignores_delivered_to=True), replace(SMTP, speech=Speech.LMTP)):
        assert here.account_of(Box([mail]), to=to, destination=other).problems == ()


def test_multidrop_by_delivered_to_into_smtp_is_refused_without_any_mail(here: Installation) -> None:
    found = here.account_of(Box(), to=multidrop("Delivered-To"), destination=SMTP)
    assert said(found.problems, "every mail", "mail forwarding loop")
    with_prefix = replace(multidrop("Delivered-To"), strip_prefix="office-")
    assert here.account_of(Box(), to=with_prefix, destination=SMTP).problems == ()


def test_without_top_it_is_said_that_loops_cannot_be_seen(here: Installation) -> None:
    found = here.account_of(
        Box([original("alice")]), Behaviour(lacks=frozenset(("TOP",))), to=multidrop(), destination=SMTP
    )
    assert said(found.warnings, "TOP", "would loop", "rule fits")


# ── envelope advice ─────────────────────────────────────────────────────────────────────


def test_a_rule_that_fits_says_who_would_have_received(here: Installation) -> None:
    mails = [original("alice")] * 4 + [original("carol")] * 2 + [header(OUT)]
    found = here.account_of(Box(mails[:6]), to=multidrop())
    assert said(found.found, "of 6 mails", "4 for alice@example.org")
    assert said(found.found, "2 for unknown (postmaster@example.org)")
    assert said(found.found, "isp_hops = 2 fits")
    assert found.warnings == ()


def test_a_mail_that_would_be_held_is_a_warning_and_no_fault_of_the_rule(here: Installation) -> None:
    found = here.account_of(Box([original("alice")] * 6 + [header(OUT)]), to=multidrop())
    assert said(found.found, "6 for alice@example.org", "1 held (no-envelope)")
    (warning,) = found.warnings
    assert "of 7 mails 1 would be held (no-envelope)" in warning


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (multidrop(isp_hops=3), PASTED),
        (multidrop(isp="other.example"), 'isp = ["isp.example"], isp_hops = '),
        (multidrop("X-Envelope-To"), 'envelope = "X-Original-To", isp = ["isp.example"], isp_hops = 2'),
    ],
    ids=["too many hops", "another ISP", "another field"],
)
def test_a_rule_that_does_not_fit_is_a_warning_with_the_line_to_paste(
    rule: Multidrop, line: str, here: Installation
) -> None:
    found = here.account_of(Box([original("alice")] * 6), to=rule)
    assert said(found.warnings, "this would: multidrop = {", line), found.warnings
    assert found.problems == ()


def test_too_few_mails_propose_nothing(here: Installation) -> None:
    found = here.account_of(Box([original("alice")] * 4), to=multidrop(isp_hops=3))
    assert said(found.found, "do not suffice")
    assert not said(found.warnings, "this would")


@pytest.mark.parametrize(("isp", "is_warned"), [("com", True), ("co.uk", True), ("isp.example", False)])
def test_an_isp_that_is_no_one_isps_domain_is_a_warning(
    *, isp: str, is_warned: bool, here: Installation
) -> None:
    found = here.account_of(Box(), to=multidrop(isp=isp))
    assert said(found.warnings, f"every host below {isp}") == is_warned


def test_a_single_account_that_looks_like_a_catch_all_gets_a_remark(here: Installation) -> None:
    mails = [original(name) for name in ("alice", "bob", "Alice+tag", "carol", "alice", "bob")]
    found = here.account_of(Box(mails))
    assert said(found.found, "remark", "3 local addresses", 'multidrop = { envelope = "X-Original-To"')
    assert (found.warnings, found.problems) == ((), ())
    for ordinary in (
        [original("alice"), original("Alice+tag")],
        [header(OUT, "X-Original-To: b@example.org\r\n")],
    ):
        assert not said(here.account_of(Box([original("alice"), *ordinary])).found, "remark")


# ── the command ─────────────────────────────────────────────────────────────────────────


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "seawall.toml"
    (tmp_path / "password").write_text(PASSWORD)
    with ExitStack() as stack:
        isp = stack.enter_context(running(ToyIsp({USER: (PASSWORD, Box([original("alice")]))})))
        path.write_text(configuration(isp.port, "Maildir"))
        yield path


def test_the_document_has_accounts_and_destinations_and_warnings_are_no_failure(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = config.read_text().replace(
        'kind = "maildir"\npath = "Maildir"', 'kind = "lmtp"\nhost = "127.0.0.1"\nport = %d'
    )
    with taking(Sink(Speech.LMTP, Manners(offers=("PIPELINING",)))) as sink:
        config.write_text(text % sink.port)
        assert exit_code(["check", "--config", str(config), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "seawall.check/1"
    (account,), (destination,) = document["accounts"], document["destinations"]
    assert (account["name"], destination["name"]) == ("office", "main")
    assert account.keys() == destination.keys() == {"name", "found", "warnings", "problems"}
    assert destination["warnings"]


def test_each_is_told_with_its_worst_first_and_a_problem_fails(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Maildir").write_text("a file")
    assert exit_code(["check", "--config", str(config)]) == 1
    said = capsys.readouterr().out
    assert "account office: ok\n  " in said
    assert "destination main: NOT USABLE\n  problem: " in said
