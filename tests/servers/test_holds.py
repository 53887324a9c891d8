"""What is set aside of real mail: the ordinary sets through a real Dovecot, as if all of it were one mailbox's.

Each mail named here was read by hand (docs/holds.md). A mail is named by the number that its file's name begins with.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from seawall.model.guard import Action
from servers.dovecot import Dovecot

BENCH: Final = str(Path(__file__).resolve().parents[2] / "bench")

sys.path.append(BENCH)
import holds  # noqa: E402 -- bench/ leaves the path again: tests/crash and bench/crash.py have one name

sys.path.remove(BENCH)

STORM: Final = "storm-sbs-pop3connector-lexbox-2005"

RESENDS: Final[Mapping[str, str]] = {
    "list-alsa-devel": "83 85 87-88 91 93 99 103 110 120 122 140 142 144 148 150 152-153 156 159 164 168 170",
    "list-linux-f2fs-devel": (
        "1 3 5 7 10 12-13 15 18 20-21 23 26 28 30 32 34 36 38 40 46 48-78 80-84 86-88 90-104 107-109 111-112 "
        "114-115 117 120-123 125-129 131-138 140-146 148-149 151-152 154-167 169-170 172-173 175-180 182-183 "
        "186-187 189-193 195 197 199"
    ),
    "list-linux-mips": "8-9 12 74 78 80-89 91-106",
    "sa-public-corpus": "",
}
"""Filed as `duplicate`: a server sent the very same mail again."""
STORM_COPIES: Final = {(STORM, 2, "replicated"), (STORM, 4, "replicated")}
pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not holds.sets(), reason="the corpus of real mail is not beside this checkout"),
]


def numbers(ranges: str) -> set[int]:
    found: set[int] = set()
    for part in ranges.split():
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def right(*names: str) -> set[tuple[str, int, str]]:
    return {(name, number, "duplicate") for name in names for number in numbers(RESENDS[name])}


def aside(outcome: holds.Outcome) -> set[tuple[str, int, str]]:
    return {(one.sample.set_name, int(one.sample.name[:5]), one.reason.value) for one in outcome.aside}


@pytest.mark.parametrize("name", ["list-alsa-devel", "list-linux-f2fs-devel", "list-linux-mips"])
def test_of_a_list_only_what_a_server_sent_again_is_set_aside(
    name: str, dovecot: Dovecot, tmp_path: Path
) -> None:
    outcome = holds.collect(dovecot, tmp_path / "box", name, holds.samples(name), is_at_once=True)
    assert aside(outcome) == right(name)
    assert all(one.action is Action.FILE for one in outcome.aside if one.reason.value == "duplicate")


def test_of_all_ordinary_mail_in_one_mailbox_only_re_sends_and_the_storm_are_set_aside(
    dovecot: Dovecot, tmp_path: Path
) -> None:
    """As it came, so that every rule of rate may fire."""
    mails = [mail for name in (*RESENDS, STORM) for mail in holds.samples(name)]
    outcome = holds.collect(dovecot, tmp_path / "box", holds.ALL, mails, is_at_once=False, a_poll=400)
    found = aside(outcome)
    assert found == right(*RESENDS) | STORM_COPIES
    assert not outcome.otherwise
    assert outcome.delivered == len(mails) - len(found)


@pytest.mark.parametrize("is_at_once", [True, False], ids=["at once", "as it came"])
def test_the_copies_of_the_storm_of_2005_are_held_and_their_originals_delivered(
    is_at_once: bool, dovecot: Dovecot, tmp_path: Path
) -> None:
    outcome = holds.collect(dovecot, tmp_path / "box", STORM, holds.samples(STORM), is_at_once=is_at_once)
    assert aside(outcome) == STORM_COPIES
    assert all(one.action is Action.HOLD for one in outcome.aside)
    originals = [[int(copy.name[:5]) for copy in one.copies] for one in outcome.aside]
    assert originals == [[1], [3]]
    assert outcome.delivered == 2
