"""A mail log is traced: who handed one mail in again and again is found, and ordinary traffic is no storm."""

from pathlib import Path

import pytest

from seawall.forensic.gather import gather
from seawall.forensic.trace import Order, trace
from seawall.model.trace import Species, Trace

HERE = [f"user{number}@here.example" for number in range(8)]
SENDER = "ann@sender.example"
SENDING, RESENDING = "out.sender.example[192.0.2.7]", "mail.branch.example[198.51.100.20]"


class Log:
    """A Postfix log, written entry by entry, a minute each."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.minute = 0
        self.entries = 0

    def say(self, service: str, said: str) -> None:
        hour, minute = divmod(self.minute, 60)
        self.lines.append(
            f"Jan {2 + hour // 24:2} {hour % 24:02}:{minute:02}:05 mx postfix/{service}[7]: {said}\n"
        )

    def take_in(self, client: str, message_id: str, sender: str = SENDER, size: int = 1234) -> str:
        self.minute += 1
        self.entries += 1
        entry = f"4B{self.entries:05X}"
        self.say("smtpd", f"{entry}: client={client}")
        self.say("cleanup", f"{entry}: message-id=<{message_id}>")
        self.say("qmgr", f"{entry}: from=<{sender}>, size={size}, nrcpt=1 (queue active)")
        return entry

    def deliver(
        self, entry: str, *recipients: str, relay: str = "virtual", words: str = "delivered to maildir"
    ) -> None:
        for recipient in recipients:
            self.say(
                "smtp",
                f"{entry}: to=<{recipient}>, relay={relay}, delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent ({words})",
            )
        self.say("qmgr", f"{entry}: removed")

    def take(self, client: str, message_id: str, *recipients: str, sender: str = SENDER) -> None:
        self.deliver(self.take_in(client, message_id, sender), *recipients)

    def ordinary(self, mails: int) -> None:
        for number in range(mails):
            client = f"out.firm{number % 7}.example[203.0.113.{number % 7}]"
            sender = f"x{number % 5}@firm{number % 7}.example"
            self.take(client, f"{self.entries}@firm.example", HERE[number % 8], sender=sender)

    def traced(self, directory: Path) -> Trace:
        path = directory / "mail.log"
        path.write_text("".join(self.lines), encoding="utf-8")
        parts = directory / "parts"
        parts.mkdir()
        return trace(gather([str(path)], parts), Order())


@pytest.fixture
def log() -> Log:
    log = Log()
    log.ordinary(40)
    return log


def test_a_client_that_hands_one_mail_in_fifty_times_is_found(log: Log, tmp_path: Path) -> None:
    for _ in range(50):
        log.take(SENDING, "storm@sender.example", *HERE[:3])
    (storm,) = log.traced(tmp_path).storms
    assert (storm.species, storm.copies, storm.sender) == (Species.RETRY, 50, SENDER)
    (suspect,) = storm.suspects
    assert (suspect.domain, suspect.hosts, suspect.copies) == ("sender.example", ("out.sender.example",), 49)
    # One receiver's log can't tell whether its answers were lost.
    assert suspect.score == 0.5
    (quote, *_) = suspect.evidence[0].quotes
    assert quote.header == "log line"
    assert "client=out.sender.example[192.0.2.7]" in quote.text
    assert log.lines[int(quote.mail.rpartition(":")[2]) - 1].strip() == quote.text


def test_a_server_that_sends_anothers_mail_again_is_found_and_the_sender_is_not(
    log: Log, tmp_path: Path
) -> None:
    log.take(SENDING, "storm@sender.example", *HERE)
    for number in range(40):
        log.take(RESENDING, "storm@sender.example", *HERE[number % 3 :])
        log.ordinary(1)
    (storm,) = log.traced(tmp_path).storms
    assert storm.copies == 41
    assert [departure.host for departure in storm.departures] == ["out.sender.example"]
    (suspect,) = storm.suspects
    assert (suspect.domain, suspect.hosts, suspect.copies) == ("branch.example", ("mail.branch.example",), 39)
    assert suspect.score == 0.5


def test_a_storm_whose_client_has_no_name_is_a_storm_without_a_suspect(log: Log, tmp_path: Path) -> None:
    for _ in range(10):
        log.take("unknown[192.0.2.99]", "storm@sender.example", HERE[0])
    (storm,) = log.traced(tmp_path).storms
    assert storm.suspects == ()


def test_mail_that_a_filter_hands_back_is_no_storm(log: Log, tmp_path: Path) -> None:
    for number in range(50):
        before = log.take_in(SENDING, f"{number}@sender.example")
        after = log.take_in("localhost[127.0.0.1]", f"{number}@sender.example")
        log.deliver(after, *HERE[:3])
        log.deliver(
            before, *HERE[:3], relay="127.0.0.1[127.0.0.1]:10024", words=f"250 2.0.0 Ok: queued as {after}"
        )
    found = log.traced(tmp_path)
    assert (found.mails, found.storms) == (90, ())


def test_a_list_that_hands_its_mail_in_for_each_member_is_no_storm(log: Log, tmp_path: Path) -> None:
    for number in range(40):
        log.take(SENDING, "news@sender.example", f"member{number}@here.example")
    assert log.traced(tmp_path).storms == ()


def test_a_retry_or_two_for_each_of_many_is_no_storm(log: Log, tmp_path: Path) -> None:
    for number in range(40):
        for _ in range(3):
            log.take(SENDING, "news@sender.example", f"member{number}@here.example")
    assert log.traced(tmp_path).storms == ()


def test_a_mail_to_several_lists_of_one_server_is_no_storm(log: Log, tmp_path: Path) -> None:
    for number in range(8):
        log.take(SENDING, "cross@sender.example", HERE[0], sender=f"list{number}-bounces@sender.example")
    assert log.traced(tmp_path).storms == ()


def test_a_program_that_gives_all_its_mails_one_message_id_is_no_storm(log: Log, tmp_path: Path) -> None:
    for number in range(10):
        log.minute += 60
        entry = log.take_in(SENDING, "report@scanner", size=20_000 + 700 * number)
        log.deliver(entry, HERE[0])
    assert log.traced(tmp_path).storms == ()


def test_many_mails_that_are_handed_in_again_much_later_are_a_replay_of_which_no_more_than_possible_is_said(
    log: Log, tmp_path: Path
) -> None:
    for _ in range(2):
        for number in range(6):
            log.take(SENDING, f"{number}@sender.example", HERE[0])
        log.minute += 600
    (storm,) = log.traced(tmp_path).storms
    assert (storm.species, storm.contents) == (Species.REPLAY, 6)
    assert [(suspect.domain, suspect.score) for suspect in storm.suspects] == [("sender.example", 0.5)]


def test_the_logs_of_two_organisations_show_that_it_is_not_the_receiver_who_loses_his_answers(
    log: Log, tmp_path: Path
) -> None:
    for _ in range(12):
        log.take(RESENDING, "storm@sender.example", HERE[0])
    text = "".join(log.lines)
    for host in ("mx.here.example", "mail.there.test"):
        (tmp_path / f"{host}.log").write_text(text.replace(" mx ", f" {host} "), encoding="utf-8")
    parts = tmp_path / "parts"
    parts.mkdir()
    (storm,) = trace(gather([str(path) for path in sorted(tmp_path.glob("*.log"))], parts), Order()).storms
    (suspect,) = storm.suspects
    assert (suspect.domain, suspect.cap) == ("branch.example", "")
    assert suspect.score > 0.8
