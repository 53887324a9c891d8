"""A fuzz target for the facts: any bytes give a row, or a defect in it, within bounds; nothing else.

    python tests/fuzz/row.py --minutes 30 --seed 1 [--corpus DIRECTORY]

Owns how an input is made of seeds (tests/fuzz/seeds, and real mail where a directory of it is named), and what bounds
hold. The same seed makes the same inputs. An input that breaks the invariant is kept in tests/fuzz/found, and played
again by the ordinary tests; one that may be made of somebody's mail is kept in a temporary directory instead. It needs no fuzzer: nothing here is compiled, so there is no coverage to be led by.
"""

import argparse
import random
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Final

from seawall.facts.hops import MAX_HOPS
from seawall.facts.hops import MAX_TEXT as MAX_HOP_TEXT
from seawall.facts.row import MAX_DELIVERED_TO, MAX_RECIPIENTS, MAX_TEXT, read_row
from seawall.forensic.table import SCHEMA, Place, record_batch
from seawall.model.row import Row

HERE: Final = Path(__file__).parent
MAX_READ: Final = 2**20
MAX_SECONDS: Final = 3.0
"""For the worst MiB that we know, on a machine with other work to do; an ordinary mail takes a ten-thousandth of it."""
TOKENS: Final = (
    b"\r\n", b"\n", b"\r", b"\n ", b"\r\n\r\n", b"\0", b"\t", b"(", b")", b"((", b"\\", b'"', b";", b":", b",", b"<", b">",
    b"@", b"[", b"]", b"=?", b"?=", b"?q?", b"?b?", b"=?utf-7?q?", b"=?punycode?q?", b"=?unicode_escape?q?\\q?=",
    b"=?idna?b?", b"Received: ", b"\nReceived: from ", b" by ", b" with ", b" id ", b" for ", b" via ", b"from ", b"FROM ",
    b"(HELO ", b"helo=", b"[192.0.2.1]", b"[IPv6:2001:db8::1]", b"::ffff:", b"999.999.999.999", b"%", b"\xff", b"\xc3",
    b"\xe2\x80\xae", b"\xd9\xa1", b"; Tue, 24 Nov 2026 08:00:00 +0000", b"-9999", b"99999999999999999999", b"Feb 30",
    b"\nContent-Type: multipart/mixed; boundary=a\n", b"\n--a\n", b"\n--a--\n", b"\nContent-Type: multipart/report\n",
    b"\nContent-Transfer-Encoding: base64\n", b"\nContent-Transfer-Encoding: quoted-printable\n", b"charset=unicode_escape",
    b"charset=punycode", b"charset=utf-16", b"charset=idna", b"\nReturn-Path: <>\n", b"\nDelivered-To: ", b"\nTo: ", b"\nCc: ",
    b"mspop3connector.", b"\nReferences: ", b"\nList-Id: ", b"\nX-Loop: ", b"FILETIME=[01C56B3A:6C7A1B20]",
    b"\nFinal-Recipient: rfc822; ", b"\nDiagnostic-Code: smtp; 5", b"Microsoft SMTP Server", b"8.13.8/8.13.8", b"1.1.1.1.1.1",
)  # fmt: skip
MAX_REPEATS: Final = 4000


class Broken(Exception):
    """The invariant does not hold, and how."""


def check(head: bytes) -> Row:
    """Return the row of a mail's first bytes; raise Broken where the invariant does not hold."""
    began = time.process_time()
    try:
        row = read_row(head[:MAX_READ], len(head))
        batch = record_batch([Place("fuzz", 0, 0)], [row])
        batch.validate(full=True)
    except Exception as error:
        raise Broken(traceback.format_exc()) from error
    seconds = time.process_time() - began
    wrong = [name for name, is_so in _bounds(row) if not is_so]
    if seconds > MAX_SECONDS:
        wrong.append(f"{seconds:.1f} s")
    if batch.schema != SCHEMA or batch.num_rows != 1:
        wrong.append("the batch")
    if wrong:
        raise Broken(f"out of bounds: {', '.join(wrong)}")
    return row


def _bounds(row: Row) -> Iterator[tuple[str, bool]]:
    yield "hops", len(row.hops) == min(row.hop_count, MAX_HOPS)
    yield "a hop's text", all(len(hop.text) <= MAX_HOP_TEXT for hop in row.hops)
    yield (
        "what a hop tells",
        all(
            len(value) <= 2 * MAX_HOP_TEXT for hop in row.hops for value in hop[:11] if isinstance(value, str)
        ),
    )
    yield "recipients", len(row.recipients) <= MAX_RECIPIENTS
    yield "delivered-to", len(row.delivered_to) <= MAX_DELIVERED_TO
    yield "the subject", len(row.subject) <= MAX_TEXT
    yield "the normal subject", len(row.subject_norm) <= MAX_TEXT
    yield "the header", row.header_size <= MAX_READ
    yield "defects", len(row.defects) <= len(set(row.defects))
    yield "identities", all(len(found) == 16 for found in (row.content_id, row.exact_id) if found is not None)


def inputs(seeds: Sequence[bytes], seed: int) -> Iterator[bytes]:
    """Yield inputs without end, each made of one or two seeds."""
    chance = random.Random(seed)
    while True:
        made = chance.choice(seeds)
        for _ in range(chance.choice((1, 1, 2, 4, 8, 32))):
            made = _changed(made, seeds, chance)
        yield made[: 2 * MAX_READ]


def _changed(mail: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    at = chance.randrange(len(mail) + 1)
    end = min(len(mail), at + chance.choice((1, 2, 8, 64, 1024)))
    token = chance.choice(TOKENS)
    match chance.randrange(8):
        case 0:
            changed = mail[:at] + bytes((chance.randrange(256),)) + mail[at + 1 :]
        case 1:
            changed = mail[:at] + mail[end:]
        case 2:
            changed = mail[:at] + mail[at:end] * chance.choice((2, 3, 16, 300)) + mail[end:]
        case 3 | 4:
            changed = mail[:at] + token + mail[at:]
        case 5:
            changed = mail[:at] + token * chance.randrange(MAX_REPEATS) + mail[at:]
        case 6:
            other = chance.choice(seeds)
            changed = mail[:at] + other[chance.randrange(len(other) + 1) :]
        case _:
            lines = mail.split(b"\n")
            chance.shuffle(lines)
            changed = b"\n".join(lines)
    return changed


def own_seeds() -> list[bytes]:
    """The seeds that are kept with the tests."""
    return [path.read_bytes() for path in sorted((HERE / "seeds").iterdir())]


def found_inputs() -> list[Path]:
    """What broke the invariant once."""
    return sorted(path for path in (HERE / "found").iterdir() if path.suffix == ".eml")


def main() -> int:
    """Run for some minutes; 1 where something was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, help="a directory of real mails, as more seeds")
    order = parser.parse_args()
    warnings.simplefilter("error")
    seeds = own_seeds()
    if order.corpus:
        seeds += [path.read_bytes()[:65_536] for path in sorted(order.corpus.rglob("*")) if path.is_file()]
    keep = Path(tempfile.mkdtemp(prefix="found-")) if order.corpus else HERE / "found"
    until = time.monotonic() + 60 * order.minutes
    tried = broken = 0
    slowest = 0.0
    for made in chain(seeds, inputs(seeds, order.seed)):
        if time.monotonic() > until:
            break
        began = time.process_time()
        try:
            check(made)
        except Broken as wrong:
            broken += 1
            kept = keep / f"{blake2b(made, digest_size=8).hexdigest()}.eml"
            kept.write_bytes(made)
            sys.stderr.write(f"{kept}: {wrong}\n")
        slowest = max(slowest, time.process_time() - began)
        tried += 1
    sys.stdout.write(
        f"{tried:,} inputs of {len(seeds):,} seeds, {broken} broken, the slowest {slowest:.2f} s\n"
    )
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
