"""What lies in a Maildir, as Dovecot and Postfix name their files.

Owns: the order of arrival that the names tell.
Refuses to know: who delivered, and flags.
"""

import re
from pathlib import Path
from typing import Final

# Dovecot: 1700000000.M42P7.host; Postfix: 1700000000.Vfe01I2a04M000042.host. Dovecot's microseconds have no zeros in front.
ARRIVAL: Final = re.compile(r"(\d+)\.[^.]*?M(\d+)")


def in_order_of_arrival(box: Path) -> list[Path]:
    """The mails of cur and new; none where the box has not been made yet."""
    paths = [
        path for folder in ("cur", "new") if (box / folder).exists() for path in (box / folder).iterdir()
    ]
    return sorted(paths, key=_arrival)


def _arrival(path: Path) -> tuple[int, int, str]:
    match = ARRIVAL.match(path.name)
    if match is None:
        raise ValueError(f"not a name that Dovecot or Postfix gives: {path.name}")
    return int(match[1]), int(match[2]), path.name
