"""docs/benchmarks.md: the one table of rows, the goals under it, and what is needed to judge both.

Owns: their form, in Markdown. Refuses to know: how anything was measured.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import goals
from alone import Alone
from rows import Row, find, times

COMPARED_WITH = ("raw", "bare-py", "mpop")


def table(rows: Sequence[Row]) -> str:
    """The one table, and under it what a row cannot say."""
    compared = "".join(f" x {name} |" for name in COMPARED_WITH)
    lines = [
        f"| box | collector | median s | least | most | mails/s |{compared} CPU ms a mail | peak MB |",
        f"|---|---|--:|--:|--:|--:|{'--:|' * len(COMPARED_WITH)}--:|--:|",
        *(_line(row, rows) for row in rows),
    ]
    lines += [f"\n{note}" for row in rows if (note := _note(row))]
    return "\n".join(lines)


def _line(row: Row, rows: Sequence[Row]) -> str:
    start = f"| {row.title} | {row.collector.name} |"
    if row.wrong:
        return f"{start} void: {row.wrong} |{' |' * (5 + len(COMPARED_WITH))}"
    walls = [run.wall_seconds for run in row.runs]
    ratios = "".join(f" {_ratio(row, find(rows, row.work.key, name))} |" for name in COMPARED_WITH)
    return (
        f"{start} {row.median:.2f} | {min(walls):.2f} | {max(walls):.2f} | {1 / row.a_mail:,.0f} |{ratios}"
        f" {row.cpu_a_mail * 1000:.2f} | {row.peak_kib / 1024:.0f} |"
    )


def _ratio(row: Row, other: Row | None) -> str:
    ratio = times(row, other)
    return "" if ratio is None else f"{ratio:.2f}"


def _note(row: Row) -> str:
    if row.wrong:
        return ""
    name, notes = row.collector.name, []
    if row.count != row.work.count:
        notes.append(
            f"{name} fetched {row.count:,} of {row.work.title()}: {row.a_mail * 1000:.1f} ms a mail; at that rate "
            f"{row.work.count:,} would take it {row.a_mail * row.work.count:,.0f} s."
        )
    if row.given_up:
        tries = len(row.runs) + len(row.given_up)
        notes.append(
            f"{name} gave up in {len(row.given_up)} of {tries} runs over {row.title} "
            f"({row.given_up[-1].gave_up}); those are left out."
        )
    return " ".join(notes)


def _by_itself(alone: Alone | None) -> str:
    if alone is None:
        return ""
    return f"""
`seawall --help`: {alone.help_seconds:.2f} s, the median of ten. An idle `seawall run` with one account takes \
{alone.idle_kib / 1024:.0f} MB, and took at most {alone.idle_peak_kib / 1024:.0f} MB until then.
"""


def document(
    rows: Sequence[Row],
    reached: Sequence[goals.Goal],
    alone: Alone | None,
    *,
    runs: int,
    date: str,
    place: Path,
    server: str,
) -> str:
    """The whole page."""
    families = {row.collector.family: row.collector for row in rows}
    versions = ", ".join(
        f"{name} {collector.version()}" for name, collector in families.items() if collector.version_argv
    )
    disk = subprocess.run(
        ["findmnt", "-no", "FSTYPE", "-T", str(place)], capture_output=True, text=True, check=True
    )
    return f"""\
# Benchmarks

How long one collection of a full POP3 box takes, beside other collectors: into a Maildir, from a server 0 ms and 40 ms
away, and into Dovecot by LMTP. `make bench` makes this page.

{date}; {os.cpu_count()} cores, {disk.stdout.strip()}; Python {sys.version.split()[0]}; server {server};
{versions}. Medians of {runs} interleaved runs.

{table(rows)}
{_by_itself(alone)}
## Goals

Computed from the table above.

{goals.table(reached)}

## How it is measured

- The server is on the same machine, over plain TCP; the mails stay on it. Each box is read once before the runs, and
  sets no flags, so that every run finds the same box.
- 40 ms: a relay on the same machine holds every octet for 20 ms in each direction and limits nothing else
  (`bench/c/relay.c`); connecting costs a round trip as well. `bench/link.py` measures it by itself.
- "raw" is a C loop that asks for up to 1,000 mails ahead and keeps nothing: the floor that the server sets. In the LMTP rows
  it hands the mails over, by one connection, a mail's end and the next one's envelope in one write (`bench/c/raw_lmtp.c`).
- "bare-c" and "bare-py" do what any durable collector must, and nothing else (`bench/c/bare.c`, `bench/bare.py`): RETR
  4 MiB ahead, files written and synced in batches of 512 mails or 8 MiB, renamed. No ledger, no look at a mail, no log.
- LMTP: each run has a fresh recipient. "4 connections" is the same number of mails in four boxes for four recipients,
  for Seawall sends one recipient's mails by one connection at a time. mpop and fdm speak no LMTP over TCP.
- Times are of the whole command, start-up included. Ratios are those of the time a mail and compare within one box;
  absolute times differ from machine to machine.
- Each run starts with an empty Maildir and no state, after a sync. mpop, fdm and getmail6 sync each mail before they
  go on, and fetchmail's MDA is a small C program that does (`bench/c/mda.c`). Seawall syncs each file, its directories and
  its ledger, a batch at a time. fdm and fetchmail keep the list of what
  they have seen, as they must where mail is kept.
- After each run every mail is looked for in the Maildir or mailbox and on the server: missing, double or cut mail voids
  the row.
- Peak memory is the largest of the command's processes. Idle memory is VmRSS, a second after an empty box was polled.
"""
