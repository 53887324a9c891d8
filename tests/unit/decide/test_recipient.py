import json
from pathlib import Path
from typing import Any

import pytest

from seawall.decide.recipient import recipients
from seawall.decide.verdict import MAX_HOPS, decide
from seawall.facts.mark import FIELD, mark_value
from seawall.facts.message import read_message
from seawall.model.address import Address, domain_in_a_labels
from seawall.model.envelope import EnvelopeName, Mailboxes, Multidrop
from seawall.model.facts import MessageFacts
from seawall.model.verdict import Deliver, Hold, Reason

TABLE = json.loads((Path(__file__).parents[2] / "tables" / "envelope.json").read_text(encoding="utf-8"))
KEY = b"k" * 32
DELIVERY = "0123456789abcdef" * 2
LISTED = {
    "alice@example.org": ["a.smith@example.org"],
    "bob@example.org": [],
    "postmaster@example.org": [],
}
ALICE, BOB, UNKNOWN = map(Address.parse, LISTED)


def mailboxes(listed: dict[str, list[str]]) -> Mailboxes:
    return Mailboxes.build(
        {Address.parse(mailbox): tuple(map(Address.parse, aliases)) for mailbox, aliases in listed.items()}
    )


def account(given: dict[str, Any]) -> Multidrop:
    return Multidrop(
        envelope=EnvelopeName.parse(given.get("envelope", "X-Original-To")),
        isp=tuple(map(domain_in_a_labels, given.get("isp", ["isp.example"]))),
        isp_hops=given.get("isp_hops", 1),
        unknown=UNKNOWN,
        strip_prefix=given.get("strip_prefix", ""),
        box=Address.parse(given["box"]) if "box" in given else None,
    )


def facts(header: bytes, to: Address | Multidrop) -> MessageFacts:
    envelope = to.envelope if isinstance(to, Multidrop) else None
    return read_message(header + b"\r\nbody\r\n", len(header), KEY, envelope)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["name"])
def test_who_receives_a_mail_is_told_by_its_envelope(row: dict[str, Any]) -> None:
    to = account(row.get("account", {}))
    found = recipients(facts(row["header"].encode(), to), to, mailboxes(row.get("mailboxes", LISTED)))
    if isinstance(row["expected"], str):
        assert isinstance(found, Hold)
        assert found.reason.value == row["expected"]
        assert found.recipients == (UNKNOWN,)
        assert row.get("sentence", found.sentence) == found.sentence
    else:
        assert isinstance(found, tuple)
        assert list(map(str, found)) == row["expected"]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["name"])
def test_nothing_in_a_mail_changes_who_receives_for_a_single_mailbox(row: dict[str, Any]) -> None:
    assert recipients(facts(row["header"].encode(), ALICE), ALICE, mailboxes(LISTED)) == (ALICE,)


TOP = b"X-Original-To: alice@example.org, bob@example.org\r\nReceived: from a by mx.isp.example; x\r\n"


def verdicts(header: bytes, marks: dict[str, str]) -> tuple[Deliver | Hold, ...]:
    read = facts(header, account({}))
    found = decide(read, recipients(read, account({}), mailboxes(LISTED)), marks)
    assert all(isinstance(one, Deliver | Hold) for one in found)
    return tuple(one for one in found if isinstance(one, Deliver | Hold))


def test_a_mark_holds_a_mail_for_the_recipient_who_has_it_and_for_nobody_else() -> None:
    header = TOP + f"{FIELD}: {mark_value(DELIVERY, KEY)}\r\n".encode()
    delivered, held = verdicts(header, {DELIVERY: "alice@example.org"})
    assert isinstance(delivered, Deliver)
    assert delivered.recipients == (BOB,)
    assert (held.reason, held.recipients) == (Reason.OWN_MARK, (ALICE,))


def test_marks_for_all_recipients_leave_nothing_to_deliver() -> None:
    other = "f" * 32
    header = TOP + "".join(f"{FIELD}: {mark_value(one, KEY)}\r\n" for one in (DELIVERY, other)).encode()
    found = verdicts(header, {DELIVERY: "alice@example.org", other: "bob@example.org"})
    assert [(one.reason, one.recipients) for one in found] == [
        (Reason.OWN_MARK, (ALICE,)),
        (Reason.OWN_MARK, (BOB,)),
    ]


def test_a_forged_mark_holds_nothing() -> None:
    header = TOP + f"{FIELD}: {mark_value(DELIVERY, b'x' * 32)}\r\n".encode()
    assert verdicts(header, {DELIVERY: "alice@example.org"}) == (Deliver(recipients=(ALICE, BOB)),)


def test_too_many_hops_hold_a_mail_for_all_its_recipients() -> None:
    (held,) = verdicts(TOP + b"Received: from a by b; x\r\n" * MAX_HOPS, {})
    assert (held.reason, held.recipients) == (Reason.TOO_MANY_HOPS, (ALICE, BOB))


def test_too_many_hops_without_an_envelope_wait_for_unknown() -> None:
    (held,) = verdicts(b"Received: from a by b; x\r\n" * (MAX_HOPS + 1), {})
    assert (held.reason, held.recipients) == (Reason.TOO_MANY_HOPS, (UNKNOWN,))


def test_a_mail_without_an_envelope_is_held_once() -> None:
    (held,) = verdicts(b"To: alice@example.org\r\nReceived: from a by mx.isp.example; x\r\n", {})
    assert (held.reason, held.recipients) == (Reason.NO_ENVELOPE, (UNKNOWN,))


def test_the_evidence_is_escaped_and_bounded() -> None:
    header = b"X-Original-To: alice@example.org\r\nX-Original-To: bob@example.org,\x1b[2J" + b"x" * 5000
    (held,) = verdicts(header + b"\r\nReceived: from a by mx.isp.example; x\r\n", {})
    assert isinstance(held, Hold)
    assert held.reason is Reason.AMBIGUOUS_ENVELOPE
    assert all(line.replace("…", "").isascii() and line.isprintable() for line in held.evidence)
    assert max(map(len, held.evidence)) < 1000


@pytest.mark.parametrize("change", [{"isp_hops": 0}, {"isp_hops": 17}, {"isp": []}])
def test_an_account_that_could_trust_nothing_cannot_be_made(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="isp"):
        account(change)
