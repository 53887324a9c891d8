import email
import email.policy
from email.message import EmailMessage
from email.utils import getaddresses

import pytest

from seawall.lab.mails import everyday_mails, ordinary_mails, storm_mail


def parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def good_mails() -> list[bytes]:
    return [
        *ordinary_mails(20, 4096, seed=1),
        *ordinary_mails(20, 1500, seed=2),
        storm_mail(),
        *everyday_mails(),
    ]


def test_ordinary_mails_have_exactly_the_size_that_was_asked_for() -> None:
    assert {len(raw) for raw in ordinary_mails(300, 4096)} == {4096}
    assert {len(raw) for raw in ordinary_mails(2, 300_000)} == {300_000}


def test_the_same_seed_gives_the_same_mails_and_another_gives_others() -> None:
    assert ordinary_mails(5, 1000, seed=7) == ordinary_mails(5, 1000, seed=7)
    assert not set(ordinary_mails(5, 1000, seed=7)) & set(ordinary_mails(5, 1000, seed=8))


def test_each_good_mail_has_a_message_id_of_its_own() -> None:
    mails = good_mails()
    assert len({parsed(raw)["Message-ID"] for raw in mails}) == len(mails)


@pytest.mark.parametrize("raw", good_mails())
def test_a_good_mail_is_valid(raw: bytes) -> None:
    assert raw.endswith(b"\r\n")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    mail = parsed(raw)
    assert mail.defects == []
    assert [part.defects for part in mail.walk() if part.defects] == []
    assert all(len(mail.get_all(field, [])) == 1 for field in ("From", "Date", "Message-ID", "Subject"))


def test_the_storm_mail_names_fifty_and_three_of_them_are_local() -> None:
    mail = parsed(storm_mail())
    addressees = [address for _, address in getaddresses([str(mail["To"]), str(mail["Cc"])])]
    assert len(set(addressees)) == len(addressees) == 50
    assert sum(address.endswith("@example.org") for address in addressees) == 3
    assert all(
        address.endswith(("@example.org", "@example.com", "@example.net", ".test")) for address in addressees
    )
