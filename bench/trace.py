# ruff: noqa: A005 -- nobody imports it
"""How fast storms are found: the facts of mails beside other libraries, into docs/tracing-speed.md.

    trace.py --facts              a table on stdout; some minutes
    trace.py --facts --write      into docs/tracing-speed.md

Owns the order of the parts. Refuses to know how any is measured: each part is a module that returns its section.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

import facts
from sections import write_section

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "tracing-speed.md"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--facts", action="store_true", help="the facts of mails, beside other libraries")
    parser.add_argument("--mails", type=int, default=1000, help="how many mails the readers get")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="into docs/tracing-speed.md")
    asked = parser.parse_args()
    if not asked.facts:
        parser.error("name a part: --facts")
    text = facts.section(asked.mails, asked.runs)
    print(text)
    if asked.write:
        write_section("facts", text, DOCUMENT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
