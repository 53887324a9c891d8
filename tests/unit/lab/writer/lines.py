"""A style's Received, real and written: how the real ones are found in the corpus, and the written ones in storms.

Owns both heaps. Refuses to know what is asked of them (`test_styles`, and the bench of the readers).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from seawall.lab.writer.storm import Order, storm

CORPUS: Final = Path(__file__).parents[5] / "shared/corpus"
EXCHANGE: Final = re.compile(r"with Microsoft SMTP Server|with mapi id")
_RECEIVED: Final = re.compile(rb"^Received:((?:.*\n[ \t])*.*)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How real lines of a style are found, and what share of the written shapes is among theirs."""

    real: str
    shapes: float = 0.97
    folds: float = 0.97
    own: str = ""
    """How those are found that this product alone wrote, where that says less than `real`."""


KINDS: Final = {
    "postfix": Kind(real=r"\(Postfix"),
    "amavis": Kind(real=r"amavisd-new|\(Postfix", own=r"\(amavis|^from localhost \(localhost.*\(Postfix"),
    # Its default text names the envelope's sender; the real lines that do have `smtp`, or an address for a name.
    "exim": Kind(real=r"\(Exim [34]", shapes=0.5, folds=0.7),
    # Few real lines tell of TLS, and those of 8.15 name no recipient.
    "sendmail": Kind(
        real=r"by \S+ \(8\.\d+\.\d+/8", shapes=0.85, own=r"^(?!from pps).*by \S+ \(8\.\d+\.\d+/8"
    ),
    "qmail": Kind(real=r"\(qmail|\(HELO .*with SMTP;|\(\d+\.\d+\.\d+\.\d+\) by \S+ with SMTP;"),
    # Six real lines; that of a client with a verified name and several recipients is not among them.
    "communigate": Kind(real=r"CommuniGate Pro", shapes=0.7),
    "smtpsvc": Kind(real=r"Microsoft SMTPSVC"),
    # No real line is of a mailbox server before 2010, and few of Exchange Online before 2017.
    "exchange": Kind(
        real=EXCHANGE.pattern, shapes=0.9, own=r"with (?:Microsoft SMTP Server|mapi)(?!.* id 15\.20)"
    ),
    "exchange-online": Kind(
        real=EXCHANGE.pattern, shapes=0.93, own=r"with (?:Microsoft SMTP Server|mapi).* id 15\.20"
    ),
    "internet-mail-service": Kind(real=r"Internet Mail Service"),
    "domino": Kind(real=r"Lotus Domino Release"),
    "mdaemon": Kind(real=r"MDaemon"),
    "gmail": Kind(
        real=r"(?:google|googlemail)\.com|by 2002:|by 10\.\d+\.\d+\.\d+ with",
        shapes=0.95,
        own=r"by (?:[\w.-]*\.(?:google|gmail|googlemail)\.com|2002:\S+|10\.\d+\.\d+\.\d+) with ",
    ),
    "proofpoint": Kind(real=r"pps\.filterd|\(PPS\)"),
}


def unfolded(field: str) -> str:
    return re.sub(r"\r?\n[ \t]*", " ", field).strip()


def by_style(name: str, seeds: Iterable[int], *, copies: int) -> Iterable[tuple[str, ...]]:
    """What a style's hosts wrote, a storm each, folds and all, without the field's name."""
    for seed in seeds:
        found = []
        for copy in storm(Order(seed=seed, styles=(name,), views=4, strip=0)).copies[:copies]:
            lines = [field[9:].decode() for field in copy.mail.header if field.startswith(b"Received:")]
            for stop in reversed(copy.mail.stops):
                own, lines = lines[: stop.received], lines[stop.received :]
                # A list's own line is no server's.
                found += own if stop.host.style == name and not any("ECARTIS" in line for line in own) else []
        yield tuple(dict.fromkeys(found))


@cache
def raw_fields(corpus: Path = CORPUS, without: str = "") -> tuple[str, ...]:
    """The corpus's Received as their mails have them, folds and all; without a part of the corpus whose texts were edited."""
    found: dict[str, None] = {}
    for path in sorted(corpus.glob("*/messages/*")):
        if path.parts[-3] == without:
            continue
        header = path.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")[0]
        found |= dict.fromkeys(field.decode("latin-1") for field in _RECEIVED.findall(header + b"\n"))
    return tuple(found)
