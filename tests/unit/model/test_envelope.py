import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.model.address import Address
from seawall.model.envelope import KNOWN_NAMES, EnvelopeName, Mailboxes, is_within

ALICE, SMITH, BOB = map(Address.parse, ("alice@example.org", "a.smith@example.org", "bob@example.org"))


@pytest.mark.parametrize(
    "text",
    ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-RCPT-To", " x-hoster-rcpt ", "X_1"],
)
def test_a_field_that_a_server_writes_can_be_named(text: str) -> None:
    assert EnvelopeName.parse(text) == EnvelopeName.parse(text.upper())


def test_a_name_is_shown_as_it_is_usually_written() -> None:
    assert str(EnvelopeName.parse("x-original-TO")) == "X-Original-To"


@pytest.mark.parametrize(
    "text",
    [
        *("To", "Cc", "Bcc", "From", "Sender", "Reply-To", "Date", "Subject", "Message-ID", "References"),
        *("In-Reply-To", "Return-Path", "Received", "Apparently-To", "Resent-To", "Resent-Cc", "Resent-Bcc"),
        *("Resent-From", "Resent-anything", "List-Id", "List-Post", "Content-Type", "Errors-To", "X-To"),
        *("Mail-Followup-To", "Disposition-Notification-To", "tO", " to ", "RECEIVED"),
    ],
)
def test_a_field_that_a_sender_writes_cannot(text: str) -> None:
    with pytest.raises(ValueError, match="sender"):
        EnvelopeName.parse(text)


@pytest.mark.parametrize(
    "text", ["", " ", "X-Original-To:", "X Original To", "Größe", "a\r\nTo", "x" * 129, "\0"]
)
def test_what_is_no_name_of_a_field_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a header field"):
        EnvelopeName.parse(text)


def test_no_way_leads_round_the_refusal() -> None:
    for text in ("to", "To", "X-Original-To"):
        with pytest.raises(ValueError, match=r"sender|lower case"):
            EnvelopeName(text)


@given(st.text(max_size=30))
def test_any_text_is_a_name_or_a_plain_refusal(text: str) -> None:
    try:
        name = EnvelopeName.parse(text)
    except ValueError:
        return
    assert EnvelopeName.parse(str(name)) == name


def test_the_known_names_are_names() -> None:
    assert len(set(KNOWN_NAMES)) == len(KNOWN_NAMES)


def test_the_closed_set_is_the_mailboxes_alone() -> None:
    found = Mailboxes.build({ALICE: (SMITH,), BOB: ()}, ["Bücher.example"])
    assert found.everyone == {ALICE, BOB}
    assert found.domains == {"example.org", "xn--bcher-kva.example"}
    assert found.find(SMITH) == ALICE
    assert found.find(Address.parse("carol@example.org")) is None
    assert found.find(Address.parse("alice@elsewhere.example")) is None


def test_an_address_that_names_two_mailboxes_is_refused() -> None:
    with pytest.raises(ValueError, match="names two mailboxes"):
        Mailboxes.build({ALICE: (SMITH,), BOB: (SMITH,)})
    with pytest.raises(ValueError, match="names two mailboxes"):
        Mailboxes.build({ALICE: (BOB,), BOB: ()})


@given(st.from_regex(r"[a-zA-Z+.]{1,8}@[ab]\.c", fullmatch=True))
def test_whatever_is_looked_up_the_answer_is_in_the_closed_set(text: str) -> None:
    found = Mailboxes.build({Address.parse("a@a.c"): (Address.parse("b+a@b.c"),), Address.parse("A@a.c"): ()})
    try:
        address = Address.parse(text)
    except ValueError:
        return
    assert found.find(address) in found.everyone | {None}


@pytest.mark.parametrize(
    ("host", "is_inside"),
    [
        ("isp.example", True),
        ("mx.isp.example", True),
        ("evilisp.example", False),
        ("example", False),
        ("", False),
    ],
)
def test_a_host_is_within_a_domain_only_at_a_label(host: str, is_inside: bool) -> None:
    assert is_within(host, ["isp.example"]) is is_inside
