# ruff: noqa: A005 -- nobody imports it
"""How fast storms are found: the facts of mails beside other libraries, into docs/tracing-speed.md.

    trace.py --facts              a table on stdout; some minutes
    trace.py --scale              mboxes of ten thousand to a million mails, end to end; some minutes, and 5 GB in the temporary directory
    trace.py --facts --write      into docs/tracing-speed.md

Owns the order of the parts. Refuses to know how any is measured: each part is a module that returns its section.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

import facts
import scale
from sections import write_section

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "tracing-speed.md"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--facts", action="store_true", help="the facts of mails, beside other libraries")
    parser.add_argument("--scale", action="store_true", help="ever more mails, end to end")
    parser.add_argument("--most", type=int, default=1_000_000, help="the largest mbox of --scale")
    parser.add_argument("--workers", type=int, default=2, help="processes of --scale")
    parser.add_argument("--mails", type=int, default=1000, help="how many mails the readers get")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="into docs/tracing-speed.md")
    asked = parser.parse_args()
    if not asked.facts and not asked.scale:
        parser.error("name a part: --facts, --scale")
    if asked.facts:
        _tell("facts", facts.section(asked.mails, asked.runs), write=asked.write)
    if asked.scale:
        sizes = tuple(size for size in scale.SIZES if size <= asked.most)
        _tell("scale", scale.section(sizes, asked.workers), write=asked.write)
    return 0


def _tell(part: str, text: str, *, write: bool) -> None:
    print(text)
    if write:
        write_section(part, text, DOCUMENT)


if __name__ == "__main__":
    sys.exit(main())
