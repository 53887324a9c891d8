from pathlib import Path

import pytest

from unit.config.good import GOOD, told, with_line


def test_an_empty_file_names_what_is_missing(tmp_path: Path) -> None:
    assert [line.partition(": is missing")[0] for line in told(tmp_path, "")] == [
        "1: account",
        "1: destination",
        "1: local",
    ]


def test_a_name_is_used_once(tmp_path: Path) -> None:
    account = GOOD[GOOD.index("[[account]]") :]
    assert told(tmp_path, GOOD + account) == [
        "18: account.office.name: another account has this name already"
    ]


def test_an_account_must_choose_among_destinations_of_which_none_is_main(tmp_path: Path) -> None:
    other = '[destination.b]\nkind = "maildir"\npath = "b"'
    text = with_line("destination", other).replace("destination.main", "destination.a")
    assert told(tmp_path, text) == ["12: account.office.destination: is missing, and there are a, b"]


def test_names_out_of_the_file_stay_on_one_line_and_few(tmp_path: Path) -> None:
    many = "".join(f'[destination.d{number}]\nkind = "maildir"\npath = "x"\n' for number in range(20))
    text = with_line("destination", f'[destination."a\\nb"]\nkind = "maildir"\npath = "x"\n{many}')
    name, choice = told(tmp_path, text.replace("#account#", 'destination = "mian"'))
    assert name.startswith('9: destination."a�b": a destination\'s name must be')
    assert choice.endswith('is none of them: there are main, "a�b", d0, d1, d2, d3, d4, d5, d6, d7, …')


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        with_line("account", 'every = "1s"\nkeeep = "7d"')
        .replace("#local#", "min_fre = 1")
        .replace('"maildir"', '"imap"')
        .replace("alice@example.org", "alice@gmail.example")
    )
    assert [line.split(": ")[:2] for line in told(tmp_path, text)] == [
        ["5", "local.min_fre"],
        ["7", "destination.main.kind"],
        ["15", "account.office.to"],
        ["16", "account.office.every"],
        ["17", "account.office.keeep"],
    ]


def test_a_flood_of_mistakes_is_cut_short(tmp_path: Path) -> None:
    mistakes = told(tmp_path, with_line("local", "\n".join(f"x{number} = 1" for number in range(20_000))))
    assert len(mistakes) == 51
    assert mistakes[-1] == " and 19950 more"


def test_a_relative_maildir_is_refused_where_the_directory_itself_looks_like_a_placeholder(
    tmp_path: Path,
) -> None:
    directory = tmp_path / "{user}"
    directory.mkdir()
    assert told(directory, GOOD)[0].startswith("8: destination.main.path: must be absolute")


@pytest.mark.parametrize(
    "line",
    [
        'password = "hunter2"',
        'pasword = "hunter2"',
        'password = ["hunter2"]\nevery = "hunter2"',
        'pin = "hunter2"',
        'password_command = ["echo", "hunter2"]',
        'user = "hunter2\\n"',
        'port = "hunter2"',
        "hunter = hunter2",
    ],
)
def test_no_mistake_shows_what_may_be_a_password(tmp_path: Path, line: str) -> None:
    text = GOOD.replace('user = "office"\n', "") if "user" in line else GOOD
    assert not any("hunter2" in mistake for mistake in told(tmp_path, text.replace("#account#", line)))


def test_a_password_in_the_file_is_refused_and_told_where_it_belongs(tmp_path: Path) -> None:
    (mistake,) = told(tmp_path, GOOD.replace("password_file = ", "password = "))
    assert mistake.startswith("14: account.office.password: a password does not belong in this file")
    assert "password_file" in mistake
