"""Each way in which the toy ISP can be told to misbehave, seen on the wire."""

import socket
import time
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from hostile.cases import behaviour, hostile_mails, misbehaving
from seawall.lab.behaviour import HONEST, Behaviour, Ending, Endless, Pace, Stop
from seawall.lab.box import Box
from unit.lab.wiretap import PASSWORD, THREE, Wiretap, logged_in, stuffed, tapped

GREETING = b"+OK the toy ISP is ready\r\n"


def closed(tap: Wiretap) -> bool:
    return tap.rest() == b""


def test_a_behaviour_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        HONEST.stuffs_dots = False  # type: ignore[misc]
    frozen: Any = HONEST.replies
    with pytest.raises(TypeError):
        frozen["STAT", None] = b""


@pytest.mark.parametrize("name", sorted(misbehaving()))
def test_every_server_can_be_talked_to_and_stopped(name: str) -> None:
    with tapped(misbehaving()[name]) as (_, tap):
        tap.socket.settimeout(0.02)
        for line in (
            b"CAPA",
            b"USER alice",
            b"PASS " + PASSWORD.encode(),
            b"LIST",
            b"UIDL",
            b"RETR 2",
            b"QUIT",
        ):
            try:
                tap.send(line)
                tap.socket.recv(1000)
            except OSError:
                continue


@pytest.mark.parametrize(
    ("lacking", "line"), [("CAPA", b"CAPA"), ("UIDL", b"UIDL"), ("TOP", b"TOP 1 0"), ("NOOP", b"NOOP")]
)
def test_what_a_server_lacks_it_neither_knows_nor_announces(lacking: str, line: bytes) -> None:
    with logged_in(Behaviour(lacks=frozenset({lacking}))) as tap:
        assert tap.ask(line).startswith(b"-ERR")
        if lacking != "CAPA":
            assert lacking.encode() not in tap.read(b"CAPA")


def test_without_pipelining_what_comes_along_with_a_command_is_thrown_away() -> None:
    with logged_in(behaviour("server/no-pipelining")) as tap:
        tap.send(b"NOOP", b"NOOP", b"STAT")
        assert tap.until(b"\r\n") == b"+OK\r\n"
        assert tap.ask(b"LIST 1").startswith(b"+OK 1 ")


def test_capa_says_what_the_behaviour_says() -> None:
    with tapped(Behaviour(expire="0", login_delay="900", sasl=("PLAIN",))) as (_, tap):
        tap.until(b"\r\n")
        lines = tap.read(b"CAPA").split(b"\r\n")
        assert {b"EXPIRE 0", b"LOGIN-DELAY 900", b"SASL PLAIN", b"PIPELINING"} <= set(lines)
        assert b"STLS" not in lines


@pytest.mark.parametrize(
    ("name", "greeting"),
    [
        ("login/greeting-refused", b"-ERR too many connections\r\n"),
        ("login/apop", GREETING[:-2] + b" <1896.697170952@isp.example>\r\n"),
    ],
)
def test_a_greeting_is_what_the_behaviour_says(name: str, greeting: bytes) -> None:
    with tapped(behaviour(name)) as (_, tap):
        assert tap.until(b"\r\n") == greeting


def test_a_silent_greeting_says_nothing() -> None:
    with tapped(behaviour("login/greeting-silent")) as (_, tap):
        tap.socket.settimeout(0.05)
        with pytest.raises(TimeoutError):
            tap.socket.recv(1)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("login/refused-without-a-reason", b"-ERR no"),
        ("login/wrong-password", b"-ERR [AUTH]"),
        ("login/in-use", b"-ERR [IN-USE]"),
        ("login/too-soon", b"-ERR [LOGIN-DELAY]"),
        ("login/trouble-for-now", b"-ERR [SYS/TEMP]"),
        ("login/trouble-for-good", b"-ERR [SYS/PERM]"),
    ],
)
def test_a_right_password_is_refused_where_the_behaviour_says_so(name: str, words: bytes) -> None:
    box = Box(THREE)
    with tapped(behaviour(name), box) as (_, tap):
        tap.until(b"\r\n")
        tap.ask(b"USER alice")
        assert tap.ask(b"PASS " + PASSWORD.encode()).startswith(words)
        assert tap.ask(b"AUTH PLAIN AGFsaWNlAGNvcnJlY3QgaG9yc2U=").startswith(words)
    assert box.sessions == 0


def test_bytes_are_injected_in_the_segment_of_a_reply() -> None:
    with logged_in(Behaviour(behind={("NOOP", None): b"+OK injected\r\n"})) as tap:
        tap.send(b"NOOP")
        assert tap.socket.recv(1000) == b"+OK\r\n+OK injected\r\n"


def test_a_drop_mid_mail_happens_every_time() -> None:
    with tapped(behaviour("connection/drop-mid-mail")) as (isp, first):
        for tap in (first, Wiretap(isp)):
            tap.log_in()
            tap.send(b"RETR 1", b"RETR 2", b"RETR 3")
            data = tap.rest()
            assert THREE[0].split(b"\r\n")[0] in data
            assert data.count(b"\r\n.\r\n") == 1
            assert b"no. 2" in data
            tap.close()


def test_a_drop_that_happens_once_does_not_happen_twice() -> None:
    with tapped(behaviour("connection/drop-mid-mail-once")) as (isp, tap):
        tap.log_in()
        tap.send(b"RETR 2")
        assert not tap.rest().endswith(b"\r\n.\r\n")
        second = Wiretap(isp)
        second.log_in()
        assert stuffed(THREE[1]) in second.read(b"RETR 2")
        second.close()


def test_a_connection_drops_after_as_many_octets_as_it_was_told() -> None:
    with tapped(Behaviour(stops=(Stop(at=None, after=len(GREETING) + 3),))) as (_, tap):
        tap.until(GREETING)
        tap.send(b"NOOP")
        assert tap.rest() == b"-ER"


def test_an_endless_reply_too_ends_at_the_octets_of_the_session() -> None:
    stop = Stop(at=None, after=1000)
    with tapped(Behaviour(replies={("GREETING", None): Endless(head=b"", again=b"x")}, stops=(stop,))) as (
        _,
        tap,
    ):
        assert tap.rest() == b"x" * 1000


def test_a_hanging_server_says_nothing_more_and_lets_the_box_go_with_the_client() -> None:
    box = Box(THREE)
    server = Behaviour(stops=(Stop(at=("RETR", 2), after=4, ending=Ending.HANG, times=1),))
    with tapped(server, box) as (isp, tap):
        tap.log_in()
        tap.send(b"RETR 2")
        assert tap.until(b"+OK ") == b"+OK "
        tap.socket.settimeout(0.05)
        with pytest.raises(TimeoutError):
            tap.socket.recv(1000)
        tap.close()
        again = Wiretap(isp)
        again.log_in()
        again.close()


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("erasing/quit-unanswered", 3),
        ("erasing/quit-unanswered-erased", 2),
        ("erasing/quit-refused", 3),
        ("erasing/quit-refused-erased", 2),
    ],
)
def test_quit_erases_or_not_whatever_it_answers(name: str, left: int) -> None:
    box = Box(THREE)
    with logged_in(behaviour(name), box) as tap:
        tap.ask(b"DELE 1")
        tap.send(b"QUIT")
        assert tap.rest() == (b"-ERR no\r\n" if "refused" in name else b"")
    assert len(box.raws) == left


def test_a_refused_command_has_no_effect_and_the_others_go_on() -> None:
    box = Box(THREE)
    with logged_in(behaviour("erasing/dele-refused"), box) as tap:
        assert tap.ask(b"DELE 2") == b"-ERR no\r\n"
        assert tap.ask(b"DELE 3") == b"+OK\r\n"
        tap.ask(b"QUIT")
    assert box.raws == THREE[:2]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("server/size-too-low", b"2 1"),
        ("server/size-too-high", b"2 99999"),
        ("server/size-negative", b"2 -5"),
        ("server/size-no-number", b"2 many"),
        ("server/size-missing", b"2"),
    ],
)
def test_list_says_the_size_that_it_was_told(name: str, line: bytes) -> None:
    with logged_in(behaviour(name)) as tap:
        assert tap.read(b"LIST").split(b"\r\n")[2] == line
        assert tap.ask(b"LIST 2") == b"+OK " + line + b"\r\n"
        assert stuffed(THREE[1]) in tap.read(b"RETR 2")


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("uidls/two-mails-with-one", [b"1 same", b"2 same", b"3 seawall-lab-3"]),
        ("uidls/empty-uidl", [b"1 seawall-lab-1", b"2", b"3 seawall-lab-3"]),
        ("uidls/with-spaces", [b"1 seawall-lab-1", b"2 two  words and more", b"3 seawall-lab-3"]),
        ("uidls/one-missing", [b"1 seawall-lab-1", b"3 seawall-lab-3"]),
        ("server/number-gaps", [b"2 seawall-lab-1", b"4 seawall-lab-2", b"5 seawall-lab-3"]),
    ],
)
def test_uidl_lists_what_it_was_told(name: str, lines: list[bytes]) -> None:
    with logged_in(behaviour(name)) as tap:
        assert tap.read(b"UIDL").split(b"\r\n")[1:-2] == lines


def test_the_long_uidl_has_300_octets() -> None:
    assert len(behaviour("uidls/long-and-hostile").uidls[2]) == 300


def test_a_status_line_of_a_megabyte_comes_whole() -> None:
    with logged_in(behaviour("server/long-refusal")) as tap:
        assert len(tap.ask(b"RETR 2")) == 2**20 + 7


def test_an_endless_listing_counts_up_to_its_cap_and_drops() -> None:
    server = Behaviour(replies={("UIDL", None): Endless(head=b"+OK\r\n", again=b"%d x\r\n", cap=200_000)})
    with logged_in(server) as tap:
        tap.send(b"UIDL")
        data = tap.rest()
        assert len(data) == 200_005
        assert data.startswith(b"+OK\r\n1 x\r\n2 x\r\n")
        numbers = [int(line.split()[0]) for line in data.split(b"\r\n")[1:-1]]
        assert numbers == list(range(1, len(numbers) + 1))


def test_an_endless_mail_ends_when_the_client_leaves() -> None:
    box = Box(THREE)
    with tapped(behaviour("server/endless-body"), box) as (isp, tap):
        tap.log_in()
        tap.send(b"RETR 2")
        received = 0
        while received < 2**20:
            received += len(tap.socket.recv(65536))
        tap.close()
        again = Wiretap(isp)
        again.until(b"\r\n")
        again.ask(b"USER alice")
        while again.ask(b"PASS " + PASSWORD.encode()).startswith(b"-ERR [IN-USE]"):
            again.ask(b"USER alice")
        again.close()
    assert box.retrievals_of(THREE[1]) == 1


def test_a_server_that_does_not_stuff_sends_a_forged_reply_as_it_stands() -> None:
    raw = hostile_mails()["server/forged-session-unstuffed/two"]
    with logged_in(behaviour("server/dots-unstuffed"), Box([raw, *THREE[1:]])) as tap:
        tap.send(b"RETR 1", b"NOOP")
        assert tap.until(b"the end\r\n.\r\n+OK\r\n").endswith(raw + b".\r\n+OK\r\n")


def test_replies_in_single_octets_are_the_same_replies() -> None:
    with logged_in(behaviour("connection/one-octet-pieces")) as tap:
        assert tap.read(b"RETR 2") == b"+OK %d octets\r\n" % len(THREE[1]) + stuffed(THREE[1])


def test_a_dribbling_server_sends_an_octet_at_a_time() -> None:
    with logged_in(Behaviour(pace=Pace(octets=(1,), seconds=0.02, at=("NOOP", None)))) as tap:
        began = time.monotonic()
        assert tap.ask(b"NOOP") == b"+OK\r\n"
        assert time.monotonic() - began >= 4 * 0.02


def test_status_lines_can_end_with_a_bare_lf() -> None:
    with tapped(behaviour("server/bare-lf-status")) as (_, tap):
        assert tap.until(b"\n") == GREETING.replace(b"\r\n", b"\n")


def test_ok_can_come_twice() -> None:
    with logged_in(behaviour("server/two-replies")) as tap:
        assert tap.read(b"RETR 2").startswith(b"+OK\r\n+OK ")


def test_expire_0_erases_at_quit_what_was_read() -> None:
    box = Box(THREE)
    with logged_in(behaviour("erasing/expire-0"), box) as tap:
        tap.read(b"RETR 1")
        tap.ask(b"QUIT")
    assert box.raws == THREE[1:]


def test_a_server_may_erase_without_quit_against_the_rfc() -> None:
    box = Box(THREE)
    with logged_in(behaviour("erasing/without-quit"), box) as tap:
        tap.ask(b"DELE 1")
        tap.socket.shutdown(socket.SHUT_WR)
        assert closed(tap)
    assert box.raws == THREE[1:]


def test_a_behaviour_may_change_between_connections() -> None:
    with tapped(replace(HONEST, line_end=b"\n")) as (isp, tap):
        tap.until(b"\n")
        isp.behaviour = HONEST
        second = Wiretap(isp)
        assert second.until(b"\r\n") == GREETING
        second.close()
