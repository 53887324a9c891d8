"""A server's moment → the id under which its queue keeps a mail, as each product makes it.

Owns the alphabets and what an id tells (most carry the time, or a number that grows). Refuses to know
what stands around it. Nothing here keeps state: what grows on a server grows with its clock.
"""

from datetime import UTC, datetime
from random import Random
from typing import Final

_BASE_52: Final = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
"""Postfix's long ids have no vowels."""
_BASE_60: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx"
_BASE_62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_CAPITALS: Final = "0123456789ABCDEFGHJKLMNPQRSTVWXYZ"
_LONG_KINDS: Final = frozenset({"so", "mr", "sm"})
_SIX_IDS: Final = 2021
_HEX_IDS: Final = 2024
"""When Gmail's ids became longer, and longer again."""
_PIDS: Final = 32_768


def in_base(number: int, alphabet: str, width: int) -> str:
    """Write a number in an alphabet, filled up with its zero to a width."""
    digits = ""
    while number:
        number, digit = divmod(number, len(alphabet))
        digits = alphabet[digit] + digits
    return digits.rjust(width, alphabet[0])


def process(at: float, nature: int) -> int:
    """Return the number of a process that a server starts now: they grow, and begin anew."""
    return 300 + int(nature % 9973 + at * (1 + nature % 7)) % (_PIDS - 300)


def serial(at: float, nature: int) -> int:
    """Return a server's count of mails: it grows for ever, some hundreds to some ten thousands a day."""
    since = 946_684_800
    return nature % 1_000_000 + int((at - since) * (0.004 + nature % 97 / 400))


def postfix_short(at: float, nature: int, draw: Random) -> str:
    """Five digits of microseconds and the file's inode; inodes of one queue are near each other."""
    inode = (nature % 0xFFF) * 0x100 + 0x1000 + draw.randrange(0x100)
    return f"{int(at % 1 * 1_000_000):05X}{inode:X}"


def postfix_long(at: float, nature: int, draw: Random) -> str:
    """Seconds, microseconds, and behind a `z` the inode."""
    inode = (nature % 0xFFFFF) * 16 + draw.randrange(0x400)
    return (
        f"{in_base(int(at), _BASE_52, 6)}{in_base(int(at % 1 * 1_000_000), _BASE_52, 4)}"
        f"z{in_base(inode, _BASE_52[:-1], 3)}"
    )


def exim(at: float, nature: int) -> str:
    """Seconds, the process, and half-thousandths of a second."""
    return (
        f"{in_base(int(at), _BASE_62, 6)}-{in_base(process(at, nature), _BASE_62, 6)}"
        f"-{in_base(int(at % 1 * 2000), _BASE_62, 2)}"
    )


def sendmail(at: float, nature: int, draw: Random) -> str:
    """Year, month, day, hour, minute and second of universal time, a digit each; then a count and the process."""
    moment = datetime.fromtimestamp(at, UTC)
    parts = (
        (moment.year - 1900) % 60,
        moment.month - 1,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
    )
    told = "".join(_BASE_60[part] for part in parts)
    return f"{told}{in_base(draw.randrange(3600), _BASE_60, 2)}{process(at, nature):06}"


def gmail_shard(nature: int, draw: Random) -> str:
    """Return the three letters of the machine that has the mail: one place's begin alike."""
    return _LETTERS[nature % 26] + draw.choice(_LETTERS) + draw.choice(_LETTERS)


def gmail(kind: str, at: datetime, nature: int, draw: Random) -> str:
    """`z6so12740796plk`: a short name, what it does (`so`, `mr`, `cs`, `csp`, `si`, `sm`), a count, the machine."""
    short = draw.choice(_LETTERS) + str(draw.choice((draw.randrange(2, 10), draw.randrange(10, 40))))
    machine = gmail_shard(nature, draw)
    if kind in _LONG_KINDS and at.year >= _HEX_IDS:
        short = f"{draw.getrandbits(52):013x}-{draw.getrandbits(44):011x}"
        machine = machine[:1] + str(draw.randrange(1, 10))
    elif kind in _LONG_KINDS and at.year >= _SIX_IDS:
        # The server's address of version 6, a private one's (RFC 3056).
        short += f"-20020a{nature % 0x100:02x}{draw.getrandbits(16):04x}000000b0{draw.getrandbits(48):012x}"
    return f"{short}{kind}{draw.randrange(100_000, 12_000_000)}{machine}"


def domino(at: datetime, nature: int, draw: Random) -> str:
    """Local time to hundredths of a second, and a count."""
    hundredths = at.microsecond // 10_000
    return f"{at:%Y%m%d%H%M%S}{hundredths:02}-{process(at.timestamp(), nature) * 3 + draw.randrange(3)}"


def eight(nature: int, draw: Random) -> str:
    """Exchange 5.5's: eight capitals and digits, the first ones the server's own."""
    return in_base(
        nature % len(_CAPITALS) ** 3 + len(_CAPITALS) ** 2 * 11, _CAPITALS[10:] + _CAPITALS[:10], 3
    )[:3] + "".join(draw.choices(_CAPITALS, k=5))


def proofpoint(at: float, draw: Random) -> str:
    """`3fqvaq9hen-1`: a 3, and letters and digits of which the first grow with the days."""
    alphabet = _BASE_62[:10] + _LETTERS
    days = in_base(int(at / 86_400) - 11_000, alphabet[10:], 2)[-2:]
    return f"3{days}{''.join(draw.choices(alphabet, k=7))}-1"


def amavis(draw: Random) -> str:
    """`ZFSGR1Qx4OLV`."""
    return "".join(draw.choices(_BASE_62, k=12))
