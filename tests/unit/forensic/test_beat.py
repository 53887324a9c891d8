from random import Random

import pytest

from seawall.forensic.beat import CERTAIN, PERIODS, polling_beat


@pytest.mark.parametrize("period", PERIODS)
def test_a_program_that_polls_is_known_by_its_period(period: int) -> None:
    draw = Random(period)
    moments = [1e9 + period * draw.randrange(200) + draw.gauss(0, period / 60) for _ in range(30)]
    found = polling_beat(moments)
    assert found is not None
    assert found.period == period
    assert found.tried == len(PERIODS)
    assert 0 < found.p_value <= CERTAIN


def test_chance_makes_a_beat_of_hardly_any_moments() -> None:
    draw = Random(1)
    found = [polling_beat([draw.uniform(0, 1e6) for _ in range(30)]) for _ in range(1000)]
    assert sum(beat is not None for beat in found) <= 1000 * CERTAIN * 3


def test_too_few_moments_tell_nothing() -> None:
    assert polling_beat([900.0 * number for number in range(7)]) is None
    assert polling_beat([900.0 * number for number in range(8)]) is not None


def test_moments_that_are_never_off_have_the_longest_period_that_fits() -> None:
    found = polling_beat([1e9 + 7 + 3600.0 * number for number in range(100)])
    assert found is not None
    assert (found.period, found.p_value > 0) == (3600, True)
