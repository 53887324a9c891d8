import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.errors import OurBug, ProtocolViolation, TooLarge
from seawall.model.account import Speech
from seawall.model.address import Address
from seawall.wire import envelope
from seawall.wire.envelope import Offer
from seawall.wire.smtp import MAX_LINE, MAX_LINES, Command, Dialogue, Reply, State

ALICE, BOB, CAROL = (Address.parse(f"{name}@example.org") for name in ("alice", "bob", "carol"))
NOTHING = Offer(parameters={})


def ready(speech: Speech = Speech.LMTP) -> Dialogue:
    dialogue = Dialogue(speech)
    dialogue.receive(b"220 here\r\n")
    dialogue.send([envelope.hello(speech, "here.example.org")])
    dialogue.receive(b"250-here\r\n250 PIPELINING\r\n")
    assert dialogue.state is State.READY
    return dialogue


def announce(dialogue: Dialogue, *recipients: Address) -> bytes:
    return dialogue.send(
        [
            envelope.mail("a@b.test", 10, NOTHING),
            *(envelope.rcpt(recipient, NOTHING) for recipient in recipients),
            envelope.DATA,
        ]
    )


def codes(replies: list[Reply]) -> list[tuple[str, int]]:
    return [(reply.command.verb, reply.code) for reply in replies]


def test_lmtp_answers_once_for_each_recipient_that_it_took() -> None:
    dialogue = ready()
    announce(dialogue, ALICE, BOB, CAROL)
    dialogue.receive(b"250 ok\r\n250 ok\r\n550 5.1.1 no bob\r\n250 ok\r\n354 go\r\n")
    assert dialogue.end_mail() == 2
    announce(dialogue, ALICE)
    replies = dialogue.receive(b"250 alice\r\n452 4.2.2 carol is full\r\n250 ok\r\n250 ok\r\n354 go\r\n")
    assert codes(replies) == [("CONTENT", 250), ("CONTENT", 452), ("MAIL", 250), ("RCPT", 250), ("DATA", 354)]
    assert replies[1].enhanced == "4.2.2"
    assert dialogue.end_mail() == 1


def test_smtp_answers_once_for_all() -> None:
    dialogue = ready(Speech.SMTP)
    announce(dialogue, ALICE, BOB)
    dialogue.receive(b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n")
    assert dialogue.end_mail() == 1


def test_a_mail_that_is_not_wanted_leaves_no_reply_behind() -> None:
    dialogue = ready()
    announce(dialogue, ALICE)
    dialogue.receive(b"250 ok\r\n550 no\r\n503 no recipients\r\n")
    assert (dialogue.state, dialogue.expected) == (State.READY, 0)
    announce(dialogue, BOB)
    assert codes(dialogue.receive(b"250 ok\r\n250 ok\r\n354 go\r\n"))[-1] == ("DATA", 354)
    assert dialogue.end_mail() == 1


def test_a_server_that_asks_for_a_mail_without_recipients_is_given_up() -> None:
    dialogue = ready()
    announce(dialogue, ALICE)
    with pytest.raises(ProtocolViolation):
        dialogue.receive(b"250 ok\r\n550 no\r\n354 go\r\n")


WIRE = b"250 ok\r\n250-2.1.5 two\r\n250 2.1.5 lines\r\n354\r\n"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_replies_are_the_same_however_their_bytes_come(size: int) -> None:
    dialogue = ready()
    announce(dialogue, ALICE)
    replies = [r for at in range(0, len(WIRE), size) for r in dialogue.receive(WIRE[at : at + size])]
    assert codes(replies) == [("MAIL", 250), ("RCPT", 250), ("DATA", 354)]
    assert replies[1].lines == (b"2.1.5 two", b"2.1.5 lines")
    assert replies[1].words == "250 2.1.5 two 2.1.5 lines"


@pytest.mark.parametrize(
    "wire",
    [
        b"hello\r\n",
        b"99 no\r\n",
        b"250-a\r\n550 b\r\n",
        b"250\ta\r\n",
        b"+OK\r\n",
        b"250 a\r\n250 b\r\n250 c\r\n",
        b"600 no\r\n",
    ],
)
def test_what_is_no_reply_ends_the_connection(wire: bytes) -> None:
    dialogue = ready()
    dialogue.send([envelope.mail("", 1, NOTHING)])
    with pytest.raises(ProtocolViolation):
        dialogue.receive(wire)


@pytest.mark.parametrize("wire", [b"250 " + b"x" * (MAX_LINE + 1), b"250-x\r\n" * (MAX_LINES + 1)])
def test_replies_are_bounded(wire: bytes) -> None:
    dialogue = ready()
    dialogue.send([envelope.mail("", 1, NOTHING)])
    with pytest.raises(TooLarge):
        dialogue.receive(wire)


def test_bytes_behind_the_reply_to_starttls_are_an_injection() -> None:
    dialogue = ready(Speech.SMTP)
    dialogue.send([envelope.STARTTLS])
    with pytest.raises(ProtocolViolation):
        dialogue.receive(b"220 go\r\n250 injected\r\n")


def test_nothing_can_be_said_in_the_clear_while_tls_starts() -> None:
    dialogue = ready(Speech.SMTP)
    dialogue.send([envelope.STARTTLS])
    dialogue.receive(b"220 go\r\n")
    with pytest.raises(OurBug):
        dialogue.send([envelope.NOOP])
    with pytest.raises(ProtocolViolation):
        dialogue.receive(b"x")
    dialogue.secured()
    dialogue.send([envelope.hello(Speech.SMTP, "here")])


@pytest.mark.parametrize(
    "commands",
    [
        [envelope.DATA],
        [envelope.rcpt(ALICE, NOTHING)],
        [envelope.NOOP, envelope.NOOP],
        [envelope.mail("", 1, NOTHING), envelope.DATA],
        [envelope.mail("", 1, NOTHING), envelope.rcpt(ALICE, NOTHING), envelope.DATA, envelope.RSET],
    ],
)
def test_a_command_out_of_turn_is_our_bug(commands: list[Command]) -> None:
    with pytest.raises(OurBug):
        ready().send(commands)


def test_a_line_end_in_a_command_is_our_bug() -> None:
    with pytest.raises(OurBug):
        ready().send([Command("MAIL", b"MAIL FROM:<a>\r\nRCPT TO:<b>")])


def test_a_mail_cannot_end_that_was_not_asked_for() -> None:
    with pytest.raises(OurBug):
        ready().end_mail()


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_any_bytes_give_replies_or_one_clear_error(pieces: list[bytes]) -> None:
    dialogue = ready()
    announce(dialogue, ALICE)
    with contextlib.suppress(ProtocolViolation, TooLarge):
        for piece in pieces:
            dialogue.receive(piece)


def test_the_reverse_path_is_null_where_nobody_can_be_told_to_be_silent() -> None:
    with_dsn = Offer.read([b"here", b"DSN", b"SIZE 1000", b"8BITMIME"])
    assert envelope.mail("a@b.test", 7, with_dsn).line == b"MAIL FROM:<a@b.test> SIZE=7 BODY=8BITMIME"
    assert envelope.rcpt(ALICE, with_dsn).line == b"RCPT TO:<alice@example.org> NOTIFY=NEVER"
    assert envelope.mail("a@b.test", 7, NOTHING).line == b"MAIL FROM:<>"
    assert envelope.rcpt(ALICE, NOTHING).line == b"RCPT TO:<alice@example.org>"


@pytest.mark.parametrize(
    ("line", "most"),
    [
        (b"SIZE", None),
        (b"SIZE 0", None),
        (b"size 1000", 1000),
        (b"SIZE x", None),
        (b"SIZE " + b"9" * 40, None),
    ],
)
def test_the_largest_mail_is_read_from_what_is_offered(line: bytes, most: int | None) -> None:
    assert Offer.read([b"here", line]).most_octets == most


def test_the_ways_to_log_in_are_read_from_both_spellings() -> None:
    assert Offer.read([b"here", b"AUTH PLAIN login"]).mechanisms == ("PLAIN", "LOGIN")
    assert Offer.read([b"here", b"AUTH=PLAIN"]).mechanisms == ("PLAIN",)
