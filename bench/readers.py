"""Can real Received be told from the storm writer's? Files for a person to read, and a table of what a machine finds.

    readers.py DIRECTORY                20 real and 20 written lines a style, shuffled, and key.json beside them
    readers.py --score                  how far the best single feature gets, a style
    readers.py --score --only exim      of these styles
    readers.py --corpus PATH --seed 2   another corpus; other lines

Names, addresses and local parts are masked alike. A real line stands for its year and its host, and a written one is of
the nearest year that there is. Nothing of the corpus is kept but in the directory that is named.
"""

import argparse
import json
import random
import re
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from zlib import crc32

import boxes  # noqa: F401 -- puts the tests' own modules on the path
import stumps
from seawall.facts.dates import moment
from seawall.lab.writer.styles import STYLES
from unit.lab.writer.lines import CORPUS, KINDS, by_style, raw_fields, unfolded

SHOWN: Final = 20
SCORED: Final = 200
FEWEST: Final = 4
STORMS: Final = 90
OF_A_STORM: Final = 12
EDITED: Final = "sisimai"
"""Its mails' names, ids and dates were made up by those who keep them."""
LONGEST: Final = 900
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DATE: Final = re.compile(r"(?:(\w{3}),\s+)?(\d{1,2} \w{3} ((?:19|20)\d\d))\s+\d\d:\d\d:\d\d")
HOST: Final = re.compile(r"\b(?:[A-Za-z0-9_-]+\.)+[A-Za-z][A-Za-z0-9-]*\b")
VERSION: Final = re.compile(
    r"v?\d[\w.]*|PRO\.v[\w.]*|MDaemon\.[\w.]*|md\d+\.msg|[A-Z]\.\d.*|TLS[\w.]*|pps\.\w+"
)
ADDRESS: Final = re.compile(r"(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w.])")
ADDRESS_6: Final = re.compile(
    r"(?<![\w.:])(?!\d\d:\d\d:\d\d\b)(?:IPv6:)?[0-9a-f]{1,4}:[0-9a-f:]*:[0-9a-f:]*(?![\w.:])"
)
ABOUT_VERSIONS: Final = re.compile(r"(?:Release|Version|Service|SMTPSVC|id|\((?=\d+\.\d+\.\d+\.\d+/))\s*\(?$")


def masked(line: str) -> str:
    """The line with its first host as HOST1, and so on; versions stay."""
    seen: dict[str, str] = {}

    def token(kind: str) -> Callable[[re.Match[str]], str]:
        def name(found: re.Match[str]) -> str:
            if VERSION.fullmatch(found[0]) and (
                kind == "HOST" or ABOUT_VERSIONS.search(line[: found.start()])
            ):
                return found[0]
            number = 1 + sum(mask.startswith(kind) for mask in seen.values())
            return seen.setdefault(found[0].lower(), f"{kind}{number}")

        return name

    for kind, pattern in (("IP", ADDRESS), ("V6IP", ADDRESS_6), ("HOST", HOST)):
        line = re.sub(r"[^\s<>@()]+@", "someone@", line) if kind == "HOST" else line
        line = pattern.sub(token(kind), line)
    return line.strip()


def year(line: str) -> int:
    """The year of a line whose date exists and has its right weekday; 0 where it does not."""
    told = DATE.search(unfolded(line))
    if told is None:
        return 0
    at = moment(f"{told[2]} 12:00:00 +0000".encode())
    is_right = at is not None and told[1] in {None, DAYS[int(at // 86_400 + 3) % 7]}
    return int(told[3]) if is_right else 0


def in_turn(lines: Sequence[str], wanted: int, draw: random.Random) -> list[str]:
    """Lines in turn of all years, and in a year in turn of all hosts that wrote one; a line that names none is its own host."""
    hosts: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for line in draw.sample(lines, len(lines)):
        host = re.search(r"\bby\s+(\S+)", line)
        hosts[year(line)][host[1].lower() if host else line].append(line)
    years = [deque(of_year.values()) for _, of_year in sorted(hosts.items())]
    found: list[str] = []
    while len(found) < wanted and any(years):
        for waiting in years:
            if waiting and len(found) < wanted:
                of_host = waiting.popleft()
                found.append(of_host.pop())
                waiting.extend([of_host] if of_host else [])
    return found


def real(style: str, corpus: Path) -> list[str]:
    kind, known = KINDS[style], next(one for one in STYLES if one.name == style)
    pattern = re.compile(kind.own or kind.real)
    return [
        line
        for line in raw_fields(corpus, EDITED)
        if len(line) < LONGEST
        and pattern.search(unfolded(line))
        and known.first_year <= year(line) <= min(2025, known.last_year)
    ]


def heaps(style: str, corpus: Path, wanted: int, seed: int) -> tuple[list[str], list[str]]:
    """As many real as written lines of a style, masked; fewer where the corpus has no more."""
    draw = random.Random(f"{style} {seed}")
    first = crc32(f"{style} {seed}".encode())
    there = in_turn(real(style, corpus), wanted, draw)
    pool = [
        line.replace("\r\n", "\n")
        for lines in by_style(style, range(first, first + STORMS), copies=400)
        for line in draw.sample(lines, min(OF_A_STORM, len(lines)))
    ]
    draw.shuffle(pool)
    here = []
    for line in there:
        here.append(min(pool, key=lambda other: abs(year(other) - year(line))))
        pool.remove(here[-1])
    return [masked(line) for line in there], [masked(line) for line in here]


def write(directory: Path, styles: Sequence[str], corpus: Path, seed: int) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    key = {}
    for style in styles:
        there, here = heaps(style, corpus, SHOWN, seed)
        rows = [("real", line) for line in there] + [("written", line) for line in here]
        random.Random(f"{style} {seed}").shuffle(rows)
        key[style] = [kind for kind, _ in rows]
        text = "".join(f"--- {number}\nReceived: {line}\n" for number, (_, line) in enumerate(rows, 1))
        (directory / f"{style}.txt").write_text(text, encoding="utf-8")
    (directory / "key.json").write_text(json.dumps(key), encoding="utf-8")


def score(style: str, corpus: Path, seed: int) -> str:
    """A row: found on one half of the lines and tried on the other, both ways; and the best on all."""
    there, here = ([stumps.features(line) for line in heap] for heap in heaps(style, corpus, SCORED, seed))
    if len(there) < FEWEST:
        return f"| `{style}` | {len(there)} | | | too few real lines | |"
    halves = (slice(None, None, 2), slice(1, None, 2))
    tried = [
        stumps.accuracy(stumps.best(there[one], here[one]), there[other], here[other])
        for one, other in (halves, halves[::-1])
    ]
    stump = stumps.best(there, here)
    side = "more" if stump.says_first else "less"
    told = stump.feature.replace("|", " ")
    return f"| `{style}` | {len(there)} | {stump.accuracy:.2f} | {sum(tried) / 2:.2f} | {told} | {side} than {stump.threshold:.3g} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", nargs="?", type=Path)
    parser.add_argument("--score", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not options.corpus.is_dir():
        parser.error(f"there is no corpus of real mail at {options.corpus}")
    styles = [one.name for one in STYLES if not options.only or one.name in options.only.split(",")]
    if options.directory:
        write(options.directory, styles, options.corpus, options.seed)
    if options.score:
        print("| style | lines of each | best feature | tried on others | feature | a line is real with |")
        print("|---|--:|--:|--:|---|---|")
        for style in styles:
            print(score(style, options.corpus, options.seed), flush=True)


if __name__ == "__main__":
    main()
