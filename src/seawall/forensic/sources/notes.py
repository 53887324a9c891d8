"""What is to be said about sources beside their mails: what could not be read, and what was passed over."""

from pathlib import Path

from seawall.forensic.sources.bounds import MAX_NAME, MAX_UNREAD
from seawall.model.trace import Unread


class Notes:
    """Notes of one piece of work. `parts` are files that hold facts already, `facts` the mails and octets in them."""

    def __init__(self) -> None:
        self.unread: list[Unread] = []
        self.unnamed = 0
        self.passed_over = 0
        self.parts: list[Path] = []
        self.part_mails = 0
        self.part_octets = 0

    def leave(self, source: str, reason: object) -> None:
        """Note that a source could not be read, or not to its end; beyond MAX_UNREAD they are counted only."""
        if len(self.unread) < MAX_UNREAD:
            self.unread.append(Unread(source=source, reason=str(reason)))
        else:
            self.unnamed += 1

    def pass_over(self) -> None:
        """Note a file that lies beside mails and is none: hidden, empty, a list, an index, a link."""
        self.passed_over += 1


def name_of(path: str) -> str:
    """Return what a path is called as a source: text that any file format takes, whatever octets it has."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")[:MAX_NAME]
