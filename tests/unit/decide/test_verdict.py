import pytest

from seawall.decide.recipient import recipients
from seawall.decide.verdict import MAX_HOPS, decide
from seawall.facts.mark import FIELD, mark_value
from seawall.facts.message import read_message
from seawall.model.account import NO_MAILBOXES
from seawall.model.address import Address
from seawall.model.verdict import Deliver, Hold, Reason

KEY = b"k" * 32
ALICE = Address.parse("alice@example.org")
DELIVERY = "0123456789abcdef" * 2


def verdict(header: bytes, marks: dict[str, str]) -> Deliver | Hold:
    read = read_message(header + b"\r\nbody\r\n", len(header), KEY)
    (found,) = decide(read, recipients(read, ALICE, NO_MAILBOXES), marks)
    assert isinstance(found, Deliver | Hold)
    return found


def marked(key: bytes = KEY) -> bytes:
    return f"{FIELD}: {mark_value(DELIVERY, key)}\r\n".encode()


def test_an_ordinary_mail_goes_to_the_accounts_mailbox_alone() -> None:
    found = verdict(b"To: bob@example.com\r\nCc: carol@example.com\r\n", {})
    assert isinstance(found, Deliver)
    assert found.recipients == (ALICE,)


def test_our_own_mail_that_comes_back_is_held() -> None:
    found = verdict(marked(), {DELIVERY: "alice@example.org"})
    assert found.reason is Reason.OWN_MARK


@pytest.mark.parametrize(
    ("header", "marks"),
    [
        pytest.param(marked(), {DELIVERY: "bob@example.org"}, id="a redirect to somebody else"),
        pytest.param(marked(), {}, id="a restored backup elsewhere"),
        pytest.param(marked(b"x" * 32), {DELIVERY: "alice@example.org"}, id="a forged mark"),
        pytest.param(b"X-Seawall-Mark: nonsense\r\n", {DELIVERY: "alice@example.org"}, id="no mark at all"),
        pytest.param(b"\r\n" + marked(), {DELIVERY: "alice@example.org"}, id="a mark in the body"),
    ],
)
def test_a_mark_that_proves_nothing_holds_nothing(header: bytes, marks: dict[str, str]) -> None:
    assert isinstance(verdict(header, marks), Deliver)


@pytest.mark.parametrize(("hops", "kind"), [(MAX_HOPS, Deliver), (MAX_HOPS + 1, Hold)])
def test_a_mail_with_too_many_hops_is_held(hops: int, kind: type) -> None:
    assert isinstance(verdict(b"Received: from a by b; x\r\n" * hops, {}), kind)
