"""Promise 1 as a property: whatever a mail holds, those who receive it are of the closed set, and To and Cc say nothing."""

from typing import Final

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seawall.decide.hops import learn, sample
from seawall.decide.recipient import recipients
from seawall.decide.verdict import decide
from seawall.facts.envelope import read_candidates
from seawall.facts.message import read_message
from seawall.model.address import Address
from seawall.model.envelope import KNOWN_NAMES, EnvelopeName, Mailboxes, Multidrop
from seawall.model.verdict import Deliver, Hold, Verdict

ALICE, BOB, UNKNOWN = map(Address.parse, ("alice@example.org", "bob@example.org", "postmaster@example.net"))
MAILBOXES: Final = Mailboxes.build({ALICE: (Address.parse("a.smith@example.org"),), BOB: ()})
CLOSED: Final = MAILBOXES.everyone | {UNKNOWN}
SENDERS_FIELDS: Final = (
    *("To", "Cc", "Bcc", "From", "Sender", "Reply-To", "Apparently-To", "Resent-To", "Resent-Cc"),
    *("Resent-Bcc", "Resent-From", "Subject", "List-Post", "Errors-To"),
)
HOP: Final = b"Received: from a (b [192.0.2.1]) by mx.isp.example (Postfix) with ESMTP id 1; x\r\n"

addresses = st.sampled_from(
    (
        *("alice@example.org", "BOB+x@example.org", "a.smith@example.org", "carol@elsewhere.example"),
        *("info@example.org", "office@isp.example", "isp-alice@example.org", '"x, y" <bob@example.org>'),
        *("nobody", "@", "<", "é@é.example"),
    )
)
values = st.lists(addresses, max_size=5).map(", ".join).map(str.encode) | st.binary(max_size=60)
one_line = values.map(lambda value: value.replace(b"\r", b"").replace(b"\n", b""))
accounts = st.builds(
    Multidrop,
    envelope=st.sampled_from(KNOWN_NAMES[:5]),
    isp=st.sampled_from([("isp.example",), ("isp.example", "sender.example")]),
    isp_hops=st.integers(1, 4),
    unknown=st.sampled_from([UNKNOWN, BOB]),
    strip_prefix=st.sampled_from(["", "isp-"]),
    box=st.sampled_from([None, Address.parse("office@isp.example"), ALICE]),
)
envelope_lines = st.tuples(st.sampled_from([str(name).encode() for name in KNOWN_NAMES]), one_line).map(
    lambda line: line[0] + b": " + line[1] + b"\r\n"
)
hops = st.sampled_from(
    (
        *(HOP, HOP.replace(b"mx.isp", b"store.isp"), HOP.replace(b"mx.isp", b"mail.sender")),
        *(
            HOP.replace(b"from a", b"from a by mx.isp.example"),
            b"Received: (qmail 1 invoked by uid 89); x\r\n",
        ),
        *(b"Received: nonsense\r\n", b"no field\r\n", b"\r\n", b"\n"),
    )
)
senders_lines = st.tuples(st.sampled_from(SENDERS_FIELDS), one_line).map(
    lambda line: line[0].encode() + b": " + line[1] + b"\r\n"
)
mails = st.lists(envelope_lines | hops | senders_lines, max_size=12).map(b"".join) | st.binary(max_size=300)


def verdicts(mail: bytes, to: Address | Multidrop) -> tuple[Verdict, ...]:
    name = to.envelope if isinstance(to, Multidrop) else None
    read = read_message(mail, len(mail), bytes(32), name)
    return decide(read, recipients(read, to, MAILBOXES), {})


def receivers(found: tuple[Verdict, ...]) -> list[Address]:
    return [recipient for one in found if isinstance(one, Deliver | Hold) for recipient in one.recipients]


@settings(max_examples=500)
@given(mails, accounts)
def test_whatever_a_mail_holds_its_recipients_are_of_the_closed_set(mail: bytes, to: Multidrop) -> None:
    found = receivers(verdicts(mail, to))
    assert found
    assert set(found) <= MAILBOXES.everyone | {to.unknown} <= CLOSED
    assert len(set(found)) == len(found)


@given(mails)
def test_a_single_mailbox_receives_whatever_a_mail_holds(mail: bytes) -> None:
    assert receivers(verdicts(mail, ALICE)) == [ALICE]


@settings(max_examples=500)
@given(
    st.lists(
        st.tuples(st.just(None), envelope_lines | hops.filter(lambda line: line != b"\n"))
        | st.tuples(st.sampled_from(SENDERS_FIELDS), one_line),
        max_size=12,
    ),
    st.data(),
    accounts,
)
def test_what_a_sender_writes_changes_nothing(
    lines: list[tuple[str | None, bytes]], data: st.DataObject, to: Multidrop
) -> None:
    """Each To, Cc, Bcc, From, Resent and the like gets another value, or goes: the same receive, for the same reason.

    No bare line feed is among the lines: at a mail's beginning it ends the header, elsewhere it does not.
    """
    changed = []
    for name, line in lines:
        value = data.draw(one_line) if name else line
        if name is None:
            changed.append(line)
        elif data.draw(st.booleans()):
            changed.append(f"{name}: ".encode() + value + b"\r\n")
    mail = b"".join(f"{name}: ".encode() + line + b"\r\n" if name else line for name, line in lines)
    assert verdicts(mail, to) == verdicts(b"".join(changed), to)


@given(mails, accounts)
def test_what_stands_below_the_border_changes_nothing(below: bytes, to: Multidrop) -> None:
    # What begins with white space goes on in the hop above, and can only spoil it: then nobody is named.
    assume(not below.startswith((b" ", b"\t")))
    above = str(to.envelope).encode() + b": alice@example.org\r\n" + HOP * to.isp_hops
    assert receivers(verdicts(above + below, to)) == receivers(verdicts(above, to))


def test_thousands_of_addresses_and_forged_envelopes_reach_nobody_but_the_listed() -> None:
    many = b", ".join(b"u%d@elsewhere.example" % number for number in range(5000))
    lists = b"".join(name.encode() + b": " + many + b"\r\n" for name in SENDERS_FIELDS)
    for name in KNOWN_NAMES:
        to = Multidrop(envelope=name, isp=("isp.example",), isp_hops=1, unknown=UNKNOWN)
        forged = str(name).encode() + b": " + many + b"\r\n"
        true = str(name).encode() + b": alice@example.org\r\n"
        assert receivers(verdicts(HOP + forged * 5 + HOP + forged + lists, to)) == [UNKNOWN]
        assert receivers(verdicts(true + HOP + forged * 5 + HOP + forged + lists, to)) == [ALICE]
        assert receivers(verdicts(forged + true + HOP + lists, to)) == [UNKNOWN]


@given(st.sampled_from(SENDERS_FIELDS), st.text(alphabet=" \t", max_size=2))
def test_no_account_can_name_a_field_that_a_sender_writes(name: str, space: str) -> None:
    for text in (name, name.lower(), name.upper(), space + name, name + space):
        try:
            EnvelopeName.parse(text)
        except ValueError:
            continue
        raise AssertionError(text)


@given(st.lists(mails, max_size=7), st.sampled_from([(), ("isp.example",)]), st.none() | st.integers(1, 16))
def test_any_mails_give_advice(tops: list[bytes], isp: tuple[str, ...], isp_hops: int | None) -> None:
    advice = learn([sample(read_candidates(top), MAILBOXES) for top in tops], isp, isp_hops)
    assert advice.sentences
    assert all(sentence.isprintable() and sentence.isascii() for sentence in advice.sentences)
