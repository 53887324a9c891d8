import pytest

from seawall.collect.plan import BATCH_MAILS, BATCH_OCTETS, batches, plan, worse
from seawall.collect.schedule import MAX_BACK_OFF, next_delay
from seawall.model.mail import Listed


@pytest.mark.parametrize(
    ("failures", "login_delay", "expected"),
    [(0, 0.0, 300.0), (1, 0.0, 600.0), (3, 0.0, 2400.0), (50, 0.0, MAX_BACK_OFF), (0, 900.0, 900.0)],
)
def test_each_failure_doubles_the_wait_and_the_servers_wish_is_honoured(
    failures: int, login_delay: float, expected: float
) -> None:
    assert next_delay(300.0, failures, login_delay, 0.5) == expected


def test_chance_spreads_the_accounts_and_no_wait_is_shorter_than_a_rare_poll() -> None:
    assert next_delay(300.0, 0, 0.0, 0.0) < 300.0 < next_delay(300.0, 0, 0.0, 1.0)
    assert next_delay(86400.0, 9, 0.0, 0.5) == 86400.0


def mail(number: int, octets: int | None = 100) -> Listed:
    return Listed(number=number, uidl=b"%d" % number, octets=octets)


def test_batches_are_bounded_in_mails_and_octets_and_lose_none() -> None:
    small = [mail(n) for n in range(1, 2 * BATCH_MAILS + 2)]
    assert [len(batch) for batch in batches(small)] == [BATCH_MAILS, BATCH_MAILS, 1]
    large = [mail(1, BATCH_OCTETS * 5), mail(2), mail(3, BATCH_OCTETS), mail(4, None)]
    assert [[listed.number for listed in batch] for batch in batches(large)] == [[1], [2], [3], [4]]


def test_a_mail_that_failed_is_fetched_alone_and_ever_more_rarely() -> None:
    first = worse(None, mail(1), "why", 1000.0, at_once=True)
    assert first.retry_at == 1000.0
    waits = []
    trouble = first
    for _ in range(12):
        trouble = worse(trouble, mail(1), "why", 1000.0, at_once=True)
        waits.append(trouble.retry_at - 1000.0)
    assert waits == sorted(waits)
    assert waits[0] == 600.0
    assert waits[-1] == 86400.0


def test_a_plan_sorts_by_what_is_to_be_done_now() -> None:
    mails = [mail(1), mail(2), mail(3), mail(4, 999)]
    due = worse(None, mails[1], "why", 1000.0, at_once=True)
    later = worse(None, mails[2], "why", 1000.0)
    found = plan(mails, {b"2": due, b"3": later}, max_octets=500, now=1000.0)
    numbers = [
        [m.number for m in part] for part in (found.healthy, found.suspects, found.waiting, found.too_large)
    ]
    assert numbers == [[1], [2], [3], [4]]
