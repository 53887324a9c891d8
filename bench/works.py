"""What is measured: boxes, how far away they are, and where their mails go.

Owns: the list of works, and what --quick makes of it. Refuses to know: the collectors' programs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from peers import Collector

QUICK_PART: Final = 5
QUICK_FEW: Final = {"4k": 500, "4k-far": 100, "lmtp": 50}


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A box to collect, into a Maildir or by LMTP.

    few: so many mails suffice for a collector that waits a round trip or more for each; None: all of them.
    The page says where fewer were fetched, and compares the time a mail.
    without: who is left out.
    """

    key: str
    count: int
    octets: int
    round_trip_ms: int = 0
    by_lmtp: bool = False
    few: int | None = None
    without: tuple[str, ...] = ()

    def mails_for(self, collector: Collector) -> int:
        return self.count if collector.pipelines or self.few is None else self.few

    def title(self, count: int | None = None) -> str:
        """The work in words, "10,000 x 4 KB, 40 ms"; of so many mails."""
        size = f"{self.octets // 1000} KB" if self.octets < 1_000_000 else f"{self.octets // 1_000_000} MB"
        far = f", {self.round_trip_ms} ms" if self.round_trip_ms else ""
        return f"{count or self.count:,} x {size}{far}{', LMTP' if self.by_lmtp else ''}"


TRIAL: Final = Work(key="trial", count=20, octets=4_000)
LMTP_TRIAL: Final = Work(key="lmtp-trial", count=20, octets=4_000, by_lmtp=True)

WORKS: Final = (
    Work(key="4k", count=10_000, octets=4_000),
    Work(key="50k", count=2_000, octets=50_000),
    Work(key="5m", count=50, octets=5_000_000),
    Work(key="4k-far", count=10_000, octets=4_000, round_trip_ms=40, few=500),
    Work(key="lmtp", count=1_000, octets=4_000, by_lmtp=True),
)


def quick(works: Sequence[Work]) -> list[Work]:
    """A fifth of the mails, fewer for the slow, and at 40 ms only the quickest of those who don't pipeline."""
    return [
        replace(
            work,
            count=work.count // QUICK_PART,
            few=QUICK_FEW.get(work.key),
            without=("fetchmail", "fdm") if work.round_trip_ms else (),
        )
        for work in works
    ]
