"""How a run ends that is not let finish: SIGTERM, a full disk, a second process, a very large mail."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from crash.points import FEW, Installation
from hostile.connector import PASSWORD, USER
from seawall.lab.behaviour import Behaviour, Pace
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running
from seawall.lab.mails import ordinary_mails


def delivered(installation: Installation) -> int:
    return len(list((installation.root / "mail" / "alice" / "new").glob("*")))


def test_sigterm_finishes_the_batch_and_quits(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.box = Box(ordinary_mails(1500, 4096))
    behaviour = Behaviour(pace=Pace(octets=(64 * 1024,), seconds=0.01))
    installation.isp = ToyIsp({USER: (PASSWORD, installation.box)}, behaviour)
    with running(installation.isp):
        installation.write()
        with subprocess.Popen(installation.command(), stderr=subprocess.PIPE, text=True) as process:
            deadline = time.monotonic() + 20
            while not delivered(installation) and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=30)
        assert "event=stopping" in log
        assert process.returncode == 0
        here = delivered(installation)
        assert 0 < here <= 1500
        assert installation.box.commands[-1] == "QUIT"
        assert len(installation.box.mails) == 1500 - here, "what is here is erased, and nothing else"
        assert installation.run() == 0
    assert delivered(installation) == 1500


def peak_kilobytes(pid: int) -> int:
    """The kernel's own high-water mark; ru_maxrss would count this large process, from which it was forked."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found.group(1)) if found else 0


@pytest.mark.server
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_stops_the_poll_and_loses_nothing(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.box = Box(ordinary_mails(300, 16_384))
    installation.isp = ToyIsp({USER: (PASSWORD, installation.box)})
    disk = tmp_path / "mail"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "none", disk], check=False)
    if mounted.returncode != 0:
        pytest.skip("tmpfs cannot be mounted here")
    try:
        with running(installation.isp):
            installation.write()
            assert installation.run() == 1
            here = delivered(installation)
            assert 0 < here < 300
            assert not list((disk / "alice" / "tmp").glob("*"))
            assert len(installation.box.mails) == 300, "nothing is erased while something failed"
            subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
            assert installation.run() == 0
            assert delivered(installation) == 300
            assert installation.run() == 0
            assert installation.box.mails == ()
    finally:
        subprocess.run(["umount", disk], check=True)


def test_below_the_watermark_nothing_is_fetched(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    with running(installation.isp):
        installation.write()
        config = tmp_path / "seawall.toml"
        config.write_text(config.read_text().replace('min_free = "1"', 'min_free = "900 TB"'))
        answer = subprocess.run(installation.command(), capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "polling stops" in answer.stderr
    assert installation.box.retrievals.total() == 0


def test_a_second_process_on_one_state_is_refused(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    with running(installation.isp):
        installation.write()
        forever = [word for word in installation.command() if word != "--once"]
        with subprocess.Popen(forever, stderr=subprocess.DEVNULL) as first:
            deadline = time.monotonic() + 20
            while delivered(installation) < FEW and time.monotonic() < deadline:
                time.sleep(0.01)
            second = subprocess.run(installation.command(), capture_output=True, text=True, check=False)
            assert second.returncode == 2
            assert re.search(rf"process {first.pid} is collecting", second.stderr)
            first.send_signal(signal.SIGTERM)
            assert first.wait(20) == 0


@pytest.mark.soak
def test_a_mail_of_a_gigabyte_passes_in_a_hundred_megabytes(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    mail = b"Subject: large\r\n\r\n" + b"0123456789abcde\r\n" * (2**30 // 17)
    installation.box = Box([mail])
    installation.isp = ToyIsp({USER: (PASSWORD, installation.box)})
    with running(installation.isp):
        installation.write()
        config = tmp_path / "seawall.toml"
        config.write_text(config.read_text().replace('"5s"', '"60s"\nmax_size = "2 GB"'))
        with subprocess.Popen(installation.command(), stderr=subprocess.DEVNULL) as process:
            peak = 0
            while process.poll() is None:
                peak = max(peak, peak_kilobytes(process.pid))
                time.sleep(0.02)
        assert process.returncode == 0
    (path,) = (tmp_path / "mail" / "alice" / "new").iterdir()
    assert path.stat().st_size > 2**30 - 2**26 - 70_000_000
    print(f"peak resident: {peak / 1024:.0f} MB")  # noqa: T201
    assert 0 < peak < 100 * 1024
