"""What a server runs fits its date, and what grows on it grows unevenly and never back."""

from datetime import UTC, datetime
from itertools import pairwise
from random import Random

import pytest

from seawall.lab.writer import releases
from seawall.lab.writer.clock import UNIVERSAL
from seawall.lab.writer.gmail_ids import identity, passed
from seawall.lab.writer.queue_ids import domino, postfix_short, process, proofpoint_days, serial, used
from seawall.lab.writer.releases import branch, online, running
from seawall.lab.writer.style import Host

TABLES = [
    releases.EXIM,
    releases.SENDMAIL,
    releases.DOMINO,
    releases.PROOFPOINT,
    *releases.EXCHANGE,
    *releases.SMTPSVC,
]


def host(nature: int) -> Host:
    return Host(
        name="mx.orion.test",
        domain="orion.test",
        style="exim",
        address="192.0.2.1",
        helo="mx.orion.test",
        reverse="",
        zone=UNIVERSAL,
        skew=0.0,
        nature=nature,
    )


@pytest.mark.parametrize("table", TABLES)
def test_no_server_runs_what_is_not_out_and_none_goes_back(table: releases.Releases) -> None:
    order = [version for _, version in table]
    assert [month for month, _ in table] == sorted(month for month, _ in table)
    for nature in range(40):
        months = [datetime(year, month, 28, tzinfo=UTC) for year in range(2003, 2026) for month in (1, 7)]
        seen = [order.index(running(host(nature), at, table)) for at in months]
        assert seen == sorted(seen)
        for at, place in zip(months, seen, strict=True):
            assert table[place][0] <= at.year * 100 + at.month or place == 0


def test_a_branch_of_exchange_is_one_that_was_out_in_its_year() -> None:
    for year in range(2008, 2026):
        at = datetime(year, 6, 1, tzinfo=UTC)
        for nature in range(60):
            assert branch(host(nature), at, releases.EXCHANGE)[0][0] <= year * 100 + 6


def test_builds_of_exchange_online_are_near_those_that_real_mails_show_on_their_day() -> None:
    """Of days that are not in the table."""
    real = {"2018-06-19": 863, "2019-04-17": 1771, "2024-06-07": 7633}
    for day, build in real.items():
        at = datetime.fromisoformat(day).replace(tzinfo=UTC)
        _, series, written, _ = online(at, weeks_late=0).split(".")
        assert series == "20"
        assert abs(int(written) - build) < 60


@pytest.mark.parametrize("count", [serial, used])
def test_what_is_counted_never_goes_back_and_does_not_grow_evenly(count: object) -> None:
    assert callable(count)
    for nature in range(30):
        seen = [count(1_200_000_000 + hour * 3600.0, nature) for hour in range(300)]
        steps = [later - earlier for earlier, later in pairwise(seen)]
        assert min(steps) >= 0
        assert len(set(steps)) > 1


def test_numbers_of_processes_stay_below_what_a_system_of_that_year_counts_to() -> None:
    old, new = (
        [process(at + nature, nature * 7919) for nature in range(3000)]
        for at in (1_100_000_000, 1_700_000_000)
    )
    assert max(old) < 99_999
    assert 99_999 < max(new) < 4_194_304


def test_dominos_count_is_of_a_busy_server_at_most() -> None:
    at = datetime(2008, 6, 24, 9, 0, tzinfo=UTC)
    for nature in range(300):
        number = int(domino(at, nature).partition("-")[2])
        assert 0 < number < 1_000_000


def test_postfixs_short_ids_have_many_lengths() -> None:
    draw = Random(1)
    lengths = {len(postfix_short(1_500_000_000.123, nature, draw)) for nature in range(200)}
    assert lengths >= {8, 9, 10, 11, 12}


def test_proofpoints_ids_begin_as_real_ones_of_their_day() -> None:
    for day, begin in {"2022-05-03": "3ft", "2023-05-16": "3qm", "2024-04-16": "3xh"}.items():
        at = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
        digits = "0123456789abcdefghjkmnpqrstvwxyz"
        near = [digits.index(word[1]) * 32 + digits.index(word[2]) for word in (proofpoint_days(at), begin)]
        assert proofpoint_days(at)[0] == "3"
        assert abs(near[0] - near[1]) <= 8


def test_gmails_ids_tell_the_place_that_their_servers_address_tells() -> None:
    draw = Random(2)
    for year in (2009, 2013, 2016, 2019, 2022):
        at = datetime(year, 3, 1, tzinfo=UTC)
        for _ in range(50):
            machine = passed(at, draw)
            assert machine.address.startswith("10." if year < 2018 else "2002:a")
            assert identity("mr", at, machine, draw).endswith(machine.place + machine.letter)
