"""A server's moment → the id under which its queue keeps a mail, as each product makes it.

Owns the alphabets and what an id tells (most carry the time, or a number that grows). Refuses to know
what stands around it, and Gmail's (`gmail_ids`). Nothing here keeps state: what grows on a server grows with
its clock, unevenly, as use does.
"""

from datetime import UTC, datetime
from random import Random
from typing import Final
from zlib import crc32

_BASE_52: Final = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
"""Postfix's long ids have no vowels."""
_BASE_60: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx"
_BASE_62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_EXCHANGE: Final = "0J4H2PTXWC19VRL8QK6S3MDBZ5NG7YAF"
"""Exchange 5.5's: no E, I, O and U."""
_PROOFPOINT: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""No i, l, o and u."""
_PREFIXES: Final = (
    (1546300800, 2709), (1637712000, 3473), (1651190400, 3576), (1653609600, 3594), (1672790400, 3739),
    (1684713600, 3830), (1696291200, 3918), (1713225600, 4017), (1717718400, 4048), (1725408000, 4139),
    (1744848000, 4289), (1782691200, 4579),
)  # fmt: skip
"""Proofpoint's first three digits on some days, as real ids have them; linear between."""
_DAY: Final = 86_400
_MANY: Final = 2019
"""Since when systems for 64 bits count their processes up to four million (systemd 243)."""
_PIDS: Final = (32_768, 4_194_304, 99_999)
"""Linux, Linux since then, FreeBSD."""


def in_base(number: int, alphabet: str, width: int) -> str:
    """Write a number in an alphabet, filled up with its zero to a width."""
    digits = ""
    while number:
        number, digit = divmod(number, len(alphabet))
        digits = alphabet[digit] + digits
    return digits.rjust(width, alphabet[0])


def used(at: float, nature: int) -> float:
    """Return a moment as a server's use has it: it never goes back, and is now faster and now slower than time."""
    for grain in (_DAY / 3, 2400, 90):
        step, rest = divmod(at, grain)
        here, there = (crc32(f"{nature} {grain} {step + n}".encode()) % 997 / 1080 for n in (0, 1))
        at = (step + here + (1 + there - here) * rest / grain) * grain
    return at


def process(at: float, nature: int) -> int:
    """Return the number of a process that a server starts now: they grow, and begin anew."""
    kind = nature % 12
    is_many = kind in {2, 3, 4, 5} and datetime.fromtimestamp(at, UTC).year >= _MANY
    most = _PIDS[1] if is_many else _PIDS[2] if kind < 2 else _PIDS[0]  # noqa: PLR2004 -- one in six
    grown = used(at, nature) * 10 ** (nature % 23 / 12 - 1.4)
    return 300 + int(nature % 9973 + grown) % (most - 300)


def serial(at: float, nature: int) -> int:
    """Return a server's count of mails: it grows for ever, some hundreds or thousands a day."""
    since = 946_684_800 - nature % 700 * _DAY
    return int((used(at, nature) - since) * 10 ** (nature % 17 / 14 - 3.0))


def postfix_short(at: float, nature: int, draw: Random) -> str:
    """Five digits of microseconds and the file's inode; inodes of one queue are near each other."""
    is_recent = datetime.fromtimestamp(at, UTC).year >= 2008  # noqa: PLR2004 -- discs have grown
    sizes = (3, 4, 5, 5, 5, 5, 6, 6, 6, 7, 7, 8) if is_recent else (3, 4, 4, 5, 5, 5, 5, 5, 5, 6, 6)
    digits = sizes[nature % len(sizes)]
    room = 15 * 16 ** (digits - 1)
    near = min(room, 0x400 << nature % 7)
    inode = 16 ** (digits - 1) + (nature // 12 * 977 + draw.randrange(near)) % room
    return f"{int(at % 1 * 1_000_000):05X}{inode:X}"


def postfix_long(at: float, nature: int, draw: Random) -> str:
    """Seconds, microseconds, and behind a `z` the inode."""
    inode = nature % 52 ** (2 + nature % 3) * 16 + draw.randrange(0x400)
    return (
        f"{in_base(int(at), _BASE_52, 6)}{in_base(int(at % 1 * 1_000_000), _BASE_52, 4)}"
        f"z{in_base(inode, _BASE_52[:-1], 3)}"
    )


def exim(at: float, nature: int, version: str, draw: Random) -> str:
    """Seconds, the process, and a fraction of a second: `00` before Exim 4, longer since 4.97.

    The time is that at which the mail began to come: most often this second, at times minutes ago.
    """
    began = at - (draw.lognormvariate(0.5, 1.6) if draw.random() < 0.25 else 0)  # noqa: PLR2004 -- one in four
    number = process(began, nature)
    if version.startswith("3."):
        return f"{in_base(int(began), _BASE_62, 6)}-{in_base(number, _BASE_62, 6)}-00"
    if version >= "4.97":
        fraction = in_base(int(began % 1 * 1_000_000), _BASE_62, 4)
        return f"{in_base(int(began), _BASE_62, 6)}-{in_base(number, _BASE_62, 11)}-{fraction}"
    return (
        f"{in_base(int(began), _BASE_62, 6)}-{in_base(number, _BASE_62, 6)}"
        f"-{in_base(int(began % 1 * 2000), _BASE_62, 2)}"
    )


def sendmail(at: float, nature: int, draw: Random, *, version: str = "8.14") -> str:
    """Year, month, day, hour, minute and second of universal time, a digit each; then a count and the process.

    Until 8.9 it was the hour's letter and the process; until 8.11 the count had one digit, and the process five.
    """
    began = at - (draw.lognormvariate(0.3, 1) if draw.random() < 0.4 else 0)  # noqa: PLR2004 -- two in five
    moment = datetime.fromtimestamp(began, UTC)
    parts = (
        (moment.year - 1900) % 60,
        moment.month - 1,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
    )
    told = "".join(_BASE_60[part] for part in parts)
    number = process(began, nature)
    if version.startswith(("8.10", "8.11")):
        return f"{told}{draw.choice(_BASE_60)}{number % 100_000:05}"
    return f"{told}{in_base(draw.randrange(3600), _BASE_60, 2)}{number:06}"


def sendmail_8_9(at: datetime, nature: int) -> str:
    """`VAA29178`: a letter for the hour of the local clock, a count that is mostly zero, the process."""
    return f"{_LETTERS[at.hour]}AA{process(at.timestamp(), nature) % 100_000:05}"


def domino(at: datetime, nature: int) -> str:
    """Local time to hundredths of a second, and a count since the server was started."""
    days = 20 + nature % 70
    up = (at.timestamp() + nature % (days * _DAY)) % (days * _DAY)
    count = (used(at.timestamp(), nature) - at.timestamp() + up) * 10 ** (nature % 13 / 12 - 2.2)
    return f"{at:%Y%m%d%H%M%S}{at.microsecond // 10_000:02}-{max(1, int(count)) + nature % 31 * 1000}"


def eight(at: float, nature: int) -> str:
    """Exchange 5.5's: four that are the server's own for months, four that grow; digits and capitals."""
    own = in_base(nature % 32**4, _EXCHANGE, 4)
    # Most servers of one year began alike.
    first = "PQRSTRQPRST3XL"[nature // 7 % 14]
    return f"{first}{own[1:]}{in_base(serial(at, nature) % 32**4, _EXCHANGE, 4)}"


def proofpoint(at: float, draw: Random) -> str:
    """`3fqvaq9hen-1`: three digits that grow with the days, and seven drawn."""
    return f"{proofpoint_days(at)}{''.join(draw.choices(_PROOFPOINT, k=7))}-1"


def proofpoint_days(at: float) -> str:
    """Return the digits that tell the days, of base 32."""
    after = next((n for n, (moment, _) in enumerate(_PREFIXES) if n and moment >= at), len(_PREFIXES) - 1)
    (since, low), (until, high) = _PREFIXES[after - 1], _PREFIXES[after]
    number = max(0, int(low + (high - low) * (at - since) / (until - since)))
    return in_base(number, _PROOFPOINT, 3)


def amavis(at: float, year: int, nature: int, draw: Random) -> str:
    """`ZFSGR1Qx4OLV`; before 2.4 the process and how many mails it had had: `16479-10`."""
    if year < 2006:  # noqa: PLR2004 -- 2.4
        return f"{process(at, nature) % 100_000:05}-{draw.randint(1, 20):02}"
    within = _BASE_62 + ("+-" if year < 2012 else "_-")  # noqa: PLR2004 -- about 2.7
    return draw.choice(_BASE_62) + "".join(draw.choices(within, k=10)) + draw.choice(_BASE_62)
