"""A Received, real or written → its shape: what is different in each mail becomes a token."""

import re
from typing import Final

_DATE: Final = (
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ?)? ?\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"\d{4} \d\d:\d\d:\d\d(?: (?:[+-]\d{4}|GMT))?(?: \([A-Z+0-9-]{2,5}\))?"
)
_STEPS: Final = tuple(
    (re.compile(pattern), token)
    for pattern, token in (
        (r"\s+", " "),
        (_DATE, "DATE"),
        (r"\(envelope-from <[^>]*>\)", "(envelope-from <ADDR>)"),
        (r"[^\s<>()\[\]=]+@[^\s<>()\[\];]+", "ADDR"),
        (r"\[fe80::[^\]]*\]", "LINK"),
        (r"(?<![\w.:])(?:IPv6:)?[0-9a-f]{1,4}:[0-9a-f:]*:[0-9a-f:]*(?![\w.:])", "IP"),
        (
            r"(?:SMTPSVC|Version |Service |Release |fetchmail-|SMTP |PIPE |PRO )\(?v?[0-9][\w.]*\)?",
            "VERSION",
        ),
        (r"MDaemon\.[\w.]+", "VERSION"),
        (r"\(Exim [^()]*(?:\([^()]*\))?\)", "(VERSION)"),
        (r"\(8\.\d+\.\d+(?:\.\d+)?/8\.\d+\.\d+(?:\.\d+)?(?:/[^)]*)?\)", "(VERSION)"),
        (r"(?<![\w.-])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w.-])", "IP"),
        (r"id <?[^\s;]+>?", "id ID"),
        (r"cipher[ =][\w-]+", "cipher CIPHER"),
        (r"TLS(?:v?\d[._]?\d?)?(?::[\w-]+:\d+)?(?=[\s),])", "TLS"),
        (r"tls TLS_\w+", "tls CIPHER"),
        (r"\(\d{2,4}/\d{2,4} bits\)|bits=\d+/?\d*|\(\d+ bits\)", "BITS"),
        (
            r"key-exchange \S+(?: \(P-\d+\))? server-signature \S+(?: BITS| \(P-\d+\))?(?: server-digest \S+?)?(?=\))",
            "KEYS",
        ),
        (r"verify=\w+", "verify"),
        (r"(qmail|userid|uid|port) \d+", r"\1 N"),
        (r"(?:for|user) [\w.+-]+@?localhost", "for ADDR"),
        (r"\(helo=[^)]*\)| helo=[^)\s]*", "(helo)"),
        (r"\(HELO [^)]*\)", "(HELO)"),
        (r"(?<=from )[A-Za-z0-9_.?\[\]-]+", "HOST"),
        (r"(?<=by )[A-Za-z0-9_.:-]+", "HOST"),
        (r"(?<=\()[A-Za-z0-9_.-]+(?= ?\[)", "HOST"),
        (r"HOST\. \[", "HOST ["),
    )
)


def shape(line: str) -> str:
    """Return a Received's shape, from its unfolded value."""
    for pattern, token in _STEPS:
        line = pattern.sub(token, line)
    return line.strip()
