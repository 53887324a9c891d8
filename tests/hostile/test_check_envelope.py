"""`seawall check` on what the tops of mails tell: loops at the destination, and whether the envelope's rule fits."""

from dataclasses import replace
from pathlib import Path

import pytest

from hostile.checking import (
    ALICE,
    MX,
    OUT,
    STORE,
    Installation,
    header,
    multidrop,
    original,
    said,
)
from seawall.lab.behaviour import Behaviour
from seawall.lab.box import Box
from seawall.model.account import (
    NextHopDestination,
    Server,
    Speech,
    Tls,
)
from seawall.model.address import Address
from seawall.model.envelope import Multidrop

PASTED = (
    'multidrop = { envelope = "X-Original-To", isp = ["isp.example"], isp_hops = 2, '
    'unknown = "postmaster@example.org" }'
)


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


# ── loops ────────────────────────────────────────────────────────────────────────────────

SMTP = NextHopDestination(
    name="mta", speech=Speech.SMTP, place=Server(host="127.0.0.1", port=1, tls=Tls.NONE), patience=1.0
)


@pytest.mark.parametrize(
    ("to", "delivered_to", "is_refused"),
    [
        (ALICE, "Alice@example.org", True),
        (ALICE, "bob@example.org", False),
        (ALICE, "office@isp.example", False),
        (multidrop(), "a.smith@example.org", True),
        (multidrop(), "bob@example.org", True),
        (multidrop(), "carol@example.org", False),
        (ALICE, "<<<not an address", False),
    ],
)
def test_an_smtp_destination_is_refused_where_the_mails_would_loop(
    *, to: Address | Multidrop, delivered_to: str, is_refused: bool, here: Installation
) -> None:
    """Any occurrence counts, below the ISP's hops too: the next hop reads them all."""
    mail = header(STORE, "X-Original-To: alice@example.org\r\n", MX, f"Delivered-To: {delivered_to}\r\n", OUT)
    found = here.account_of(Box([original("alice"), mail]), to=to, destination=SMTP)
    assert said(found.problems, "Delivered-To", "mail forwarding loop", 'kind = "lmtp"') == is_refused
    assert said(found.problems, "ignores_delivered_to = true") == is_refused
    for other in (replace(SMTP, ignores_delivered_to=True), replace(SMTP, speech=Speech.LMTP)):
        assert here.account_of(Box([mail]), to=to, destination=other).problems == ()


def test_multidrop_by_delivered_to_into_smtp_is_refused_without_any_mail(here: Installation) -> None:
    found = here.account_of(Box(), to=multidrop("Delivered-To"), destination=SMTP)
    assert said(found.problems, "every mail", "mail forwarding loop")
    with_prefix = replace(multidrop("Delivered-To"), strip_prefix="office-")
    assert here.account_of(Box(), to=with_prefix, destination=SMTP).problems == ()


def test_without_top_it_is_said_that_loops_cannot_be_seen(here: Installation) -> None:
    found = here.account_of(
        Box([original("alice")]), Behaviour(lacks=frozenset(("TOP",))), to=multidrop(), destination=SMTP
    )
    assert said(found.warnings, "TOP", "would loop", "rule fits")


# ── envelope advice ──────────────────────────────────────────────────────────────────────


def test_a_rule_that_fits_says_who_would_have_received(here: Installation) -> None:
    mails = [original("alice")] * 4 + [original("carol")] * 2 + [header(OUT)]
    found = here.account_of(Box(mails[:6]), to=multidrop())
    assert said(found.found, "of 6 mails", "4 for alice@example.org")
    assert said(found.found, "2 for unknown (postmaster@example.org)")
    assert said(found.found, "isp_hops = 2 fits")
    assert found.warnings == ()


def test_a_mail_that_would_be_held_is_a_warning_and_no_fault_of_the_rule(here: Installation) -> None:
    found = here.account_of(Box([original("alice")] * 6 + [header(OUT)]), to=multidrop())
    assert said(found.found, "6 for alice@example.org", "1 held (no-envelope)")
    (warning,) = found.warnings
    assert "of 7 mails 1 would be held (no-envelope)" in warning


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (multidrop(isp_hops=3), PASTED),
        (multidrop(isp="other.example"), 'isp = ["isp.example"], isp_hops = '),
        (multidrop("X-Envelope-To"), 'envelope = "X-Original-To", isp = ["isp.example"], isp_hops = 2'),
    ],
    ids=["too many hops", "another ISP", "another field"],
)
def test_a_rule_that_fits_no_mail_is_a_problem_with_the_line_to_paste(
    rule: Multidrop, line: str, here: Installation
) -> None:
    found = here.account_of(Box([original("alice")] * 6), to=rule)
    assert said(found.warnings, "this would: multidrop = {", line), found.warnings
    (problem,) = found.problems
    assert "of 6 mails 6 would be held (no-envelope)" in problem


def test_where_the_isp_is_another_what_is_learnt_is_about_the_one_that_the_mails_show(
    here: Installation,
) -> None:
    found = here.account_of(Box([original("alice")] * 6), to=multidrop(isp="other.example"))
    assert said(found.found, "not every mail has a host of other.example at its top", "store.isp.example")
    assert said(found.found, "hops of each of 6 mails are by hosts of isp.example")
    assert not said(found.found, "this box tells no envelope")


def test_too_few_mails_propose_nothing(here: Installation) -> None:
    found = here.account_of(Box([original("alice")] * 4), to=multidrop(isp_hops=3))
    assert said(found.found, "do not suffice")
    assert not said(found.warnings, "this would")


@pytest.mark.parametrize(("isp", "is_warned"), [("com", True), ("co.uk", True), ("isp.example", False)])
def test_an_isp_that_is_no_one_isps_domain_is_a_warning(
    *, isp: str, is_warned: bool, here: Installation
) -> None:
    found = here.account_of(Box(), to=multidrop(isp=isp))
    assert said(found.warnings, f"every host below {isp}") == is_warned


def test_a_single_account_that_looks_like_a_catch_all_gets_a_remark(here: Installation) -> None:
    mails = [original(name) for name in ("alice", "bob", "Alice+tag", "carol", "alice", "bob")]
    found = here.account_of(Box(mails))
    assert said(found.found, "remark", "3 local addresses", 'multidrop = { envelope = "X-Original-To"')
    assert (found.warnings, found.problems) == ((), ())
    for ordinary in (
        [original("alice"), original("Alice+tag")],
        [header(OUT, "X-Original-To: b@example.org\r\n")],
    ):
        assert not said(here.account_of(Box([original("alice"), *ordinary])).found, "remark")
