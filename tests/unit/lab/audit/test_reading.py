"""What a case.toml means, and what is wrong with one, by file, line and key."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.errors import Misconfigured
from seawall.lab.audit.case import Arrive, Case, NextHop, Poll, Rebuild
from seawall.lab.audit.octets import MOST_OCTETS, Part, Room, joined, octets
from seawall.lab.audit.reading import find, load
from seawall.lab.behaviour import Endless

HEAD = 'title = "a title"\nabout = "about it"\n'


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Case]:
    """What a case.toml with these lines below its title means."""

    def read(lines: str) -> Case:
        path = tmp_path / "group" / "name" / "case.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEAD + lines, encoding="utf-8")
        return load(path)

    return read


def told(written: Callable[[str], Case], lines: str, root: Path) -> list[str]:
    """Each mistake, as LINE: KEY: SENTENCE."""
    with pytest.raises(Misconfigured) as refused:
        written(lines)
    path = f"{root / 'group' / 'name' / 'case.toml'}:"
    mistakes = str(refused.value).splitlines()
    assert all(mistake.startswith(path) for mistake in mistakes)
    return [mistake.removeprefix(path) for mistake in mistakes]


ALL_MAILS = "one, two, three, four, sixty, storm, for-alice, for-bob, for-carol"


@pytest.mark.parametrize(
    ("lines", "mistakes"),
    [
        ('titel = "x"', ["3: titel: is not a known key; did you mean title?"]),
        ('box = ["tow"]', [f"3: box: 'tow' is none of the mails: there are {ALL_MAILS}"]),
        (
            '[[steps]]\ndo = "arrive"\nmails = ["six"]',
            [f"5: steps[0].mails: 'six' is none of the mails: there are {ALL_MAILS}"],
        ),
        ('[[steps]]\ndo = "arrive"', ["3: steps[0]: the step arrive needs mails"]),
        (
            '[[steps]]\ndo = "poll"\nmails = ["one"]',
            ["3: steps[0]: mails belong to the steps arrive and rebuild"],
        ),
        (
            '[[steps]]\ndo = "next-hop"',
            ["3: steps[0]: next_hop belongs to the step next-hop, and it needs it"],
        ),
        ('[[steps]]\ndo = "restore"\nkilled_after = 1', ["3: steps[0]: only a poll can be killed"]),
        ("steps = []", ["3: steps: must not be empty"]),
        (
            '[[steps]]\ndo = "pol"',
            [
                (
                    "4: steps[0].do: must be 'poll', 'arrive', 'next-hop', 'new-uidls', 'rotate-uidls', 'rebuild', "
                    "'restore' or 'come-back'"
                )
            ],
        ),
        ("[mails.two]", ["3: mails.two: must have one of octets, lines, file and parts"]),
        ('[mails.tow]\nlines = "x"', ["3: mails.tow: never comes into the box"]),
        (
            '[mails.two]\noctets = "\N{EURO SIGN}"',
            ["4: mails.two.octets: U+20AC is no octet: write its octets, such as \\u00e9"],
        ),
        (
            '[mails.two]\nlines = "x"\nrecipients = ["dave"]',
            [
                (
                    "3: mails.two: dave@example.org is none of the mailboxes alice@example.org, bob@example.org, "
                    "carol@example.org"
                )
            ],
        ),
        ('[mails.two]\nlines = "x"\nrecipients = []', ["5: mails.two.recipients: must not be empty"]),
        (
            '[mails.two]\nparts = [{ text = "hed" }]',
            ["3: mails.two: 'hed' is none of the texts: there are head, forged, regatta"],
        ),
        (
            '[mails.two]\nparts = [{ octets = "x", lines = "y" }]',
            ["4: mails.two.parts[0]: must have one of octets, lines and text"],
        ),
        ('[mails.two]\nparts = [{ octet = "x" }]', ["4: mails.two.parts[0].octet: is not a known key"]),
        (
            '[mails.two]\nlines = "x"\ntimes = 1001',
            ["5: mails.two.times: must be less than or equal to 1000"],
        ),
        (
            '[server.replies]\n"RETR to" = "x"',
            ["4: server.replies.\"RETR to\": 'to' is no mail of the box: there are one, two, three"],
        ),
        (
            '[server.replies]\nretr = "x"',
            [
                (
                    "4: server.replies.retr: 'retr' is no command: there are GREETING, CAPA, STLS, USER, PASS, APOP, "
                    "AUTH, STAT, LIST, UIDL, TOP, RETR, DELE, RSET, NOOP, QUIT"
                )
            ],
        ),
        (
            "[server.replies]\nLIST = 5",
            [
                "4: server.replies.LIST: must be octets in quotes, a list of parts, or a table with head and again"
            ],
        ),
        ('[server.replies]\nLIST = { head = "x" }', ["4: server.replies.LIST.again: is missing"]),
        (
            '[server.before]\nLIST = { head = "x", again = "y" }',
            ["4: server.before.LIST: must be octets in quotes, or a list of parts"],
        ),
        (
            '[server.replies]\nLIST = [{ text = "head" }]',
            ["4: server.replies.LIST: 'head' is none of the texts: there are none"],
        ),
        ('[server]\nunlisted = ["LIST"]', ["4: server.unlisted[0]: needs a mail: LIST NAME"]),
        (
            '[[server.stops]]\nat = "RETR to"',
            ["4: server.stops[0].at: 'to' is no mail of the box: there are one, two, three"],
        ),
        ('[[server.stops]]\nending = "crash"', ["4: server.stops[0].ending: must be 'drop' or 'hang'"]),
        ("[server.pace]\nmilliseconds = 5", ["3: server.pace.octets: is missing"]),
        (
            '[next_hop.answers]\nrcpt = "550 no"',
            [
                (
                    "4: next_hop.answers.rcpt: 'rcpt' is nothing that is answered: there are GREETING, HELO, EHLO, "
                    "LHLO, MAIL, RCPT, DATA, CONTENT, RSET, NOOP, QUIT"
                )
            ],
        ),
        (
            "[next_hop.answers]\nRCPT = 550",
            ["4: next_hop.answers.RCPT: must be octets in quotes, or a list of them"],
        ),
        (
            '[then]\narrives = ["four"]\ncopies = { nine = 1 }\nunfit = ["x"]',
            [
                "4: then.arrives: 'four' is not in the box: there are one, two, three",
                "5: then.copies: 'nine' is not in the box: there are one, two, three",
                "6: then.unfit: 'x' is not in the box: there are one, two, three",
            ],
        ),
        (
            '[then]\nmemory = "lots"',
            ['4: then.memory: must be a size such as "50 MB", "1 GB", "200 MiB" or "1024"'],
        ),
        ('deliver = ["imap"]', ["3: deliver[0]: must be 'maildir', 'smtp' or 'lmtp'"]),
    ],
)
def test_a_mistake_is_told_by_file_line_and_key(
    lines: str, mistakes: list[str], written: Callable[[str], Case], tmp_path: Path
) -> None:
    assert told(written, lines, tmp_path) == mistakes


@pytest.mark.parametrize("name", ["../one/case.toml", "/etc/passwd", "..", ".hidden", "a/b", "", "a\\u0000b"])
def test_a_file_elsewhere_cannot_be_named(name: str, written: Callable[[str], Case], tmp_path: Path) -> None:
    assert told(written, f'[mails.two]\nfile = "{name}"', tmp_path) == [
        "4: mails.two.file: must be the name of a file beside case.toml: letters, digits, . _ -"
    ]


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("/etc/hostname"), os.mkfifo, Path.mkdir])
def test_what_is_no_plain_file_is_not_read(
    make: Callable[[Path], None], written: Callable[[str], Case], tmp_path: Path
) -> None:
    written("")
    make(tmp_path / "group" / "name" / "mail.eml")
    assert told(written, '[mails.two]\nfile = "mail.eml"', tmp_path) == [
        "3: mails.two: mail.eml is no plain file"
    ]


def test_a_file_beside_it_is_the_mail_as_it_is(written: Callable[[str], Case], tmp_path: Path) -> None:
    written("")
    raw = b"Subject: two\r\n\r\n\xff\n.\r\0"
    (tmp_path / "group" / "name" / "mail.eml").write_bytes(raw)
    assert written('[mails.two]\nfile = "mail.eml"').mails["two"].octets == raw


@pytest.mark.parametrize(
    "lines",
    [
        '[mails.two]\nparts = [{ octets = "xxxx", times = 10_000_000 }]',
        '[mails.two]\nparts = [{ octets = "%d", times = 10_000_000 }]',
        '[mails.two]\ntimes = 1000\nparts = [{ octets = "x", times = 100_000 }]',
        (
            'box = ["two", "five"]\nmails.two.parts = [{ octets = "xx", times = 9_000_000 }]\n'
            'mails.five.parts = [{ octets = "xx", times = 9_000_000 }]'
        ),
        '[server]\nreplies.LIST = [{ octets = "xxxx", times = 10_000_000 }]',
        "[server]\n"
        + "\n".join(
            f'{where}.{verb} = [{{ octets = "x", times = 9_000_000 }}]'
            for where in ("before", "behind")
            for verb in ("LIST", "STAT")
        ),
    ],
)
def test_a_few_lines_cannot_grow_over_the_bound(
    lines: str, written: Callable[[str], Case], tmp_path: Path
) -> None:
    (mistake,) = told(written, lines, tmp_path)
    assert mistake.endswith(f": brings the case over {MOST_OCTETS} octets")


def test_many_repeats_below_the_bound_are_made() -> None:
    assert joined((Part(octets="x", times=10_000_000),), {}, Room()) == b"x" * 10_000_000


@given(st.binary(), st.integers(1, 300))
def test_the_room_that_is_taken_is_what_the_parts_have(piece: bytes, times: int) -> None:
    parts = (
        Part(octets=piece.decode("latin-1") + "%d", times=times),
        Part(lines="caf\N{LATIN SMALL LETTER E WITH ACUTE}\n"),
    )
    whole = joined(parts, {}, Room())
    assert joined(parts, {}, Room(len(whole))) == whole
    with pytest.raises(ValueError, match="octets"):
        joined(parts, {}, Room(len(whole) - 1))


@given(st.binary())
def test_octets_as_a_person_writes_them_are_the_same_again(raw: bytes) -> None:
    assert octets(raw.decode("latin-1")) == raw


def test_octets_of_a_case_are_the_same_again(written: Callable[[str], Case]) -> None:
    every = "".join(f"\\u{number:04x}" for number in range(256))
    case = written(f'mails.two.octets = "{every}"\nserver.replies.LIST = "{every}"')
    assert case.mails["two"].octets == bytes(range(256)) == case.server.replies["LIST", None]


def test_lines_are_text_with_crlf_and_a_mail_of_several_is_numbered(written: Callable[[str], Case]) -> None:
    case = written(
        'box = ["one", "few"]\nthen.copies.few = 2\nserver.sizes.few-2 = "5"\n'
        '[mails.few]\ntimes = 2\nrecipients = ["bob"]\nlines = "Subject: %d\\n\\ncaf\\u00e9\\n"'
    )
    assert case.box == case.then.arrives == ("one", "few-1", "few-2")
    assert case.mails["few-2"].octets == b"Subject: 2\r\n\r\ncaf\xc3\xa9\r\n"
    assert case.mails["few-1"].recipients == ("bob@example.org",)
    assert case.then.copies == {"few-1": 2, "few-2": 2}
    assert case.server.sizes == {3: b"5"}


def test_steps_come_as_often_as_they_are_written(written: Callable[[str], Case]) -> None:
    case = written(
        'steps = [{ do = "poll", killed_after = 2 }, { do = "arrive", mails = ["four"] }, { do = "rebuild" },\n'
        '  { do = "next-hop", next_hop = { answers.RCPT = ["450 wait", ""], offers = [] } }, { do = "poll", times = 2 }]'
    )
    first, arrive, rebuild, hop, *polls = case.steps
    assert first == Poll(killed_after=2)
    assert arrive == Arrive(mails=("four",))
    assert rebuild == Rebuild()
    assert isinstance(hop, NextHop)
    assert (hop.manners.answers, hop.manners.offers) == ({"RCPT": (b"450 wait", b"")}, ())
    assert polls == [Poll(), Poll()]
    assert case.then.arrives == ("one", "two", "three", "four")


def test_a_mails_own_name_takes_the_place_of_the_common_one(written: Callable[[str], Case]) -> None:
    case = written(
        '[mails.two]\nlines = "Subject: mine\\n"\n[server.replies."RETR two"]\nhead = ""\nagain = "x"'
    )
    assert case.mails["two"].octets == b"Subject: mine\r\n"
    assert case.server.replies["RETR", 2] == Endless(head=b"", again=b"x")


def test_a_case_has_its_directorys_name_and_each_mistake_in_all_is_told(tmp_path: Path) -> None:
    for name, lines in {"mails/good": "", "mails/wrong": "x = 1", "server/wrong-too": "y = 1"}.items():
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "case.toml").write_text(HEAD + lines, encoding="utf-8")
    with pytest.raises(Misconfigured) as refused:
        find(tmp_path)
    assert re.findall(r"(\w+/[\w-]+)/case.toml:3: (\w)", str(refused.value)) == [
        ("mails/wrong", "x"),
        ("server/wrong-too", "y"),
    ]
    case = load(tmp_path / "mails" / "good" / "case.toml")
    assert (case.group, case.name) == ("mails", "good")


def test_a_directory_without_cases_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"holds no case\.toml"):
        find(tmp_path)
