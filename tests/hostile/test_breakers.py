"""A breaker that is open: what stands still meanwhile, who sees it, who closes it."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hostile.connector import PASSWORD, USER, Connector, Lines, configuration
from hostile.guarded import Rules
from seawall.cli.main import exit_code
from seawall.collect import schedule
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running
from seawall.lab.mails import ordinary_mails

WHY = "20 mails of Seawall's own came back within a day"
PROBLEM = f"{WHY}; its mail waits at the server until: seawall resume office"
HOUR = 3600.0


class Told(Lines):
    """A log that can be waited for."""

    _waiting = ("", asyncio.Event())

    async def heard(self, event: str) -> None:
        self._waiting = (event, asyncio.Event())
        await self._waiting[1].wait()

    def warning(self, event: str, **fields: Any) -> None:
        super().warning(event, **fields)
        self._tell(event)

    def info(self, event: str, **fields: Any) -> None:
        super().info(event, **fields)
        self._tell(event)

    def _tell(self, event: str) -> None:
        if self._waiting[0] == event:
            self._waiting[1].set()


@pytest.fixture
def connector(tmp_path: Path) -> Connector:
    return Connector(tmp_path)


@pytest.fixture
def box() -> Box:
    return Box(ordinary_mails(3, 1000))


@pytest.fixture
def isp(box: Box, tmp_path: Path) -> Iterator[ToyIsp]:
    with running(ToyIsp({USER: (PASSWORD, box)})) as found:
        (tmp_path / "seawall.toml").write_text(configuration(found.port))
        yield found


@pytest.fixture
def rules(connector: Connector) -> Iterator[Rules]:
    with Rules(connector.root) as found:
        yield found


def run(connector: Connector, *words: str) -> int:
    return exit_code([*words, "--config", str(connector.root / "seawall.toml")])


def test_an_account_whose_breaker_is_open_is_not_polled_and_says_why(
    connector: Connector, isp: ToyIsp, rules: Rules
) -> None:
    rules.breaks("office", connector.now, WHY)
    report = connector.poll(isp)
    assert (report.problem, report.is_stopped, report.went_well) == (PROBLEM, True, False)
    assert isp.connections == 0


def test_the_alarm_is_raised_once_and_a_line_is_logged_each_time(
    connector: Connector, isp: ToyIsp, rules: Rules
) -> None:
    rules.breaks("office", connector.now, WHY)
    for _ in range(3):
        connector.poll(isp)
    said = [(level, event, fields["problem"]) for level, event, fields in connector.log.lines]
    assert said == [(level, "stopped", PROBLEM) for level in ("error", "warning", "warning")]
    assert rules.account("office").failures == 0


def test_other_accounts_are_polled_as_ever(connector: Connector, isp: ToyIsp, rules: Rules) -> None:
    rules.breaks("office", connector.now, WHY)
    reports = asyncio.run(connector._poll([connector.at(isp), replace(connector.at(isp), name="home")]))
    assert [report.went_well for report in reports] == [False, True]
    assert connector.delivered().total() == 3


def test_run_once_fails_until_a_person_resumes_and_then_the_mail_comes(
    connector: Connector, isp: ToyIsp, rules: Rules, capsys: pytest.CaptureFixture[str]
) -> None:
    rules.breaks("office", connector.now, WHY)
    assert run(connector, "run", "--once") == 1
    assert run(connector, "status") == 1
    assert run(connector, "resume", "office") == 0
    said = capsys.readouterr().out
    assert f"  its breaker is open since 2027-01-15 08:00:00Z: {WHY}\n" in said
    assert "  once the cause is gone: seawall resume office\n" in said
    assert f"office is polled again; its breaker was open since 2027-01-15 08:00:00Z: {WHY}\n" in said
    assert run(connector, "run", "--once") == 0
    assert connector.delivered().total() == 3
    assert run(connector, "status") == 0


def test_a_connector_that_runs_notices_that_a_person_resumed(
    connector: Connector, isp: ToyIsp, rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules.breaks("office", connector.now, WHY)
    connector.log = log = Told()
    monkeypatch.setattr(schedule, "next_delay", lambda *_: 0.02)

    async def work() -> None:
        async with (
            connector.schedule([connector.at(isp)], connector.site) as running_one,
            asyncio.TaskGroup() as group,
        ):
            polls = group.create_task(running_one.forever([connector.at(isp)]))
            await log.heard("stopped")
            assert await asyncio.to_thread(run, connector, "resume", "office") == 0
            await log.heard("polled")
            running_one._stop.set()
            await polls

    asyncio.run(asyncio.wait_for(work(), 30))
    assert connector.delivered().total() == 3


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["ofice"], 2, "there is no account ofice; there are: office"),
        (["office"], 1, "account office has no open breaker"),
        (["--storm", "7"], 1, "there is no storm 7"),
        (["--storm", "1", "--storm", "2"], 1, "the breaker of storm 2 is not open any more"),
        (["--storm", "3"], 1, "the breaker of storm 3 is not open"),
        ([], 2, "name an account, or --storm with its number"),
    ],
)
def test_what_has_no_open_breaker_is_told_and_nothing_is_closed(  # noqa: PLR0917 -- pytest gives them by name
    connector: Connector,
    isp: ToyIsp,
    rules: Rules,
    words: list[str],
    code: int,
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    open_storm = rules.opens_storm()
    rules.opens_storm(closed_at=1_800_000_100.0)
    rules.opens_storm(opened_at=None)
    assert run(connector, "resume", *words) == code
    assert told in capsys.readouterr().err
    assert rules.storm(open_storm).closed_at is None


def test_an_open_storm_is_shown_and_is_no_failure_and_a_person_closes_it(
    connector: Connector, isp: ToyIsp, rules: Rules, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(connector, "run", "--once") == 0
    storm = rules.opens_storm(subject="ev\x1b[2Jil\nstorm 9: forged", last_at=4_000_000_000.0)
    assert run(connector, "status") == 0
    said = capsys.readouterr().out
    assert (
        "storm 1: open since 2027-01-15 08:00:00Z; 4,211 copies from boss@example.net, "
        '"ev\N{REPLACEMENT CHARACTER}[2Jil storm 9: forged"\n'
        "  copies are set aside; closes by itself 2096-10-03 07:06:40Z if no more come, or: "
        "seawall resume --storm 1\n"
    ) in said
    assert run(connector, "status", "--json") == 0
    (shown,) = json.loads(capsys.readouterr().out)["storms"]
    assert (shown["storm"], shown["copies"], shown["opened_at"]) == (1, 4211, 1_800_000_000.0)
    assert run(connector, "resume", "--storm", "1") == 0
    assert capsys.readouterr().out.startswith("storm 1 is delivered again; ")
    assert rules.storm(storm).closed_at is not None


def test_a_storms_breaker_closes_by_itself_after_a_quiet_time_and_not_before(
    connector: Connector, isp: ToyIsp, rules: Rules
) -> None:
    over = rules.opens_storm()
    going_on = rules.opens_storm(last_at=connector.now + 2 * HOUR)
    connector.now += 24 * HOUR
    connector.poll(isp)
    assert rules.storm(over).closed_at == connector.now
    assert rules.storm(going_on).closed_at is None
    closed = [fields for _, event, fields in connector.log.lines if event == "breaker-closed"]
    assert closed == [{"storm": over, "copies": 4211}]
