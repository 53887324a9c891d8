from pathlib import Path

import pytest

from seawall.config import guarding
from seawall.config.template import TEMPLATE
from seawall.model.account import MaildirDestination
from seawall.model.guard import DEFAULT_ACTIONS, Action, Guard
from seawall.model.verdict import Reason
from seawall.toml.section import keys_of
from unit.config.good import GOOD, loaded, told, with_line


def guard_with(directory: Path, *lines: str) -> Guard:
    return loaded(directory, with_line("account", "\n".join(("[guard]", *lines)))).settings.site.guard


def test_a_configuration_without_a_guard_section_has_the_guards_defaults(tmp_path: Path) -> None:
    assert loaded(tmp_path, GOOD).settings.site.guard == Guard()


def test_the_templates_lines_are_the_defaults(tmp_path: Path) -> None:
    _, _, lines = TEMPLATE.partition("# [guard]")
    uncommented = [line.removeprefix("# ") for line in lines.splitlines()[1:]]
    assert guard_with(tmp_path, *uncommented) == Guard()
    written = {line.partition("=")[0].strip() for line in uncommented}
    assert written == keys_of(guarding.Guard).keys()


def test_every_threshold_can_be_chosen(tmp_path: Path) -> None:
    assert guard_with(
        tmp_path,
        "storm_copies = 7",
        "storm_origins = 2",
        "bounces = 9",
        "repliers = 3",
        "own_marks = 1",
        'quiet = "2h"',
        'window = "30d"',
        "window_mails = 1000",
        'held_max = "1 MB"',
    ) == Guard(
        storm_copies=7,
        storm_origins=2,
        bounces=9,
        repliers=3,
        own_marks=1,
        quiet=7200.0,
        window=30 * 86400.0,
        window_mails=1000,
        held_max=10**6,
    )


@pytest.mark.parametrize("reason", DEFAULT_ACTIONS)
@pytest.mark.parametrize("action", Action)
def test_each_reason_has_its_code_as_the_key_of_its_action(
    tmp_path: Path, reason: Reason, action: Action
) -> None:
    found = guard_with(tmp_path, f'{reason.value} = "{action.value}"')
    assert found.actions == {**DEFAULT_ACTIONS, reason: action}


def test_where_all_own_mail_passes_is_a_list_of_domains_in_a_labels(tmp_path: Path) -> None:
    text = with_line("local", 'sent_by = ["Mail.example.org.", "bücher.example"]')
    assert loaded(tmp_path, text).settings.site.guard.sent_by == ("mail.example.org", "xn--bcher-kva.example")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("storm_copies = 1", "must be greater than or equal to 2"),
        ("storm_copies = 10001", "must be less than or equal to 10000"),
        ("storm_origins = 1", "must be greater than or equal to 2"),
        ("bounces = 0", "must be greater than or equal to 2"),
        ("repliers = true", "must be a whole number"),
        ("own_marks = 0", "must be greater than or equal to 1"),
        ('quiet = "59s"', 'must be from "1m" to "365d"'),
        ("quiet = 86400", 'must be a duration such as "30s", "5m", "12h", "7d" or "2w"'),
        ('window = "23h"', 'must be from "1d" to "3650d": copies are counted within a day'),
        ("window_mails = 10", "must be greater than or equal to 1000"),
        ('held_max = "1 KB"', "must be greater than or equal to 1000000"),
        ('duplicate = "drop"', 'must be "deliver", "file" or "hold"'),
        ("storm = 1", 'must be "deliver", "file" or "hold"'),
        ('bounce_flood = "hold"', "is not a known key; did you mean bounce-flood?"),
        ('no-envelope = "deliver"', "is not a known key; known here:"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_key(tmp_path: Path, line: str, message: str) -> None:
    (found,) = told(tmp_path, with_line("account", f"[guard]\n{line}"))
    assert found.startswith(f"17: guard.{line.partition(' ')[0]}: {message}")


def test_the_digest_goes_where_the_first_accounts_mail_goes_or_where_it_is_told_to(tmp_path: Path) -> None:
    site = loaded(tmp_path, GOOD).settings.site
    assert site.digest == MaildirDestination(name="main", path=str(tmp_path / "{user}"))
    other = '[destination.other]\nkind = "maildir"\npath = "digests"'
    text = with_line("local", f'digest_destination = "other"\n{other}')
    found = loaded(tmp_path, text)
    assert found.settings.site.digest == MaildirDestination(name="other", path=str(tmp_path / "digests"))
    assert found.origins["destination.other.path"].value == str(tmp_path / "digests")
    assert found.origins["local.digest_destination"].line == 5
    assert loaded(tmp_path, with_line("local", "digest = false")).settings.site.digest is None


def test_a_digest_to_a_destination_that_is_none_is_told(tmp_path: Path) -> None:
    (found,) = told(tmp_path, with_line("local", 'digest_destination = "mian"'))
    assert found == "5: local.digest_destination: is none of them: there are main"


def test_config_show_tells_the_guard_in_force(tmp_path: Path) -> None:
    found = loaded(tmp_path, with_line("account", '[guard]\nquiet = "2h"\nduplicate = "deliver"')).origins
    assert (found["guard.quiet"].value, found["guard.quiet"].line) == ("2h", 17)
    assert (found["guard.duplicate"].value, found["guard.duplicate"].line) == ("deliver", 18)
    assert (found["guard.own-mark"].value, found["guard.own-mark"].line) == ("hold", None)
    assert found["local.digest_destination"].value == "main"
