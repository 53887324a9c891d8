"""What loops is set aside and released byte-identical; what is dropped is gone."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from hostile.connector import PASSWORD, USER, Connector, configuration
from hostile.delivery import POSTMASTER
from hostile.holding import Holding, storm_of
from seawall.cli.main import exit_code
from seawall.deliver.bodies import Bodies
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running
from seawall.ledger import setaside
from seawall.ledger.schema import held

LOOPED = b"Received: from a by b; x\r\n" * 101 + b"Subject: round\r\n\r\nand round\n.\r\n\xff\r\n"
GOOD = b"Subject: good\r\n\r\nbody\r\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    connector = Connector(tmp_path)
    box = Box([LOOPED, GOOD])
    path = tmp_path / "seawall.toml"
    with running(ToyIsp({USER: (PASSWORD, box)})) as isp:
        path.write_text(configuration(isp.port))
        report = connector.poll(isp)
        assert (report.delivered, report.held) == (1, 1)
        assert box.mails == ()
    return path


def test_a_held_mail_is_listed_shown_and_released_byte_identical(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    option = ["--config", str(config)]
    assert exit_code(["held", "list", *option]) == 0
    assert "too-many-hops" in capsys.readouterr().out
    assert exit_code(["held", "show", "1", *option]) == 0
    assert "it passed 101 servers" in capsys.readouterr().out
    assert exit_code(["held", "release", "1", *option]) == 0
    (held,) = [
        path.read_bytes() for path in (tmp_path / "alice" / "new").iterdir() if b"round" in path.read_bytes()
    ]
    assert held.endswith(LOOPED.replace(b"\r\n", b"\n"))
    assert held.startswith(b"Delivered-To: alice@example.org\nReceived: from 127.0.0.1")
    assert exit_code(["held", "release", "1", *option]) == 1
    assert "was released" in capsys.readouterr().err
    assert not list((tmp_path / "state" / "held" / "new").iterdir())


def test_a_held_mail_is_dropped_by_a_persons_word_alone(config: Path, tmp_path: Path) -> None:
    assert exit_code(["held", "drop", "1", "--config", str(config)]) == 2
    assert list((tmp_path / "state" / "held" / "new").iterdir())
    assert exit_code(["held", "drop", "1", "--yes", "--config", str(config)]) == 0
    assert not list((tmp_path / "state" / "held" / "new").iterdir())


@pytest.mark.parametrize(
    "command", [["status"], ["status", "--json"], ["held", "list", "--json"], ["config", "show"]]
)
def test_the_commands_that_read_work_beside_it(command: list[str], config: Path) -> None:
    assert exit_code([*command, "--config", str(config)]) == 0


def test_bodies_lie_once_and_one_copy_dropped_leaves_the_others_releasable(tmp_path: Path) -> None:
    mails = [b"Subject: %d\r\n\r\nthe same\r\n" % n for n in range(40)]
    holding = Holding(tmp_path, mails)
    assert holding.files() == (40, 1)
    records = holding.held()
    assert [holding.raw(record) for record in records] == mails
    header = len(mails[0]) - len(b"the same\r\n")
    assert [record.note.kept_octets for record in records[:3]] == [len(mails[0]), header, header]
    holding.act("drop", 1)
    assert holding.files() == (39, 1)
    assert holding.held()[0].note.kept_octets == len(mails[1]), "the body counts for the next that has it"
    holding.act("release", 2, POSTMASTER)
    assert holding.released()[0].endswith(b"\n\nthe same\n")
    for number in range(3, 41):
        holding.act("drop", number)
    assert holding.files() == (0, 0)


KINDS = {
    "no body": b"Subject: x\r\n\r\n",
    "no empty line": b"Subject: x\r\n",
    "no header": b"\r\nbody\r\n",
    "bare line feeds in the body": b"Subject: x\r\n\r\none\ntwo\n\r\n",
    "octets of every value": b"Subject: \0\xff\r\n\r\n" + bytes(set(range(256)) - {13, 10}) * 3 + b"\r\n",
    "dots": b"Subject: x\r\n\r\n.\r\n..\r\n",
    "a header over a MiB": b"X: " + b"y" * (2**20 + 9) + b"\r\n\r\nbody\r\n",
    "a header that ends just at a MiB": b"X: " + b"y" * (2**20 - 7) + b"\r\n\r\nbody\r\n",
    "a mail in memory, in pieces": b"Subject: x\r\n\r\n" + b"a line of it\r\n" * 100_000,
    "a mail in a file": b"Subject: x\r\n\r\n" + b"a line of it, and longer\r\n" * 1_500_000,
}


@pytest.mark.parametrize("kind", KINDS)
def test_any_kind_of_mail_is_kept_as_served_and_released(kind: str, tmp_path: Path) -> None:
    mail = KINDS[kind]
    holding = Holding(tmp_path, [mail, mail])
    first, second = holding.held()
    assert holding.raw(first) == holding.raw(second) == mail
    has_body = kind not in {"no body", "no empty line", "a header over a MiB"}
    assert holding.files() == (2, int(has_body))
    holding.act("release", 1, POSTMASTER)
    holding.act("release", 2, POSTMASTER)
    assert all(raw.endswith(mail.replace(b"\r\n", b"\n")) for raw in holding.released())
    assert (len(holding.released()), holding.files()) == (2, (0, 0))


def test_a_mail_that_was_held_whole_by_an_earlier_version_is_released(tmp_path: Path) -> None:
    mail = b"Subject: x\r\n\r\nbody\r\n"
    holding = Holding(tmp_path, [mail])
    (file,) = (holding.state.held / "new").iterdir()
    file.write_bytes(mail)
    holding.ask(lambda connection: connection.execute(update(held).values(body=None)) and None)
    holding.act("release", 1, POSTMASTER)
    assert holding.released()[0].endswith(b"\n\nbody\n")
    assert holding.files() == (0, 0), "and the body that nobody names is swept with the next command"


def test_a_held_mail_whose_body_is_not_whole_is_told_and_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    holding = Holding(tmp_path, [b"Subject: x\r\n\r\nbody\r\n"])
    (body,) = (holding.state.held / "bodies").iterdir()
    body.write_bytes(b"bo")
    assert exit_code(holding.command("release", "1", "--to", "alice@example.org")) == 1
    assert "is not whole" in capsys.readouterr().err
    assert len(holding.held()) == 1


def test_a_mail_is_shown_raw_as_it_was_served(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    mail = b"Subject: x\r\n\r\n\x1b[31m\xff\0 raw\r\n"
    holding = Holding(tmp_path, [mail])
    assert exit_code(holding.command("show", "1", "--raw")) == 0
    assert capfdbinary.readouterr().out == mail
    assert exit_code(holding.command("show", "1")) == 0
    assert b"Subject: x" in capfdbinary.readouterr().out


def test_a_storm_is_one_line_and_is_released_or_dropped_as_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    holding = Holding(tmp_path, [b"Subject: %d\r\n\r\nsame\r\n" % n for n in range(6)])
    holding.ask(storm_of, [1, 2, 3])
    holding.ask(storm_of, [5], number=4, closed_at=9.0)
    assert exit_code(holding.command("list")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["s3", "s4", "4", "6"]
    assert "3 copies" in lines[0]
    assert "breaker open  from robot@a.test  again 3" in lines[0]
    assert "breaker closed" in lines[1]
    assert exit_code(holding.command("list", "--storm", "s3")) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["s3", "1", "2", "3"]
    assert exit_code(holding.command("list", "--all-copies")) == 0
    assert len(capsys.readouterr().out.splitlines()) == 8
    assert exit_code(holding.command("list", "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["id"], one["copies"], one["is_open"]) for one in found["storms"]] == [
        (3, 3, True),
        (4, 1, False),
    ]
    assert [mail["id"] for mail in found["mails"]] == [4, 6]
    assert exit_code(holding.command("release", "--storm", "3")) == 0
    assert len(holding.released()) == 3
    assert exit_code(holding.command("drop", "--reason", "storm", "--yes")) == 0
    assert [record.held_id for record in holding.held()] == [4, 6]
    assert exit_code(holding.command("drop", "--reason", "no-envelope", "--yes")) == 0
    assert holding.files() == (0, 0)
    assert exit_code(holding.command("list")) == 0
    assert "nothing is held" in capsys.readouterr().out


def test_a_failure_in_a_storm_is_told_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    holding = Holding(tmp_path, [b"Subject: %d\r\n\r\nbody %d\r\n" % (n, n) for n in range(3)])
    holding.ask(storm_of, [1, 2, 3])
    next(iter((holding.state.held / "new").glob("*"))).unlink()
    assert exit_code(holding.command("release", "--storm", "s3")) == 1
    assert "is not in" in capsys.readouterr().err
    assert (len(holding.released()), len(holding.held())) == (2, 1)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["1", "--storm", "s3"],
        ["--storm", "s3", "--reason", "storm"],
        ["--storm", "x"],
        ["--storm", "s" + "9" * 40],
        ["--reason", "nothing-of-the-kind"],
    ],
)
@pytest.mark.parametrize("act", ["release", "drop"])
def test_which_mails_are_meant_is_said_in_exactly_one_way(act: str, words: list[str], tmp_path: Path) -> None:
    holding = Holding(tmp_path)
    yes = ["--yes"] if act == "drop" else []
    assert exit_code(holding.command(act, *words, *yes)) == 2


def test_a_storm_is_not_released_to_somebody_else(tmp_path: Path) -> None:
    holding = Holding(tmp_path)
    assert exit_code(holding.command("release", "--storm", "3", "--to", "alice@example.org")) == 2


def test_above_the_bound_no_poll_begins_and_nothing_is_erased(tmp_path: Path) -> None:
    holding = Holding(tmp_path, [b"Subject: x\r\n\r\nbody\r\n"])
    site = holding.connector.site
    box = Box([b"Subject: y\r\n\r\nanother\r\n"])
    with running(ToyIsp({USER: (PASSWORD, box)})) as isp:
        holding.connector.site = replace(site, guard=replace(site.guard, held_max=10))
        report = holding.connector.poll(isp)
        assert "octets are held; polling stops above 10: see `seawall held list`" in report.problem
        assert len(box.raws) == 1
        holding.act("drop", 1)
        assert holding.connector.poll(isp).held == 1
    assert not box.raws


@pytest.mark.parametrize("where", ["end_release", "unlink", "erase"])
def test_a_kill_behind_the_rename_of_a_release_leaves_neither_header_nor_body(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*words: Any, **_: object) -> None:
        # The sweep that comes first has nothing to erase.
        if words[-1] != []:
            raise Killed

    holding = Holding(tmp_path, [b"Subject: x\r\n\r\nbody\r\n"])
    target = {"end_release": setaside, "unlink": Path, "erase": Bodies}[where]
    with monkeypatch.context() as patch:
        patch.setattr(target, where, killed)
        with pytest.raises(Killed):
            holding.act("release", 1, POSTMASTER)
    assert holding.files() == (int(where != "erase"), 1)
    holding.act("settle")
    assert (len(holding.released()), holding.files()) == (1, (0, 0))
    assert holding.held() == []
