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
        ("start = 9999-12-31T00:00:00Z\n", "2: start: must be from 1602 to 9000"),
        ("start = 0001-01-01T00:00:00+14:00\n", "2: start: must be from 1602 to 9000"),
        ('[[organisation]]\ndomain = "a.test"\nusers = ["a", "a.mbox"]\n', "4: organisation[0].users[1]: must not end in .mbox"),
        ('[[organisation]]\ndomain = "isp.test"\n', "3: organisation[0].domain: isp.test is the ISP's own"),
        ('[[list]]\naddress = "crew@isp.test"\n', "3: list[0].address: needs a domain that neither an organisation nor the ISP"),
        (SENDER + "later = [" + '{ at = "1h", connector = "none" },' * 2 + "]\n", "organisation[0].later[1].at: is when it has"),
        (SENDER + 'later = [{ at = "0s", connector = "none" }]\n', "organisation[0].later[0].at: is when it has"),
        ('[[organisation]]\ndomain = "\u00fc.xn--{n}.test"\ncount = 2\n', "3: organisation[0].domain: "),
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


def test_too_many_lists_for_the_documentation_addresses_are_refused(tmp_path: Path) -> None:
    lists = "".join(f'[[list]]\naddress = "crew@lists{number}.test"\n' for number in range(101))
    with pytest.raises(Misconfigured, match="list: are at 101 domains: 100 are the most"):
        load(written(tmp_path, SENDER + lists + LETTER))


@pytest.mark.parametrize(
    ("domain", "count", "last"),
    [
        ("bücher.test", 1, "xn--bcher-kva.test"),
        ("bücher{n}.test", 2, "xn--bcher2-3ya.test"),
        ("Mail.TEST.", 1, "mail.test"),
    ],
)
def test_a_domain_is_in_a_labels_as_addresses_are(tmp_path: Path, domain: str, count: int, last: str) -> None:
    text = f'[[organisation]]\ndomain = "{domain}"\ncount = {count}\n'
    letter = LETTER + f'to = ["office@{domain.replace("{n}", "2")}"]\n'
    scenario = load(written(tmp_path, SENDER + text + letter))
    assert scenario.organisations[-1].domain == last
    assert scenario.letters[0].to == (scenario.organisations[-1].people[0].address,)


def test_everybody_is_each_user_but_the_author_once(tmp_path: Path) -> None:
    letter = LETTER + 'to = ["office@member2.example", "*"]\ncc = ["*"]\n'
    (found,) = load(written(tmp_path, SENDER + crowd(2) + letter)).letters
    assert found.to == ("office@member2.example", "office@member1.example")
    assert found.cc == ()


def test_a_name_that_is_none_lists_those_that_there_are() -> None:
    with pytest.raises(Misconfigured, match="no such scenario; there are autoresponders, both-patched"):
        find("storm")
