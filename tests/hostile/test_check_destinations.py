"""`seawall check` at destinations: what a Maildir, a program and a toy next hop are said to be, and that no mail goes there."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from hostile.checking import (
    BOB,
    Installation,
    multidrop,
    said,
)
from hostile.connector import PASSWORD, USER
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running
from seawall.lab.sink import OFFERED, Manners, Sink
from seawall.model.account import (
    CommandDestination,
    Filter,
    MaildirDestination,
    Speech,
)
from seawall.model.address import Address
from seawall.model.envelope import Mailboxes


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


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


def test_a_path_that_no_disk_takes_is_a_problem(here: Installation, tmp_path: Path) -> None:
    long = MaildirDestination(name="main", path=str(tmp_path / ("x" * 300)))
    (found,) = here.look(replace(here.account, destination=long)).destinations
    assert said(found.problems, "cannot be used", "too long")


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
    assert said(
        found.warnings, "nobody@example.com", "would relay", "anybody", "never names such a recipient"
    )


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


def test_an_lmtp_server_that_takes_any_domain_is_a_warning_that_says_so(here: Installation) -> None:
    assert said(here.next_hop(Sink(Speech.LMTP)).warnings, "nobody@example.com", "local part alone")


def test_of_many_maildirs_that_cannot_be_used_ten_are_named(here: Installation, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    people = [Address.parse(f"user{number}@example.org") for number in range(30)]
    nowhere = MaildirDestination(name="main", path=str(tmp_path / "file" / "{user}"))
    accounts = [replace(here.account, name=str(one), to=one, destination=nowhere) for one in people]
    (found,) = here.look(*accounts).destinations
    assert len(found.problems) == 11
    assert said(found.problems, "20 more cannot be used")
