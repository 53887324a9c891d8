"""Seawall's mark: the trace by which it knows a mail that it has delivered before (DESIGN §6, `own-mark`).

The value is `DELIVERY.MAC`: the delivery's id and, keyed with a secret of this installation, its
proof. The proof covers the id alone, because what comes back may carry a new Message-ID, a new
Date and another encoding; it is judged only together with the ledger's word that this recipient
already has this delivery.
"""

import hmac
import re
from hashlib import blake2b
from typing import Final

from seawall.model.facts import Mark

FIELD: Final = "X-Seawall-Mark"
_VALUE = re.compile(rb"([0-9a-f]{32})\.([0-9a-f]{32})")


def mark_value(delivery: str, key: bytes) -> str:
    """Return the mark for a delivery, whose id is 32 lower-case hex digits."""
    return f"{delivery}.{_mac(delivery, key)}"


def read_mark(value: bytes, key: bytes) -> Mark | None:
    """Read a mark; None where the value is none."""
    found = _VALUE.fullmatch(value.strip())
    if not found:
        return None
    delivery = found.group(1).decode("ascii")
    is_genuine = hmac.compare_digest(_mac(delivery, key), found.group(2).decode("ascii"))
    return Mark(delivery=delivery, is_genuine=is_genuine)


def _mac(delivery: str, key: bytes) -> str:
    return blake2b(delivery.encode("ascii"), key=key, digest_size=16, person=b"seawall-mark").hexdigest()
