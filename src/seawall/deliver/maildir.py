"""Maildir as a destination: which directory is whose, its Maildir++ subfolders, and whether it can take mail now."""

import os
import re
import shutil
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
        free = shutil.disk_usage(path).free
    if free < min_free_octets:
        raise StorageFull(
            f"only {free:,} octets are free for {path}; polling stops below {min_free_octets:,}"
        )


def base_name(now: float, delivery_id: str, here: str) -> str:
    """Return a name that nothing else has, as Maildir asks: time, unique, host."""
    host = here.replace("/", r"\057").replace(":", r"\072") or "localhost"
    return f"{int(now)}.S{delivery_id}P{os.getpid()}.{host}"
