"""contrib/seawall-once.sieve keeps one of two copies, and nothing else is lost to it."""

import concurrent.futures
import smtplib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.facts.mark import FIELD, mark_value
from servers.dovecot import SIEVE_COMPILER, Dovecot

pytestmark = pytest.mark.server

ONCE = Path(__file__).parents[2] / "contrib" / "seawall-once.sieve"
FIRST, SECOND, THIRD = (mark_value(digit * 32, b"key") for digit in "abc")


def mail(*marks: str, subject: str = "x") -> bytes:
    headers = [*(f"{FIELD}: {mark}".rstrip() for mark in marks), f"Subject: {subject}"]
    return "".join(f"{line}\r\n" for line in [*headers, "", "Body"]).encode("ascii")


def hand_over(dovecot: Dovecot, user: str, *mails: bytes) -> None:
    with smtplib.LMTP(dovecot.host, dovecot.lmtp_port, timeout=10) as client:
        for content in mails:
            client.sendmail("sender@outside.test", [f"{user}@example.org"], content)


@pytest.fixture
def sieved_user(dovecot: Dovecot, fresh_user: str) -> str:
    dovecot.sieve(fresh_user, ONCE.read_text(encoding="ascii"))
    return fresh_user


def compiled(dovecot: Dovecot, script: Path) -> str:
    """What Pigeonhole says of the script under the server's configuration; the binary lies beside the script."""
    argv = [SIEVE_COMPILER, "-c", str(dovecot.root / "dovecot.conf"), str(script)]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stderr


@pytest.fixture(scope="module")
def sieving_dovecot(dovecot: Dovecot) -> Iterator[Dovecot]:
    """The script runs before everybody's own, as its head says that it is to be installed."""
    before = dovecot.root / ONCE.name
    before.write_bytes(ONCE.read_bytes())
    settings = {"plugin/sieve_before": str(before), "plugin/sieve_duplicate_max_period": "7d"}
    with Dovecot(users=[], settings=settings) as server:
        assert compiled(server, before) == ""
        yield server
        assert "Error" not in server.log()


def test_the_same_mark_twice_is_one_mail(dovecot: Dovecot, sieved_user: str) -> None:
    hand_over(dovecot, sieved_user, mail(FIRST, subject="1"), mail(FIRST, subject="2"))
    hand_over(dovecot, sieved_user, mail(FIRST, subject="3"))
    (kept,) = dovecot.raw_mails(sieved_user)
    assert b"\nSubject: 1\n" in kept


def test_two_marks_are_two_mails_however_alike_the_rest_is(dovecot: Dovecot, sieved_user: str) -> None:
    hand_over(dovecot, sieved_user, mail(FIRST), mail(SECOND))
    assert dovecot.count(sieved_user) == 2


@pytest.mark.parametrize(
    "content",
    [
        mail(),
        mail(""),
        mail("", FIRST),
        mail("forged"),
        mail("forged", FIRST),
        mail(f"{FIRST}0"),
        mail(FIRST[1:]),
    ],
    ids=["none", "empty", "empty-above", "no-mark", "no-mark-above", "too-long", "too-short"],
)
def test_without_a_mark_on_top_no_mail_is_a_duplicate(
    dovecot: Dovecot, sieved_user: str, content: bytes
) -> None:
    hand_over(dovecot, sieved_user, content, content, content)
    assert dovecot.count(sieved_user) == 3


def test_of_several_marks_the_topmost_alone_counts(dovecot: Dovecot, sieved_user: str) -> None:
    hand_over(dovecot, sieved_user, mail(FIRST, SECOND))
    hand_over(dovecot, sieved_user, mail(FIRST, THIRD))
    assert dovecot.count(sieved_user) == 1
    hand_over(dovecot, sieved_user, mail(THIRD, SECOND))
    hand_over(dovecot, sieved_user, mail(SECOND))
    assert dovecot.count(sieved_user) == 3


def test_each_user_has_a_memory_of_their_own(dovecot: Dovecot, sieved_user: str) -> None:
    other = dovecot.add_user(f"{sieved_user}-other")
    dovecot.sieve(other, ONCE.read_text(encoding="ascii"))
    for user in (sieved_user, other):
        hand_over(dovecot, user, mail(FIRST), mail(FIRST))
        assert dovecot.count(user) == 1


def test_a_mark_that_could_not_be_delivered_is_not_a_duplicate_when_it_comes_again(
    dovecot: Dovecot, sieved_user: str
) -> None:
    incoming = dovecot.maildir(sieved_user) / "tmp"
    incoming.chmod(0)
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        hand_over(dovecot, sieved_user, mail(FIRST))
    assert refusal.value.smtp_code == 451
    incoming.chmod(0o755)
    hand_over(dovecot, sieved_user, mail(FIRST), mail(FIRST))
    assert dovecot.count(sieved_user) == 1


def test_the_same_mark_on_many_connections_at_once_is_one_mail(dovecot: Dovecot, sieved_user: str) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: hand_over(dovecot, sieved_user, mail(FIRST)), range(8)))
    assert dovecot.count(sieved_user) == 1


def test_before_every_script_it_does_the_same_for_a_user_who_has_none(sieving_dovecot: Dovecot) -> None:
    user = sieving_dovecot.add_user("plain")
    hand_over(sieving_dovecot, user, mail(FIRST), mail(FIRST), mail(SECOND), mail(), mail())
    assert sieving_dovecot.count(user) == 4


def test_before_every_script_a_personal_script_still_runs(sieving_dovecot: Dovecot) -> None:
    user = sieving_dovecot.add_user("choosy")
    sieving_dovecot.sieve(user, 'if header :contains "Subject" "unwanted" { discard; }')
    hand_over(sieving_dovecot, user, mail(FIRST, subject="unwanted"), mail(SECOND), mail(SECOND))
    assert sieving_dovecot.count(user) == 1


def test_without_the_setting_pigeonhole_remembers_a_shorter_time_and_says_so(
    dovecot: Dovecot, tmp_path: Path
) -> None:
    script = tmp_path / ONCE.name
    script.write_bytes(ONCE.read_bytes())
    assert "value '172800' is over the maximum" in compiled(dovecot, script)


def test_installed_twice_it_loses_nothing_and_recognises_nothing(sieving_dovecot: Dovecot) -> None:
    user = sieving_dovecot.add_user("twice")
    sieving_dovecot.sieve(user, ONCE.read_text(encoding="ascii"))
    hand_over(sieving_dovecot, user, mail(FIRST), mail(FIRST))
    assert sieving_dovecot.count(user) == 2
