"""The simplest machine reader: one feature of a line and one threshold, and how well it tells two heaps apart.

Owns: mechanical features of a Received whose names are masked, and the search for the best. Refuses to know: which heap is real,
and the calendar: that a corpus is of one August is no feature of a style.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

Features: TypeAlias = Mapping[str, float]
RARE: Final = 0.04
"""A word in fewer lines of both heaps than this share is no feature."""
IDENTITY: Final = re.compile(r"\bid\s+<?([^\s;>]+)|qmail (\d+)")
DATE: Final = re.compile(r"(?:\w{3},\s)?( ?\d{1,2})\s\w{3}\s\d{4}\s(\d\d):(\d\d):(\d\d)\s*([+-]\d{4}|GMT)?")
FOLD: Final = re.compile(r"\n\s*")
CLASSES: Final = {"lower": "[a-z]", "upper": "[A-Z]", "digit": r"\d", "other": "[^a-zA-Z0-9]"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stump:
    """says_first: whether a line above the threshold is of the first heap."""

    feature: str
    threshold: float
    says_first: bool
    accuracy: float
    """Balanced: the mean of both heaps' shares that are told right; 0.5 is a coin's."""


def features(line: str) -> Features:
    """Return what can be counted in a line, folds and all."""
    lines = line.split("\n")
    found: dict[str, float] = {
        "length": len(line),
        "lines": len(lines),
        "longest line": max(map(len, lines)),
        "first line's length": len(lines[0]),
        "last line's length": len(lines[-1]),
        "digits' share": sum(map(str.isdigit, line)) / len(line),
        "capitals' share": sum(map(str.isupper, line)) / len(line),
        "points": line.count("."),
        "hyphens": line.count("-"),
        "brackets": line.count("("),
    }
    for one in lines[1:]:
        found[
            f"a fold of {len(one) - len(one.lstrip())} {'tabs' if one.startswith(chr(9)) else 'blanks'}"
        ] = 1
    for word in set(re.findall(r"[^\s()\[\];]+", re.sub(r"\d+", "0", DATE.sub("", FOLD.sub(" ", line))))):
        found[f"word {word}"] = 1
    return found | of_identity(line) | of_date(line)


def of_identity(line: str) -> dict[str, float]:
    told = IDENTITY.search(line)
    if told is None:
        return {}
    identity = told[1] or told[2]
    found: dict[str, float] = {"id's length": len(identity)}
    for name, letters in CLASSES.items():
        found[f"id's share of {name}"] = len(re.findall(letters, identity)) / len(identity)
    for name, letter in (("first", identity[0]), ("second", identity[1:2]), ("last", identity[-1])):
        found[f"id's {name} is {letter}"] = 1
    if identity.isdecimal():
        found["id as a number"] = int(identity)
    return found


def of_date(line: str) -> dict[str, float]:
    told = DATE.search(FOLD.sub(" ", line))
    if told is None:
        return {}
    day, hour, minute, second, zone = told.groups()
    return {
        "day is padded": day[0] in " 0" and int(day) < 10,
        "hour": int(hour),
        "minute": int(minute),
        "second": int(second),
        f"zone {zone}": 1,
    }


def best(first: Sequence[Features], second: Sequence[Features]) -> Stump:
    """Return the stump that tells the heaps apart best, of all features and thresholds."""
    counts = Counter(name for line in (*first, *second) for name in line)
    least = RARE * (len(first) + len(second))
    stumps = [on(name, first, second) for name in sorted(counts) if counts[name] >= least]
    return max(stumps, key=lambda stump: stump.accuracy)


def on(name: str, first: Sequence[Features], second: Sequence[Features]) -> Stump:
    """Return the best stump on one feature; where a line does not have it, it is zero there."""
    ranked = sorted(
        [(line.get(name, 0), True) for line in first] + [(line.get(name, 0), False) for line in second]
    )
    below = {True: 0, False: 0}
    found = Stump(feature=name, threshold=0, says_first=True, accuracy=0.5)
    for (value, is_first), (following, _) in pairwise(ranked):
        below[is_first] += 1
        if value == following:
            continue
        right = (1 - below[True] / len(first) + below[False] / len(second)) / 2
        if max(right, 1 - right) > found.accuracy:
            found = Stump(
                feature=name, threshold=value, says_first=right > 0.5, accuracy=max(right, 1 - right)
            )
    return found


def accuracy(stump: Stump, first: Sequence[Features], second: Sequence[Features]) -> float:
    """Return how well a stump tells other lines than those that it was found on."""
    above = [
        sum(line.get(stump.feature, 0) > stump.threshold for line in heap) / len(heap)
        for heap in (first, second)
    ]
    share = (above[0] + 1 - above[1]) / 2
    return share if stump.says_first else 1 - share
