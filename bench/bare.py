"""The yardstick in Python: bench/c/bare.c's loop, with the standard library alone and sockets that block.

    bare.py PORT USER PASSWORD MAILDIR

RETRs are asked for up to a window of octets ahead. The mails of a batch share their syncs: all are written under tmp/,
with their writeback begun; then each is synced, and tmp/; then all are renamed into new/, and new/ is synced. There is no
ledger, nothing is looked at in a mail, and nothing survives a lost connection.
"""

import os
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Final

WINDOW_OCTETS: Final = 4 << 20
BATCH_MAILS: Final = 512
BATCH_OCTETS: Final = 8 << 20
BUFFER_OCTETS: Final = 1 << 19
PIECE_OCTETS: Final = 1 << 17
CRLF: Final = b"\r\n"
END: Final = b"\r\n.\r\n"


class Box:
    """A POP3 session, logged in. What was read and not taken is _input[_begin:_end]."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._input = bytearray(BUFFER_OCTETS)
        self._begin = self._end = 0
        self._reply(CRLF)
        for command in (f"USER {user}", f"PASS {password}"):
            self._socket.sendall(f"{command}\r\n".encode())
            self._reply(CRLF)

    def sizes(self) -> list[int]:
        self._socket.sendall(b"LIST\r\n")
        return [int(line.split()[1]) for line in self._reply(END).splitlines()[1:]]

    def mails(self, sizes: list[int]) -> Iterator[Iterator[bytearray]]:
        """Each mail, in pieces."""
        asked = ahead = 0
        for size in sizes:
            if ahead <= WINDOW_OCTETS * 3 // 4:
                commands = bytearray()
                while asked < len(sizes) and (not ahead or ahead + sizes[asked] <= WINDOW_OCTETS):
                    ahead += sizes[asked]
                    asked += 1
                    commands += b"RETR %d\r\n" % asked
                self._socket.sendall(commands)
            yield self._mail()
            ahead -= size

    def quit(self) -> None:
        self._socket.sendall(b"QUIT\r\n")
        self._reply(CRLF)

    def _mail(self) -> Iterator[bytearray]:
        """The next mail as it is to lie on disk; each piece but the first begins with the end of a line."""
        self._reply(CRLF)
        self._begin -= len(CRLF)  # a dot begins a line where it stands behind a CRLF, and so does the end
        searched, first = self._begin, 1
        while (at := self._input.find(END, searched, self._end)) < 0:
            if self._end - self._begin >= PIECE_OCTETS:
                cut = self._input.rfind(CRLF, self._begin + 1, self._end)
                if cut > 0:
                    yield on_disk(self._input[self._begin : cut])[first:]
                    self._begin, first = cut, 0
            searched = max(self._begin, self._end + 1 - len(END)) - self._begin
            self._read()
            searched += self._begin
        yield on_disk(self._input[self._begin : at + len(CRLF)])[first:]
        self._begin = at + len(END)

    def _reply(self, end: bytes) -> bytes:
        """A reply through `end`, which begins with +OK."""
        while (at := self._input.find(end, self._begin, self._end)) < 0:
            self._read()
        reply = self._input[self._begin : at + len(CRLF)]
        self._begin = at + len(end)
        if not reply.startswith(b"+OK"):
            sys.exit(reply.decode(errors="replace"))
        return bytes(reply)

    def _read(self) -> None:
        rest = self._end - self._begin
        if self._begin:
            self._input[:rest] = self._input[self._begin : self._end]
        elif rest == len(self._input):
            self._input += bytes(rest)
        got = self._socket.recv_into(memoryview(self._input)[rest:])
        if not got:
            sys.exit("the server hung up")
        self._begin, self._end = 0, rest + got


def on_disk(text: bytearray) -> bytearray:
    """CRLF turned into LF and dots unstuffed."""
    if b"\r\n.." in text:
        text = text.replace(b"\r\n..", b"\r\n.")
    if text.count(b"\r") == text.count(CRLF):
        return text.translate(None, b"\r")  # the same, in half the time
    return text.replace(CRLF, b"\n")


class Maildir:
    """Where the mails go, a batch at a time."""

    def __init__(self, path: str) -> None:
        self._tmp = os.open(f"{path}/tmp", os.O_RDONLY)
        self._new = os.open(f"{path}/new", os.O_RDONLY)
        self._batch: list[tuple[str, int]] = []
        self._octets = self._count = 0
        self._end = f"P{os.getpid()}.bench"

    def add(self, pieces: Iterable[bytearray]) -> None:
        name = f"{int(time.time())}.M{self._count:06}{self._end}"
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=self._tmp)
        for piece in pieces:
            if os.write(file, piece) != len(piece):
                sys.exit("the disk is full")
            self._octets += len(piece)
        self._batch.append((name, file))
        self._count += 1
        if len(self._batch) == BATCH_MAILS or self._octets >= BATCH_OCTETS:
            self.settle()

    def settle(self) -> None:
        for _, file in self._batch:
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)  # begins the writeback
        for _, file in self._batch:
            os.fsync(file)
            os.close(file)
        os.fsync(self._tmp)
        for name, _ in self._batch:
            os.rename(name, name, src_dir_fd=self._tmp, dst_dir_fd=self._new)
        os.fsync(self._new)
        self._batch.clear()
        self._octets = 0


def main() -> None:
    port, user, password, path = sys.argv[1:]
    box, maildir = Box(int(port), user, password), Maildir(path)
    for mail in box.mails(box.sizes()):
        maildir.add(mail)
    maildir.settle()
    box.quit()


if __name__ == "__main__":
    main()
