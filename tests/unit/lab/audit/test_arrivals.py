"""What arrived beside what was served: a table of octets, and what is said of them."""

import pytest

from seawall.lab.audit.arrivals import Arrival, Likeness, recognised

GOOD = b"Message-ID: <1@example.net>\r\nSubject: good\r\n\r\na first line\r\nand a second line\r\n"
OTHER = b"Message-ID: <2@example.net>\r\nSubject: other\r\n\r\nanother first line\r\nanother second line\r\n"
SHORT = b"\r\n"
HEADER = b"Message-ID: <3@example.net>\r\nSubject: header only\r\n"
DOTS = b"Message-ID: <4@example.net>\r\n\r\nbefore\n.\nMAIL FROM:<x@example.com>\r\nand after it\r\n"
PATH = b"Return-Path: <bob@example.net>\r\nMessage-ID: <5@example.net>\r\n\r\nby way of a gateway\r\n"
LONG = b"Message-ID: <6@example.net>\r\n\r\n" + b"".join(b"line %d of many\r\n" % n for n in range(100))
LINE = b"Message-ID: <7@example.net>\r\n\r\n" + b"x" * 900 + b"\r\n"
MAILS = {
    "line": LINE,
    "long": LONG,
    "path": PATH,
    "good": GOOD,
    "other": OTHER,
    "short": SHORT,
    "header": HEADER,
    "dots": DOTS,
}
TRACE = b"Return-Path: <bob@example.net>\nReceived: from mx.example.net\n\tby here; now\n"

TABLE = {
    "as it was": (GOOD, "good", Likeness.WHOLE),
    "with the line ends of files": (GOOD.replace(b"\r\n", b"\n"), "good", Likeness.WHOLE),
    "with trace on top": (TRACE + GOOD, "good", Likeness.WHOLE),
    "with one line end more": (GOOD + b"\n", "good", Likeness.WHOLE),
    "one line of nothing": (b"\n", "short", Likeness.WHOLE),
    "a header with trace": (TRACE + HEADER, "header", Likeness.WHOLE),
    "without the Return-Path on its top": (PATH.partition(b"\r\n")[2], "path", Likeness.WHOLE),
    "with a line on top that is no field": (b"From bob\nand more\n" + GOOD, "good", Likeness.ALTERED),
    "with a dot less": (GOOD.replace(b"a first", b"a  first"), "good", Likeness.ALTERED),
    "with a line changed": (GOOD.replace(b"a first line", b"another"), "good", Likeness.ALTERED),
    "with its last line changed": (GOOD.replace(b"second line", b"last one"), "good", Likeness.ALTERED),
    "with dots that were stuffed": (DOTS.replace(b"\n.\n", b"\n..\n"), "dots", Likeness.ALTERED),
    "with its one long line in two": (
        LINE.replace(b"x" * 900, b"x" * 450 + b"!\r\n" + b"x" * 449),
        "line",
        Likeness.ALTERED,
    ),
    "without most of its middle": (LONG[:400] + b"[rest removed]\r\n" + LONG[-30:], "long", Likeness.CUT),
    "without one line of its middle": (LONG.replace(b"line 7 of many\r\n", b""), "long", Likeness.ALTERED),
    "without its last line": (GOOD[:-19], "good", Likeness.CUT),
    "in the middle of a line": (TRACE + GOOD[:70], "good", Likeness.CUT),
    "up to a lone dot": (DOTS[:38].replace(b"\r\n", b"\n"), "dots", Likeness.CUT),
    "its end alone": (b"MAIL FROM:<x@example.com>\r\nand after it\r\n", "dots", Likeness.SPLIT),
    "somebody else's": (b"Subject: returned\n\nyour mail was not delivered\n", "", Likeness.STRANGE),
}


@pytest.mark.parametrize("what", TABLE)
def test_an_arrival_is_told_for_what_it_is(what: str) -> None:
    octets, name, likeness = TABLE[what]
    (found,) = recognised([Arrival(recipient="alice@example.org", reverse_path="", octets=octets)], MAILS)
    assert (found.name, found.likeness) == (name, likeness)


def test_a_mail_is_its_own_and_not_one_that_looks_like_it() -> None:
    copies = {name: b"X-Original-To: " + name.encode() + b"\r\n" + GOOD for name in ("alice", "bob")}
    for name, octets in copies.items():
        (found,) = recognised([Arrival(recipient="x", reverse_path=None, octets=TRACE + octets)], copies)
        assert (found.name, found.likeness) == (name, Likeness.WHOLE)
