"""`seawall check` at toy ISPs that behave and misbehave: what it says, and that nothing changes."""

import asyncio
import json
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from hostile.cases import misbehaving
from hostile.checking import (
    Installation,
    original,
    said,
)
from hostile.connector import PASSWORD, USER, configuration
from seawall.cli.main import exit_code
from seawall.cli.output import NobodyReads
from seawall.collect.check.finding import Finding
from seawall.collect.check.survey import survey
from seawall.lab.behaviour import Behaviour, Ending, Endless, Stop, refusing_logins
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running
from seawall.lab.sink import Manners, Sink
from seawall.lab.sink import running as taking
from seawall.model.account import (
    KeepFor,
    KeepForever,
    Settings,
    Speech,
    Tls,
)

HOUR = 3600.0


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


# ── the POP3 server ──────────────────────────────────────────────────────────────────────


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


# ── servers that misbehave ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", sorted(misbehaving()))
def test_no_misbehaving_server_makes_check_raise(name: str, here: Installation) -> None:
    here.account_of(Box([original("alice")] * 3), misbehaving()[name], patience=1.0)


@pytest.mark.parametrize("at", ["GREETING", "CAPA", "UIDL", "TOP", "QUIT"])
@pytest.mark.parametrize("ending", [Ending.HANG, Ending.DROP])
def test_what_was_found_before_a_server_fell_silent_is_told(
    at: str, ending: Ending, here: Installation
) -> None:
    hangs = Behaviour(stops=(Stop(at=(at, None), after=0, ending=ending),))
    found = here.account_of(Box([original("alice")]), hangs, patience=2.0)
    assert found.problems or found.warnings
    assert said(found.found, "logged in") == (at in {"UIDL", "TOP", "QUIT"})
    assert said(found.warnings, "only then does the server erase") == (at == "QUIT")


def test_a_server_that_never_ends_is_given_up(here: Installation) -> None:
    endless = Behaviour(replies={("UIDL", None): Endless(head=b"+OK\r\n", again=b"%d aaaaaaaaaa\r\n")})
    assert here.account_of(Box([original("alice")]), endless, patience=1.0).problems


async def test_others_are_told_while_some_hang(here: Installation) -> None:
    """More hang, for an hour, than their host has places; the good ones come last."""
    good, all_told = {f"good{number}" for number in range(8)}, asyncio.Event()
    told: set[str] = set()

    def tell(finding: Finding) -> None:
        told.add(finding.name)
        if told >= good:
            all_told.set()

    hangs = Behaviour(stops=(Stop(at=("UIDL", None), ending=Ending.HANG),))
    bad = ToyIsp({name: (PASSWORD, Box()) for name in map("bad{}".format, range(8))}, hangs)
    honest = ToyIsp({name: (PASSWORD, Box()) for name in good})
    async with bad, honest:
        accounts = [
            replace(here.at(isp, patience=HOUR), name=user, user=user)
            for isp, prefix in ((bad, "bad"), (honest, "good"))
            for user in (f"{prefix}{number}" for number in range(8))
        ]
        settings = Settings(site=here.site, accounts=tuple(accounts))
        looks = asyncio.ensure_future(survey(settings, here="here.test", now=here.now, tell=tell))
        await all_told.wait()
        assert not looks.done()
        assert told <= {*good, "main"}
        looks.cancel()
        await asyncio.wait((looks,))


def test_of_one_host_no_more_are_looked_at_together_than_are_polled_together(here: Installation) -> None:
    here.site = replace(here.site, at_once_per_host=2)
    users = {f"user{number}": (PASSWORD, Box()) for number in range(12)}
    isp = ToyIsp(users)
    with running(isp):
        found = here.look(*(replace(here.at(isp), name=user, user=user) for user in users))
    assert found.is_usable
    assert isp.most_at_once <= 2


# ── the command ──────────────────────────────────────────────────────────────────────────


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "seawall.toml"
    (tmp_path / "password").write_text(PASSWORD)
    with ExitStack() as stack:
        isp = stack.enter_context(running(ToyIsp({USER: (PASSWORD, Box([original("alice")]))})))
        path.write_text(configuration(isp.port, 'kind = "maildir"\npath = "Maildir"'))
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


def test_nobody_who_listens_ends_the_looks_as_any_other_command(here: Installation) -> None:
    def tell(finding: Finding) -> None:
        raise NobodyReads

    settings = Settings(site=here.site, accounts=(here.account,))
    with pytest.raises(NobodyReads):
        asyncio.run(survey(settings, here="here.test", now=here.now, tell=tell))


def test_a_box_of_many_mails_says_that_only_the_newest_are_meant(here: Installation) -> None:
    assert said(here.account_of(Box([original("alice")] * 21)).found, "21 mails there", "newest 20")
