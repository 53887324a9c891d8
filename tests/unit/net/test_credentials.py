import sys
from pathlib import Path

import pytest

from seawall.errors import Misconfigured, Temporary
from seawall.model.secret import PasswordCommand, PasswordFile
from seawall.net.credentials import read_secret


def printing(text: str, code: int = 0) -> PasswordCommand:
    return PasswordCommand((sys.executable, "-c", f"import sys; print({text!r}); sys.exit({code})"))


async def test_the_first_line_of_a_file_is_the_password(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_bytes("pä ss\r\nsecond line\n".encode())
    assert (await read_secret(PasswordFile(str(path)))).reveal == "pä ss"


async def test_the_first_line_of_a_command_is_the_password() -> None:
    assert (await read_secret(printing("secret\nmore"))).reveal == "secret"


@pytest.mark.parametrize("content", [b"", b"\n", b"a\0b\n", b"\xff\n"])
async def test_what_cannot_be_a_password_is_told_without_showing_it(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_bytes(content)
    with pytest.raises(Misconfigured, match="the password in"):
        await read_secret(PasswordFile(str(path)))


async def test_a_missing_file_and_a_missing_command_are_misconfigured(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be read"):
        await read_secret(PasswordFile(str(tmp_path / "none")))
    with pytest.raises(Misconfigured, match="cannot be run"):
        await read_secret(PasswordCommand((str(tmp_path / "none"),)))


async def test_a_failing_command_may_work_the_next_time() -> None:
    with pytest.raises(Temporary, match="exit code 3"):
        await read_secret(printing("secret", 3))


def test_a_secret_does_not_show_itself() -> None:
    from seawall.model.secret import Secret  # noqa: PLC0415

    assert "hunter2" not in f"{Secret('hunter2')!r} {Secret('hunter2')}"
