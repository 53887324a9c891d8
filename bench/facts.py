"""The facts of a mail beside what other libraries make of the same mails: mails a second on one core.

Owns the readers, the two sets of mails, and the table in docs/tracing-speed.md. The mails are real ones from the corpus
beside this checkout. Readers take turns over the same mails in memory, and each turn is timed by the processor time that
it took. What a reader is asked for is what it offers nearest to a route: headers, sender, recipients, subject, date and the
Received fields. Peers that are not installed (`make .venv/peers`) are left out, and the table says so.
"""

import email
import gc
import importlib
import random
import re
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.utils import getaddresses, parsedate_tz
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from seawall.facts.header import scan
from seawall.facts.row import read_row
from seawall.facts.section import divide
from seawall.forensic.table import RawMail, extract

CORPUS: Final = Path(__file__).resolve().parents[2] / "shared" / "corpus"
BATCH: Final = 500
HOPS: Final = 6
GOAL_TIMES: Final = 8
GOAL_RATE: Final = 10_000
RECEIVED: Final = re.compile(rb"^received[ \t]*:.*\n(?:[ \t].*\n)*", re.MULTILINE | re.IGNORECASE)
OCTET: Final = re.compile(rb"(?<=[.\[(])\d{1,3}(?=\.\d{1,3}[\])])")
ID: Final = re.compile(rb"(\sid\s+<?)")

Reader = Callable[[Sequence[bytes]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """Mails that are read, and what they are called."""

    title: str
    mails: tuple[bytes, ...]
    paths: tuple[Path, ...]

    @property
    def hops(self) -> float:
        return statistics.mean(len(RECEIVED.findall(divide(mail)[0])) for mail in self.mails)


@dataclass(slots=True, kw_only=True)
class Row:
    """The turns of one reader over one set: seconds of processor time a mail."""

    name: str
    told: str
    turns: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return 1 / statistics.median(self.turns)


def corpus_mails(count: int) -> Set:
    """Distinct real mails with LF line ends, evenly from all of the set. SystemExit: it is not here."""
    paths = sorted((CORPUS / "sa-public-corpus" / "messages").glob("*"))
    if not paths:
        raise SystemExit(f"{CORPUS} is not beside this checkout")
    chosen = paths[:: max(1, len(paths) // count)][:count]
    mails = tuple(path.read_bytes() for path in chosen)
    return Set(title="as they are", mails=mails, paths=tuple(chosen))


def six_hops(real: Set) -> Set:
    """The same mails, each with six Received that no other has: real lines with an address and an id of their own."""
    chance = random.Random(1)
    lines = sorted(
        {line for mail in real.mails for line in RECEIVED.findall(divide(mail)[0]) if b";" in line}
    )
    mails = []
    for mail in real.mails:
        section, body_at = divide(mail)
        rest = RECEIVED.sub(b"", section)
        hops = [_line_of_its_own(line, chance) for line in chance.sample(lines, HOPS)]
        mails.append(b"".join(hops) + rest + b"\n" + mail[body_at:])
    return Set(title=f"{HOPS} hops, no line twice", mails=tuple(mails), paths=())


def _line_of_its_own(line: bytes, chance: random.Random) -> bytes:
    line = OCTET.sub(lambda _: b"%d" % chance.randrange(256), line)
    return ID.sub(lambda found: found.group() + b"%x" % chance.randrange(2**24), line, count=1)


def seawall(mails: Sequence[bytes]) -> None:
    for start in range(0, len(mails), BATCH):
        extract([RawMail("", start, 0, mail, len(mail)) for mail in mails[start : start + BATCH]])


def seawall_rows(mails: Sequence[bytes]) -> None:
    for mail in mails:
        read_row(mail, len(mail))


def header_scan(mails: Sequence[bytes]) -> None:
    for mail in mails:
        scan(divide(mail)[0])


def digest(mails: Sequence[bytes]) -> None:
    for mail in mails:
        blake2b(mail, digest_size=16).digest()


def standard_library(mails: Sequence[bytes]) -> None:
    for mail in mails:
        message = email.message_from_bytes(mail)
        parsedate_tz(str(message.get("date", "")))
        getaddresses([str(value) for name in ("from", "to", "cc") for value in message.get_all(name, [])])
        for value in message.get_all("received", []):
            parsedate_tz(str(value).rpartition(";")[2])
        message.get("subject"), message.get("message-id")


def mail_parser(library: Any) -> Reader:
    def read(mails: Sequence[bytes]) -> None:
        for mail in mails:
            found = library.parse_from_bytes(mail)
            found.received, found.date, found.message_id, found.from_, found.to, found.subject  # noqa: B018 -- it reads them when asked

    return read


def eml_parser(library: Any) -> Reader:
    def read(mails: Sequence[bytes]) -> None:
        parser = library.EmlParser()
        for mail in mails:
            parser.decode_email_bytes(mail)

    return read


def fast_mail_parser(library: Any) -> Reader:
    def read(mails: Sequence[bytes]) -> None:
        for mail in mails:
            found = library.parse_email(mail)
            found.headers, found.subject, found.date  # noqa: B018 -- it reads them when asked

    return read


PEERS: Final = (
    ("mail-parser", "mailparser", mail_parser, "Received by patterns, dates; all parts decoded"),
    (
        "fast-mail-parser",
        "fast_mail_parser",
        fast_mail_parser,
        "headers as text, in Rust; no Received is read; all parts decoded",
    ),
    ("eml_parser", "eml_parser", eml_parser, "Received by patterns, dates, addresses and links of the body"),
)


def readers() -> tuple[dict[str, tuple[Reader, str]], list[str]]:
    """Return each reader with what it tells, and the peers that are not installed."""
    found: dict[str, tuple[Reader, str]] = {
        "Seawall": (seawall, "all facts: hops in clauses, ways, dates, identities of the content; in Arrow"),
        "Seawall, without Arrow": (seawall_rows, "the same as Python values"),
        "Seawall's header scan": (header_scan, "names and values"),
        "standard library": (
            standard_library,
            "headers, addresses, dates of all Received, which it cannot cut",
        ),
    }
    missing = []
    for name, module, reader, told in PEERS:
        try:
            library = importlib.import_module(module)
        except ImportError:
            missing.append(name)
            continue
        found[f"{name} {version(name)}"] = (reader(library), told)
    found["blake2b"] = (digest, "nothing; the raw limit: every octet is seen once")
    return found, missing


def not_read(mails: Sequence[bytes], found: dict[str, tuple[Reader, str]]) -> dict[str, set[int]]:
    """Return which mails each reader raises on, by their number."""
    failed: dict[str, set[int]] = {}
    for name, (reader, _) in found.items():
        for number, mail in enumerate(mails):
            try:
                reader((mail,))
            except Exception:  # noqa: BLE001 -- whatever a peer raises, it did not read the mail
                failed.setdefault(name, set()).add(number)
    return failed


def contest(mails: Sequence[bytes], found: dict[str, tuple[Reader, str]], runs: int) -> list[Row]:
    """Let each reader read all mails once a run, by turns."""
    rows = [Row(name=name, told=told) for name, (_, told) in found.items()]
    for run in range(runs + 1):
        for row in rows:
            gc.collect()
            began = time.process_time()
            found[row.name][0](mails)
            seconds = time.process_time() - began
            if run:
                # The first is to warm up.
                row.turns.append(seconds / len(mails))
    return rows


def reading(paths: Sequence[Path], runs: int) -> Row:
    """What it takes to read the files out of the kernel's memory."""
    row = Row(name="reading the files", told="nothing; they are in the kernel's memory")
    for _ in range(runs):
        began = time.process_time()
        for path in paths:
            path.read_bytes()
        row.turns.append((time.process_time() - began) / len(paths))
    return row


def table(rows: Sequence[Row]) -> str:
    own = next(row for row in rows if row.name == "Seawall")
    lines = [
        "| reader | mails/s/core | µs a mail | least to most µs | Seawall is | what it tells |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for row in rows:
        spread = f"{min(row.turns) * 1e6:,.0f} to {max(row.turns) * 1e6:,.0f}"
        times = "" if row is own else f"x {own.rate / row.rate:.2g}"
        lines.append(
            f"| {row.name} | {row.rate:,.0f} | {1e6 / row.rate:,.0f} | {spread} | {times} | {row.told} |"
        )
    return "\n".join(lines)


def goals(rows: Sequence[Row], hops: float) -> str:
    own = next(row for row in rows if row.name == "Seawall")
    lines = ["| goal | reached | |", "|---|--:|---|"]
    met = "met" if own.rate >= GOAL_RATE else "**not met**"
    lines.append(
        f"| {GOAL_RATE:,} mails/s/core with all facts at {hops:.0f} hops | {own.rate:,.0f} | {met} |"
    )
    for row in rows:
        if row.name.startswith("mail-parser"):
            times = own.rate / row.rate
            lines.append(
                f"| {GOAL_TIMES} times mail-parser | {times:.1f} | {'met' if times >= GOAL_TIMES else '**not met**'} |"
            )
    return "\n".join(lines)


def section(count: int, runs: int) -> str:
    """Measure, and return the section of docs/tracing-speed.md."""
    real = corpus_mails(count)
    made = six_hops(real)
    found, missing = readers()
    parts = []
    for mails in (real, made):
        failed = not_read(mails.mails, found)
        unread = set().union(*failed.values())
        read = [mail for number, mail in enumerate(mails.mails) if number not in unread]
        rows = contest(read, found, runs)
        if mails.paths:
            rows.append(reading(mails.paths, runs))
        octets = statistics.mean(map(len, read))
        raised = "".join(f" {name} raised on {len(numbers)} more." for name, numbers in failed.items())
        parts.append(
            f"### {len(read):,} mails, {mails.title}\n\n{mails.hops:.1f} hops and {octets:,.0f} octets a mail, "
            f"the mean.{raised}\n\n{table(rows)}"
        )
    left_out = f" Not installed: {', '.join(missing)}." if missing else ""
    about = f"One core; medians of {runs} turns, by turns, processor time.{left_out}"
    return "\n\n".join((about, *parts, f"### Goals\n\n{goals(rows, made.hops)}"))
