"""One run of a program of the person's: a mail on its stdin, a line of its output, and an end in time.

Owns the process, its group and its pipes: no shell, an environment that is written down here, no
more memory than a few pages whatever the program writes. Refuses to know what an exit code means.
"""

import asyncio
import os
import pwd
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final, Self

from seawall.errors import Misconfigured, Temporary
from seawall.model.text import shown

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
KEPT_OCTETS: Final = 4096
"""What is kept of each of stdout and stderr; the rest is read and dropped."""
READ_OCTETS: Final = 64 * 2**10


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended: its exit code, negative for a signal, and the first lines of its stdout and stderr."""

    code: int
    said: bytes = field(repr=False)
    complained: bytes = field(repr=False)

    @property
    def words(self) -> str:
        """What it said, or else what it complained of; shown escaped, and empty where it was silent."""
        return shown(self.said or self.complained)


def probe(argv: Sequence[str]) -> None:
    """See whether the program can be run; raises Misconfigured where it cannot."""
    name = argv[0]
    if "/" in name and not name.startswith("/"):
        raise Misconfigured(f"the program {name} must be named by its whole path, or be found in {PATH}")
    if shutil.which(name, path=PATH) is None:
        raise Misconfigured(f"the program {name} is not there, or cannot be executed")


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return all that a program finds in its environment: nothing of this process's own is handed down."""
    try:
        entry = pwd.getpwuid(os.geteuid())
        home, user = entry.pw_dir, entry.pw_name
    except KeyError:
        home, user = "/", str(os.geteuid())
    return {"PATH": PATH, "LANG": "C.UTF-8", "HOME": home, "USER": user, "LOGNAME": user, **extra}


async def run(
    argv: Sequence[str], mail: Iterator[bytes], *, patience: float, extra: Mapping[str, str]
) -> Ended:
    """Run `argv` in / with `mail` on its stdin, for at most `patience` seconds.

    A program may leave its stdin unread. Whatever else ends the run than the program itself kills
    its process group first, so that it never takes a part of a mail for the whole. Raises
    Misconfigured where it cannot be started, Temporary where it takes too long or the mail cannot
    be read.
    """
    try:
        opened = _Pipes()
    except OSError as problem:
        raise Temporary(f"the program {argv[0]} cannot be run now: {problem.strerror}") from problem
    with opened as pipes:
        process = await _start(argv, pipes, environment(extra))
        try:
            pipes.started()
            async with asyncio.timeout(patience), asyncio.TaskGroup() as group:
                feeding = group.create_task(pipes.feed(mail))
                code = await process.wait()
                feeding.cancel()
        except TimeoutError as problem:
            raise Temporary(f"the program {argv[0]} took over {patience:.0f} s and was killed") from problem
        except BaseExceptionGroup as problems:
            raise problems.exceptions[0] from problems
        finally:
            if process.returncode is None:
                _kill(process.pid)
                await process.wait()
        pipes.read_rest()
        return Ended(code=code, said=pipes.said.line, complained=pipes.complained.line)


async def _start(
    argv: Sequence[str], pipes: "_Pipes", environ: Mapping[str, str]
) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *(argument.encode() for argument in argv),
            stdin=pipes.stdin,
            stdout=pipes.said.write_end,
            stderr=pipes.complained.write_end,
            env={name.encode(): value.encode() for name, value in environ.items()},
            cwd="/",
            start_new_session=True,
        )
    except (FileNotFoundError, PermissionError, NotADirectoryError) as problem:
        raise Misconfigured(f"the program {argv[0]} cannot be run: {problem.strerror}") from problem
    except OSError as problem:
        raise Temporary(f"the program {argv[0]} cannot be run now: {problem.strerror}") from problem


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


class _Output:
    """One of a program's outputs: the first octets are kept, and all are read."""

    def __init__(self) -> None:
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self._kept = b""

    @property
    def line(self) -> bytes:
        """Its first line, without the line end."""
        return self._kept.partition(b"\n")[0].rstrip(b"\r")

    def follow(self) -> None:
        os.close(self.write_end)
        self.write_end = -1
        asyncio.get_running_loop().add_reader(self._read_end, self.read)

    def read(self) -> None:
        try:
            data = os.read(self._read_end, READ_OCTETS)
        except BlockingIOError:
            return
        if not data:
            asyncio.get_running_loop().remove_reader(self._read_end)
        self._kept += data[: KEPT_OCTETS - len(self._kept)]

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._read_end)
        os.close(self._read_end)
        if self.write_end >= 0:
            os.close(self.write_end)


class _Pipes:
    """The pipes of one program, which are this file's own.

    asyncio's would be waited for until their last holder has closed them, and that may be a process
    that the program left behind.
    """

    def __init__(self) -> None:
        with ExitStack() as opened:
            self.said = _Output()
            opened.callback(self.said.close)
            self.complained = _Output()
            opened.callback(self.complained.close)
            self.stdin, self._mail_end = os.pipe()
            opened.pop_all()
        os.set_blocking(self._mail_end, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.said.close()
        self.complained.close()
        for descriptor in (self.stdin, self._mail_end):
            if descriptor >= 0:
                os.close(descriptor)

    def started(self) -> None:
        """Let go of the program's own ends, and follow what it writes."""
        os.close(self.stdin)
        self.stdin = -1
        self.said.follow()
        self.complained.follow()

    async def feed(self, mail: Iterator[bytes]) -> None:
        """Write the mail and close, or stop where nobody reads it."""
        while (piece := await asyncio.to_thread(next, mail, None)) is not None:
            view = memoryview(piece)
            while view:
                try:
                    view = view[os.write(self._mail_end, view) :]
                except BlockingIOError:
                    await self._until_writable()
                except BrokenPipeError:
                    return
        os.close(self._mail_end)
        self._mail_end = -1

    async def _until_writable(self) -> None:
        loop = asyncio.get_running_loop()
        writable = asyncio.Event()
        loop.add_writer(self._mail_end, writable.set)
        try:
            await writable.wait()
        finally:
            loop.remove_writer(self._mail_end)

    def read_rest(self) -> None:
        """Take what the program wrote last, without waiting for others that hold its outputs."""
        self.said.read()
        self.complained.read()
