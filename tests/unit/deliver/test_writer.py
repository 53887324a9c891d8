import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from seawall.deliver import staging
from seawall.deliver.staging import Parcel, Placement
from seawall.deliver.writer import WORTHWHILE, Writer
from seawall.errors import StateInUse, Temporary
from seawall.ledger import state
from seawall.ledger.state import Lock
from seawall.model.mail import MemoryContent


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    staging.make(str(tmp_path / "m"))
    return tmp_path / "m"


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    lock = Lock(tmp_path / "lock", "testing")
    found = Writer(lock.descriptor)
    yield found
    found.close()
    lock.release()


def parcels(maildir: Path, count: int = WORTHWHILE) -> list[Parcel]:
    return [
        Parcel(
            placement=Placement(directory=str(maildir), base_name=f"{number:03}"),
            top=b"Top: t\n",
            content=MemoryContent(b"mail %d\r\n" % number),
        )
        for number in range(count)
    ]


def scribes() -> list[psutil.Process]:
    """Those of this process; it may have other children, such as the servers of other tests."""
    alive = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in alive if "seawall.deliver.scribe" in child.cmdline()]


def scribe() -> psutil.Process:
    (found,) = scribes()
    return found


def test_many_mails_are_written_by_another_process_and_few_here(writer: Writer, maildir: Path) -> None:
    many = parcels(maildir)
    assert writer.stage(many[:3]) == {}
    assert scribes() == []
    assert writer.stage(many[3:] + parcels(maildir, 3 * WORTHWHILE)[WORTHWHILE:]) == {}
    assert scribe().is_running()
    assert len(list((maildir / "tmp").iterdir())) == 3 * WORTHWHILE
    assert writer.publish([parcel.placement for parcel in many]) == {}
    assert sorted(path.name for path in (maildir / "new").iterdir()) == [f"{n:03}" for n in range(WORTHWHILE)]
    assert (maildir / "new" / "007").read_bytes() == b"Top: t\nmail 7\n"
    writer.close()
    assert scribes() == []


def test_what_fails_there_is_told_here(writer: Writer, maildir: Path) -> None:
    good, bad = parcels(maildir), parcels(maildir.parent / "missing")
    failed = writer.stage([*good, *bad])
    assert failed.keys() == {parcel.placement for parcel in bad}
    assert all("is not there" in str(problem) for problem in failed.values())


def test_a_process_that_is_killed_fails_its_batch_and_the_next_one_has_another(
    writer: Writer, maildir: Path
) -> None:
    assert writer.stage(parcels(maildir)) == {}
    scribe().kill()
    with pytest.raises(Temporary, match="ended too early"):
        writer.publish([parcel.placement for parcel in parcels(maildir)])
    assert writer.publish([parcel.placement for parcel in parcels(maildir)]) == {}


def test_signals_that_are_for_the_parent_do_not_end_it(writer: Writer, maildir: Path) -> None:
    assert writer.stage(parcels(maildir)) == {}
    for number in (signal.SIGINT, signal.SIGTERM):
        scribe().send_signal(number)
    assert writer.publish([parcel.placement for parcel in parcels(maildir)]) == {}


def test_a_batch_does_not_wait_for_ever_behind_another(writer: Writer, maildir: Path) -> None:
    assert writer.stage(parcels(maildir)) == {}
    other = maildir.parent / "other"
    staging.make(str(other))
    scribe().suspend()
    slow = threading.Thread(target=writer.publish, args=([one.placement for one in parcels(maildir)],))
    slow.start()
    try:
        assert writer.stage(parcels(other)) == {}
        assert len(list((other / "tmp").iterdir())) == WORTHWHILE
        assert slow.is_alive()
    finally:
        scribe().resume()
        slow.join()


PARENT = """
import os, sys
from seawall.deliver.writer import Writer, WORTHWHILE
from seawall.deliver.staging import Parcel, Placement
from seawall.ledger.state import Lock
from seawall.model.mail import MemoryContent
from pathlib import Path
writer = Writer(Lock(Path(sys.argv[1]), "testing").descriptor)
places = [Placement(directory=sys.argv[2], base_name=str(n)) for n in range(WORTHWHILE)]
writer.stage([Parcel(placement=place, top=b"", content=MemoryContent(b"x")) for place in places])
print("staged", flush=True)
sys.stdin.read()
"""


def test_the_state_stays_locked_until_the_process_of_a_killed_parent_has_ended(
    tmp_path: Path, maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(path), str(maildir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"staged\n"
        (child,) = psutil.Process(parent.pid).children()
        with pytest.raises(StateInUse, match=f"process {parent.pid} is too early"):
            Lock(path, "too early")
        child.suspend()
        parent.kill()
        parent.wait()
    monkeypatch.setattr(state, "ORPHAN_SECONDS", 0.1)
    with pytest.raises(StateInUse):
        Lock(path, "too early still")
    monkeypatch.setattr(state, "ORPHAN_SECONDS", 30.0)
    began = time.monotonic()
    threading.Timer(0.2, child.resume).start()
    Lock(path, "at last").release()
    assert time.monotonic() - began < 30
    assert not psutil.pid_exists(child.pid) or child.status() == psutil.STATUS_ZOMBIE
    assert os.listdir(maildir / "new") == []  # noqa: PTH208 -- it began nothing that it was not asked for
