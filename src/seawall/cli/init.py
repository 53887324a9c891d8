"""`seawall init`: a commented configuration to start from."""

import os
from pathlib import Path

from seawall.cli.output import talk
from seawall.errors import Misconfigured, SeawallError


def init(path: Path = Path("seawall.toml"), /) -> None:
    """Write a commented seawall.toml; nothing is overwritten.

    Parameters
    ----------
    path
        The file to write; ./seawall.toml if not given.
    """
    from seawall.config.template import TEMPLATE  # noqa: PLC0415 - keeps --help quick

    try:
        _write_new(path, TEMPLATE)
    except FileExistsError:
        raise Misconfigured(f"{path} exists already; nothing was written") from None
    except (OSError, ValueError) as refused:
        reason = refused.strerror if isinstance(refused, OSError) else str(refused)
        raise SeawallError(f"{path} cannot be written: {reason}") from None
    talk(
        f"{path} is written.\n"
        "Next: change the lines marked <-, put the password into its file (chmod 600), and then\n"
        f"  seawall check --config {path}        connects to all of it and changes nothing\n"
        f"  seawall run --once --config {path}   collects once"
    )


def _write_new(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as target:  # noqa: PTH123 - a descriptor has no Path
            target.write(text)
    except OSError:
        path.unlink(missing_ok=True)
        raise
