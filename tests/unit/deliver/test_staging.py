import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.deliver import staging
from seawall.deliver.native import native
from seawall.deliver.staging import Parcel, Placement, Settlement
from seawall.errors import Misconfigured, StorageFull, Temporary
from seawall.model.mail import MemoryContent
from seawall.retrieve.spool import SpooledContent


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    staging.make(str(tmp_path / "m"))
    return tmp_path / "m"


def parcel(maildir: Path, name: str, data: bytes = b"a\r\nb\r\n") -> Parcel:
    placement = Placement(directory=str(maildir), base_name=name)
    return Parcel(placement=placement, top=b"Top: t\n", content=MemoryContent(data))


def files(maildir: Path) -> dict[str, bytes]:
    return {f"{p.parent.name}/{p.name}": p.read_bytes() for p in maildir.glob("*/*")}


def test_a_mail_is_staged_then_published_with_native_line_ends(maildir: Path) -> None:
    one = parcel(maildir, "one", b"a\r\nb\rc\nd\r\n")
    assert staging.stage([one]) == {}
    assert files(maildir) == {"tmp/one": b"Top: t\na\nb\rc\nd\n"}
    assert staging.publish([one.placement]) == {}
    assert files(maildir) == {"new/one": b"Top: t\na\nb\rc\nd\n"}


def test_a_line_end_that_two_chunks_share_is_one_line_end(maildir: Path) -> None:
    class Chunked(MemoryContent):
        def chunks(self) -> Iterator[bytes]:
            return iter([self.data[at : at + 1] for at in range(len(self.data))])

    placement = Placement(directory=str(maildir), base_name="one")
    staging.stage([Parcel(placement=placement, top=b"", content=Chunked(b"a\r\n\r\r\nb\r"))])
    assert files(maildir) == {"tmp/one": b"a\n\r\nb\r"}


def test_a_full_disk_fails_its_mail_and_leaves_nothing(
    maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        if b"second" in bytes(data):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    one, two, three = (parcel(maildir, name, name.encode()) for name in ("first", "second", "third"))
    failed = staging.stage([one, two, three])
    assert list(failed) == [two.placement]
    assert isinstance(failed[two.placement], StorageFull)
    assert sorted(files(maildir)) == ["tmp/first", "tmp/third"]


def test_a_failing_fsync_fails_its_mail(maildir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    one = parcel(maildir, "one")
    assert isinstance(staging.stage([one])[one.placement], Temporary)
    assert files(maildir) == {}


def test_of_many_files_that_are_synced_together_only_the_one_that_fails_is_lost(
    maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = os.fsync, []

    def broken(descriptor: int) -> None:
        seen.append(descriptor)
        if len(seen) == 50:
            raise OSError(errno.EIO, "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", broken)
    parcels = [parcel(maildir, f"{number:03}") for number in range(100)]
    failed = staging.stage(parcels)
    assert len(seen) == 101  # every file, and tmp/
    assert len(failed) == 1
    assert len(files(maildir)) == 99
    assert not any(f"tmp/{placement.base_name}" in files(maildir) for placement in failed)


def test_line_ends_are_the_same_whichever_way_is_the_quicker() -> None:
    for data in (b"a\r\nb\r\n", b"a\rb\r\n", b"\r\r\n\n\r", b"", b"\n", b"no end"):
        assert b"".join(native([data])) == data.replace(b"\r\n", b"\n")


def test_a_mail_that_the_spool_does_not_give_back_fails_alone(maildir: Path) -> None:
    with (maildir / "write-only").open("wb") as spool:
        broken = replace(parcel(maildir, "broken"), content=SpooledContent(spool, 5))
        good = parcel(maildir, "good")
        failed = staging.stage([broken, good])
    assert list(failed) == [broken.placement]
    assert "cannot be read back" in str(failed[broken.placement])
    assert list(files(maildir)) == ["tmp/good"]


def test_what_was_only_intended_is_discarded(maildir: Path) -> None:
    one = parcel(maildir, "one")
    staging.stage([one])
    assert staging.settle(one.placement, None, 10.0) is Settlement.NOT_DELIVERED
    assert files(maildir) == {}


def test_what_was_staged_is_published(maildir: Path) -> None:
    one = parcel(maildir, "one")
    staging.stage([one])
    assert staging.settle(one.placement, 5.0, 10.0) is Settlement.DELIVERED
    assert list(files(maildir)) == ["new/one"]


def test_what_was_staged_and_is_absent_was_delivered_and_read(maildir: Path) -> None:
    one = parcel(maildir, "one")
    assert staging.settle(one.placement, 5.0, 10.0) is Settlement.DELIVERED


def test_after_a_day_absence_proves_nothing_and_the_mailbox_is_searched(maildir: Path) -> None:
    one = parcel(maildir, "one")
    late = 10.0 + staging.STALE_SECONDS
    assert staging.settle(one.placement, 5.0, late) is Settlement.NOT_DELIVERED
    (maildir / "cur" / "one:2,S").touch()
    assert staging.settle(one.placement, 5.0, late) is Settlement.DELIVERED


def test_a_missing_directory_is_temporary_and_loses_nothing(tmp_path: Path) -> None:
    one = parcel(tmp_path / "unmounted", "one")
    assert isinstance(staging.stage([one])[one.placement], Temporary)
    with pytest.raises(Temporary):
        staging.settle(one.placement, 5.0, 10.0)


def test_a_directory_that_everybody_may_write_is_refused(maildir: Path) -> None:
    maildir.chmod(0o777)
    with pytest.raises(Misconfigured, match="by everybody"):
        staging.Folder(str(maildir))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root could write there")
def test_as_root_no_symlink_is_followed_and_no_other_accounts_maildir_written(maildir: Path) -> None:
    (maildir.parent / "link").symlink_to(maildir)
    with pytest.raises(Misconfigured):
        staging.Folder(str(maildir.parent / "link"))
    os.chown(maildir, 1, 1)
    with pytest.raises(Misconfigured, match="another account"):
        staging.Folder(str(maildir))
