import io
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seawall.errors import Misconfigured, StorageFull, Temporary
from seawall.forensic import gather as gathering
from seawall.forensic.gather import Gathered, Progress, gather
from seawall.forensic.sources import pieces, work
from seawall.forensic.table import SCHEMA

BOX = b"From bob@example.org Thu Jul 18 10:52:39 2005\n"


def mail(number: int) -> bytes:
    return (
        b"Received: from a.test by b.test; Mon, 18 Jul 2005 10:00:00 +0000\n"
        b"From: bob@example.org\nMessage-ID: <%d@x.test>\nSubject: sea\n\nWave %d.\n" % (number, number)
    )


def mbox(numbers: range) -> bytes:
    return b"".join(BOX + mail(number) + b"\n" for number in numbers)


def rows(found: Gathered, *columns: str) -> list[tuple[object, ...]]:
    return [
        tuple(row[column] for column in columns)
        for part in found.parts
        for row in pq.read_table(part).to_pylist()
    ]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    directory = tmp_path / "out"
    directory.mkdir()
    return directory


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    """A directory with a mailbox, a Maildir with a folder, single mails, and what lies beside them."""
    root = tmp_path / "mails"
    for folder in (
        "Maildir/cur",
        "Maildir/new",
        "Maildir/tmp",
        "Maildir/.Sent/cur",
        "Maildir/.Sent/new",
        ".git",
    ):
        (root / folder).mkdir(parents=True)
    (root / "a.mbox").write_bytes(mbox(range(100)))
    (root / "one").write_bytes(mail(100))
    (root / "Maildir/new/2.x").write_bytes(mail(102))
    (root / "Maildir/cur/1.x:2,S").write_bytes(mail(101))
    (root / "Maildir/tmp/3.x").write_bytes(mail(999))
    (root / "Maildir/.Sent/cur/1.x:2,").write_bytes(mail(103))
    (root / "Maildir/dovecot-uidlist").write_bytes(b"3 V1 N1\n")
    (root / "manifest.json").write_bytes(b"{}")
    (root / ".hidden").write_bytes(mail(999))
    (root / ".git/x").write_bytes(mail(999))
    (root / "letter.txt").write_bytes(b"Dear all,\nhello\n")
    (root / "loop").symlink_to(root)
    os.mkfifo(root / "fifo")
    return root


def test_a_tree_s_mails_are_found_each_with_its_source_and_place(mails: Path, out: Path) -> None:
    found = gather([str(mails)], out)
    places = [
        (str(source).removeprefix(f"{mails}/"), place, message_id)
        for source, place, message_id in rows(found, "source", "place", "message_id")
    ]
    assert places[:100] == [("a.mbox", number, f"{number}@x.test") for number in range(100)]
    assert places[100:] == [
        ("one", 0, "100@x.test"),
        ("Maildir", 0, "101@x.test"),
        ("Maildir", 1, "102@x.test"),
        ("Maildir/.Sent", 0, "103@x.test"),
    ]
    assert (found.mails, found.sources) == (104, 1)
    assert sorted(one.source.rpartition("/")[2] for one in found.unread) == ["fifo", "letter.txt"]
    assert found.passed_over == 5


def test_the_facts_do_not_depend_on_the_number_of_workers(
    mails: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "RANGE", 2000)
    found = []
    for workers in (1, 2):
        directory = tmp_path / str(workers)
        directory.mkdir()
        found.append(gather([str(mails)], directory, workers=workers))
    one, two = found
    assert len(one.parts) > 5
    assert [part.name for part in one.parts] == [part.name for part in two.parts]
    for left, right in zip(one.parts, two.parts, strict=True):
        assert pq.read_table(left).equals(pq.read_table(right), check_metadata=True)
    assert (one.mails, one.octets, one.unread) == (two.mails, two.octets, two.unread)
    assert [place for source, place in rows(two, "source", "place") if str(source).endswith("mbox")] == list(
        range(100)
    )
    assert not [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]


def test_facts_of_an_earlier_run_are_taken_as_they_are(tmp_path: Path, out: Path) -> None:
    box = tmp_path / "box"
    box.write_bytes(mbox(range(10)))
    first = gather([str(box)], out)
    again = tmp_path / "again"
    again.mkdir()
    second = gather([str(out)], again)
    assert second.parts == first.parts
    assert (second.mails, second.octets) == (first.mails, first.octets)
    assert not list(again.iterdir())


def test_facts_of_another_version_or_none_are_told(tmp_path: Path, out: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), tmp_path / "a.parquet")
    other = SCHEMA.with_metadata({"seawall": "seawall.facts/99"})
    pq.write_table(other.empty_table(), tmp_path / "b.parquet")
    same_name = pa.schema([("size", pa.int64())], metadata=SCHEMA.metadata)
    pq.write_table(same_name.empty_table(), tmp_path / "c.parquet")
    found = gather([str(tmp_path / f"{name}.parquet") for name in "abc"], out)
    reasons = [one.reason for one in found.unread]
    assert "none with facts" in reasons[0]
    assert "seawall.facts/99" in reasons[1]
    assert "gather them again" in reasons[2]


def test_standard_input_is_a_source_packed_or_not(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(mbox(range(3)))))
    found = gather(["-"], out)
    assert rows(found, "source", "place") == [("-", 0), ("-", 1), ("-", 2)]


def test_a_pattern_names_the_files_that_match_and_no_file_is_read_twice(tmp_path: Path, out: Path) -> None:
    for name in ("a.eml", "b.eml", "[c].eml"):
        (tmp_path / name).write_bytes(mail(1))
    sources = [str(tmp_path / "[ab].eml"), str(tmp_path / "a.eml"), str(tmp_path / "[c].eml")]
    assert gather(sources, out).mails == 3
    (tmp_path / "d").mkdir()
    (tmp_path / "d/e.eml").write_bytes(mail(1))
    assert gather([str(tmp_path / "d/e.eml"), str(tmp_path / "d")], out).mails == 1


def test_what_is_not_there_is_told(tmp_path: Path, out: Path) -> None:
    found = gather([str(tmp_path / "nothing*"), str(tmp_path / "none")], out)
    assert [one.reason for one in found.unread] == ["No such file or directory"] * 2
    assert not found.parts


def test_many_that_cannot_be_read_are_counted_beyond_a_bound(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "MAX_UNREAD", 3)
    for number in range(10):
        (tmp_path / f"{number}.txt").write_bytes(b"Dear all\n")
    found = gather([str(tmp_path)], out)
    assert len(found.unread) == 4
    assert found.unread[-1].reason == "and 7 more that could not be read"


@pytest.mark.parametrize("change", ["grown", "replaced", "cut", "gone"])
def test_a_mailbox_that_changes_while_it_is_read_is_told(
    change: str, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "RANGE", 2000)
    box = tmp_path / "box"
    box.write_bytes(mbox(range(100)))
    done = work.work

    def change_once(*arguments: object) -> object:
        match change:
            case "grown":
                with box.open("ab") as file:
                    file.write(mbox(range(1)))
            case "replaced":
                other = tmp_path / "other"
                other.write_bytes(mbox(range(100)))
                other.rename(box)
            case "cut":
                os.truncate(box, 10_000)
            case _:
                box.unlink(missing_ok=True)
        return done(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(gathering, "work", change_once)
    found = gather([str(box)], out)
    assert {one.source for one in found.unread} == {str(box)}
    if change == "grown":
        assert found.mails >= 100


def test_progress_is_told_with_all_octets_where_they_are_known(tmp_path: Path, out: Path) -> None:
    box = tmp_path / "box"
    box.write_bytes(mbox(range(10)))
    told: list[Progress] = []
    gather([str(box)], out, tell=told.append)
    assert told[-1].mails == 10
    assert told[-1].all_octets == box.stat().st_size
    gather([str(tmp_path)], out, tell=told.append)
    assert told[-1].all_octets is None


def test_progress_is_told_seldom(tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "BATCH_MAILS", 1)
    (tmp_path / "box").write_bytes(mbox(range(300)))
    told: list[Progress] = []
    began = time.monotonic()
    gather([str(tmp_path / "box")], out, tell=told.append)
    assert len(told) <= 3 + (time.monotonic() - began) / gathering.TELL_SECONDS


def test_a_mailbox_on_a_server_needs_a_password_and_nothing_is_read_before_that_is_said(out: Path) -> None:
    with pytest.raises(Misconfigured, match="--password-file"):
        gather(["pops://bob@x.test"], out)
    with pytest.raises(Misconfigured, match="is no source"):
        gather(["ftp://bob@x.test"], out)


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may grow past 20 kB: a write then fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, before)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_is_told_as_one_and_no_file_is_left(
    workers: int, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(pieces, "RANGE", 100_000)
    noise = "".join(os.urandom(100).hex() + "\n" for _ in range(5))
    box = b"".join(
        BOX + b"Subject: " + os.urandom(100).hex().encode() + b"\n" + mail(number) + noise.encode() + b"\n"
        for number in range(400)
    )
    (tmp_path / "box").write_bytes(box)
    request.getfixturevalue("small_files")
    with pytest.raises(StorageFull):
        gather([str(tmp_path / "box")], out, workers=workers)
    assert not list(out.iterdir())


def test_a_worker_that_dies_is_told_and_nothing_is_left(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "RANGE", 20_000)
    (tmp_path / "box").write_bytes(mbox(range(5000)))
    is_done = False

    def kill_one(progress: Progress) -> None:
        nonlocal is_done
        if progress.mails and not is_done:
            is_done = True
            workers = [c for c in psutil.Process().children() if "spawn_main" in " ".join(c.cmdline())]
            workers[0].kill()

    with pytest.raises(Temporary, match="died"):
        gather([str(tmp_path / "box")], out, workers=2, tell=kill_one)
    assert is_done
    assert not list(out.iterdir())
    assert not [c for c in psutil.Process().children() if "spawn_main" in " ".join(c.cmdline())]


STOPPED = """
import sys
from pathlib import Path
from seawall.forensic import gather
from seawall.forensic.sources import pieces
if __name__ == "__main__":
    pieces.RANGE = 20_000
    def tell(progress):
        if progress.mails:
            print(progress.mails, flush=True)
    gather.gather([sys.argv[1]], Path(sys.argv[2]), workers=2, tell=tell)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_leaves_no_process(number: signal.Signals, tmp_path: Path, out: Path) -> None:
    (tmp_path / "box").write_bytes(mbox(range(30_000)))
    script = tmp_path / "run.py"
    script.write_text(STOPPED)
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "box"), str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        children = psutil.Process(process.pid).children()
        process.send_signal(number)
        process.communicate(timeout=20)
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
    if number == signal.SIGINT:
        assert not list(out.iterdir())
