"""Whatever a server announces and whatever its mails' headers hold, `check` says it in harmless sentences."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.collect.check.capabilities import about_capabilities, about_telling_apart
from seawall.collect.check.envelope import about_envelope
from seawall.collect.check.finding import Kind, Notes
from seawall.collect.check.loops import about_loops
from seawall.model.account import Account, NextHopDestination, Server, Site, Speech, Tls
from seawall.model.address import Address
from seawall.model.envelope import EnvelopeName, Mailboxes, Multidrop
from seawall.model.secret import PasswordFile
from seawall.model.text import clean
from seawall.wire.replies import Capabilities

ALICE, POSTMASTER = Address.parse("alice@example.org"), Address.parse("postmaster@example.org")
HERE = Server(host="127.0.0.1", port=1, tls=Tls.NONE)
SITE = Site(
    domains=("example.org",),
    postmaster=POSTMASTER,
    state="state",
    mailboxes=Mailboxes.build({ALICE: ()}, ["example.org"]),
)
SINGLE = Account(
    name="office",
    server=HERE,
    user="office",
    secret=PasswordFile("password"),
    to=ALICE,
    destination=NextHopDestination(name="mta", speech=Speech.SMTP, place=HERE),
)
MULTIDROP = replace(
    SINGLE,
    to=Multidrop(
        envelope=EnvelopeName.parse("X-Original-To"), isp=("isp.example",), isp_hops=2, unknown=POSTMASTER
    ),
)
WORDS = (
    b"SASL", b"EXPIRE", b"0", b"NEVER", b"LOGIN-DELAY", b"99999999999999999999", b"IMPLEMENTATION", b"TOP", b"\r\n",
    b"\x1b[2J", b"\xe2\x80\xae", b"\xff", b" ",
)  # fmt: skip
FIELDS = (
    b"Received: from a by mx.isp.example; x\r\n",
    b"Received: from a by \x1b[2J.isp.example; x\r\n",
    b"X-Original-To: alice@example.org\r\n",
    b"X-Original-To: \xe2\x80\xaeb\xc2\x9b@example.org\r\n",
    b"Delivered-To: Alice@example.org\r\n",
    b"Delivered-To: <bob@example.org>,\x07\r\n",
    b"\r\n",
)


def pieces(known: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    return st.lists(st.one_of(st.sampled_from(known), st.binary(max_size=20)), max_size=12).map(b"".join)


def assert_harmless(notes: Notes) -> None:
    text = notes.finding(Kind.ACCOUNT, "office").as_text()
    assert all(clean(line) == line for line in text.split("\n"))


@pytest.mark.parametrize("account", [SINGLE, MULTIDROP])
@given(content=pieces(WORDS), has_uidl=st.booleans())
def test_any_capabilities_become_harmless_sentences(
    *, account: Account, content: bytes, has_uidl: bool
) -> None:
    notes = Notes()
    capabilities = Capabilities.parse(content)
    about_capabilities(capabilities, account, notes)
    about_telling_apart(capabilities, notes, has_uidl=has_uidl)
    assert_harmless(notes)


@pytest.mark.parametrize("account", [SINGLE, MULTIDROP])
@given(tops=st.lists(pieces(FIELDS), max_size=8))
def test_any_tops_become_harmless_sentences(account: Account, tops: list[bytes]) -> None:
    notes = Notes()
    about_loops(account, SITE.mailboxes, tops, notes)
    about_envelope(account, SITE, tops, notes)
    assert_harmless(notes)
