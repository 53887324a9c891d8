"""Where a password comes from: a file's first line, or a command's."""

import asyncio
from pathlib import Path
from typing import Final

from seawall.errors import Misconfigured, Temporary
from seawall.model.secret import PasswordFile, Secret, SecretSource

MAX_OCTETS: Final = 64 * 2**10
COMMAND_SECONDS: Final = 60.0


async def read_secret(source: SecretSource) -> Secret:
    """Return the secret; raises Misconfigured where there is none, Temporary where a command fails."""
    if isinstance(source, PasswordFile):
        return _first_line(await asyncio.to_thread(_read_file, source.path), source.path)
    try:
        process = await asyncio.create_subprocess_exec(
            *source.argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
        )
    except OSError as problem:
        raise Misconfigured(
            f"password_command {source.argv[0]} cannot be run: {problem.strerror}"
        ) from problem
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            assert process.stdout is not None  # noqa: S101 -- a pipe was asked for
            output = await process.stdout.read(MAX_OCTETS)
            code = await process.wait()
    except TimeoutError as problem:
        process.kill()
        await process.wait()
        raise Temporary(f"password_command {source.argv[0]} took over {COMMAND_SECONDS:.0f} s") from problem
    if code != 0:
        raise Temporary(f"password_command {source.argv[0]} failed with exit code {code}")
    return _first_line(output, source.argv[0])


def _read_file(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_OCTETS)
    except OSError as problem:
        raise Misconfigured(f"password_file {path} cannot be read: {problem.strerror}") from problem


def _first_line(data: bytes, origin: str) -> Secret:
    line = data.split(b"\n", 1)[0].removesuffix(b"\r")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise Misconfigured(f"the password in {origin} is not UTF-8") from None
    if not text or any(ord(character) < 0x20 or character == "\x7f" for character in text):  # noqa: PLR2004
        raise Misconfigured(f"the password in {origin} is empty or holds control characters")
    return Secret(text)
