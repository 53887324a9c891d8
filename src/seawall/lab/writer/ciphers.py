"""How a line tells that a mail came encrypted: each product's texts, and which of them a year knows.

Owns the texts; what stands twice is drawn twice as often. Refuses to know when a server tells them at all.
"""

from typing import Final, TypeAlias

Eras: TypeAlias = tuple[tuple[int, tuple[str, ...]], ...]
"""The last year, and what is met until its end."""


def of(year: int, eras: Eras) -> tuple[str, ...]:
    """Return the texts of a year."""
    return next(texts for until, texts in eras if year <= until)


_1_0: Final = (
    "TLSv1 with cipher DHE-RSA-AES256-SHA (256/256 bits)",
    "TLSv1 with cipher DHE-RSA-AES256-SHA (256/256 bits)",
    "TLSv1 with cipher ADH-AES256-SHA (256/256 bits)",
    "TLSv1 with cipher AES256-SHA (256/256 bits)",
    "TLSv1 with cipher AES128-SHA (128/128 bits)",
    "TLSv1 with cipher DHE-RSA-AES128-SHA (128/128 bits)",
)
_1_2: Final = (
    "TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)",
    "TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)",
    "TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)",
    "TLSv1.2 with cipher ECDHE-RSA-AES128-GCM-SHA256 (128/128 bits)",
    "TLSv1.2 with cipher ADH-AES256-GCM-SHA384 (256/256 bits)",
    "TLSv1.2 with cipher AECDH-AES256-SHA (256/256 bits)",
)
_ECDSA: Final = "TLSv1.2 with cipher ECDHE-ECDSA-AES256-GCM-SHA384 (256/256 bits)"
_1_3: Final = "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"
_1_3_SHORT: Final = "TLSv1.3 with cipher TLS_AES_128_GCM_SHA256 (128/128 bits)"
_KEYS: Final = (
    "key-exchange X25519 server-signature RSA-PSS (4096 bits) server-digest SHA256",
    "key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256",
    "key-exchange X25519 server-signature RSA-PSS (2048 bits)",
    "key-exchange X25519 server-signature RSA-PSS (4096 bits)",
    "key-exchange ECDHE (P-256) server-signature RSA-PSS (2048 bits)",
)
_WITH_KEYS: Final = tuple(f"{_1_3}\r\n\t {key}" for key in _KEYS)
POSTFIX: Final[Eras] = (
    (2012, _1_0),
    (2015, (*_1_0[:4], *_1_2[:2], _1_2[3])),
    (2018, (*_1_2, *_1_2, _1_0[0])),
    (2022, (*_1_2, *_1_2, _1_3, *_WITH_KEYS)),
    (9999, (*_1_2, _ECDSA, _ECDSA, *_WITH_KEYS, *_WITH_KEYS[:2], f"{_1_3_SHORT}\r\n\t {_KEYS[0]}")),
)
EXIM: Final[Eras] = (
    (2012, ("TLSv1:DHE-RSA-AES256-SHA:256", "TLSv1:AES256-SHA:256", "TLSv1:RC4-MD5:128")),
    (2015, ("TLSv1:DHE-RSA-AES256-SHA:256", "TLSv1:ECDHE-RSA-AES256-SHA:256")),
    (
        9999,
        (
            "TLSv1.2:ECDHE-RSA-AES256-GCM-SHA384:256",
            "TLSv1.2:ECDHE-RSA-AES256-GCM-SHA384:256",
            "TLSv1.2:ECDHE-RSA-AES128-GCM-SHA256:128",
        ),
    ),
)
EXIM_OF_GNUTLS: Final = (
    "TLS1.2:ECDHE_RSA_AES_256_GCM_SHA384:256",
    "TLS1.2:ECDHE_RSA_AES_128_GCM_SHA256:128",
    "TLS1.3:ECDHE_RSA_AES_256_GCM_SHA384:256",
)
"""4.92 and 4.93, where Debian builds them with GnuTLS."""
EXIM_STANDARD: Final = (
    "(TLS1.2) tls TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "(TLS1.2) tls TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "(TLS1.3) tls TLS_AES_256_GCM_SHA384",
)
"""From 4.94 on."""
SENDMAIL: Final[Eras] = (
    (2004, ("version=TLSv1/SSLv3 cipher=EDH-RSA-DES-CBC3-SHA bits=168",)),
    (2014, ("version=TLSv1/SSLv3 cipher=DHE-RSA-AES256-SHA bits=256",)),
    (
        9999,
        (
            "version=TLSv1/SSLv3 cipher=DHE-RSA-AES256-GCM-SHA384 bits=256",
            "version=TLSv1/SSLv3 cipher=AES256-GCM-SHA384 bits=256",
        ),
    ),
)
SENDMAIL_8_15: Final = (
    "version=TLSv1.2 cipher=ECDHE-RSA-AES256-GCM-SHA384 bits=256",
    "version=TLSv1.2 cipher=DHE-RSA-AES256-GCM-SHA384 bits=256",
    "version=TLSv1.2 cipher=AES256-GCM-SHA384 bits=256",
)
GMAIL: Final[Eras] = (
    (2014, ("version=TLSv1/SSLv3 cipher=RC4-MD5",)),
    (2015, ("version=TLSv1.2 cipher=ECDHE-RSA-AES128-GCM-SHA256 bits=128/128",)),
    (2018, ("version=TLS1_2 cipher=ECDHE-RSA-AES128-GCM-SHA256 bits=128/128",)),
    (
        2020,
        (
            "version=TLS1_2 cipher=ECDHE-RSA-AES128-GCM-SHA256 bits=128/128",
            "version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256",
        ),
    ),
    (
        9999,
        (
            *("version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256",) * 4,
            "version=TLS1_3 cipher=TLS_AES_128_GCM_SHA256 bits=128/128",
            "version=TLS1_2 cipher=ECDHE-RSA-AES128-GCM-SHA256 bits=128/128",
        ),
    ),
)
PROOFPOINT: Final[Eras] = (
    (
        9999,
        (
            *("version=TLSv1.2 cipher=ECDHE-RSA-AES256-GCM-SHA384 bits=256",) * 9,
            "version=TLSv1.2 cipher=ECDHE-RSA-AES128-GCM-SHA256 bits=128",
        ),
    ),
)
_ECDHE: Final = "TLS_ECDHE_RSA_WITH_AES_"
EXCHANGE: Final = tuple(
    _ECDHE + end
    for end in ("256_GCM_SHA384", "128_GCM_SHA256", "256_GCM_SHA384", "128_CBC_SHA256_P256", "128_CBC_SHA256")
)
EXCHANGE_ONLINE: Final[Eras] = (
    (
        2018,
        tuple(_ECDHE + end for end in ("256_CBC_SHA384_P256", "256_CBC_SHA384_P384", "128_CBC_SHA256_P256")),
    ),
    (2019, tuple(_ECDHE + end for end in ("256_CBC_SHA384", "256_GCM_SHA384"))),
    (9999, (f"{_ECDHE}256_GCM_SHA384",)),
)
