import pytest

from seawall.forensic.domains import is_line_name, is_private, organisation


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("mx.sea.example", "sea.example"),
        ("sea.example", "sea.example"),
        ("a.b.shop.co.uk", "shop.co.uk"),
        ("co.uk", ""),
        ("server", ""),
        ("sbs.office.local", ""),
        ("localhost.localdomain", ""),
        ("192.0.2.1", ""),
        ("a..b.example", ""),
        ("-x.example", ""),
        ("<script>.example", ""),
        ("x" * 300 + ".example", ""),
        ("", ""),
    ],
)
def test_a_host_belongs_to_what_somebody_registered_and_a_private_name_to_nobody(
    host: str, domain: str
) -> None:
    assert organisation(host) == domain


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "192.168.1.1", "127.0.0.1", "169.254.1.1", "::1", "fe80::1", "fd00::1"]
)
def test_an_address_that_nobody_outside_reaches_is_private(address: str) -> None:
    assert is_private(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "no address", ""]
)
def test_a_public_address_an_examples_and_no_address_are_not(address: str) -> None:
    assert not is_private(address)


def test_a_name_made_of_a_lines_number_is_no_servers() -> None:
    assert is_line_name("dsl-203-0-113-5.isp.example")
    assert not is_line_name("mx1.mail2.sea.example")
