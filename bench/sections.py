"""docs/scale.md, which several benches write: each its own section, between its own markers.

Owns: the markers. Refuses to know: what stands between them.
"""

from pathlib import Path
from typing import Final

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "scale.md"
END: Final = "<!-- to here -->\n"


def begin(bench: str) -> str:
    return f"<!-- bench/{bench}.py writes from here -->\n"


def write_section(bench: str, text: str, document: Path = DOCUMENT) -> None:
    """Replace what the bench of this name wrote before. ValueError: the page has no place for it."""
    page = document.read_text(encoding="utf-8")
    before, marker, rest = page.partition(begin(bench))
    _, end, after = rest.partition(END)
    if not marker or not end:
        raise ValueError(f"{document} has no place for bench/{bench}.py")
    document.write_text(f"{before}{marker}{text.strip()}\n{end}{after}", encoding="utf-8")
