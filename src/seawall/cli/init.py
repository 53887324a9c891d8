"""`seawall init`: a commented configuration to start from: asked for, translated, or a template."""

import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from seawall.cli.output import talk
from seawall.errors import Misconfigured, SeawallError

FromOption = Annotated[
    Path | None,
    Parameter(name="--from", help="Translate this .fetchmailrc, getmailrc or .mpoprc."),
]
TemplateOption = Annotated[
    bool, Parameter(name="--template", help="Ask nothing; write the commented template.")
]


def init(
    path: Path = Path("seawall.toml"), /, *, from_: FromOption = None, template: TemplateOption = False
) -> None:
    """Write a commented seawall.toml; nothing is overwritten.

    On a terminal it asks a few questions first. With --from it translates another collector's
    configuration and says on stderr what is dangerous in it and what has no counterpart; passwords
    move into files of their own beside the new one.

    Parameters
    ----------
    path
        The file to write; ./seawall.toml if not given.
    """
    # Asked before anything else: nobody answers questions for nothing.
    if os.path.lexists(path):
        raise Misconfigured(f"{path} exists already; nothing was written")
    if from_ is not None:
        _translate(from_, path)
    elif not template and _is_terminal():
        from seawall.cli.interview import interview  # noqa: PLC0415 - keeps --help quick

        _write_all({path: interview()})
        _next(path, "put the password into its file (chmod 600), and then")
    else:
        from seawall.config.template import TEMPLATE  # noqa: PLC0415

        _write_all({path: TEMPLATE})
        _next(path, "change the lines marked <-, put the password into its file (chmod 600), and then")


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout is not None and sys.stdout.isatty()


def _translate(source: Path, path: Path) -> None:
    from seawall.config.peers import translate  # noqa: PLC0415
    from seawall.config.peers.translation import MOST_OCTETS  # noqa: PLC0415

    try:
        with source.open("rb") as file:
            octets = file.read(MOST_OCTETS + 1)
    except (OSError, ValueError) as refused:
        reason = refused.strerror if isinstance(refused, OSError) else str(refused)
        raise Misconfigured(f"{source}: cannot be read: {reason}") from None
    found = translate(octets, file=str(source), home=str(Path.home()))
    passwords = {path.parent / password.file: f"{password.secret.reveal}\n" for password in found.passwords}
    _write_all({**passwords, path: found.text()})
    for sentence in found.sentences():
        talk(sentence)
    for password in passwords:
        talk(f"{password} is written, with the password, for its owner alone.")
    _next(
        path,
        f"read the comments in {path}; once check is content stop {found.collector}, and mark what it has seen:\n"
        f"  seawall adopt ACCOUNT --from ITS-LIST --config {path}   (docs/change-over.md)",
    )


def _next(path: Path, first: str) -> None:
    talk(
        f"{path} is written.\n"
        f"Next: {first}\n"
        f"  seawall check --config {path}        connects to all of it and changes nothing\n"
        f"  seawall run --once --config {path}   collects once"
    )


def _write_all(texts: Mapping[Path, str]) -> None:
    """Write new files, for their owner alone: all of them, or none."""
    with ExitStack() as undo:
        for path, text in texts.items():
            try:
                _write_new(path, text)
            except FileExistsError:
                raise Misconfigured(f"{path} exists already; nothing was written") from None
            except (OSError, ValueError) as refused:
                reason = refused.strerror if isinstance(refused, OSError) else str(refused)
                raise SeawallError(f"{path} cannot be written: {reason}") from None
            undo.callback(path.unlink, missing_ok=True)
        undo.pop_all()


def _write_new(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as target:  # noqa: PTH123 - a descriptor has no Path
            target.write(text)
    except OSError:
        path.unlink(missing_ok=True)
        raise
