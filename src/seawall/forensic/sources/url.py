"""A mailbox on a server as a source: `pops://user@host[:port]`, `imaps://user@host[:port]/Folder`, and both in the clear.

Owns what such a URL may say. A password is none of it: URLs are shown, logged and listed.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from seawall.errors import Misconfigured
from seawall.model.account import Server, Tls

_PORTS: Final = {"pop3": 110, "pops": 995, "imap": 143, "imaps": 993}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A mailbox on a server. `source` is its URL without anything secret; `folder` is IMAP's, "INBOX" without one."""

    source: str
    is_imap: bool
    server: Server
    user: str
    folder: str


def is_url(source: str) -> bool:
    """Return whether a source is a URL and no path."""
    return _SCHEME.match(source) is not None


def read_url(source: str, ca_file: str | None) -> Mailbox:
    """Return the mailbox that a URL names; raises Misconfigured, and never repeats a password."""
    try:
        parts = urlsplit(source)
        port = parts.port
    except ValueError as problem:
        raise Misconfigured("the URL of a mailbox cannot be read: is its port a number?") from problem
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        raise Misconfigured(
            f"{scheme}:// is no source; there are {', '.join(f'{name}://' for name in _PORTS)}"
        )
    if parts.password is not None:
        raise Misconfigured("a password must not stand in a URL; give it by --password-file")
    host = (parts.hostname or "").rstrip(".")
    user = unquote(parts.username or "")
    folder = unquote(parts.path.removeprefix("/")) or "INBOX"
    if not host or not user:
        raise Misconfigured(f"a mailbox is {scheme}://USER@HOST[:PORT], with %40 for an @ in USER")
    if not user.isprintable() or not folder.isprintable():
        raise Misconfigured("the user and the folder of a mailbox must be printable text")
    if parts.query or parts.fragment:
        raise Misconfigured("the URL of a mailbox has neither ? nor #; write %3F and %23 in a folder's name")
    is_imap = scheme.startswith("imap")
    if not is_imap and parts.path not in ("", "/"):
        raise Misconfigured("a POP3 mailbox has no folders")
    is_plain = scheme in ("pop3", "imap")
    if is_plain and not _is_loopback(host):
        raise Misconfigured(
            f"{scheme}:// sends the password in the clear, so only to this machine: use {_safe(scheme)}://"
        )
    return Mailbox(
        source=source,
        is_imap=is_imap,
        server=Server(
            host=host,
            port=port or _PORTS[scheme],
            tls=Tls.NONE if is_plain else Tls.IMPLICIT,
            ca_file=ca_file,
        ),
        user=user,
        folder=folder,
    )


def _safe(scheme: str) -> str:
    return "imaps" if scheme == "imap" else "pops"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
