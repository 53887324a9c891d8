"""What loops is set aside and released byte-identical; what is dropped is gone."""

from pathlib import Path

import pytest

from hostile.connector import PASSWORD, USER, Connector, configuration
from seawall.cli.main import exit_code
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running

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
