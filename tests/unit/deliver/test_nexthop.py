"""Mails handed over to a next hop: once, with its own words for what it does not take."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.deliver.nexthop import NextHop
from seawall.deliver.transfer import Transfer
from seawall.errors import Misconfigured, NextHopFailed, SeawallError, Temporary
from seawall.lab.sink import DROP, OFFERED, Manners, Sink, Sunk, running
from seawall.model.account import (
    Credentials,
    NextHopDestination,
    Server,
    Speech,
    Tls,
    UnixSocket,
)
from seawall.model.address import Address
from seawall.model.mail import MemoryContent
from seawall.model.outcome import Accepted, Deferred, Lost, Outcome, Refused
from seawall.model.secret import PasswordFile

TOP = b"Received: from pop by here\r\n"


class Diary:
    """What was written down, in order."""

    def __init__(self) -> None:
        self.offered: list[str] = []
        self.outcomes: dict[str, Outcome] = {}

    def offer(self, delivery_id: str) -> Awaitable[None]:
        self.offered.append(delivery_id)
        return asyncio.ensure_future(asyncio.sleep(0))

    def close(self, delivery_id: str, outcome: Outcome) -> None:
        assert delivery_id not in self.outcomes
        self.outcomes[delivery_id] = outcome

    @property
    def doubtful(self) -> set[str]:
        return set(self.offered) - set(self.outcomes)


def transfers(*recipients: str, data: bytes = b"Subject: x\r\n\r\nbody\r\n") -> list[Transfer]:
    return [
        Transfer(
            delivery_id=f"{at:032x}",
            recipient=Address.parse(recipient),
            reverse_path="sender@a.test",
            top=TOP,
            content=MemoryContent(data),
        )
        for at, recipient in enumerate(recipients)
    ]


def destination(sink: Sink, **changes: object) -> NextHopDestination:
    place = UnixSocket(str(sink.path)) if sink.path else Server(host=sink.host, port=sink.port, tls=Tls.NONE)
    found = NextHopDestination(name="main", speech=sink.speech, place=place, connections=1, patience=2.0)
    return replace(found, **changes)  # type: ignore[arg-type] # a test names fields


def carry(
    sink: Sink, items: Sequence[Transfer], *, batches: int = 1, **changes: object
) -> tuple[Diary, SeawallError | None]:
    """Carry the items; return what was written down, and the error that ended it."""
    diary = Diary()

    async def run() -> None:
        next_hop = NextHop(destination(sink, **changes), here="here.example.org")
        size = -(-len(items) // batches)
        for at in range(0, len(items), size):
            await next_hop.probe()
            await next_hop.carry(items[at : at + size], diary)
        await next_hop.close()

    with running(sink):
        try:
            asyncio.run(run())
        except SeawallError as problem:
            return diary, problem
    return diary, None


@pytest.mark.parametrize("speech", list(Speech))
def test_each_mail_arrives_once_and_whole(speech: Speech) -> None:
    sink = Sink(speech)
    items = transfers(*["alice@example.org"] * 30, data=b"a\n.\n..b\r\0\xff")
    diary, problem = carry(sink, items)
    assert problem is None
    assert {mail.data for mail in sink.mails} == {TOP + b"a\r\n.\r\n..b \0\xff\r\n"}
    assert len(sink.mails) == len(items)
    assert [type(outcome) for outcome in diary.outcomes.values()] == [Accepted] * len(items)


def test_one_connection_carries_many_batches() -> None:
    sink = Sink(Speech.LMTP)
    carry(sink, transfers(*["alice@example.org"] * 20), batches=5)
    assert len(sink.mails) == 20
    assert sink.connections == 1


def test_several_connections_share_the_work_and_no_more_than_allowed() -> None:
    sink = Sink(Speech.LMTP)
    diary, problem = carry(sink, transfers(*(f"user{n}@example.org" for n in range(40))), connections=4)
    assert problem is None
    assert len(sink.mails) == len(diary.outcomes) == 40
    assert 1 < sink.most_connections <= 4


def test_one_recipients_mails_go_by_one_connection_in_their_order() -> None:
    sink = Sink(Speech.LMTP)
    items = [
        replace(item, content=MemoryContent(b"Subject: %d\r\n\r\n" % at))
        for at, item in enumerate(transfers(*["alice@example.org"] * 40))
    ]
    carry(sink, items, connections=4)
    assert [mail.data for mail in sink.mails] == [TOP + b"Subject: %d\r\n\r\n" % at for at in range(40)]
    assert sink.most_connections == 1


def test_a_unix_socket_serves_too(tmp_path: Path) -> None:
    sink = Sink(Speech.LMTP, path=tmp_path / "lmtp")
    carry(sink, transfers("alice@example.org"))
    assert len(sink.mails) == 1


def test_each_recipient_has_an_outcome_of_its_own() -> None:
    answers = {
        "RCPT bob@example.org": (b"452 4.2.2 full",),
        "RCPT carol@example.org": (b"550 5.1.1 unknown",),
        "CONTENT dave@example.org": (b"451 4.3.0 later",),
        "CONTENT erin@example.org": (b"554 5.7.1 no",),
    }
    sink = Sink(Speech.LMTP, Manners(answers=answers))
    names = ("bob", "alice", "carol", "dave", "erin", "alice")
    items = transfers(*(f"{name}@example.org" for name in names))
    diary, problem = carry(sink, items)
    assert problem is None
    assert [diary.outcomes[item.delivery_id] for item in items] == [
        Deferred("452 4.2.2 full"),
        Accepted("250 2.0.0 kept"),
        Refused("550 5.1.1 unknown"),
        Deferred("451 4.3.0 later"),
        Refused("554 5.7.1 no"),
        Accepted("250 2.0.0 kept"),
    ]
    assert [mail.recipient for mail in sink.mails] == ["alice@example.org"] * 2


@pytest.mark.parametrize("speech", list(Speech))
def test_a_server_without_pipelining_is_asked_one_thing_at_a_time(speech: Speech) -> None:
    offers = tuple(keyword for keyword in OFFERED if keyword != "PIPELINING")
    answers = {
        "RCPT bob@example.org": (b"550 5.1.1 unknown",),
        "MAIL": (b"250 ok", b"250 ok", b"451 4.3.0 no", b"250 ok"),
    }
    sink = Sink(speech, Manners(offers=offers, answers=answers, is_strict=True))
    names = ("alice", "bob", "alice", "alice")
    items = transfers(*(f"{name}@example.org" for name in names))
    diary, problem = carry(sink, items)
    assert problem is None
    kinds = [type(diary.outcomes[item.delivery_id]) for item in items]
    assert sorted(kinds, key=str) == sorted([Accepted, Refused, Deferred, Accepted], key=str)
    assert len(sink.mails) == 2


@pytest.mark.parametrize("dsn", [True, False])
def test_no_next_hop_is_ever_left_free_to_tell_anybody(*, dsn: bool) -> None:
    offers = tuple(keyword for keyword in OFFERED if dsn or keyword != "DSN")
    sink = Sink(Speech.SMTP, Manners(offers=offers))
    carry(sink, transfers("alice@example.org"))
    (mail,) = sink.mails
    assert (mail.reverse_path, mail.parameters[1]) == (("sender@a.test", "NOTIFY=NEVER") if dsn else ("", ""))


def test_a_mail_beyond_the_servers_size_is_refused_without_sending_it() -> None:
    sink = Sink(Speech.LMTP, Manners(offers=("SIZE 100", "8BITMIME")))
    diary, _ = carry(sink, transfers("alice@example.org", data=b"x" * 100))
    (outcome,) = diary.outcomes.values()
    assert isinstance(outcome, Refused)
    assert "at most 100" in outcome.words
    assert not diary.offered
    assert not any(command.startswith("MAIL") for command in sink.commands)


@pytest.mark.parametrize(
    ("recipient", "data"),
    [("alice@example.org", b"caf\xc3\xa9\r\n"), ("andré@example.org", b"plain\r\n")],
)
def test_what_a_server_cannot_take_is_refused_and_not_altered(recipient: str, data: bytes) -> None:
    diary, _ = carry(Sink(Speech.LMTP, Manners(offers=("PIPELINING",))), transfers(recipient, data=data))
    (outcome,) = diary.outcomes.values()
    assert isinstance(outcome, Refused)
    plenty = Sink(Speech.LMTP)
    diary, _ = carry(plenty, transfers(recipient, data=data))
    assert plenty.mails[0].recipient == recipient
    assert isinstance(diary.outcomes[f"{0:032x}"], Accepted)


def test_a_mail_at_which_the_connection_breaks_is_in_doubt_and_the_others_go_on() -> None:
    sink = Sink(Speech.LMTP, Manners(answers={"CONTENT": (b"250 kept", DROP, b"250 kept")}))
    items = transfers(*["alice@example.org"] * 5)
    diary, problem = carry(sink, items)
    assert problem is None
    assert len(sink.mails) == 5
    outcomes = [diary.outcomes[item.delivery_id] for item in items]
    assert [type(outcome) for outcome in outcomes] == [Accepted, Lost, Accepted, Accepted, Accepted]
    assert isinstance(outcomes[1], Lost)
    assert outcomes[1].is_doubtful


def test_a_next_hop_at_which_one_connection_breaks_upon_the_other_is_left_alone() -> None:
    sink = Sink(Speech.LMTP, Manners(answers={"CONTENT": (b"250 kept", DROP)}))
    items = transfers(*["alice@example.org"] * 9)
    diary, problem = carry(sink, items)
    assert isinstance(problem, NextHopFailed)
    assert len(sink.mails) == 3
    assert [type(outcome) for outcome in diary.outcomes.values()] == [Accepted, Lost, Lost]
    assert len(diary.doubtful) <= 1, "announced, and nothing of it was sent"


@pytest.mark.parametrize("speech", list(Speech))
def test_nothing_is_sent_to_the_end_before_it_was_written_down(speech: Speech) -> None:
    sink = Sink(speech)

    class Failing(Diary):
        def offer(self, delivery_id: str) -> Awaitable[None]:
            failed = asyncio.get_running_loop().create_future()
            failed.set_exception(Temporary(f"no room for {delivery_id}: the disk is full"))
            return failed

    async def run() -> None:
        await NextHop(destination(sink), here="here").carry(transfers("alice@example.org"), Failing())

    with running(sink), pytest.raises(Temporary, match="disk"):
        asyncio.run(run())
    assert not sink.mails


def test_a_server_that_went_away_between_two_batches_is_called_again() -> None:
    sink = Sink(Speech.LMTP, Manners(answers={"NOOP": (DROP,)}))
    diary, problem = carry(sink, transfers(*["alice@example.org"] * 4), batches=4)
    assert problem is None
    assert len(sink.mails) == len(diary.outcomes) == 4
    assert sink.connections > 1


@pytest.mark.parametrize(
    "answers",
    [
        {"GREETING": (b"421 4.3.2 busy",)},
        {"GREETING": (b"554 5.7.1 go away",)},
        {"GREETING": (DROP,)},
        {"LHLO": (b"502 what?",)},
        {"NOOP": (DROP,), "GREETING": (b"220 hello", b"421 4.3.2 busy")},
    ],
)
def test_a_next_hop_that_is_down_is_a_temporary_failure(answers: dict[str, tuple[bytes, ...]]) -> None:
    sink = Sink(Speech.LMTP, Manners(answers=answers))
    diary, problem = carry(sink, transfers("alice@example.org"))
    assert isinstance(problem, NextHopFailed)
    assert not sink.mails
    assert not diary.outcomes


@pytest.mark.parametrize(
    "answers",
    [
        {"MAIL": (b"421 4.3.2 closing",)},
        {"RCPT": (b"421 4.7.0 try later",)},
        {"DATA": (b"421 4.3.2 closing",)},
        {"RCPT": (b"nonsense",)},
        {"DATA": (b"250 2.0.0 ok",)},
    ],
)
def test_a_mail_that_was_not_sent_to_its_end_is_in_no_doubt(answers: dict[str, tuple[bytes, ...]]) -> None:
    sink = Sink(Speech.LMTP, Manners(answers=answers))
    diary, _ = carry(sink, transfers("alice@example.org"))
    (outcome,) = diary.outcomes.values()
    assert isinstance(outcome, Lost)
    assert not outcome.is_doubtful
    assert not sink.mails


def test_a_closed_port_is_a_temporary_failure() -> None:
    sink = Sink(Speech.LMTP)
    with running(sink):
        pass
    next_hop = NextHop(destination(sink), here="here")
    with pytest.raises(NextHopFailed, match="cannot be reached"):
        asyncio.run(next_hop.probe())


def test_starttls_that_is_not_offered_is_never_done_without() -> None:
    sink = Sink(Speech.SMTP)
    with running(sink):
        place = Server(host=sink.host, port=sink.port, tls=Tls.STARTTLS)
        with pytest.raises(NextHopFailed, match="offers no STARTTLS"):
            asyncio.run(NextHop(destination(sink, place=place), here="here").probe())
    assert all(command.startswith("EHLO") for command in sink.commands)


def test_credentials_need_a_way_to_log_in(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    credentials = Credentials(user="alice", secret=PasswordFile(str(tmp_path / "password")))
    sink = Sink(Speech.SMTP)
    with running(sink), pytest.raises(Misconfigured, match="no way to log in"):
        asyncio.run(NextHop(destination(sink, credentials=credentials), here="here").probe())


def test_the_worst_server_sees_one_mail_where_one_was_sent() -> None:
    """A sink that ends a mail at a dot between any two line ends, as some software does."""
    forged = b"MAIL FROM:<evil@a.test>\r\nRCPT TO:<victim@other.test>\r\nDATA\r\nforged\r\n.\r\n"
    items = []
    for before in (b"\n", b"\r", b"\r\n"):
        for after in (b"\n", b"\r", b"\r\n"):
            if (before, after) != (b"\r\n", b"\r\n"):
                items += transfers("alice@example.org", data=b"a" + before + b"." + after + forged)
    items = [replace(item, delivery_id=f"{at:032x}") for at, item in enumerate(items)]
    sink = Sink(Speech.SMTP, Manners(is_lenient=True))
    diary, problem = carry(sink, items)
    assert problem is None
    assert len(sink.mails) == len(diary.outcomes) == len(items)
    assert {mail.recipient for mail in sink.mails} == {"alice@example.org"}


def test_nothing_of_a_mail_shows_in_what_is_logged() -> None:
    (item,) = transfers("alice@example.org", data=b"secret")
    assert "secret" not in repr(item)
    assert "secret" not in repr(Sunk(reverse_path="", recipient="", parameters=("", ""), data=b"secret"))
