"""What an audit says of trials: cells, columns, a page's table, sentences, the document, and XML whatever was said."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from seawall.lab.audit import report
from seawall.lab.audit.contest import Trial
from seawall.lab.audit.judge import HARM, Finding, Kind
from seawall.lab.confinement import Confinement


def finding(kind: Kind, count: int = 1, mail: str = "two", text: str = "what was seen") -> Finding:
    return Finding(kind=kind, mail=mail, count=count, text=text)


def trial(*findings: Finding, **changes: Any) -> Trial:
    ordinary: dict[str, Any] = {
        "connector": "toy 1.0",
        "version": "1.0",
        "way": "smtp",
        "case": "storm",
        "group": "recipients",
        "title": "a mail to fifty",
        "deliveries": (("alice@example.org", 1),),
        "factor": 0.0,
        "seconds": 1.25,
        "peak_octets": 10**6,
        "confinement": Confinement.NAMESPACE,
        "connections": 1,
        "talk": "",
    }
    return Trial(**ordinary | changes, findings=findings)


def parsed(*trials: Trial) -> ET.Element:
    return ET.fromstring(report.junit(trials))


# ── the table ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ((), "ok"),
        ((finding(Kind.FOREIGN, 47),), "47 foreign"),
        ((finding(Kind.DOUBLED, 4),), "4x"),
        ((finding(Kind.BOUNCED, 2),), "2 bounced"),
        ((finding(Kind.LOST, 3),), "lost"),
        ((finding(Kind.DOUBLED, 2, "one"), finding(Kind.DOUBLED, 5)), "5x"),
        ((finding(Kind.DOUBLED, 5, "one"), finding(Kind.DOUBLED, 2)), "5x"),
        ((finding(Kind.FOREIGN, 9), finding(Kind.LOST), finding(Kind.LOST, 2, "one")), "9 foreign, lost"),
    ],
)
def test_a_cell_says_each_kind_once_with_the_largest_count(findings: tuple[Finding, ...], said: str) -> None:
    assert report.words(findings) == said


def test_a_row_is_a_case_and_a_column_a_connector_and_what_was_not_played_is_a_dash() -> None:
    trials = [
        trial(finding(Kind.LOST), connector="first"),
        trial(connector="second"),
        trial(connector="second", case="nul", group="mails"),
    ]
    assert report.rows(trials) == [
        ("case", "first", "second"),
        ("recipients/storm", "lost", "ok"),
        ("mails/nul", "-", "ok"),
    ]


def test_ways_are_named_in_a_cell_where_they_differ() -> None:
    alike = [trial(finding(Kind.LOST), way=way) for way in ("smtp", "lmtp")]
    unlike = [trial(finding(Kind.FOREIGN, 47), way="lmtp"), trial(way="lmtp-override")]
    assert report.rows(alike)[1] == ("recipients/storm", "lost")
    assert report.rows(unlike)[1] == ("recipients/storm", "lmtp: 47 foreign; lmtp-override: ok")


def test_columns_are_as_wide_as_their_widest_cell_and_no_line_ends_in_a_space() -> None:
    table = [("case", "toy"), ("mails/nul", "ok"), ("a/b", "47 foreign")]
    assert report.in_columns(table).splitlines() == [
        "case       toy",
        "mails/nul  ok",
        "a/b        47 foreign",
    ]


def test_a_bar_in_a_cell_does_not_end_it_on_a_page() -> None:
    assert report.in_markdown([("case", "a|b"), ("mails/nul", "x | y")]).splitlines() == [
        "| case | a\\|b |",
        "|---|---|",
        "| mails/nul | x \\| y |",
    ]


# ── sentences ────────────────────────────────────────────────────────────────────────────


def test_a_connector_has_a_sentence_with_its_harm_and_how_far_it_amplifies() -> None:
    trials = [
        trial(),
        trial(finding(Kind.STUCK), case="nul"),
        trial(finding(Kind.LOST), finding(Kind.ALTERED), finding(Kind.FOREIGN, 47), factor=47.0),
        trial(finding(Kind.FOREIGN), case="resent", factor=1.0),
    ]
    (sentence,) = report.summary(trials)
    assert sentence == (
        "toy 1.0: 4 trials, 1 passed, 1 with a flaw, 2 failed (foreign, lost); "
        "it sends up to 47 mails outside for one (storm)"
    )


def test_each_connector_has_a_sentence_of_its_own_and_a_good_one_has_nothing_in_brackets() -> None:
    trials = [trial(connector="a"), trial(finding(Kind.CUT), connector="b"), trial(connector="a")]
    assert report.summary(trials) == [
        "a: 2 trials, 2 passed, 0 with a flaw, 0 failed",
        "b: 1 trials, 0 passed, 0 with a flaw, 1 failed (cut)",
    ]


def test_less_than_a_mail_outside_for_each_is_no_amplification() -> None:
    (sentence,) = report.summary([trial(finding(Kind.FOREIGN), factor=1 / 3)])
    assert sentence.endswith("failed (foreign)")


def test_each_finding_has_a_line_that_names_its_mail_if_there_is_one() -> None:
    found = trial(finding(Kind.LOST, text="it is gone"), finding(Kind.HUNG, mail="", text="it went on"))
    assert report.details([found, trial()]) == [
        "toy 1.0, smtp: recipients/storm: lost: mail two: it is gone",
        "toy 1.0, smtp: recipients/storm: hung: it went on",
    ]


# ── the document ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", Kind)
def test_an_audit_is_harmless_unless_a_finding_is_harm(kind: Kind) -> None:
    document = report.content([trial(), trial(finding(kind))])
    assert document["harmless"] == (kind not in HARM)
    assert [one["result"] for one in document["trials"]] == [
        "passed",
        "failed" if kind in HARM else "flawed",
    ]
    assert document["trials"][1]["findings"] == [
        {"kind": kind.value, "is_harm": kind in HARM, "mail": "two", "count": 1, "text": "what was seen"}
    ]


def test_a_document_tells_where_it_was_played_and_no_trial_is_no_harm() -> None:
    assert report.content([trial()])["confinement"] == "namespace"
    assert report.content([]) == {"harmless": True, "confinement": None, "trials": []}


# ── JUnit ────────────────────────────────────────────────────────────────────────────────


def test_a_suite_is_a_connector_and_counts_its_failures() -> None:
    root = parsed(
        trial(finding(Kind.LOST, text="it is gone"), connector="a"),
        trial(finding(Kind.STUCK, text="it stays"), connector="a", case="nul"),
        trial(connector="b", talk="said something"),
    )
    first, second = root.findall("testsuite")
    assert [first.get(key) for key in ("name", "tests", "failures")] == ["a", "2", "1"]
    assert [second.get(key) for key in ("name", "tests", "failures")] == ["b", "1", "0"]
    lost, stuck = first.findall("testcase")
    assert (lost.get("classname"), lost.get("name")) == ("recipients", "storm [smtp]")
    assert [(each.tag, each.get("message"), each.text) for each in lost] == [
        ("failure", "lost", "lost: two it is gone")
    ]
    assert [(each.tag, each.text) for each in stuck] == [("system-out", "stuck: two it stays")]
    assert [(each.tag, each.text) for each in second[0]] == [("system-err", "said something")]


FORBIDDEN = "".join(map(chr, [*range(9), 11, 12, *range(14, 32), 0xD800, 0xDFFF, 0xFFFE, 0xFFFF]))


def test_what_xml_forbids_is_replaced_wherever_a_connector_says_it() -> None:
    told = finding(Kind.LOST, text=f"gone {FORBIDDEN}")
    said = {"connector": f"c{FORBIDDEN}", "group": f"g{FORBIDDEN}", "way": f"w{FORBIDDEN}"}
    root = parsed(trial(told, **said, talk=f"talk {FORBIDDEN}"))
    replaced = "\N{REPLACEMENT CHARACTER}" * len(FORBIDDEN)
    assert root[0].get("name") == f"c{replaced}"
    test = root[0][0]
    assert (test.get("classname"), test.get("name")) == (f"g{replaced}", f"storm [w{replaced}]")
    assert [each.text for each in test] == [f"lost: two gone {replaced}", f"talk {replaced}"]


def test_what_xml_allows_is_said_as_it_was() -> None:
    talk = "<b>&amp;</b> ]]> \"'\t\n\x7f caf\xe9 \ud7ff\ue000\ufffd\U00010000\U0010ffff"
    assert parsed(trial(talk=talk))[0][0][0].text == talk


def test_a_connector_that_never_came_is_named_with_the_last_that_it_said() -> None:
    silent = trial(connector="ghost", connections=0, talk="trying\nno such option: --pop\n")
    assert report.never_there([silent, trial(connector="there")]) == [
        "ghost never came to the POP3 server: nothing was found out about it; the last that it said: no such option: --pop"
    ]
    assert report.never_there([silent, trial(connector="ghost")]) == []
