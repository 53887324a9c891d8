import warnings
from itertools import islice
from pathlib import Path

import pytest

from fuzz.row import check, found_inputs, inputs, own_seeds


def test_mutated_mails_give_a_row_within_bounds_or_defects_in_it() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for made in islice(inputs(own_seeds(), seed=1), 300):
            check(made)


@pytest.mark.parametrize("path", found_inputs(), ids=lambda path: path.stem)
def test_what_once_broke_the_invariant_does_not_any_more(path: Path) -> None:
    check(path.read_bytes())


def test_the_same_seed_makes_the_same_inputs() -> None:
    seeds = own_seeds()
    assert list(islice(inputs(seeds, seed=7), 20)) == list(islice(inputs(seeds, seed=7), 20))
