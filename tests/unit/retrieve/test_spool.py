import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.errors import StorageFull
from seawall.model.mail import RawMail
from seawall.retrieve.spool import (
    CHUNK,
    HEAD_OCTETS,
    SMALL_OCTETS,
    Incoming,
    PiecedContent,
    Spool,
    SpooledContent,
)


def receive(spool: Spool, pieces: list[bytes]) -> RawMail:
    async def work() -> RawMail:
        incoming = Incoming(spool)
        for piece in pieces:
            await incoming.add(piece)
        return await incoming.whole()

    return asyncio.run(work())


@given(
    sizes=st.lists(st.integers(1, 3 * CHUNK // 2), max_size=6),
    room=st.sampled_from([0, SMALL_OCTETS, 2 * CHUNK, 64 * CHUNK]),
)
def test_a_mail_comes_out_as_it_went_in(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], room: int
) -> None:
    pieces = [bytes([at % 251]) * size for at, size in enumerate(sizes)]
    data = b"".join(pieces)
    spool = Spool(tmp_path_factory.getbasetemp(), room)
    mail = receive(spool, pieces)
    assert b"".join(mail.content.chunks()) == b"".join(mail.content.chunks()) == data
    assert mail.content.octets == len(data)
    assert mail.head == data if len(data) <= SMALL_OCTETS else mail.head == data[:HEAD_OCTETS]
    mail.content.close()
    mail.content.close()
    assert spool.take(room)  # all of it was given back, once


def test_large_mails_share_the_room_and_the_rest_goes_to_files(tmp_path: Path) -> None:
    spool = Spool(tmp_path, room=3 * CHUNK)
    one, two, three = (receive(spool, [b"x" * (CHUNK // 2)] * 4) for _ in range(3))
    assert [type(mail.content) for mail in (one, two, three)] == [
        PiecedContent,
        SpooledContent,
        SpooledContent,
    ]
    one.content.close()
    assert isinstance(receive(spool, [b"y" * CHUNK, b"y"]).content, PiecedContent)
    assert os.listdir(tmp_path) == []  # noqa: PTH208 -- a nameless file leaves nothing behind
    two.content.close()
    three.content.close()


def test_a_mail_that_does_not_come_whole_gives_its_room_back(tmp_path: Path) -> None:
    spool = Spool(tmp_path, room=CHUNK)

    async def work() -> None:
        incoming = Incoming(spool)
        await incoming.add(b"x" * CHUNK)
        assert not spool.take(1)
        incoming.close()

    asyncio.run(work())
    assert spool.take(CHUNK)


def test_a_full_disk_is_told_as_one(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    spool = Spool(tmp_path)
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(StorageFull):
        spool.write(full, b"data")
