"""Measure ways to make a batch of files durable: what each costs by itself, and what syncfs costs while others write.

    syncs.py                   10,000 files of 4 KB in batches of 512, and 2,000 of 50 KB in batches of 160
    syncs.py --write           into docs/performance.md too

Each way writes every file under tmp/, makes it durable, and renames it into new/; both directories are synced once a
batch. Runs are interleaved, into fresh directories, after a sync; nothing is removed before the end. "beside a writer"
is the same while another process keeps rewriting a file of its own on the same disk without syncing it.
"""

import argparse
import contextlib
import ctypes
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from boxes import workplace
from sections import write_section

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
LIBC: Final = ctypes.CDLL(None, use_errno=True)
SYNC_FILE_RANGE_WRITE: Final = 2
WRITER: Final = """
import os, sys
data = os.urandom(1 << 20)
with open(sys.argv[1], "wb", 0) as file:
    while True:
        for _ in range(256):
            file.write(data)
        file.seek(0)
"""

Sync = Callable[[Sequence[int], int], None]


def each(descriptors: Sequence[int], _directory: int) -> None:
    for descriptor in descriptors:
        os.fsync(descriptor)


def hinted(descriptors: Sequence[int], directory: int) -> None:
    for descriptor in descriptors:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    each(descriptors, directory)


def begun(descriptors: Sequence[int], directory: int) -> None:
    for descriptor in descriptors:
        LIBC.sync_file_range(descriptor, ctypes.c_int64(0), ctypes.c_int64(0), SYNC_FILE_RANGE_WRITE)
    each(descriptors, directory)


def together(threads: int) -> Sync:
    def sync(descriptors: Sequence[int], directory: int) -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda first: each(descriptors[first::threads], directory), range(threads)))

    return sync


def whole_disk(_descriptors: Sequence[int], directory: int) -> None:
    if LIBC.syncfs(directory) != 0:
        raise OSError(ctypes.get_errno(), "syncfs")


def never(_descriptors: Sequence[int], _directory: int) -> None:
    """Leave it to the kernel."""


WAYS: Final[dict[str, Sync]] = {
    "no sync": never,
    "fsync, one after the other": each,
    "fadvise(DONTNEED), then the same": hinted,
    "sync_file_range(WRITE), then the same": begun,
    "fsync, 4 threads": together(4),
    "fsync, 8 threads": together(8),
    "fsync, 16 threads": together(16),
    "syncfs, once a batch": whole_disk,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """So many files of one size, and how many share their syncs."""

    title: str
    files: int
    octets: int
    batch: int


WORKS: Final = (
    Work(title="10,000 x 4 KB", files=10_000, octets=4_000, batch=512),
    Work(title="2,000 x 50 KB", files=2_000, octets=50_000, batch=160),
)


@dataclass(slots=True)
class Times:
    """The runs of one way: wall and CPU seconds."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def run(work: Work, sync: Sync, place: Path) -> tuple[float, float]:
    root = Path(tempfile.mkdtemp(dir=place))
    data = os.urandom(work.octets)
    for name in ("tmp", "new"):
        (root / name).mkdir()
    os.sync()
    tmp, new = (os.open(root / name, os.O_RDONLY) for name in ("tmp", "new"))
    began, cpu = time.perf_counter(), time.process_time()
    for start in range(0, work.files, work.batch):
        names = [f"{number:08}" for number in range(start, min(work.files, start + work.batch))]
        descriptors = []
        for name in names:
            descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=tmp)
            os.write(descriptor, data)
            descriptors.append(descriptor)
        sync(descriptors, tmp)
        for descriptor in descriptors:
            os.close(descriptor)
        if sync is not never:
            os.fsync(tmp)
        for name in names:
            os.rename(name, name, src_dir_fd=tmp, dst_dir_fd=new)
        if sync is not never:
            os.fsync(new)
    spent = time.perf_counter() - began, time.process_time() - cpu
    os.close(tmp)
    os.close(new)
    return spent


@contextlib.contextmanager
def writer(place: Path) -> Iterator[None]:
    """Somebody else, who writes much and syncs nothing."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(place / "others")]) as process:
        time.sleep(1)
        try:
            yield
        finally:
            process.kill()


def contest(work: Work, ways: Sequence[str], runs: int, place: Path) -> dict[str, Times]:
    times = {name: Times() for name in ways}
    for _ in range(runs):
        for name in ways:
            wall, cpu = run(work, WAYS[name], place)
            times[name].wall.append(wall)
            times[name].cpu.append(cpu)
    return times


def rows(title: str, times: dict[str, Times]) -> list[str]:
    return [
        f"| {title} | {name} | {statistics.median(found.wall):.2f} | {min(found.wall):.2f} | {max(found.wall):.2f}"
        f" | {statistics.median(found.cpu):.2f} |"
        for name, found in times.items()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    parser.add_argument("--dir", type=Path, help="where the files lie (default: /var/tmp)")
    asked = parser.parse_args()
    lines = ["| files | way | median s | least | most | CPU s |", "|---|---|--:|--:|--:|--:|"]
    with workplace(asked.dir) as place:
        for work in WORKS:
            lines += rows(work.title, contest(work, list(WAYS), asked.runs, place))
        with writer(place):
            beside = ["fsync, 8 threads", "syncfs, once a batch"]
            title = f"{WORKS[0].title}, beside a writer"
            lines += rows(title, contest(WORKS[0], beside, asked.runs, place))
    table = "\n".join(lines)
    print(table)
    if asked.write:
        about = f"{os.cpu_count()} shared cores; medians of {asked.runs} runs."
        write_section("syncs", f"{about}\n\n{table}", DOCUMENT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
