"""The goals are computed from the rows, and a void row meets none."""

from alone import Alone
from goals import Goal, goals
from peers import BARE_LOOPS, COLLECTORS, RAW, Collector
from rows import Row, Run
from works import WORKS, Work, quick

EVERYBODY = {one.name: one for one in (RAW, *BARE_LOOPS, *COLLECTORS)}
NEAR, FAR = WORKS[0], WORKS[3]
ALONE = Alone(idle_kib=60_000, idle_peak_kib=61_000, help_seconds=0.12)


def row(work: Work, name: str, *seconds: float, wrong: str = "") -> Row:
    made = Row(work=work, collector=EVERYBODY[name])
    for wall in seconds:
        made.add(Run(wall_seconds=wall, cpu_seconds=1.0, peak_kib=70_240, wrong=wrong))
    return made


def goal(found: list[Goal], words: str) -> Goal:
    return next(one for one in found if words in one.words)


def test_a_goal_compares_medians() -> None:
    rows = [row(NEAR, "seawall", 9.0, 3.0, 3.2), row(NEAR, "mpop", 5.0), row(NEAR, "fetchmail", 22.0)]
    found = goals(rows, ALONE)
    assert goal(found, "the time of mpop").line() == (
        "| 10,000 x 4 KB: seawall, the time of mpop | <= 0.65 x | 0.64 x | yes |"
    )
    assert goal(found, "faster than fetchmail").is_met is False
    assert goal(found, "memory").line().endswith("| <= 20 MB | 10.00 MB | yes |")


def test_who_waits_for_each_mail_fetches_fewer_and_is_compared_by_the_time_of_one() -> None:
    rows = [row(FAR, "seawall", 4.0), row(FAR, "getmail6", 20.0), row(FAR, "fdm", 40.0)]
    assert [one.title for one in rows] == ["10,000 x 4 KB, 40 ms", *["500 x 4 KB, 40 ms"] * 2]
    assert goal(goals(rows, ALONE), "does not pipeline").measured == 100


def test_what_is_void_or_left_out_is_not_measured() -> None:
    rows = [row(NEAR, "seawall", 3.0), row(NEAR, "mpop", 5.0, wrong="1 cut")]
    found = goals(rows, None)
    assert goal(found, "the time of mpop").line().endswith("| not measured |")
    assert goal(found, "--help").is_met is None


def test_quick_has_fewer_mails_of_each_work() -> None:
    waits: Collector = EVERYBODY["getmail6"]
    for work, quicker in zip(WORKS, quick(WORKS), strict=True):
        assert quicker.count * 5 == work.count
        assert quicker.mails_for(waits) * 5 <= work.mails_for(waits)
