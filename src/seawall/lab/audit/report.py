"""What an audit says: a table, one document, and JUnit XML for others' CI.

Owns the words and the forms. What came out of a connector is text here; whoever prints it cleans it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from xml.etree import ElementTree as ET

from seawall.lab.audit.contest import Result, Trial
from seawall.lab.audit.judge import HARM, Finding, Kind

SCHEMA: Final = "seawall.audit/1"
NOT_PLAYED: Final = "-"
_COUNTED: Final = {Kind.FOREIGN: "{count} foreign", Kind.DOUBLED: "{count}x", Kind.BOUNCED: "{count} bounced"}
# What XML 1.0 §2.2 does not allow in a text, escaped or not.
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def words(findings: Iterable[Finding]) -> str:
    """Return what a table's cell says: each kind once, with the largest count where that tells something; "ok" for none."""
    largest: dict[Kind, int] = {}
    for finding in findings:
        largest[finding.kind] = max(finding.count, largest.get(finding.kind, 0))
    return (
        ", ".join(_COUNTED.get(kind, kind.value).format(count=count) for kind, count in largest.items())
        or "ok"
    )


def rows(trials: Sequence[Trial]) -> list[tuple[str, ...]]:
    """Return the table, its head first: a row a case, a column a connector."""
    connectors = tuple(dict.fromkeys(trial.connector for trial in trials))
    cells: dict[tuple[str, str], dict[str, list[Trial]]] = {}
    for trial in trials:
        cells.setdefault((trial.group, trial.case), {}).setdefault(trial.connector, []).append(trial)
    return [
        ("case", *connectors),
        *(
            (f"{group}/{case}", *(_cell(by_connector.get(connector, ())) for connector in connectors))
            for (group, case), by_connector in cells.items()
        ),
    ]


def _cell(trials: Sequence[Trial]) -> str:
    """Return what one connector did in one case; where it has several ways, those that differ by name."""
    said = {trial.way: words(trial.findings) for trial in trials}
    if len(set(said.values())) < 2:  # noqa: PLR2004 - all ways alike
        return next(iter(said.values()), NOT_PLAYED)
    return "; ".join(f"{way}: {each}" for way, each in said.items())


def in_columns(table: Sequence[Sequence[str]]) -> str:
    """Return a table as lines of text."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    )


def in_markdown(table: Sequence[Sequence[str]]) -> str:
    """Return a table as a page has it."""
    head, *body = ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in table)
    return "\n".join((head, "|" + "---|" * len(table[0]), *body))


def summary(trials: Sequence[Trial]) -> list[str]:
    """Return a sentence for each connector."""
    return [_sentence(name, of_it) for name, of_it in _by_connector(trials).items()]


def _sentence(name: str, trials: Sequence[Trial]) -> str:
    counts = {result: sum(trial.result is result for trial in trials) for result in Result}
    worst = max(trials, key=lambda trial: trial.factor)
    harms = {finding.kind for trial in trials for finding in trial.findings if finding.kind in HARM}
    told = ", ".join(kind.value for kind in Kind if kind in harms)
    amplifies = (
        f"; it sends up to {worst.factor:.0f} mails outside for one ({worst.case})"
        if worst.factor >= 1
        else ""
    )
    return (
        f"{name}: {len(trials)} trials, {counts[Result.PASSED]} passed, {counts[Result.FLAWED]} with a flaw, "
        f"{counts[Result.FAILED]} failed" + (f" ({told})" if told else "") + amplifies
    )


def never_there(trials: Sequence[Trial]) -> list[str]:
    """Return a sentence for each connector that never came to the POP3 server: nothing was found out about it."""
    return [
        f"{name} never came to the POP3 server: nothing was found out about it; "
        f"the last that it said: {(of_it[-1].talk.strip().splitlines() or ['nothing'])[-1]}"
        for name, of_it in _by_connector(trials).items()
        if not any(trial.connections for trial in of_it)
    ]


def details(trials: Iterable[Trial]) -> list[str]:
    """Return a line for each finding."""
    return [
        f"{trial.connector}, {trial.way}: {trial.group}/{trial.case}: {finding.kind.value}: "
        f"{f'mail {finding.mail}: ' if finding.mail else ''}{finding.text}"
        for trial in trials
        for finding in trial.findings
    ]


def content(trials: Sequence[Trial]) -> Mapping[str, Any]:
    """Return the document's content; docs/audit.md tells its keys."""
    return {
        "harmless": all(trial.result is not Result.FAILED for trial in trials),
        "confinement": trials[0].confinement.name.lower() if trials else None,
        "trials": [
            {
                "connector": trial.connector,
                "version": trial.version,
                "way": trial.way,
                "group": trial.group,
                "case": trial.case,
                "title": trial.title,
                "result": trial.result.value,
                "findings": [
                    {
                        "kind": finding.kind.value,
                        "is_harm": finding.kind in HARM,
                        "mail": finding.mail,
                        "count": finding.count,
                        "text": finding.text,
                    }
                    for finding in trial.findings
                ],
                "deliveries": dict(trial.deliveries),
                "amplification_factor": round(trial.factor, 3),
                "seconds": round(trial.seconds, 3),
                "peak_octets": trial.peak_octets,
                "talk": trial.talk,
            }
            for trial in trials
        ],
    }


def junit(trials: Sequence[Trial]) -> bytes:
    """Return JUnit XML: a suite a connector, a test a trial; harm is a failure, a flaw is told in the test's output."""
    root = ET.Element("testsuites", name="seawall audit")
    for connector, of_it in _by_connector(trials).items():
        failures = sum(trial.result is Result.FAILED for trial in of_it)
        suite = ET.SubElement(
            root,
            "testsuite",
            name=_text(connector),
            tests=str(len(of_it)),
            failures=str(failures),
            errors="0",
            skipped="0",
        )
        for trial in of_it:
            name = f"{trial.case} [{trial.way}]"
            test = ET.SubElement(
                suite, "testcase", classname=_text(trial.group), name=_text(name), time=f"{trial.seconds:.3f}"
            )
            told = _text("\n".join(f"{each.kind.value}: {each.mail} {each.text}" for each in trial.findings))
            if trial.result is Result.FAILED:
                ET.SubElement(test, "failure", message=_text(words(trial.findings))).text = told
            elif told:
                ET.SubElement(test, "system-out").text = told
            if trial.talk:
                ET.SubElement(test, "system-err").text = _text(trial.talk)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _by_connector(trials: Sequence[Trial]) -> Mapping[str, list[Trial]]:
    found: dict[str, list[Trial]] = {}
    for trial in trials:
        found.setdefault(trial.connector, []).append(trial)
    return found


def _text(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
