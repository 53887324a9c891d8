"""The audit's cases (docs/audit-cases.md), played here with the connector in this process, and judged more strictly.

What must arrive is all that may arrive, and octet for octet; what did not is still at the server; and where something
did not arrive, it is told. The audit itself plays them with connectors as strangers, and judges what is harm.
"""

import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from hostile.connector import ERASE, PASSWORD, USER, Connector
from seawall.collect.report import Report
from seawall.lab.audit.case import Act, Arrive, Case, Poll, Rebuild
from seawall.lab.audit.reading import shipped
from seawall.lab.behaviour import Endless
from seawall.lab.box import Box
from seawall.lab.connectors.profile import Deliver, Keep, Serves
from seawall.lab.isp import ToyIsp, running
from seawall.model.account import KeepForever

PEAK: Final = 150 * 2**20
MUCH: Final = 10_000
LARGEST: Final = 6_000_000
"""Octets of the largest mail that is fetched: what comes without end is known for it soon."""
SILENT: Final = {"size-beyond-any-limit", "one-missing-everywhere"}
"""Where a mail is left by a person's own limit, and where nobody said that there is one: no trouble."""
ACTS: Final = {
    Act.NEW_UIDLS: Box.renumber_uidls,
    Act.ROTATE_UIDLS: Box.rotate_uidls,
    Act.RESTORE: Box.restore_erased,
}


def plays_here(case: Case) -> bool:
    """One mailbox, a Maildir, and nothing but what happens at the server."""
    return (
        case.serves is Serves.SINGLE
        and Deliver.MAILDIR in case.deliver
        and all(
            step.killed_after is None and step.killed_at is None
            if isinstance(step, Poll)
            else isinstance(step, Arrive | Rebuild) or step in ACTS
            for step in case.steps
        )
    )


def in_a_maildir(mail: bytes) -> bytes:
    """CRLF becomes LF there; bare LF and CR stay. The server ends a last line that has no end."""
    ended = mail if mail.endswith(b"\r\n") or not mail else mail + b"\r\n"
    return ended.replace(b"\r\n", b"\n")


def played(case: Case, box: Box, connector: Connector) -> list[Report]:
    """Play the steps; return what each poll reported."""
    with running(ToyIsp({USER: (PASSWORD, box)}, case.server)) as isp:
        return [report for step in case.steps for report in acted(step, case, box, connector, isp)]


def acted(step: object, case: Case, box: Box, connector: Connector, isp: ToyIsp) -> Iterator[Report]:
    match step:
        case Poll():
            yield connector.poll(isp)
        case Arrive(mails=names):
            for name in names:
                box.add(case.mails[name].octets)
        case Rebuild(mails=names):
            box.rebuild([case.mails[name].octets for name in names] or box.raws)
        case Act():
            ACTS[step](box)


def lets_erase(case: Case) -> bool:
    """Whether the server erases what it is told to."""
    server = case.server
    refusing = {verb for verb, _ in server.replies} | {stop.at[0] for stop in server.stops if stop.at}
    return case.keep is Keep.ERASE and server.quit_erases and not refusing & {"DELE", "QUIT"}


def says_much(case: Case) -> bool:
    """Whether enough comes to fill memory; what is said in the others could not, and tracing takes as long as they do."""
    said = (*case.server.replies.values(), *case.server.before.values())
    return any(isinstance(each, Endless) or len(each) > MUCH for each in said) or any(
        len(mail.octets) > MUCH for mail in case.mails.values()
    )


@contextmanager
def peak_below(octets: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < octets


def is_held(mail: bytes, connector: Connector) -> bool:
    header, _, body = mail.partition(b"\r\n\r\n")
    files = [path.read_bytes() for path in (connector.root / "state/held").rglob("*") if path.is_file()]
    return any(header in octets for octets in files) and any(body in octets for octets in files)


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{case.group}/{case.name}") for case in shipped() if plays_here(case)]
)
def test_nothing_is_lost_cut_or_doubled(case: Case, tmp_path: Path) -> None:
    box = Box(case.mails[name].octets for name in case.box)
    keep = ERASE if case.keep is Keep.ERASE else KeepForever()
    connector = Connector(tmp_path, keep=keep, max_octets=LARGEST)
    if says_much(case):
        with peak_below(PEAK):
            reports = played(case, box, connector)
    else:
        reports = played(case, box, connector)
    arrives = Counter(case.mails[name].octets for name in case.then.arrives)
    assert connector.delivered() == Counter(map(in_a_maildir, arrives.elements()))
    # What is not here is still there or held, and nothing else was erased.
    stays = {mail.octets for name, mail in case.mails.items() if name not in case.then.arrives}
    aside = stays.difference(box.raws)
    assert sum(report.held for report in reports) == len(aside)
    assert all(is_held(mail, connector) for mail in aside)
    gone = Counter(mail.raw for mail in box.erased)
    assert gone <= arrives + Counter(aside)
    if lets_erase(case):
        assert gone == arrives + Counter(aside)
    if stays - aside and case.name not in SILENT:
        assert not reports[0].went_well
        assert connector.log.events("warning") or connector.log.events("error")
