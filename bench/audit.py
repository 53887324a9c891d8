"""The audit of Seawall and its peers, all cases, in one run: the table of docs/audit.md.

    audit.py                    two getmail6 among them: the installed one, and 6.20 as released
    audit.py --only recipients  the cases in whose name this stands
    audit.py --details          each finding too
    audit.py --write            the table into docs/audit.md

It ends with 1 where Seawall has a case that did not pass.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from seawall.lab.audit import report
from seawall.lab.audit.contest import Entry, Result, Trial, contest, meetings
from seawall.lab.audit.reading import shipped
from seawall.lab.connectors.profile import Profile
from seawall.lab.connectors.reading import find
from seawall.lab.connectors.run import missing, version
from sections import write_section

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "audit.md"
NEW_GETMAIL6: Final = "6.20.1"
PEERS: Final = ("fetchmail", "getmail6", "mpop", "fdm")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="")
    parser.add_argument("--details", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    cases = [case for case in shipped() if options.only in f"{case.group}/{case.name}"]
    with new_getmail6() as program:
        entries = [one for named in ("seawall", *PEERS, f"getmail6={program}") for one in entry(find(named))]
        entries.sort(key=lambda one: one.name)
        entries.sort(key=lambda one: one.profile.name != "seawall")
        planned = meetings(cases, entries)
        trials = []
        for number, trial in enumerate(contest(planned), start=1):
            trials.append(trial)
            print(f"\r{number} of {len(planned)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(report.in_columns(report.rows(trials)))
    if options.details:
        print("\n".join(report.details(trials)))
    print("\n".join(report.summary(trials)))
    if options.write:
        write_section("audit", page(trials), DOCUMENT)
    return int(
        any(trial.result is not Result.PASSED for trial in trials if trial.connector.startswith("seawall"))
    )


def entry(profile: Profile) -> Iterator[Entry]:
    if reason := missing(profile):
        print(f"left out: {reason}", file=sys.stderr)
        return
    yield Entry(profile=profile, version=version(profile))


@contextmanager
def new_getmail6() -> Iterator[Path]:
    """A getmail6 as its authors release it, for the machine's own Python: nobody else can read this one's."""
    with tempfile.TemporaryDirectory(prefix="getmail6-") as directory:
        root = Path(directory)
        root.chmod(0o755)
        wanted = f"getmail6=={NEW_GETMAIL6}"
        installer = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*installer, "--target", directory, wanted], check=True)
        program = root / "getmail6-program"
        program.write_text(f'#!/bin/sh\nPYTHONPATH={root} exec /usr/bin/python3 {root}/bin/getmail "$@"\n')
        program.chmod(0o755)
        yield program


def page(trials: list[Trial]) -> str:
    sentences = "\n".join(f"- {sentence}" for sentence in report.summary(trials))
    return f"{sentences}\n\n{report.in_markdown(report.rows(trials))}"


if __name__ == "__main__":
    sys.exit(main())
