"""What the guard's deciding adds to the connector: this tree beside the last revision without it, by turns.

    bench/deciding.py --before REVISION [--rounds N] [--count N] [--write]

Each round collects the same mails once by each revision from a box of its own, in an order that changes; the
mails are erased as they come, directories and ledgers fresh. Nothing is removed before the end.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from boxes import look_into, mails, server, workplace
from peers import Errand, compile_tools, environment, seawall_configuration
from sections import write_section
from stopwatch import Timing, time_command

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "benchmarks.md"
OCTETS: Final = 4096
GOAL: Final = 1.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One round: without and with."""

    before: Timing
    now: Timing


def table(pairs: Sequence[Pair], revision: str, count: int) -> str:
    lines = [
        f"{count:,} x 4 KB, {len(pairs)} rounds by turns: without the guard (`{revision}`) and with it.",
        "",
        "| | without | with | ratio |",
        "|---|--:|--:|--:|",
    ]
    for name, unit in (("wall_seconds", "s"), ("cpu_seconds", "s of CPU")):
        before = [getattr(pair.before, name) for pair in pairs]
        now = [getattr(pair.now, name) for pair in pairs]
        ratio = statistics.median(after / first for first, after in zip(before, now, strict=True))
        lines.append(
            f"| {unit} | {statistics.median(before):.2f} | {statistics.median(now):.2f} | {ratio:.2f} |"
        )
    wall = statistics.median(pair.now.wall_seconds / pair.before.wall_seconds for pair in pairs)
    lines += ["", f"Goal: deciding adds under 15 %: {'met' if wall < GOAL else 'missed'} ({wall - 1:+.0%})."]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", required=True, help="a revision without the guard")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    with workplace(None) as place, server(place) as dovecot, tempfile.TemporaryDirectory() as other:
        subprocess.run(
            ["git", "worktree", "add", "--force", "--quiet", other, asked.before], cwd=ROOT, check=True
        )
        tools = place / "tools"
        tools.mkdir()
        compile_tools(tools)
        some = list(mails(asked.count, OCTETS))

        def timed(name: str, tree: Path) -> Timing:
            home = place / name
            home.mkdir()
            user = dovecot.add_user(name)
            dovecot.fill(user, some)
            errand = Errand(
                user=user,
                password=dovecot.password,
                port=dovecot.pop3_port,
                home=home,
                maildir=home / "Maildir",
                keep=False,
                tools=tools,
            )
            configuration = seawall_configuration(
                errand,
                destination=f'kind = "maildir"\npath = "{errand.maildir}"',
                boxes=[(user, "alice@example.org")],
            )
            argv = [sys.executable, "-m", "seawall", "run", "--once", "--config", str(configuration)]
            env = environment(home) | {"PYTHONPATH": str(tree / "src")}
            timing = time_command(argv, env=env, tools=tools, log=home / "log")
            found = look_into(errand.maildir)
            if timing.status or len(found.copies) != asked.count or found.twice or found.cut:
                sys.exit(
                    f"{name}: status {timing.status}, {len(found.copies)} mails, {found.twice} twice, {found.cut} cut"
                )
            print(f"{name}: {timing.wall_seconds:.2f} s, {timing.cpu_seconds:.2f} s of CPU", flush=True)
            return timing

        pairs = []
        for at in range(asked.rounds):
            trees = [("before", Path(other)), ("now", ROOT)]
            timings = {name: timed(f"{name}{at}", tree) for name, tree in (trees if at % 2 else trees[::-1])}
            pairs.append(Pair(before=timings["before"], now=timings["now"]))
        subprocess.run(["git", "worktree", "remove", "--force", other], cwd=ROOT, check=True)
        Path(other).mkdir(exist_ok=True)
    text = table(pairs, asked.before, asked.count)
    print(text)
    if asked.write:
        write_section("deciding", text, PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
