"""A notice as a feedback report for machines is what RFC 5965 asks for, whatever a mail's text is."""

from dataclasses import replace
from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesParser
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.forensic.arf import feedback_report, mail_draft, printable
from seawall.model.address import Address
from seawall.model.trace import Quote, Storm, Suspect
from unit.forensic.invented import HANDED_OVER, NOW, STORM, SUSPECT

REPORTER = Address.parse("postmaster@reader.example")


def built(
    suspect: Suspect = SUSPECT,
    storm: Storm = STORM,
    text: str = "Look at it.\n",
    reporter: Address = REPORTER,
) -> bytes:
    draft = mail_draft(to=("abuse@branch.example",), reporter=reporter, subject="A storm", text=text, now=NOW)
    report = feedback_report(draft, storm=storm, suspect=suspect, domain="branch.example", text=text)
    return report.as_bytes()


def read(octets: bytes) -> tuple[EmailMessage, list[Message]]:
    report = BytesParser(policy=policy.default).parsebytes(octets)
    assert report.defects == []
    parts = cast("list[Message]", report.get_payload())
    assert [part.defects for part in parts] == [[], [], []]
    return report, parts


def told(octets: bytes) -> Message:
    """The fields of the part for machines."""
    _, parts = read(octets)
    (fields,) = cast("list[Message]", parts[1].get_payload())
    return fields


def test_a_report_has_the_three_parts_in_their_order() -> None:
    report, parts = read(built())
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "feedback-report"
    assert report["MIME-Version"] == "1.0"
    assert (report["From"], report["To"]) == ("postmaster@reader.example", "abuse@branch.example")
    assert [part.get_content_type() for part in parts] == [
        "text/plain",
        "message/feedback-report",
        "text/rfc822-headers",
    ]
    assert "Look at it." in str(parts[0].get_payload())


def test_the_part_for_machines_tells_each_field_once_and_is_no_complaint_about_abuse() -> None:
    fields = told(built())
    assert (fields["Feedback-Type"], fields["Version"]) == ("other", "1")
    assert fields["User-Agent"].startswith("Seawall/")
    assert (fields["Incidents"], fields["Reported-Domain"]) == ("3990", "branch.example")
    assert fields["Arrival-Date"] == "Fri, 02 Jan 2026 03:15:07 +0000"
    assert len(fields.keys()) == len(set(fields.keys()))


def test_the_source_is_the_public_address_that_handed_a_copy_over() -> None:
    public = replace(HANDED_OVER, text=HANDED_OVER.text.replace("198.51.100.20", "9.9.9.9"))
    path = replace(HANDED_OVER, header="Return-Path", text="<ann@sender.example>")
    suspect = replace(
        SUSPECT, evidence=(replace(SUSPECT.evidence[0], quotes=(path, public)), *SUSPECT.evidence[1:])
    )
    fields = told(built(suspect))
    assert fields["Source-IP"] == "9.9.9.9"
    assert fields["Original-Mail-From"] == "<ann@sender.example>"
    foreign = replace(public, text=public.text.replace("branch.example", "elsewhere.example"))
    suspect = replace(SUSPECT, evidence=(replace(SUSPECT.evidence[0], quotes=(foreign,)),))
    assert told(built(suspect))["Source-IP"] is None
    assert told(built())["Source-IP"] is None


def test_the_quoted_lines_are_of_one_copy_and_make_a_header() -> None:
    _, parts = read(built())
    lines = str(parts[2].get_payload()).splitlines()
    assert [line.partition(":")[0] for line in lines if line] == ["Received", "Received"]


def test_a_log_line_is_no_header_field() -> None:
    quote = Quote(mail="mail.log", header="log line", text="Jan  2 03:04:05 mx postfix/smtpd[1]: x")
    suspect = replace(SUSPECT, evidence=(replace(SUSPECT.evidence[0], quotes=(quote,)),))
    _, parts = read(built(suspect))
    assert str(parts[2].get_payload()).strip() == ""


def test_a_reporter_whose_name_is_not_ascii_is_written_as_it_is() -> None:
    octets = built(reporter=Address.parse("müller@bücher.example"))
    assert "müller@xn--bcher-kva.example".encode() in octets


@pytest.mark.parametrize("moment", [None, float("inf"), float("nan"), -1e300, 1e300, 0.0])
def test_any_moment_gives_a_report(moment: float | None) -> None:
    suspect = replace(SUSPECT, evidence=())
    told(built(suspect, replace(STORM, last_seen=moment)))


HOSTILE = st.text(max_size=300) | st.sampled_from(
    [
        "x\r\n--=_0\r\nContent-Type: text/html\r\n\r\n",
        "x\r\nSource-IP: 9.9.9.9",
        "\x85Source-IP: 9.9.9.9",
        "\ud800",
        "a" * 5000,
    ]
)


@given(HOSTILE, HOSTILE, st.sampled_from(["Received", "Return-Path", "To"]))
def test_no_text_of_a_mail_adds_a_field_or_a_part(text: str, mail: str, header: str) -> None:
    quote = Quote(mail=mail, header=header, text=text)
    suspect = replace(SUSPECT, hosts=(text,), evidence=(replace(SUSPECT.evidence[0], quotes=(quote,)),))
    octets = built(suspect)
    _, parts = read(octets)
    lines = str(parts[2].get_payload()).splitlines()
    assert [line.partition(":")[0].lower() for line in lines if line] == [header.lower()]
    fields = told(octets)
    assert set(fields.keys()) <= {
        "Feedback-Type", "User-Agent", "Version", "Incidents", "Arrival-Date", "Reported-Domain", "Original-Mail-From",
    }  # fmt: skip
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert octets.count(b"\n") == octets.count(b"\r\n") == octets.count(b"\r")


@given(st.text(max_size=300), st.integers(1, 100))
def test_what_is_shown_is_one_printable_line_of_bounded_length(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit + 1
