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
from collections.abc import Iterator
from typing import Final

WINDOW_OCTETS: Final = 4 << 20
BATCH_MAILS: Final = 512
BATCH_OCTETS: Final = 8 << 20
READ_OCTETS: Final = 1 << 18
END: Final = b"\r\n.\r\n"


class Box:
    """A POP3 session, logged in."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._input = bytearray()
        self._through(b"\r\n")
        for command in (f"USER {user}", f"PASS {password}"):
            self._socket.sendall(f"{command}\r\n".encode())
            self._through(b"\r\n")

    def sizes(self) -> list[int]:
        self._socket.sendall(b"LIST\r\n")
        return [int(line.split()[1]) for line in self._through(END).splitlines()[1:]]

    def mails(self, sizes: list[int]) -> Iterator[bytes]:
        """Each mail as it is to lie on disk."""
        asked = ahead = 0
        for size in sizes:
            if ahead <= WINDOW_OCTETS * 3 // 4:
                commands = bytearray()
                while asked < len(sizes) and (not ahead or ahead + sizes[asked] <= WINDOW_OCTETS):
                    ahead += sizes[asked]
                    asked += 1
                    commands += b"RETR %d\r\n" % asked
                self._socket.sendall(commands)
            reply = self._through(END)
            mail = reply[reply.index(b"\n") + 1 :]
            if b"\n." in mail:
                mail = mail.replace(b"\r\n..", b"\r\n.")
            yield mail.removeprefix(b".").replace(b"\r\n", b"\n")
            ahead -= size

    def quit(self) -> None:
        self._socket.sendall(b"QUIT\r\n")
        self._through(b"\r\n")

    def _through(self, end: bytes) -> bytes:
        """What comes before these octets, and their CRLF; all of them are taken. It begins with +OK."""
        taken = self._input
        searched = 0
        while (at := taken.find(end, searched)) < 0:
            searched = max(0, len(taken) - len(end))
            octets = self._socket.recv(READ_OCTETS)
            if not octets:
                sys.exit("the server hung up")
            taken += octets
        reply = bytes(memoryview(taken)[: at + 2])
        del taken[: at + len(end)]  # which moves nothing: a bytearray forgets its front
        if not reply.startswith(b"+OK"):
            sys.exit(reply.decode(errors="replace"))
        return reply


class Maildir:
    """Where the mails go, a batch at a time."""

    def __init__(self, path: str) -> None:
        self._tmp = os.open(f"{path}/tmp", os.O_RDONLY)
        self._new = os.open(f"{path}/new", os.O_RDONLY)
        self._batch: list[tuple[str, int]] = []
        self._octets = self._count = 0
        self._end = f"P{os.getpid()}.bench"

    def add(self, mail: bytes) -> None:
        name = f"{int(time.time())}.M{self._count:06}{self._end}"
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=self._tmp)
        written = os.write(file, mail)
        while written < len(mail):
            written += os.write(file, mail[written:])
        self._batch.append((name, file))
        self._count += 1
        self._octets += len(mail)
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
