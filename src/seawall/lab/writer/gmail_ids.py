"""Gmail's ids and the private addresses of its servers, which tell the same place: both change with the years.

Owns the places and forms, as real lines have them. Refuses to know the lines around (`web_styles`).
"""

from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_STORES: Final = "abcdefghijkmpqrvx"
_NET_10: Final = (
    (2007, ("qb 64", "qb 65", "wr 54", "nz 36", "py 35", "ug 67")),
    (
        2011,
        (
            "rv 140",
            "rv 141",
            "yb 150",
            "yb 151",
            "an 100",
            "fg 86",
            "hu 78",
            "wf 142",
            "wa 114",
            "ib 231",
            "mu 103",
            "we 216",
        ),
    ),
    (2015, ("pa 66", "pb 68", "pd 70", "wi 180", "wj 194", "qk 55", "la 152", "oi 202")),
    (2017, ("qt 200", "qt 237", "yb 37", "qk 55", "oi 202", "lf 25", "pf 98", "pg 99", "yw 129")),
)
_STORE_6: Final = ("oc ac9", "oc ac9", "ec ab4", "lq ab2", "nn a05:6850")
_FILTER_6: Final = (
    "pl a17:902", "pj a17:90a", "pf aa7", "pg a63", "yb a25", "oi aca", "ot a9d", "io a5d", "il a92", "ed aa7", "lj a05:651c",
)  # fmt: skip
_SENDERS: Final = (
    "lf a05:6512", "wr a5d", "pf a62", "ej a17:906", "yb a25", "oi aca", "qt ac8", "pl a17:902", "pj a17:90a", "wm a1c",
    "ot a9d", "ed aa7", "lj a2e", "il a92", "pg a63", "qk a37",
)  # fmt: skip
_OUT: Final = (
    (2009, "nf an rv wr fg hu ug py wa yx"),
    (2012, "fx gy iw bw wy ew qy vw yx px"),
    (2015, "la wi pa ob ig qg wg lb pd oi"),
    (2017, "wm lf pf oi qt qk yw it pg io"),
    (9999, " ".join(one[:2] for one in _SENDERS)),
)
_PLACES: Final = {
    "lf": "2adb3069b0e04 e87", "lj": "38308e7fff4ca 1fa", "yb": "3f1490d57ef6 276", "ot": "46e09a7af769 a34",
    "ed": "4fb4d7f45d1cf a12", "wm": "5b1f17b1804b1 5e9", "pj": "98e67ed59e1d1 a91", "qk": "af79cd13be357 85a",
    "pf": "d2e1a72fcca58 b3a", "pl": "d9443c01a7336 5ad", "il": "e9e14a558f8ab 5ab", "wr": "ffacd0b85a97d f8f",
    "pg": "41be03b00d2f7 a12", "ej": "a640c23a62f3a 66b", "qt": "d75a77b69052e 1cf", "oi": "5614622812f47 b6e",
}  # fmt: skip
"""Since late 2023 a place has a number in front and one behind."""
_V6: Final = 2018
_LONG: Final = 2021
_ADDRESS_FULL: Final = 2022
_NUMBERED: Final = 2024


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A server inside: its place's two letters, its own third, and its address."""

    place: str
    letter: str
    address: str
    embedded: str = ""
    """The address of version 6 as an id has it (RFC 3056: of a private one); empty where ids do not."""


def store(at: datetime, nature: int) -> Machine:
    """Return the machine that keeps a mailbox: the same one for years."""
    if at.year < _V6:
        return _old(at.year, nature, Random(nature))  # noqa: S311 -- reproducible, not secret
    own = Random(nature)  # noqa: S311 -- reproducible, not secret
    return _new(own.choice(_STORE_6), own, is_full=at.year >= _ADDRESS_FULL, is_zeros=at.year < _ADDRESS_FULL)


def passed(at: datetime, draw: Random) -> Machine:
    """Return a machine that a mail passes on its way in: mostly another one each time."""
    if at.year < _V6:
        return _old(at.year, draw.getrandbits(32), draw)
    return _new(draw.choice(_FILTER_6), draw, is_full=at.year >= _LONG and draw.random() < 0.5)  # noqa: PLR2004 -- one in two


def outward(year: int, draw: Random) -> str:
    """Return the label of a server that sends: `mail-lf1-f44`, and `nf-out-0910` before 2010."""
    place = draw.choice(next(places for until, places in _OUT if year <= until).split())
    if year <= _OUT[0][0]:
        return f"{place}-out-{draw.choice(('0910', '0506', '0708', '1112', '2122'))}"
    return f"mail-{place}{int(year >= _V6)}-{draw.choice('fx')}{draw.randint(40, 200)}"


def sending(name: str, draw: Random) -> Machine:
    """Return the machine that sends for a user, by its name: `mail-lf1-f44` is of `lf`, and of version 6."""
    known = next((one for one in _SENDERS if name.startswith(f"mail-{one[:2]}1")), "")
    if known:
        return _new(known, draw, is_full=True)
    place = name[:2] if "-out-" in name else name[5:7] if name.startswith("mail-") else "wm"
    return Machine(place=place, letter=draw.choice(_STORES), address="")


def _old(year: int, nature: int, draw: Random) -> Machine:
    places = next(places for until, places in _NET_10 if year <= until)
    place, net = places[nature % len(places)].split()
    address = f"10.{net}.{draw.randrange(256)}.{draw.randrange(1, 255)}"
    return Machine(place=place, letter=draw.choice(_STORES), address=address)


def _new(text: str, draw: Random, *, is_full: bool, is_zeros: bool = False) -> Machine:
    place, prefix = text.split()
    quads = [*prefix.split(":"), f"{draw.randrange(0x10, 0xFFFF):x}"]
    lower = [f"{draw.randrange(0x19, 0x6FF):x}", f"{draw.getrandbits(16):x}", f"{draw.getrandbits(16):x}"]
    whole = ["2002", *quads, *["0"] * (4 - 1 - len(quads)), "b0", *lower]
    short = ":".join(["2002", *quads]) + (":0" * (7 - len(quads)) if is_zeros else "::")
    return Machine(
        place=place,
        letter=draw.choice(_STORES),
        address=":".join(whole) if is_full else short,
        embedded="".join(quad.rjust(4, "0") for quad in whole)[1:] if is_full else "",
    )


def identity(kind: str, at: datetime, machine: Machine, draw: Random) -> str:
    """`z6csp740796plk`: a short name, what it does (`so`, `mr`, `cs`, `csp`, `si`, `sm`), a count, the machine."""
    most = {"cs": 600_000, "csp": 2_500_000, "si": 12_000_000}.get(kind, 9_000_000)
    count = int(min(most * 8, most * draw.lognormvariate(-1.1, 1.0)))
    is_numbered = at.year >= _NUMBERED and kind in {"so", "sm", "mr"} and machine.place in _PLACES
    if is_numbered:
        front, behind = _PLACES[machine.place].split()
        return f"{front}-{draw.getrandbits(42) + (1 << 42):011x}{kind}{count}{behind}"
    name = short_name(at.year, draw)
    is_long = bool(machine.embedded) and at.year >= _LONG and (kind != "so" or draw.random() < 0.3)  # noqa: PLR2004 -- about a third
    if is_long and kind in {"so", "sm", "mr"}:
        name += f"-2{machine.embedded}"
    elif at.year == _V6 and kind in {"csp", "mr", "so"} and 4 <= at.month <= 9:  # noqa: PLR2004 -- seen that summer only
        name += "-v6"
    return f"{name}{kind}{count}{machine.place}{machine.letter}"


def short_name(year: int, draw: Random) -> str:
    """`a13`, `x127`, `bq8`, `186`."""
    sort = draw.random()
    small = draw.randrange(1, 40)
    if sort < 0.1:  # noqa: PLR2004 -- shares as in real lines
        return str(draw.choice((small, draw.randrange(40, 190))))
    if sort < 0.2:  # noqa: PLR2004
        return draw.choice(_LETTERS) + draw.choice(_LETTERS) + str(draw.randrange(1, 20))
    if sort < 0.45 and year >= 2014:  # noqa: PLR2004
        return draw.choice(_LETTERS) + str(draw.randrange(40, 210))
    return draw.choice(_LETTERS) + str(small)
