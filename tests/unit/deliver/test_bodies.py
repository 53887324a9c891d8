"""A held body is kept once, whole and durable, and goes when nobody names it."""

import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.deliver.bodies import Bodies, digest
from seawall.errors import StorageFull, Temporary
from seawall.model.mail import MemoryContent

BODY = MemoryContent(b"one\r\ntwo\n\0")
NAME = digest(BODY)


def files(held: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (held / "bodies").iterdir()}


def test_a_body_is_kept_under_its_digest_and_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = Bodies(str(tmp_path))
    assert not bodies.has(NAME, BODY.octets)
    assert bodies.keep({NAME: BODY}) == {}
    assert files(tmp_path) == {NAME.hex(): BODY.data}

    def unexpected(_descriptor: int, _data: bytes) -> int:
        raise AssertionError("it is there already")

    monkeypatch.setattr(os, "write", unexpected)
    assert bodies.keep({NAME: BODY}) == {}


def test_a_body_that_was_cut_short_is_written_again(tmp_path: Path) -> None:
    bodies = Bodies(str(tmp_path))
    bodies.keep({NAME: BODY})
    bodies.path(NAME).write_bytes(BODY.data[:3])
    assert bodies.keep({NAME: BODY}) == {}
    assert files(tmp_path) == {NAME.hex(): BODY.data}


def test_a_full_disk_fails_its_body_alone_and_leaves_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    other = MemoryContent(b"other")

    def full(descriptor: int, data: bytes) -> int:
        if bytes(data) == BODY.data:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    failed = Bodies(str(tmp_path)).keep({NAME: BODY, digest(other): other})
    assert {name: type(why) for name, why in failed.items()} == {NAME: StorageFull}
    assert files(tmp_path) == {digest(other).hex(): b"other"}


def test_a_body_that_cannot_be_read_fails_alone(tmp_path: Path) -> None:
    class Unreadable(MemoryContent):
        def chunks(self) -> Iterator[bytes]:
            raise Temporary("it cannot be read back")

    other = MemoryContent(b"other")
    failed = Bodies(str(tmp_path)).keep({NAME: Unreadable(BODY.data), digest(other): other})
    assert list(failed) == [NAME]
    assert files(tmp_path) == {digest(other).hex(): b"other"}


def test_a_body_that_is_there_is_made_durable_by_each_who_relies_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = Bodies(str(tmp_path))
    bodies.keep({NAME: BODY})
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    bodies.keep({NAME: BODY})
    assert synced == [str(tmp_path / "bodies")]


def test_what_a_kill_left_half_written_is_cleared_and_no_body_is(tmp_path: Path) -> None:
    bodies = Bodies(str(tmp_path))
    bodies.keep({NAME: BODY})
    (tmp_path / "bodies" / "tmp-0").write_bytes(b"on")
    assert [name for part in bodies.parts(1) for name in part] == [NAME]
    with bodies.alone():
        bodies.clear()
    assert files(tmp_path) == {NAME.hex(): BODY.data}
    with bodies.alone():
        bodies.erase([NAME, digest(MemoryContent(b"not there"))])
    assert files(tmp_path) == {}


def test_where_nothing_was_ever_held_there_is_nothing_to_sweep(tmp_path: Path) -> None:
    bodies = Bodies(str(tmp_path))
    assert list(bodies.parts(10)) == []
    with bodies.alone():
        bodies.clear()


def test_who_erases_keeps_collectors_waiting_and_they_write_what_went_meanwhile(tmp_path: Path) -> None:
    bodies = Bodies(str(tmp_path))
    bodies.keep({NAME: BODY})
    with bodies.alone():
        collector = threading.Thread(target=bodies.keep, args=({NAME: BODY},))
        collector.start()
        collector.join(0.1)
        assert collector.is_alive()
        bodies.erase([NAME])
    collector.join(10)
    assert files(tmp_path) == {NAME.hex(): BODY.data}


def test_collectors_do_not_wait_for_each_other(tmp_path: Path) -> None:
    bodies = Bodies(str(tmp_path))
    bodies.keep({NAME: BODY})
    with (tmp_path / "bodies.lock").open("rb") as another:
        fcntl.flock(another, fcntl.LOCK_SH)
        assert bodies.keep({NAME: BODY}) == {}
