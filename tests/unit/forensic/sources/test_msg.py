"""Outlook's .msg. The files are written here: an OLE compound file with nothing in it but the wanted streams (MS-CFB)."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.errors import Permanent
from seawall.forensic.sources.notes import Notes
from seawall.forensic.sources.outlook import read_msg
from seawall.forensic.sources.pieces import Files
from seawall.forensic.sources.reading import Means, read_piece
from seawall.forensic.table import RawMail

pytest.importorskip("olefile")

SECTOR = 512
CUTOFF = 4096
END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def compound(streams: dict[str, bytes]) -> bytes:
    """An OLE file of streams, each filled up to where no second, smaller allocation table is asked for."""
    contents = [content.ljust(CUTOFF, b"\0") for content in streams.values()]
    directory_sectors = -(-(len(streams) + 1) // 4)
    chains = [directory_sectors, *(-(-len(content) // SECTOR) for content in contents)]
    table = [FAT]
    starts = []
    for length in chains:
        starts.append(len(table))
        table += [*range(len(table) + 1, len(table) + length), END]
    table += [FREE] * (SECTOR // 4 - len(table))
    assert len(table) == SECTOR // 4

    def entry(name: str, kind: int, right: int, child: int, where: tuple[int, int]) -> bytes:
        octets = name.encode("utf-16-le") + b"\0\0"
        return (
            octets.ljust(64, b"\0")
            + struct.pack("<HBBIII", len(octets), kind, 1, FREE, right, child)
            + b"\0" * 36
            + struct.pack("<IQ", *where)
        )

    # Siblings as a list: each names the next as its right one, in the order that MS-CFB asks for.
    named = sorted(enumerate(streams), key=lambda pair: (len(pair[1]), pair[1].upper()))
    right = {place: named[at + 1][0] + 1 for at, (place, _) in enumerate(named[:-1])}
    entries = [entry("Root Entry", 5, FREE, named[0][0] + 1, (END, 0))]
    entries += [
        entry(name, 2, right.get(place, FREE), FREE, (starts[place + 1], len(contents[place])))
        for place, name in enumerate(streams)
    ]
    directory = b"".join(entries).ljust(directory_sectors * SECTOR, b"\0")
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
        + struct.pack("<IIIIIIIII", 0, 1, 1, 0, CUTOFF, END, 0, END, 0)
        + struct.pack("<I", 0) + struct.pack("<I", FREE) * 108
    )  # fmt: skip
    body = b"".join(content.ljust(-(-len(content) // SECTOR) * SECTOR, b"\0") for content in contents)
    return header + struct.pack(f"<{len(table)}I", *table) + directory + body


HEADERS = "Received: from a.test by b.test; x\r\nSubject: Flut, höher\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"


def message(headers: str = HEADERS) -> bytes:
    return compound(
        {
            "__substg1.0_007D001F": headers.encode("utf-16-le"),
            "__substg1.0_1000001E": b"High.\r\n",
            "__substg1.0_0037001F": "ebb".encode("utf-16-le"),
            "__substg1.0_0C1A001F": "Bob".encode("utf-16-le"),
        }
    )


def test_a_msg_gives_the_header_as_served_and_the_text(tmp_path: Path) -> None:
    path = tmp_path / "x.msg"
    path.write_bytes(message())
    notes = Notes()
    (mail,) = read_piece(Files((str(path),)), Means(spool=tmp_path), notes)
    assert isinstance(mail, RawMail)
    assert (
        mail.head
        == (
            "Received: from a.test by b.test; x\nSubject: Flut, höher\nContent-Type: text/plain; charset=utf-8\n\nHigh.\r\n"
        ).encode()
    )
    assert not notes.unread


def test_a_msg_that_was_written_here_has_a_header_put_together() -> None:
    mail = read_msg(message(headers=""), "x")
    assert mail.head.startswith(b"From: Bob\nSubject: ebb\nContent-Type: text/plain")


def test_another_ole_file_is_no_mail() -> None:
    with pytest.raises(Permanent, match="no mail of Outlook"):
        read_msg(compound({"WordDocument": b"x"}), "x")


@given(st.integers(0, 20_000), st.binary(min_size=1, max_size=16))
def test_any_damage_gives_a_mail_or_is_told(at: int, noise: bytes) -> None:
    content = bytearray(message())
    content[at : at + len(noise)] = noise
    try:
        read_msg(bytes(content), "x")
    except Permanent:
        return
