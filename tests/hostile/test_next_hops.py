"""Deliveries for each recipient: what one of them cannot get waits for that one alone, and nobody is told."""

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from hostile.connector import PASSWORD, USER, Connector, configuration, lmtp_to
from hostile.delivery import ALICE, BOB, MARK, MULTIDROP, POSTMASTER, Delivery, mail
from seawall.cli.main import exit_code
from seawall.lab import isp as lab_isp
from seawall.lab import sink as lab_sink
from seawall.lab.behaviour import Behaviour
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp
from seawall.lab.mails import storm_mail
from seawall.lab.sink import DROP, OFFERED, Manners, Sink
from seawall.model.account import (
    CommandDestination,
    Filter,
    KeepForever,
    Speech,
)
from seawall.model.envelope import Mailboxes
from seawall.model.facts import MessageFacts


def test_each_mail_goes_to_whom_its_envelope_names_once(tmp_path: Path) -> None:
    delivery = Delivery(
        tmp_path, [mail("alice", number=1), mail("bob", "carol", number=2), mail("zoe", number=3)]
    )
    for _ in range(3):
        assert delivery.poll().went_well
    assert delivery.received == Counter(
        {"alice@example.org": 1, "bob@example.org": 1, "carol@example.org": 1, "postmaster@example.org": 1}
    )
    assert not delivery.box.mails
    assert all(sunk.data.startswith(b"Received: from 127.0.0.1") for sunk in delivery.sink.mails)


def test_three_copies_in_a_catch_all_box_make_three_deliveries(tmp_path: Path) -> None:
    copies = [
        mail(name).replace(
            b"To: x@elsewhere.test", b"To: alice@example.org, bob@example.org, x@elsewhere.test"
        )
        for name in ("alice", "bob", "carol")
    ]
    delivery = Delivery(tmp_path, copies)
    delivery.poll()
    assert delivery.received == Counter(
        {"alice@example.org": 1, "bob@example.org": 1, "carol@example.org": 1}
    )


def test_what_one_recipient_cannot_get_yet_waits_for_that_one_alone(tmp_path: Path) -> None:
    manners = Manners(answers={"RCPT bob@example.org": (b"452 4.2.2 full", b"452 4.2.2 full", b"250 ok")})
    delivery = Delivery(tmp_path, [mail("alice", "bob", number=1), mail("carol", number=2)], manners)
    report = delivery.poll()
    assert report.troubled == 1
    assert delivery.received == Counter({"alice@example.org": 1, "carol@example.org": 1})
    assert len(delivery.box.raws) == 1, "carol's is erased, although the session that fetched it was cut"
    for _ in range(3):
        delivery.poll()
    assert delivery.received == Counter(
        {"alice@example.org": 1, "bob@example.org": 1, "carol@example.org": 1}
    )
    assert not delivery.box.mails
    assert delivery.held() == []


def test_a_server_that_erases_what_was_read_does_not_get_to_while_somebody_waits(tmp_path: Path) -> None:
    manners = Manners(answers={"RCPT bob@example.org": (b"452 4.2.2 full",)})
    delivery = Delivery(tmp_path, [mail("bob", number=1), mail("carol", number=2)], manners)
    delivery.isp.behaviour = Behaviour(erases_retrieved=True, expire="0")
    for _ in range(4):
        delivery.poll()
        assert [b"bob" in raw for raw in delivery.box.raws] == [True]
    assert delivery.received == Counter({"carol@example.org": 1})


@pytest.mark.parametrize("stage", ["RCPT", "CONTENT"])
def test_what_a_next_hop_will_never_take_is_held_with_its_words(tmp_path: Path, stage: str) -> None:
    manners = Manners(answers={f"{stage} bob@example.org": (b"550 5.1.1 no \x1b[31mbob here",)})
    delivery = Delivery(tmp_path, [mail("alice", "bob")], manners)
    for _ in range(3):
        assert delivery.poll().went_well
    assert delivery.received == Counter({"alice@example.org": 1})
    (held,) = delivery.held()
    assert (held.note.recipient, held.note.reason) == ("bob@example.org", "rejected")
    assert "550 5.1.1 no \\x1b[31mbob here" in held.note.sentence
    assert not delivery.box.mails


def test_a_next_hop_that_is_down_gets_nothing_fetched_for_it(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path, [mail("alice")], Manners(answers={"GREETING": (b"421 4.3.2 down",)}))
    report = delivery.poll()
    assert "421 4.3.2 down" in report.problem
    assert not any(command.startswith("RETR") for command in delivery.box.commands)
    delivery.sink.manners = Manners()
    assert delivery.poll().went_well
    assert delivery.received == Counter({"alice@example.org": 1})


def test_a_doubt_is_offered_again_under_the_same_mark_and_written_down(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path, [mail("alice")], Manners(answers={"CONTENT": (DROP, b"250 kept")}))
    assert delivery.poll().troubled == 1
    assert delivery.poll().went_well
    assert delivery.received == Counter({"alice@example.org": 2}), "the sink has no Sieve"
    marks = {found.group() for sunk in delivery.sink.mails if (found := MARK.search(sunk.data))}
    assert len(marks) == 1
    assert delivery.doubts() == 1
    assert "mail-failed" in delivery.connector.log.events("warning")
    assert not delivery.box.mails


@pytest.mark.parametrize("change", ["recipient", "maildir"])
def test_a_configuration_that_changes_while_somebody_waits_ends_the_wait(tmp_path: Path, change: str) -> None:
    manners = Manners(answers={"RCPT bob@example.org": (b"452 4.2.2 full",)})
    delivery = Delivery(tmp_path, [mail("alice", "bob")], manners, keep=KeepForever())
    delivery.poll()
    if change == "recipient":
        delivery.connector.site = replace(
            delivery.connector.site, mailboxes=Mailboxes.build({ALICE: (BOB,), POSTMASTER: ()})
        )
        delivery.poll()
    else:
        delivery.connector.now += 3600
        with lab_isp.running(delivery.isp):
            delivery.connector.poll(delivery.isp)
        assert len(list((tmp_path / "bob" / "new").iterdir())) == 1
        assert not (tmp_path / "alice").exists(), "alice has it already"
    retrieved = delivery.box.retrievals.total()
    assert delivery.poll().known == 1
    assert delivery.box.retrievals.total() == retrieved
    assert delivery.received == Counter({"alice@example.org": 1})


def test_a_mail_that_is_never_answered_is_held_in_the_end_and_not_copied_for_ever(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path, [mail("alice")], Manners(answers={"CONTENT": (DROP,)}), to=ALICE)
    for _ in range(12):
        delivery.poll(minutes=24 * 60)
    (held,) = delivery.held()
    assert held.note.reason == "unanswered"
    assert delivery.received["alice@example.org"] == delivery.connector.site.alarm_after
    assert "mail-keeps-failing" in delivery.connector.log.events("error")
    assert not delivery.box.mails


def test_status_says_what_may_be_there_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    delivery = Delivery(
        tmp_path, [mail("alice")], Manners(answers={"CONTENT": (DROP, b"250 kept")}), to=ALICE
    )
    delivery.poll()
    delivery.poll()
    config = tmp_path / "seawall.toml"
    config.write_text(configuration(1110))
    assert exit_code(["status", "--config", str(config)]) == 0
    assert "1 may be there twice" in capsys.readouterr().out


def test_a_held_mail_is_released_over_the_next_hop_or_stays_held(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refusals = (b"550 5.1.1 no", b"550 5.1.1 still no", b"452 4.2.2 full", b"250 ok")
    delivery = Delivery(tmp_path, [mail("alice")], Manners(answers={"RCPT": refusals}), to=ALICE)
    delivery.poll()
    config = tmp_path / "seawall.toml"
    with lab_sink.running(delivery.sink):
        config.write_text(configuration(1110, lmtp_to(delivery.sink.port)))
        command = ["held", "release", "1", "--config", str(config)]
        for words in ("550 5.1.1 still no", "452 4.2.2 full"):
            assert exit_code(command) == 1
            assert words in capsys.readouterr().err
            assert [held.status for held in delivery.held()] == ["held"]
        assert exit_code(command) == 0
        assert exit_code(command) == 1, "it is not held any more"
    (sunk,) = delivery.sink.mails
    assert sunk.data.endswith(mail("alice"))
    assert delivery.held() == []
    assert not list((tmp_path / "state" / "held" / "new").iterdir())


def test_status_tells_held_from_delivered_and_says_by_its_exit_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = {"RCPT": (b"250 ok", b"550 5.1.1 no", b"452 4.2.2 full")}
    delivery = Delivery(
        tmp_path, [mail("alice", number=n) for n in range(3)], Manners(answers=answers), to=ALICE
    )
    config = tmp_path / "seawall.toml"
    config.write_text(configuration(1110))
    assert exit_code(["status", "--config", str(config)]) == 0
    assert "not polled yet" in capsys.readouterr().out
    delivery.poll()
    assert exit_code(["status", "--config", str(config)]) == 1
    assert "well, but for 1 mails; " in (said := capsys.readouterr().out)
    assert "1 delivered, 1 held" in said


def test_a_dry_run_makes_no_state(tmp_path: Path) -> None:
    with lab_isp.running(ToyIsp({USER: (PASSWORD, Box([mail("alice")]))})) as isp:
        (tmp_path / "password").write_text(PASSWORD)
        config = tmp_path / "seawall.toml"
        config.write_text(configuration(isp.port))
        assert exit_code(["run", "--once", "--dry-run", "--config", str(config)]) == 0
    assert not (tmp_path / "state").exists()


MULTIDROP_LINE = (
    'multidrop = { envelope = "X-Original-To", isp = ["isp.example"], isp_hops = 1, '
    'unknown = "postmaster@example.org" }'
)


@pytest.mark.parametrize("command", [[], ["--to", "carol@example.org"]])
def test_a_mail_without_an_envelope_goes_to_nobody_by_chance(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    """Held with isp_hops = 2; mended to 1 its envelope names bob; and --to says it in any case."""
    delivery = Delivery(tmp_path, [mail("bob")], to=replace(MULTIDROP, isp_hops=2))
    delivery.poll()
    assert [held.note.reason for held in delivery.held()] == ["no-envelope"]
    config = tmp_path / "seawall.toml"
    with lab_sink.running(delivery.sink):
        text = configuration(1110, lmtp_to(delivery.sink.port), to=MULTIDROP_LINE)
        boxes = "".join(f'"{name}@example.org" = []\n' for name in ("alice", "bob", "carol", "postmaster"))
        text += f"[mailboxes]\n{boxes}"
        release = ["held", "release", "1", "--config", str(config)]
        config.write_text(text.replace("isp_hops = 1", "isp_hops = 2"))
        assert exit_code(release) == 2
        assert "name the mailbox with --to" in capsys.readouterr().err
        assert exit_code([*release, "--to", "x@elsewhere.test"]) == 2
        assert "is no mailbox of account office" in capsys.readouterr().err
        config.write_text(text)
        assert exit_code([*release, *command]) == 0
    assert delivery.received == Counter({command[-1] if command else "bob@example.org": 1})


@pytest.mark.parametrize("renumber", [False, True])
def test_what_waits_for_a_recipient_is_known_again_under_a_new_uidl(
    tmp_path: Path, *, renumber: bool
) -> None:
    manners = Manners(answers={"RCPT bob@example.org": (b"452 4.2.2 full", b"250 ok")})
    delivery = Delivery(tmp_path, [mail("alice", "bob")], manners, keep=KeepForever())
    delivery.poll()
    if renumber:
        delivery.box.renumber_uidls()
    for _ in range(3):
        delivery.poll()
    assert delivery.received == Counter({"alice@example.org": 1, "bob@example.org": 1})


def test_many_deferred_mails_come_with_the_others_once_their_time_has_come(tmp_path: Path) -> None:
    manners = Manners(answers={"RCPT bob@example.org": (*[b"452 4.2.2 full"] * 60, b"250 ok")})
    mails = [mail("bob", number=n) for n in range(60)]
    delivery = Delivery(tmp_path, mails, manners)
    assert delivery.poll().troubled == 60
    assert delivery.poll().went_well
    assert delivery.received == Counter({"bob@example.org": 60})


@pytest.mark.parametrize("speech", list(Speech))
def test_the_storm_mail_reaches_its_mailbox_alone(tmp_path: Path, speech: Speech) -> None:
    delivery = Delivery(tmp_path, [storm_mail()], to=ALICE)
    delivery.sink = Sink(speech)
    delivery.poll()
    assert delivery.received == Counter({"alice@example.org": 1})
    assert [command for command in delivery.sink.commands if command.startswith("RCPT")] == [
        "RCPT TO:<alice@example.org> NOTIFY=NEVER"
    ]


def test_the_return_path_of_the_isp_moves_into_the_envelope_and_no_other_does(tmp_path: Path) -> None:
    above = mail("alice", number=1, top=b"Return-Path: <sender@a.test>\r\n")
    below = mail("alice", number=2).replace(b"To: x@", b"Return-Path: <forged@a.test>\r\nTo: x@")
    delivery = Delivery(tmp_path, [above, below])
    delivery.poll()
    first, second = delivery.sink.mails
    assert first.reverse_path == "sender@a.test"
    assert b"Return-Path" not in first.data
    assert second.reverse_path == ""
    assert second.data.endswith(below)


def test_without_dsn_the_reverse_path_is_null_and_the_return_path_stays(tmp_path: Path) -> None:
    raw = mail("alice", top=b"Return-Path: <sender@a.test>\r\n")
    offers = tuple(keyword for keyword in OFFERED if keyword != "DSN")
    delivery = Delivery(tmp_path, [raw], Manners(offers=offers))
    delivery.poll()
    (sunk,) = delivery.sink.mails
    assert sunk.reverse_path == ""
    assert sunk.data.endswith(raw)


@pytest.mark.parametrize(("ignores", "reason"), [(False, "would-loop"), (True, None)])
def test_smtp_that_would_see_a_loop_gets_no_mail_that_names_its_recipient(
    tmp_path: Path, *, ignores: bool, reason: str | None
) -> None:
    delivery = Delivery(tmp_path, [mail("alice", top=b"Delivered-To: Alice@Example.Org\r\n")])
    delivery.sink = Sink(Speech.SMTP)
    delivery.poll(ignores_delivered_to=ignores)
    assert [held.note.reason for held in delivery.held()] == ([reason] if reason else [])
    assert len(delivery.sink.mails) == (0 if reason else 1)


def test_a_filter_may_refuse_a_mail_and_cannot_change_it(tmp_path: Path) -> None:
    script = (
        "import sys; data = sys.stdin.buffer.read(); print('spam'); sys.exit(99 if b'<1@' in data else 0)"
    )
    delivery = Delivery(
        tmp_path,
        [mail("alice", number=1), mail("alice", number=2)],
        filter=Filter(argv=(sys.executable, "-c", script)),
    )
    assert delivery.poll().went_well
    (held,) = delivery.held()
    assert (held.note.reason, held.note.sentence) == ("filtered", "the filter refused it: spam")
    (sunk,) = delivery.sink.mails
    assert sunk.data.endswith(mail("alice", number=2))


def test_a_filter_that_fails_leaves_the_mail_where_it_is(tmp_path: Path) -> None:
    delivery = Delivery(
        tmp_path, [mail("alice")], filter=Filter(argv=(sys.executable, "-c", "raise SystemExit(3)"))
    )
    report = delivery.poll()
    assert report.troubled == 1
    assert len(delivery.box.mails) == 1
    assert not delivery.sink.mails
    assert not delivery.held()


def test_a_filter_may_choose_a_folder_of_a_maildir(tmp_path: Path) -> None:
    with lab_isp.running(ToyIsp({USER: (PASSWORD, Box([mail("alice")]))})) as isp:
        connector = Connector(tmp_path)
        chosen = Filter(
            argv=(sys.executable, "-c", "import sys; sys.stdin.read(); print('folder: Lists.Sailing')")
        )
        assert connector.poll(isp, filter=chosen).went_well
    assert len(list((tmp_path / "alice" / ".Lists.Sailing" / "new").iterdir())) == 1
    assert (tmp_path / "alice" / ".Lists.Sailing" / "maildirfolder").exists()


def test_a_command_takes_each_mail_and_its_exit_code_is_obeyed(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys; data = sys.stdin.buffer.read(); n = sum(1 for _ in pathlib.Path(sys.argv[1]).iterdir())\n"
        "code = 67 if b'<1@' in data else 75 if b'<2@' in data and not n else 0\n"
        "if not code: pathlib.Path(sys.argv[1], str(n)).write_bytes(sys.argv[2].encode() + b' ' + data)\n"
        "sys.exit(code)"
    )
    out = tmp_path / "out"
    out.mkdir()
    box = Box([mail("alice", number=n) for n in range(4)])
    destination = CommandDestination(name="mda", argv=(sys.executable, "-c", script, str(out), "{recipient}"))
    connector = Connector(tmp_path)
    with lab_isp.running(ToyIsp({USER: (PASSWORD, box)})) as isp:
        for _ in range(3):
            connector.now += 600
            connector.poll(isp, destination=destination)
    written = [path.read_bytes() for path in out.iterdir()]
    assert len(written) == 3
    assert all(data.startswith(b"alice@example.org Received: from") for data in written)
    assert not any(b"<1@" in data or b"\r" in data for data in written)
    assert not box.mails


def test_facts_have_no_place_for_to_and_cc() -> None:
    assert not {"to", "cc", "bcc", "recipients", "resent_to"} & set(MessageFacts.__slots__)
