"""Other collectors' configurations: read once, at a change-over, and never run by.

Owns which collector a file belongs to, told by its content. Each collector has a file of its own;
all are pure functions from text to a `Translation`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from seawall.config.peers.fetchmail import translate_fetchmail
from seawall.config.peers.getmail import translate_getmail
from seawall.config.peers.mpop import COMMANDS, translate_mpop
from seawall.config.peers.translation import Source, Translation, decoded
from seawall.toml.document import MOST_OCTETS, MOST_OCTETS_IN_LINE

_TRANSLATORS: Final[Mapping[str, Callable[[str, Source], Translation]]] = {
    "fetchmail": translate_fetchmail,
    "getmail": translate_getmail,
    "mpop": translate_mpop,
}


def translate(octets: bytes, *, file: str, home: str) -> Translation:
    """Return what a .fetchmailrc, a getmailrc or an .mpoprc becomes; `home` is what its `~` means.

    Raises one Misconfigured, as FILE:LINE: sentence, for octets that are none of them.
    """
    source = Source(file=file, home=home)
    text, flags = decoded(octets, source)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    collector = collector_of(text)
    if collector is None:
        source.refuse(1, "this is no .fetchmailrc, no getmailrc and no .mpoprc")
    found = _TRANSLATORS[collector](text, source)
    found = replace(found, flags=(*flags, *found.flags))
    written = found.text().encode("utf-8")
    if len(written) > MOST_OCTETS or any(len(line) > MOST_OCTETS_IN_LINE for line in written.split(b"\n")):
        source.refuse(1, "what this becomes is too long for a configuration: translate it in parts")
    return found


def collector_of(text: str) -> str | None:
    """Return the collector that a configuration is written for, told by its first words; None for none."""
    for line in text.split("\n"):
        words = line.split(None, 1)
        if not words or words[0].startswith(("#", ";")):
            continue
        first = words[0]
        if first.startswith("["):
            return "getmail"
        if first in {"poll", "skip", "server", "set"} or first.rstrip(":") in {"poll", "skip"}:
            return "fetchmail"
        if first == "defaults":
            # Both have it: fetchmail's options follow on any line, mpop's are one command a line.
            return "fetchmail" if len(words) > 1 and not words[1].startswith("#") else _by_second_line(text)
        if first == "account" or first in COMMANDS:
            return "mpop"
        return None
    return None


def _by_second_line(text: str) -> str:
    firsts = [
        line.split(None, 1)[0]
        for line in text.split("\n")
        if line.strip() and not line.strip().startswith("#")
    ]
    return "fetchmail" if any(first in {"poll", "skip", "server"} for first in firsts) else "mpop"
