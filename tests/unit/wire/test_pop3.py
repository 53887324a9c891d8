import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.errors import OurBug, ProtocolViolation, SeawallError, TooLarge
from seawall.wire import commands
from seawall.wire.pop3 import (
    MAX_STATUS,
    PIECE,
    Challenge,
    Command,
    Content,
    Dialogue,
    Event,
    State,
    Status,
    apop_timestamp,
)


def logged_in() -> Dialogue:
    dialogue = Dialogue()
    dialogue.receive(b"+OK hello <1.2@isp.example>\r\n")
    dialogue.send([commands.user(b"alice")])
    dialogue.receive(b"+OK\r\n")
    dialogue.send([commands.password(b"secret")])
    dialogue.receive(b"+OK\r\n")
    assert dialogue.state is State.TRANSACTION
    return dialogue


def stuffed(mail: bytes) -> bytes:
    """As RFC 1939 §3 asks of a server."""
    text = (b"\r\n" + mail).replace(b"\r\n.", b"\r\n..")[2:]
    return text + (b"" if text.endswith(b"\r\n") or not text else b"\r\n") + b".\r\n"


def contents(events: list[Event]) -> list[bytes]:
    """The contents in `events`, joined piece by piece."""
    found, pieces = [], []
    for event in events:
        if isinstance(event, Content):
            pieces.append(event.data)
            if event.is_last:
                found.append(b"".join(pieces))
                pieces = []
    assert not pieces
    return found


def in_chunks(dialogue: Dialogue, wire: bytes, size: int) -> list[Event]:
    return [event for at in range(0, len(wire), size) for event in dialogue.receive(wire[at : at + size])]


def receive_all(dialogue: Dialogue, wire: bytes) -> list[Event]:
    """What was complete before an error is returned first, and the next call raises."""
    return dialogue.receive(wire) + dialogue.receive(b"")


MAILS = [
    pytest.param(b"Subject: a\r\n\r\nbody\r\n", id="ordinary"),
    pytest.param(b"", id="empty"),
    pytest.param(b"\r\n", id="one empty line"),
    pytest.param(b".\r\n", id="a lone dot"),
    pytest.param(b"..\r\n.\r\n...\r\n", id="dots"),
    pytest.param(b"a\r\n\r\n.\r\n\r\n", id="a lone dot inside"),
    pytest.param(b"a\n.\nMAIL FROM:<x>\r\n", id="LF.LF"),
    pytest.param(b"a\n.\r\n+OK forged\r\n", id="LF.CRLF"),
    pytest.param(b"a\r\n.\nb\r\n", id="CRLF.LF"),
    pytest.param(b"a\r.\rb\r\n", id="CR.CR"),
    pytest.param(b"a\r.\r\nb\r\n", id="CR.CRLF"),
    pytest.param(b"a\r\r\n\r\r\nb\r\r\n", id="doubled CR"),
    pytest.param(b"a\0b\xff\r\n", id="NUL and 8 bit"),
    pytest.param(b"x" * (3 * PIECE) + b"\r\n", id="one long line"),
    pytest.param((b"." * 70 + b"\r\n") * 3000, id="long and dotted"),
]


@pytest.mark.parametrize("mail", MAILS)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 4096, 10**9])
def test_a_stuffed_mail_comes_out_as_it_was(mail: bytes, size: int) -> None:
    dialogue = logged_in()
    dialogue.send([commands.retr(1, 10**9), commands.retr(2, 10**9), commands.STAT])
    wire = b"+OK\r\n" + stuffed(mail) + b"+OK 5 octets\r\n" + stuffed(b"second\r\n") + b"+OK 2 9\r\n"
    events = in_chunks(dialogue, wire, size)
    assert contents(events) == [mail, b"second\r\n"]
    assert isinstance(events[-1], Status)
    assert events[-1].text == b"2 9"
    assert dialogue.expected == 0


lines = st.lists(st.sampled_from([b".", b"\r", b"\n", b"\r\n", b"a", b"\0", b"+OK", b"\r\n.", b"\r\n..\r\n"]))


@given(mail=lines.map(b"".join), cuts=st.lists(st.integers(1, 40)))
def test_any_mail_survives_any_chunks(mail: bytes, cuts: list[int]) -> None:
    if not mail.endswith(b"\r\n"):
        mail += b"\r\n"
    dialogue = logged_in()
    dialogue.send([commands.retr(1, 10**6), commands.retr(2, 10**6)])
    wire = b"+OK\r\n" + stuffed(mail) + b"-ERR gone\r\n"
    events: list[Event] = []
    for cut in cuts:
        events += dialogue.receive(wire[:cut])
        wire = wire[cut:]
    if wire:
        events += dialogue.receive(wire)
    assert contents(events) == [mail]
    assert dialogue.expected == 0


@given(
    wire=st.lists(
        st.sampled_from([b"+OK", b"-ERR", b" ", b"\r\n", b".", b"\n", b"+ ", b"[AUTH]", b"\0\xff"]),
        max_size=60,
    )
)
def test_any_bytes_give_events_or_a_named_error(wire: list[bytes]) -> None:
    dialogue = logged_in()
    dialogue.send([commands.retr(1, 50), commands.uidl_all(50), commands.STAT])
    try:
        dialogue.receive(b"".join(wire))
    except SeawallError:
        return
    assert dialogue.expected <= 3


def test_a_dot_that_the_server_did_not_stuff_is_kept() -> None:
    dialogue = logged_in()
    dialogue.send([commands.retr(1, 1000)])
    assert contents(dialogue.receive(b"+OK\r\n.foo\r\nb\r\n.bar\r\n.\r\n")) == [b".foo\r\nb\r\n.bar\r\n"]


def test_a_mail_larger_than_its_bound_is_given_up_early() -> None:
    dialogue = logged_in()
    dialogue.send([commands.retr(1, 100_000)])
    dialogue.receive(b"+OK\r\n")
    with pytest.raises(TooLarge, match="RETR"):
        in_chunks(dialogue, b"x" * 200_000, 1000)


def test_a_bound_is_kept_where_nothing_is_handed_on_yet() -> None:
    dialogue = logged_in()
    dialogue.send([commands.uidl_all(100)])
    with pytest.raises(TooLarge, match="UIDL"):
        in_chunks(dialogue, b"+OK\r\n" + b"1 x\r\n" * 100, 100)


def test_a_status_line_of_a_megabyte_is_read_and_cut() -> None:
    dialogue = logged_in()
    dialogue.send([commands.STAT, commands.STAT])
    events = in_chunks(dialogue, b"+OK " + b"x" * 2**20 + b"\r\n+OK 1 2\r\n", 4001)
    texts = [event.text for event in events if isinstance(event, Status)]
    assert texts == [b"x" * 1024, b"1 2"]


def test_a_status_line_without_end_is_given_up() -> None:
    dialogue = logged_in()
    dialogue.send([commands.STAT])
    with pytest.raises(TooLarge, match="status line"):
        in_chunks(dialogue, b"+OK " + b"x" * (MAX_STATUS + 10_000), 65536)


@pytest.mark.parametrize(
    ("reply", "named"),
    [
        (b"+OK 1 2\n", "bare LF"),
        (b"+OK 1\n2\r\n", "bare LF"),
        (b"HTTP/1.1 400 Bad\r\n", "HTTP"),
        (b"+OKAY\r\n", "OKAY"),
        (b"\r\n", "STAT"),
        (b"+ challenge\r\n", "challenge"),
        (b"+OK 1 2\r\n+OK again\r\n", "no command asked"),
        (b"+OK 1 2\r\n-ERR idle for too long\r\n", "idle for too long"),
        (b"\x1b[2J\r\n", r"\\x1b"),
    ],
)
def test_a_broken_reply_is_an_error_that_shows_it(reply: bytes, named: str) -> None:
    dialogue = logged_in()
    dialogue.send([commands.STAT])
    with pytest.raises(ProtocolViolation, match=named):
        receive_all(dialogue, reply)


@pytest.mark.parametrize(
    ("reply", "code", "is_positive"),
    [
        (b"-ERR [AUTH] no\r\n", "AUTH", False),
        (b"-ERR [sys/temp] no\r\n", "SYS/TEMP", False),
        (b"-ERR [IN-USE]\r\n", "IN-USE", False),
        (b"-ERR\r\n", "", False),
        (b"-err nope\r\n", "", False),
        (b"+OK\r\n", "", True),
        (b"+ok maildrop [5]\r\n", "", True),
    ],
)
def test_response_codes_are_read(reply: bytes, code: str, is_positive: bool) -> None:
    dialogue = logged_in()
    dialogue.send([commands.STAT])
    (event,) = dialogue.receive(reply)
    assert isinstance(event, Status)
    assert (event.code, event.is_positive) == (code, is_positive)


def test_bytes_behind_the_reply_to_stls_are_an_injection() -> None:
    dialogue = Dialogue()
    dialogue.receive(b"+OK hello\r\n")
    dialogue.send([commands.STLS])
    with pytest.raises(ProtocolViolation, match="injection"):
        dialogue.receive(b"+OK begin\r\n+OK forged\r\n")


def test_bytes_in_the_clear_before_tls_starts_are_an_error() -> None:
    dialogue = Dialogue()
    dialogue.receive(b"+OK hello\r\n")
    dialogue.send([commands.STLS])
    dialogue.receive(b"+OK begin\r\n")
    with pytest.raises(ProtocolViolation, match="in the clear"):
        dialogue.receive(b"+")
    dialogue.secured()
    assert dialogue.state is State.AUTHORIZATION


def test_a_challenge_is_answered_and_success_leads_to_transaction() -> None:
    dialogue = Dialogue()
    dialogue.receive(b"+OK hello\r\n")
    dialogue.send([commands.auth("SCRAM-SHA-256")])
    assert dialogue.receive(b"+ \r\n") == [Challenge(commands.auth("SCRAM-SHA-256"), b"")]
    dialogue.send([commands.auth_response(b"abc=")])
    dialogue.receive(b"+\r\n")
    dialogue.send([commands.auth_response(b"")])
    dialogue.receive(b"+OK in\r\n")
    assert dialogue.state is State.TRANSACTION


@pytest.mark.parametrize("verb", ["USER", "RETR", "STLS", "XYZZY"])
def test_a_command_that_the_state_forbids_is_our_bug(verb: str) -> None:
    with pytest.raises(OurBug):
        Dialogue().send([Command(verb, verb.encode())])


@pytest.mark.parametrize("text", [b"x\r\nDELE 1", b"x\nDELE 1", b"x\r"])
def test_a_line_end_in_a_command_is_our_bug(text: bytes) -> None:
    dialogue = Dialogue()
    dialogue.receive(b"+OK\r\n")
    with pytest.raises(OurBug):
        dialogue.send([commands.user(text)])


def test_nothing_is_pipelined_behind_a_change_of_state() -> None:
    dialogue = logged_in()
    with pytest.raises(OurBug):
        dialogue.send([commands.QUIT, commands.STAT])


def test_what_comes_after_quit_is_ignored() -> None:
    dialogue = logged_in()
    dialogue.send([commands.QUIT])
    dialogue.receive(b"-ERR some messages not deleted\r\n")
    assert dialogue.state is State.CLOSED
    assert dialogue.receive(b"anything") == []


def test_no_secret_is_in_a_repr() -> None:
    assert "secret" not in repr(commands.password(b"secret"))


def test_the_apop_timestamp_is_found() -> None:
    assert (
        apop_timestamp(b"ready <1896.697170952@dbc.mtview.ca.us> go") == b"<1896.697170952@dbc.mtview.ca.us>"
    )
    assert apop_timestamp(b"ready <no timestamp>") is None
