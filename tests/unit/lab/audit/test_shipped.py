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
