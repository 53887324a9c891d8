"""A mail program at work in a Maildir while a collector fills it.

Owns: what it took away, which counts as delivered. Refuses to know: who fills the Maildir.
"""

import collections
import contextlib
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from boxes import read_mail

PAUSE_SECONDS: Final = 0.003


class Reader:
    """A mail program at work: moves new mail to cur/, erases some at once and some after a look."""

    def __init__(self, maildir: Path, chance: random.Random) -> None:
        self.erased: collections.Counter[int] = collections.Counter()
        self.cut = 0
        self._maildir = maildir
        self._chance = chance
        self._doomed: list[Path] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join()

    def _work(self) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            for path in self._doomed:
                self._erase(path)
            self._doomed.clear()
            for entry in list(os.scandir(self._maildir / "new")):
                self._take(Path(entry.path))

    def _take(self, path: Path) -> None:
        draw = self._chance.random()
        if draw < 1 / 4:
            self._erase(path)
            return
        seen = self._maildir / "cur" / f"{path.name}:2,S"
        path.rename(seen)
        if draw < 1 / 2:
            self._doomed.append(seen)

    def _erase(self, path: Path) -> None:
        number, whole = read_mail(path)
        self.cut += not whole
        if number is not None:
            self.erased[number] += 1
        path.unlink()
