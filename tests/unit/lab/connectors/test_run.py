"""Running a stranger: how it ended is told, and nothing of it is left."""

import contextlib
import os
import select
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from seawall.errors import Misconfigured
from seawall.lab.connectors.preparing import Command, environment
from seawall.lab.connectors.profile import Deliver, Profile
from seawall.lab.connectors.reading import of_command
from seawall.lab.connectors.run import Ended, Run, run, version


def ran(home: Path, program: str, *, limit: float = 30.0, kill_when: Callable[[], bool] | None = None) -> Run:
    command = Command(
        argv=(sys.executable, "-I", "-S", "-c", program), env=environment(home), clean_exits=frozenset({0})
    )
    return run(stranger(), command, limit=limit, kill_when=kill_when)


def stranger() -> Profile:
    return of_command("anything", Deliver.SMTP)


def test_an_exit_is_clean_or_not_as_the_profile_says(tmp_path: Path) -> None:
    assert ran(tmp_path, "print('done')").ended is Ended.CLEAN
    failed = ran(tmp_path, "import sys; sys.exit('no mail server')")
    assert (failed.ended, failed.exit_code, failed.talk) == (Ended.FAILED, 1, "no mail server\n")


def test_what_goes_on_is_stopped(tmp_path: Path) -> None:
    assert ran(tmp_path, "import time; time.sleep(600)", limit=0.2).ended is Ended.HUNG


def test_a_kill_comes_when_it_is_time(tmp_path: Path) -> None:
    marker = tmp_path / "here"
    program = f"import time; open({str(marker)!r}, 'w').close(); time.sleep(600)"
    assert ran(tmp_path, program, kill_when=marker.exists).ended is Ended.KILLED


def test_a_child_that_was_left_behind_is_killed_too(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys;"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid, flush=True)"
    )
    left = int(ran(tmp_path, program).talk)
    with contextlib.suppress(ProcessLookupError):
        ended, _, _ = select.select([os.pidfd_open(left)], [], [], 30)
        assert ended


def test_the_memory_of_children_counts(tmp_path: Path) -> None:
    hoard = "import time; x = bytearray(100 * 2**20); time.sleep(0.3)"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hoard!r}])"
    assert 100 * 2**20 < ran(tmp_path, program).peak_octets < 200 * 2**20


def test_much_talk_is_cut_to_its_end(tmp_path: Path) -> None:
    talk = ran(tmp_path, "print('x' * 100_000 + 'the end')").talk
    assert len(talk) == 4096
    assert talk.endswith("the end\n")


def test_its_environment_holds_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_SECRET", "opensesame")
    assert "opensesame" not in ran(tmp_path, "import os; print(dict(os.environ))").talk


def test_a_program_that_cannot_be_started_is_said(tmp_path: Path) -> None:
    command = Command(argv=("/nowhere/at/all",), env=environment(tmp_path), clean_exits=frozenset({0}))
    with pytest.raises(Misconfigured, match="/nowhere/at/all cannot be started: there is no such program"):
        run(stranger(), command, limit=1.0)


def test_a_program_that_tells_no_version_has_none() -> None:
    assert version(stranger()) == ""
