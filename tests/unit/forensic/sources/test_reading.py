import bz2
import gzip
import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from seawall.forensic.sources import outlook
from seawall.forensic.sources.bounds import BOUNDS, Bounds
from seawall.forensic.sources.notes import Notes
from seawall.forensic.sources.pieces import Files, Maildir
from seawall.forensic.sources.reading import Means, read_piece
from seawall.forensic.sources.stream import Stream
from seawall.forensic.table import RawMail

MAIL = b"From: bob@example.org\nSubject: sea\n\nHigh.\n"
OTHER = b"From: eve@example.org\nSubject: ebb\n\nLow.\n"
BOX = b"From bob@example.org Thu Jul 18 10:52:39 2005\n"
MBOX = BOX + MAIL + b"\n" + BOX + OTHER + b"\n"


def tarred(members: dict[str, bytes], *, format: int = tarfile.PAX_FORMAT) -> bytes:  # noqa: A002
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def read(path: Path, bounds: Bounds = BOUNDS) -> tuple[list[RawMail], Notes]:
    notes = Notes()
    found = list(read_piece(Files((str(path),)), Means(spool=path.parent, bounds=bounds), notes))
    assert all(isinstance(one, RawMail) for one in found)
    return [one for one in found if isinstance(one, RawMail)], notes


def read_octets(content: bytes, where: Path, bounds: Bounds = BOUNDS) -> tuple[list[bytes], list[str], Notes]:
    path = where / "file"
    path.write_bytes(content)
    mails, notes = read(path, bounds)
    for mail in mails:
        assert mail.source.startswith(str(path))
    return [mail.head for mail in mails], [mail.source[len(str(path)) :] for mail in mails], notes


PACKINGS: list[Callable[[bytes], bytes]] = [
    gzip.compress,
    bz2.compress,
    zstandard.compress,
    lambda content: gzip.compress(content[:40]) + gzip.compress(content[40:]),
    lambda content: zstandard.compress(content[:40]) + zstandard.compress(content[40:]),
    lambda content: gzip.compress(content) + b"\0" * 512,
    lambda content: gzip.compress(gzip.compress(content)),
]


@pytest.mark.parametrize("pack", PACKINGS)
def test_a_packed_mailbox_is_read_as_the_mailbox(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    heads, sources, notes = read_octets(pack(MBOX), tmp_path)
    assert heads == [MAIL, OTHER]
    assert sources == ["", ""]
    assert not notes.unread


@pytest.mark.parametrize("format_", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_s_files_are_sources_of_their_own(format_: int, tmp_path: Path) -> None:
    long = "d/" * 40 + "n" * 90 + ".eml"
    content = tarred({"box": MBOX, long: MAIL, "d/.hidden": MAIL, "empty": b""}, format=format_)
    heads, sources, notes = read_octets(gzip.compress(content), tmp_path)
    assert heads == [MAIL, OTHER, MAIL]
    assert sources == ["/box", "/box", f"/{long}"]
    assert notes.passed_over == 2
    assert not notes.unread


def test_links_and_folders_in_a_tar_are_passed_over(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE):
            entry = tarfile.TarInfo("x")
            entry.type = kind
            entry.linkname = "/etc/passwd"
            archive.addfile(entry)
        entry = tarfile.TarInfo("mail")
        entry.size = len(MAIL)
        archive.addfile(entry, io.BytesIO(MAIL))
    heads, _, notes = read_octets(out.getvalue(), tmp_path)
    assert heads == [MAIL]
    assert notes.passed_over == 4


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_s_files_are_sources_of_their_own(method: int, tmp_path: Path) -> None:
    content = zipped({"box": MBOX, "d/one.eml": MAIL, "__MACOSX/x": b"y", "manifest.json": b"{}"}, method)
    heads, sources, notes = read_octets(content, tmp_path)
    assert heads == [MAIL, OTHER, MAIL]
    assert sources == ["/box", "/box", "/d/one.eml"]
    assert notes.passed_over == 2


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_packed_in_a_way_without_a_bound_is_told(method: int, tmp_path: Path) -> None:
    heads, _, notes = read_octets(zipped({"box": MBOX}, method), tmp_path)
    assert not heads
    assert notes.unread[0].reason == "it is packed in another way than deflate"


def test_archives_in_archives_are_read(tmp_path: Path) -> None:
    inner = zipped({"a.eml": gzip.compress(MAIL)})
    heads, sources, _ = read_octets(gzip.compress(tarred({"in.zip": inner})), tmp_path)
    assert heads == [MAIL]
    assert sources == ["/in.zip/a.eml"]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_is_packed_too_often_is_left_and_the_rest_read(tmp_path: Path) -> None:
    deep = MAIL
    for _ in range(5):
        deep = gzip.compress(deep)
    heads, _, notes = read_octets(tarred({"deep": deep, "mail": OTHER}), tmp_path)
    assert heads == [OTHER]
    assert [one.reason for one in notes.unread] == ["it is packed more than 4 times: unpack it first"]


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        bz2.compress,
        zstandard.compress,
        lambda c: zipped({"x": c}),
        lambda c: gzip.compress(tarred({"x": c})),
    ],
)
def test_a_bomb_is_left_where_its_bound_is(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    bounds = Bounds(free_octets=2**20, max_ratio=20)
    noise = os.urandom(2**19).hex().encode()
    heads, _, notes = read_octets(pack(MBOX + BOX + MAIL + noise + b"\0" * 2**26), tmp_path, bounds)
    assert heads[:2] == [MAIL, OTHER]
    assert "unpacks to more than 20 times" in notes.unread[0].reason


def test_too_many_entries_end_the_reading(tmp_path: Path) -> None:
    members = {str(number): MAIL for number in range(5)}
    for content in (tarred(members), zipped(members)):
        heads, _, notes = read_octets(content, tmp_path, Bounds(max_entries=3))
        assert len(heads) == 3
        assert "more than 3 entries" in notes.unread[0].reason


def test_a_zip_s_directory_has_a_bound(tmp_path: Path) -> None:
    members = {str(number) * 50: b"" for number in range(100)}
    _, _, notes = read_octets(zipped(members), tmp_path, Bounds(max_directory=1000))
    assert "directory of more than 1000" in notes.unread[0].reason


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, zstandard.compress])
def test_what_ends_too_early_is_read_up_to_there_and_told(
    pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    noise = os.urandom(2**20).hex().encode()
    content = pack(MBOX + BOX + MAIL + noise)
    heads, _, notes = read_octets(content[: len(content) * 9 // 10], tmp_path)
    assert heads[:2] == [MAIL, OTHER]
    assert heads[2].startswith(MAIL)
    assert "too early" in notes.unread[0].reason


def test_a_tar_that_ends_too_early_is_told(tmp_path: Path) -> None:
    content = tarred({"a": MAIL, "b": MAIL * 1000})
    heads, _, notes = read_octets(content[:5000], tmp_path)
    assert heads == [MAIL]
    assert any("too early" in one.reason for one in notes.unread)


def test_an_encrypted_entry_is_told(tmp_path: Path) -> None:
    content = bytearray(zipped({"a": MAIL}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    _, _, notes = read_octets(bytes(content), tmp_path)
    assert notes.unread[0].reason == "it is encrypted"


@given(
    pack=st.sampled_from(
        [
            gzip.compress,
            bz2.compress,
            zstandard.compress,
            lambda c: zipped({"x": c}),
            lambda c: tarred({"x": c}),
        ]
    ),
    at=st.floats(0, 1),
    noise=st.binary(min_size=1, max_size=8),
)
def test_any_damage_gives_mails_or_is_told(
    pack: Callable[[bytes], bytes], at: float, noise: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(pack(MBOX))
    place = int(at * len(content))
    content[place : place + len(noise)] = noise
    read_octets(bytes(content), tmp_path_factory.getbasetemp())


@given(
    noise=st.binary(max_size=600),
    magic=st.sampled_from(
        [
            b"\x1f\x8b\x08",
            b"\x28\xb5\x2f\xfd",
            b"PK\x03\x04",
            b"PAR1",
            b"BZh9",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            b"!BDN",
            b"x".ljust(257, b"\0") + b"ustar\0",
        ]
    ),
)
def test_any_octets_behind_a_magic_number_give_mails_or_are_told(
    noise: bytes, magic: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _, _, notes = read_octets(magic + noise, tmp_path_factory.getbasetemp())
    assert notes.unread or magic.startswith(b"x")


def test_a_mail_is_kept_to_its_first_mib_and_its_size_told(tmp_path: Path) -> None:
    path = tmp_path / "mail"
    path.write_bytes(MAIL + b"x" * 3 * 2**20)
    (mail,), _ = read(path)
    assert len(mail.head) == 2**20 + 4
    assert mail.size == path.stat().st_size


def test_a_fifo_a_link_to_nothing_and_a_directory_are_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("fifo", "link", "."):
        notes = Notes()
        assert not list(read_piece(Files((str(tmp_path / name),)), Means(spool=tmp_path), notes))
        assert len(notes.unread) == 1


def test_maildir_mails_are_mails_whatever_they_hold_and_packed_ones_unpacked(tmp_path: Path) -> None:
    (tmp_path / "cur").mkdir()
    (tmp_path / "new").mkdir()
    contents = [MAIL, gzip.compress(OTHER), b"no header at all\n"]
    for number, content in enumerate(contents):
        (tmp_path / "cur" / f"{number}.x:2,S").write_bytes(content)
    (tmp_path / "cur" / "9.x:2,").write_bytes(OTHER)
    notes = Notes()
    names = (*(f"cur/{number}.x:2,S" for number in range(3)), "new/9.x", "cur/gone")
    found = list(read_piece(Maildir(str(tmp_path), names, 7), Means(spool=tmp_path), notes))
    assert [one.head for one in found if isinstance(one, RawMail)] == [MAIL, OTHER, contents[2], OTHER]
    assert [one.place for one in found if isinstance(one, RawMail)] == [7, 8, 9, 10]
    assert [one.source[-4:] for one in notes.unread] == ["gone"]


def test_lines_are_cut_at_their_bound(tmp_path: Path) -> None:
    pieces = iter([b"one\ntw", b"o\n" + b"x" * 25, b"\nend"])
    lines = list(Stream(lambda _: next(pieces, b"")).lines(10))
    assert lines == [b"one\n", b"two\n", b"x" * 10, b"x" * 10, b"xxxxx\n", b"end"]


# --- Outlook ------------------------------------------------------------------------------------------------------


class Bare:
    """An item of which libpff has nothing to tell: it raises for what is damaged."""

    @property
    def transport_headers(self) -> str:
        raise OSError("damaged")


def folder(name: str, messages: list[Any], folders: list[Any]) -> Any:
    return SimpleNamespace(
        name=name,
        number_of_sub_messages=len(messages),
        number_of_sub_folders=len(folders),
        get_sub_message=messages.__getitem__,
        get_sub_folder=folders.__getitem__,
    )


def test_a_pst_gives_the_header_as_served_and_the_text(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    message = SimpleNamespace(
        transport_headers="Received: from a by b; x\r\nContent-Type: multipart/mixed;\r\n boundary=x\r\nSubject: sea\r\n\r\n",
        plain_text_body=b"High.\r\n",
    )
    own = SimpleNamespace(subject="ebb\r\nBcc: x", sender_name="Bob", plain_text_body="Low.")
    root = folder("", [], [folder("In/box", [message, Bare()], [folder("Sent", [own], [])])])
    file = SimpleNamespace(open=lambda _: None, get_root_folder=lambda: root, close=lambda: None)
    monkeypatch.setattr(outlook, "_library", lambda *_: SimpleNamespace(file=lambda: file))
    path = tmp_path / "x.pst"
    path.write_bytes(b"!BDN")
    mails, notes = read(path)
    assert [mail.source.rpartition("x.pst")[2] for mail in mails] == ["/In_box", "/In_box", "/In_box/Sent"]
    assert mails[0].head == (
        b"Received: from a by b; x\nSubject: sea\nContent-Type: text/plain; charset=utf-8\n\nHigh.\r\n"
    )
    assert mails[2].head.startswith(b"From: Bob\nSubject: ebb Bcc: x\nContent-Type")
    assert not notes.unread


def test_outlook_files_without_their_library_are_told_with_the_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def absent(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr("seawall.forensic.sources.outlook.importlib.import_module", absent)
    for magic in (b"!BDN", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        _, _, notes = read_octets(magic, tmp_path)
        assert "seawall[pst]" in notes.unread[0].reason


def test_a_damaged_pst_is_told(tmp_path: Path) -> None:
    pytest.importorskip("pypff")
    _, _, notes = read_octets(b"!BDN" + b"\xff" * 2000, tmp_path)
    assert "no sound .pst" in notes.unread[0].reason


def test_source_names_are_text_that_a_column_takes(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    path.write_bytes(MAIL)
    (mail,), _ = read(path)
    assert mail.source.endswith("caf\\xe9")


def test_a_thousand_members_of_a_gzip_are_one_stream(tmp_path: Path) -> None:
    box = MBOX * 100
    content = b"".join(gzip.compress(box[at : at + 7]) for at in range(0, len(box), 7))
    heads, _, _ = read_octets(content, tmp_path)
    assert len(heads) == 200
