"""Maildir as a destination: which directory is whose, its Maildir++ subfolders, and whether it can take mail now."""

import os
import pwd
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from seawall.deliver import staging
from seawall.errors import Misconfigured, StorageFull
from seawall.model.account import MaildirDestination
from seawall.model.address import Address
from seawall.model.text import shown

_UNSAFE: Final = re.compile(r"[/\0]|\A\.")
_FOLDER: Final = re.compile(r"[!-.0-~](?:[ -.0-~]{0,62}[!-.0-~])?")


def directory(destination: MaildirDestination, recipient: Address) -> str:
    """Return a recipient's Maildir; raises Misconfigured for an address that would leave the path's pattern."""
    if _UNSAFE.search(recipient.local_part):
        raise Misconfigured(f"{recipient} cannot be used in the path of a Maildir")
    return destination.path.format(user=recipient.local_part, domain=recipient.domain)


def is_folder(name: str) -> bool:
    """Tell whether a subfolder may be called this.

    1 to 64 printable ASCII characters without `/` and without a space at either end. A `.` inside
    divides levels, as in Maildir++, so that none may be empty: no `.` at either end, and no `..`.
    """
    return _FOLDER.fullmatch(name) is not None and all(name.split("."))


def folder(directory: str, name: str) -> str:
    """Return the Maildir++ subfolder `name` of a Maildir; raises Misconfigured for a name that `is_folder` refuses."""
    if not is_folder(name):
        raise Misconfigured(f"{shown(name.encode('utf-8', 'replace'))} cannot be the name of a folder")
    return f"{directory}/.{name}"


def make_folder(directory: str, name: str) -> str:
    """Return the subfolder, made durably where it is missing; raises what `folder` and `staging.Folder` raise.

    It has mode 0700 and an empty file `maildirfolder`, by which Maildir++ tells it from a Maildir of
    its own.
    """
    path = folder(directory, name)
    with staging.Folder(directory) as outer:
        outer.make_folder(f".{name}")
    return path


def probe(path: str, min_free_octets: int) -> None:
    """See whether a Maildir can take mail now, and make it where it is missing.

    Raises Misconfigured where it may not be used, StorageFull where its disk is below the
    watermark, Temporary where it is out of reach.
    """
    staging.make(path)
    with staging.Folder(path):
        _free(path, path, min_free_octets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A Maildir that could take mail: whose it is or would be, whether it is there, and octets free on its disk."""

    owner: str
    is_there: bool
    free: int


def look(path: str, min_free_octets: int) -> Look:
    """See whether a Maildir could take mail, and make and change nothing; raises what `probe` raises."""
    try:
        return _look(path, min_free_octets)
    except OSError as problem:
        # A part of the path that may not be seen, or a name that no disk takes.
        raise Misconfigured(f"{path} cannot be used: {problem.strerror or problem}") from problem


def _look(path: str, min_free_octets: int) -> Look:
    parts = [Path(path, name) for name in staging.FOLDERS]
    is_there = all(part.is_dir() for part in parts)
    written = parts if is_there else [_nearest(path)]
    if is_there:
        with staging.Folder(path):
            pass
    for part in written:
        if not part.is_dir() or not os.access(part, os.W_OK | os.X_OK):
            raise Misconfigured(f"{path} cannot be {'written' if is_there else 'made'}: see {part}")
    return Look(
        owner=_user(Path(path).stat().st_uid if is_there else os.geteuid()),
        is_there=is_there,
        free=_free(path, str(written[0]), min_free_octets),
    )


def _nearest(path: str) -> Path:
    """Return what is there of a path: itself, or the nearest above it."""
    found = Path(path)
    while found != found.parent and not os.path.lexists(found):
        found = found.parent
    return found


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _free(path: str, measured: str, least: int) -> int:
    free = shutil.disk_usage(measured).free
    if free < least:
        raise StorageFull(f"only {free:,} octets are free for {path}; polling stops below {least:,}")
    return free


def base_name(now: float, delivery_id: str, here: str) -> str:
    """Return a name that nothing else has, as Maildir asks: time, unique, host."""
    host = here.replace("/", r"\057").replace(":", r"\072") or "localhost"
    return f"{int(now)}.S{delivery_id}P{os.getpid()}.{host}"
