"""The cases that come with Seawall: what all of them keep to."""

import re

from seawall.lab.audit.reading import SHIPPED, shipped
from seawall.lab.mails import storm_mail

CASES = shipped()


def test_every_shipped_case_has_a_name_of_its_own_and_says_why() -> None:
    assert len({case.name for case in CASES}) == len(CASES) == len(list(SHIPPED.rglob("case.toml")))
    for case in CASES:
        assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", case.name), case.name
        assert "\n" not in case.title
        assert not case.title.endswith(".")
        assert case.about.endswith(".\n"), case.name


def test_the_shipped_cases_name_nobody_who_could_be_reached() -> None:
    """RFC 2606 and RFC 5737, and the addresses of this machine."""
    reserved = re.compile(r"(?:^|\.)(?:example|test|example\.(?:com|net|org))$")
    for path in (*SHIPPED.rglob("case.toml"), SHIPPED / "mails.toml"):
        text = re.sub(r"§[\d.]+", "", path.read_text(encoding="utf-8"))
        for domain in re.findall(r"@([\w.%-]+\w)", text):
            assert reserved.search(domain), (path, domain)
        for address in re.findall(r"\d+\.\d+\.\d+\.\d+", text):
            assert address.startswith(("192.0.2.", "198.51.100.", "203.0.113.")), (path, address)


def test_the_storms_mail_is_the_labs() -> None:
    """The same fifty addressees, so that what the lab simulates is what the audit plays."""
    (case,) = (case for case in CASES if case.name == "storm")
    addresses = re.compile(rb"[\w.]+@[\w.]+")
    to_and_cc = [
        raw.partition(b"\r\nTo: ")[2].partition(b"Subject:")[0]
        for raw in (case.mails["storm"].octets, storm_mail())
    ]
    first, second = (addresses.findall(fields) for fields in to_and_cc)
    assert first == second
    assert len(set(first)) == 50


def test_a_smuggled_mail_has_the_end_that_its_name_says() -> None:
    octets = {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n", "dot": b".", "nul": b"\0"}
    smuggling = [case for case in CASES if case.group == "smuggling"]
    assert len(smuggling) >= 12
    for case in smuggling:
        end = b"".join(octets[word] for word in case.name.split("-"))
        assert end + b"+OK 50 octets\r\n" in case.mails["two"].octets, case.name
        assert (end == b"\r\n.\r\n") == (b"\r\n.\r\n" in case.mails["two"].octets), case.name


def test_a_forged_mail_ends_where_nothing_is_stuffed_and_replies_follow() -> None:
    mails = {case.name: case.mails["two"].octets for case in CASES if case.name.startswith("forged-")}
    assert b"\r\n.\r\n+OK" in mails["forged-reply-unstuffed"]
    assert mails["forged-session-unstuffed"].count(b"\r\n.\r\n+OK") == 2
    assert b"\r\n+OK 3 3000\r\n" in mails["forged-session-unstuffed"]


def test_a_header_may_have_an_empty_line_behind_it_and_may_have_none() -> None:
    mails = {case.name: case.mails["two"].octets for case in CASES if case.group == "mails"}
    assert mails["header-only"].partition(b"\r\n\r\n")[1:] == (b"\r\n\r\n", b"")
    assert b"\r\n\r\n" not in mails["no-blank-line"]
    assert b"\r\n\r\n" not in mails["no-header"]
