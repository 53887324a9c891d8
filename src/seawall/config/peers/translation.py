"""What another collector's configuration becomes: sections of a seawall.toml, and what a person must know.

Owns the result of a translation and its form as a commented file. Refuses to know any collector's
grammar. A password stands in no section: it is kept beside them, for a file of its own.
"""

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NoReturn

from seawall.config import hosts
from seawall.errors import Misconfigured
from seawall.model.address import Address, domain_in_a_labels
from seawall.model.secret import Secret

MOST_OCTETS: Final = 1 << 20
MOST_IN_VALUE: Final = 1000
MOST_ACCOUNTS: Final = 1000
MOST_IN_LIST: Final = 1000
_WIDTH: Final = 110
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NOT_IN_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+")

PLACEHOLDER_DOMAIN: Final = "example.org"
"""Stands for the reader's own domain where the source names none."""

Value = str | int | bool | tuple[str, ...] | Mapping[str, "Value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the words come from: the file's name, and the home that `~` means."""

    file: str
    home: str

    def refuse(self, line: int, sentence: str) -> NoReturn:
        """Raise the one Misconfigured of a source that cannot be translated."""
        raise Misconfigured(f"{self.file}:{line}: {sentence}") from None

    def plain(self, text: str, line: int, what: str) -> str:
        """Return a value that any key may have; raises Misconfigured with its line, and never shows it."""
        if not text.strip():
            self.refuse(line, f"{what} is empty")
        if len(text) > MOST_IN_VALUE:
            self.refuse(line, f"{what} is over {MOST_IN_VALUE} characters long")
        if _CONTROL.search(text):
            self.refuse(line, f"{what} holds control characters")
        return text

    def host(self, text: str, line: int) -> str:
        """Return a host's name in its canonical form; raises Misconfigured."""
        try:
            return hosts.host(self.plain(text, line, "the server's name"))
        except ValueError as wrong:
            self.refuse(line, f"the server's name {wrong}")

    def number(self, text: str, line: int, what: str, most: int = 10**12) -> int:
        """Return a whole number from 0 to `most`; raises Misconfigured."""
        if not (text.isascii() and text.isdigit() and len(text) <= 15 and int(text) <= most):  # noqa: PLR2004
            self.refuse(line, f"{what} must be a whole number up to {most}")
        return int(text)

    def port(self, text: str, line: int) -> int:
        """Return a TCP port; the two names that POP3 has are numbers here. Raises Misconfigured."""
        named = {"pop3": 110, "pop-3": 110, "pop3s": 995}.get(text.lower())
        return (
            named or self.number(text, line, "the port", 65535) or self.refuse(line, "the port must not be 0")
        )

    def path(self, text: str, line: int, what: str) -> str:
        """Return a path with ~ replaced; another user's home stays relative to /home."""
        text = self.plain(text, line, what)
        if text == "~" or text.startswith("~/"):
            return self.home.rstrip("/") + text[1:]
        return f"/home/{text[1:]}" if text.startswith("~") else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """Something that a person must know: the source's line, and one sentence.

    It stands above the key `beside` in the section; `instead` is a line that a person may put in
    its place.
    """

    line: int
    sentence: str
    beside: str = ""
    instead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A table of the new file. `header` is its line, such as `[[account]]`."""

    header: str
    entries: Mapping[str, Value]
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """A password of the source, and the name of the file that it moves to, beside the new one."""

    file: str
    secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """What a source becomes. `collector` is its program's name; `flags` belong to no section."""

    collector: str
    file: str
    sections: tuple[Section, ...]
    passwords: tuple[Password, ...] = field(default=(), repr=False)
    flags: tuple[Flag, ...] = ()

    def all_flags(self) -> list[Flag]:
        """Return every flag in the order of the source."""
        found = [*self.flags, *(flag for section in self.sections for flag in section.flags)]
        return sorted(found, key=lambda flag: flag.line)

    def sentences(self) -> list[str]:
        """Return every flag as `FILE:LINE: sentence`, in the order of the source."""
        return list(dict.fromkeys(f"{self.file}:{flag.line}: {flag.sentence}" for flag in self.all_flags()))

    def text(self) -> str:
        """Return the commented seawall.toml."""
        head = [
            f"# Seawall's configuration, translated from {_shown(self.file)} ({self.collector}).",
            "# Read each comment that names a line of it: what differs is told there. Then run: seawall check",
        ]
        parts = [*head, *_comments(self.flags)]
        for section in self.sections:
            parts += ["", section.header, *_body(section)]
        return "\n".join(parts) + "\n"


def _body(section: Section) -> Iterator[str]:
    rest = [flag for flag in section.flags if flag.beside not in section.entries]
    yield from _comments(rest)
    for key, value in section.entries.items():
        yield from _comments(flag for flag in section.flags if flag.beside == key)
        yield f"{_key(key)} = {toml(value)}"


def _comments(flags: Iterable[Flag]) -> Iterator[str]:
    for flag in flags:
        told = f"line {flag.line}: {_shown(flag.sentence)}"
        yield from textwrap.wrap(told, _WIDTH, initial_indent="# ", subsequent_indent="#   ")
        if flag.instead:
            yield f"# {flag.instead}"


def _shown(text: str) -> str:
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _key(key: str) -> str:
    return key if _NOT_IN_NAME.search(key) is None and "." not in key else toml(key)


def toml(value: Value) -> str:
    """Return a value as TOML writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            # JSON's escapes are TOML's, but for DEL, which a basic string may not hold either.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
        case tuple():
            return f"[{', '.join(map(toml, value))}]"
    return f"{{ {', '.join(f'{key} = {toml(item)}' for key, item in value.items())} }}"


class Names:
    """Gives accounts and destinations names that differ and that the configuration accepts."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def new(self, wanted: str) -> str:
        """Return `wanted` in the letters that a name may have, with a number where it is given already."""
        name = _NOT_IN_NAME.sub("-", wanted).strip("-._")[:40] or "account"
        number = 1
        chosen = name
        while chosen.lower() in self._given:
            number += 1
            chosen = f"{name}-{number}"
        self._given.add(chosen.lower())
        return chosen


def mailbox(written: str, domain: str, source: Source, line: int) -> str:
    """Return the address of a local user or an address as it is; raises Misconfigured where it can be none."""
    text = source.plain(written, line, "the local user")
    try:
        address = Address.parse(text if "@" in text else f"{text}@{domain}")
    except ValueError:
        address = None
    if address is None or "/" in address.local_part or not str(address).isprintable():
        source.refuse(line, "the local user's name cannot be part of a mailbox's address")
    return str(address)


def domain_or(written: str, otherwise: str) -> str:
    """Return a domain in its canonical form; `otherwise` where it is none."""
    try:
        return domain_in_a_labels(written)
    except ValueError:
        return otherwise


def domain_of(user: str, otherwise: str) -> str:
    """Return the domain of a user's name that is an address; `otherwise` where it is none."""
    _, at, domain = user.rpartition("@")
    return domain_or(domain, otherwise) if at else otherwise


def decoded(octets: bytes, source: Source) -> tuple[str, tuple[Flag, ...]]:
    """Return a source's text; one that is not UTF-8 is Latin-1. Raises Misconfigured where it is no text."""
    if len(octets) > MOST_OCTETS:
        source.refuse(1, f"is over {MOST_OCTETS} octets: this is no configuration")
    at = octets.find(b"\0")
    if at >= 0:
        source.refuse(octets.count(b"\n", 0, at) + 1, "holds a NUL: this is not text")
    try:
        return octets.decode("utf-8-sig"), ()
    except UnicodeDecodeError as wrong:
        line = octets.count(b"\n", 0, wrong.start) + 1
        sentence = "the file is not UTF-8; it was read as Latin-1: check names and passwords with accents"
        return octets.decode("latin-1"), (Flag(line=line, sentence=sentence),)
