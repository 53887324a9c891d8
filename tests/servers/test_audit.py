"""Real connectors under audit, as strangers: Seawall passes, and each peer is told for what it is known to do."""

import os

import pytest

from seawall.lab.audit.contest import Entry, Result, Trial, contest, meetings
from seawall.lab.audit.judge import Kind
from seawall.lab.audit.reading import shipped
from seawall.lab.connectors.reading import find
from seawall.lab.connectors.run import missing, version

pytestmark = pytest.mark.server
EVERY = 20
"""So many cases are one of `make check`'s; `make soak` plays them all."""
KNOWN = {
    ("getmail6", "recipients/storm", "lmtp"): {Kind.FOREIGN, Kind.MISDELIVERED, Kind.ALTERED},
    ("getmail6", "recipients/storm", "lmtp-override"): {Kind.ALTERED},
    ("getmail6", "mails/long-body-line", "maildir"): {Kind.STUCK},
    ("fetchmail", "next-hop/recipient-refused", "smtp"): {Kind.BOUNCED},
    ("fetchmail", "connection/drop-mid-mail-once", "maildir"): {Kind.CUT},
    ("mpop", "smuggling/lf-dot-lf", "maildir"): {Kind.LOST, Kind.CUT, Kind.SPLIT},
    ("mpop", "uidls/all-new", "maildir"): {Kind.DOUBLED},
    ("fdm", "mails/nul", "maildir"): {Kind.ALTERED},
    ("fdm", "recipients/storm", "smtp"): set(),
}
"""By connector, case and way: these versions of them do this whenever they are asked."""


def trials(*connectors: str, cases: frozenset[str] | None = None, every: int = 1) -> list[Trial]:
    entries = []
    for name in connectors:
        profile = find(name)
        if reason := missing(profile):
            if os.environ.get("SEAWALL_REQUIRE_SERVERS") == "1":
                pytest.fail(f"SEAWALL_REQUIRE_SERVERS=1, but {reason}")
            pytest.skip(reason)
        entries.append(Entry(profile=profile, version=version(profile)))
    chosen = [case for case in shipped() if cases is None or f"{case.group}/{case.name}" in cases][::every]
    return list(contest(meetings(chosen, entries), at_once=1))


def what_was_wrong(found: list[Trial]) -> list[tuple[str, str, str]]:
    return [
        (trial.case, trial.way, finding.kind.value + ": " + finding.text)
        for trial in found
        if trial.result is not Result.PASSED
        for finding in trial.findings
    ]


def test_seawall_has_no_failing_case_in_a_sample() -> None:
    found = trials("seawall", every=EVERY)
    assert len(found) >= len(shipped()) // EVERY
    assert not what_was_wrong(found)


@pytest.mark.soak
def test_seawall_has_no_failing_case() -> None:
    found = trials("seawall")
    assert len(found) >= len(shipped())
    assert not what_was_wrong(found)


@pytest.mark.parametrize("connector", sorted({name for name, _, _ in KNOWN}))
def test_a_peer_is_told_for_what_it_does(connector: str) -> None:
    cases = frozenset(case for name, case, _ in KNOWN if name == connector)
    found = {
        (connector, f"{trial.group}/{trial.case}", trial.way): {finding.kind for finding in trial.findings}
        for trial in trials(connector, cases=cases)
    }
    known = {key: kinds for key, kinds in KNOWN.items() if key[0] == connector}
    assert {key: found[key] for key in known} == known


def test_the_storms_mail_goes_to_47_strangers_for_each_copy_that_getmail6_collects() -> None:
    (trial,) = (
        trial for trial in trials("getmail6", cases=frozenset({"recipients/storm"})) if trial.way == "lmtp"
    )
    assert trial.factor == 47
