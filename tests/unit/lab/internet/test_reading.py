"""A scenario's file: what is wrong with it is told with file, line, key and the nearest key."""

from pathlib import Path

import pytest

from seawall.errors import Misconfigured
from seawall.lab.internet.reading import find, load, shipped
from seawall.lab.internet.report import addressees
from unit.lab.internet.staging import LETTER, SENDER, crowd, written


@pytest.mark.parametrize("name", shipped())
def test_each_scenario_that_comes_with_seawall_is_right(name: str) -> None:
    scenario = find(name)
    assert scenario.name == name
    assert scenario.about


def test_the_storm_of_the_issue_has_forty_seven_addressees() -> None:
    assert {
        addressees(find(name)) for name in ("two-unpatched", "one-patched", "both-patched", "receiver")
    } == {47}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("speeed = 3\n", "2: speeed: is not a known key; did you mean speed?"),
        (SENDER + 'conector = "none"\n', "6: organisation[0].conector: is not a known key; did you mean connector?"),
        (SENDER + 'connector = "exchange"\n', "6: organisation[0].connector: is none of them: there are none, unpatched"),
        (SENDER + 'connector = "seawall"\nway = "uucp"\n', "organisation[0].way: is none for a single mailbox"),
        (SENDER + 'way = "lmtp"\n', "organisation[0].way: is for a connector that has a profile"),
        (SENDER + "count = 3\n", "organisation[0].domain: has {n} in it where count is over 1"),
        (SENDER + SENDER, "8: organisation[1].domain: sailing.test is another organisation's already"),
        (SENDER + '[[habit]]\nuser = "x@sailing.test"\ndoes = "full"\n', "habit[0].user: x@sailing.test is nobody"),
        (SENDER + '[[habit]]\nuser = "secretary@sailing.test"\ndoes = "forward"\n', "habit[0].to: belongs to"),
        (SENDER + '[[list]]\naddress = "crew@sailing.test"\n', "list[0].address: needs a domain"),
        (SENDER + '[[mail]]\nfrom = "a@elsewhere.test"\n', "mail[0].from: is at no organisation"),
        ("mail = 3\n", "mail: must be written [[mail]]"),
        (SENDER + 'later = [{ at = "soon", connector = "none" }]\n', "organisation[0].later[0].at: must be a duration"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text + ("" if text.startswith("mail") else LETTER))
    with pytest.raises(Misconfigured) as refused:
        load(path)
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"{path}:")


def test_too_many_organisations_are_refused(tmp_path: Path) -> None:
    many = '[[organisation]]\ndomain = "member{n}.example"\ncount = 200\n'
    with pytest.raises(Misconfigured, match="are 201: 200 are the most"):
        load(written(tmp_path, SENDER + many + LETTER))


def test_everybody_is_each_user_but_the_author_once(tmp_path: Path) -> None:
    letter = LETTER + 'to = ["office@member2.example", "*"]\ncc = ["*"]\n'
    (found,) = load(written(tmp_path, SENDER + crowd(2) + letter)).letters
    assert found.to == ("office@member2.example", "office@member1.example")
    assert found.cc == ()


def test_a_name_that_is_none_lists_those_that_there_are() -> None:
    with pytest.raises(Misconfigured, match="no such scenario; there are autoresponders, both-patched"):
        find("storm")
