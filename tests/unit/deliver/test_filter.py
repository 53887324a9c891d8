import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.deliver import maildir, staging
from seawall.deliver.filter import FilterAnswer, Pass, Refusal, ask
from seawall.deliver.staging import Parcel, Placement
from seawall.errors import Misconfigured, Temporary
from seawall.model.mail import MemoryContent
from unit.deliver.carried import shell

MAIL = MemoryContent(b"List-Id: <people.lists.test>\r\nSubject: hello\r\n\r\nbody\r\n")
LONG = 600.0
PAGE = Path(__file__).parents[3] / "docs" / "filters.md"


async def answer(place: Path, script: str, content: MemoryContent = MAIL) -> FilterAnswer:
    return await ask((shell(place, script),), content, patience=LONG)


async def test_a_filter_sees_the_mail_as_served_with_lf_line_ends(tmp_path: Path) -> None:
    assert await answer(tmp_path, f"cat > {tmp_path}/got") == Pass(None)
    assert (tmp_path / "got").read_bytes() == MAIL.data.replace(b"\r\n", b"\n")


async def test_a_filter_may_choose_a_folder(tmp_path: Path) -> None:
    assert await answer(tmp_path, "echo 'folder: Lists.people'; echo more") == Pass("Lists.people")


async def test_other_words_of_a_filter_that_passes_a_mail_mean_nothing(tmp_path: Path) -> None:
    assert await answer(tmp_path, "echo all is well; echo 'folder: Second line'") == Pass(None)
    assert await answer(tmp_path, "echo 'folder: On stderr' >&2") == Pass(None)


async def test_a_filter_may_refuse_a_mail_and_say_why(tmp_path: Path) -> None:
    assert await answer(tmp_path, "printf 'too \\033[31mred\\n'; exit 99") == Refusal(r"too \x1b[31mred")
    assert await answer(tmp_path, "exit 99") == Refusal(f"the filter {tmp_path}/script gave no reason")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo oops >&2; exit 1", "exit code 1: oops"),
        ("exit 75", "exit code 75"),
        ("exec no-such-program", "exit code 127"),
        ("kill -9 $$", "signal 9"),
    ],
)
async def test_any_other_end_keeps_the_mail_where_it_is(script: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(Temporary, match=why):
        await answer(tmp_path, script)


async def test_a_filter_that_takes_too_long_keeps_the_mail_where_it_is(tmp_path: Path) -> None:
    with pytest.raises(Temporary, match="was killed"):
        await ask((shell(tmp_path, "exec tail -f /dev/null"),), MAIL, patience=0.2)


async def test_a_filter_that_cannot_be_run_is_misconfigured(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be run"):
        await ask((str(tmp_path / "none"),), MAIL, patience=LONG)


BAD_NAMES = ["", ".", "..", ".a", "a.", "a..b", "a/b", "../x", "x" * 65, "Ünï", "a\x1bb", "a\tb"]


@pytest.mark.parametrize("name", BAD_NAMES)
async def test_a_folder_that_cannot_be_keeps_the_mail_where_it_is(name: str, tmp_path: Path) -> None:
    (tmp_path / "name").write_text(f"folder: {name}\n")
    with pytest.raises(Temporary, match="named a folder that cannot be"):
        await answer(tmp_path, f"cat {tmp_path}/name")
    assert not maildir.is_folder(name)
    with pytest.raises(Misconfigured, match="cannot be the name of a folder"):
        maildir.folder("/m", name)


@given(st.text(max_size=70))
def test_no_folder_lies_anywhere_but_right_inside_its_maildir(name: str) -> None:
    if not maildir.is_folder(name):
        return
    path = Path(maildir.folder("/m", name))
    assert path.parent == Path("/m")
    assert path.name == f".{name}"
    assert path.name not in {".", ".."}


def test_a_folder_is_made_once_with_what_maildir_asks_for_and_takes_mail(tmp_path: Path) -> None:
    root = tmp_path / "m"
    staging.make(str(root))
    for _ in range(2):
        path = Path(maildir.make_folder(str(root), "Lists.people"))
    assert path == root / ".Lists.people"
    assert path.stat().st_mode & 0o777 == 0o700
    assert (path / "maildirfolder").read_bytes() == b""
    placement = Placement(directory=str(path), base_name="one")
    assert staging.stage([Parcel(placement=placement, top=b"", content=MAIL)]) == {}
    assert staging.publish([placement]) == {}
    assert (path / "new" / "one").exists()


def test_a_folder_that_is_a_link_to_elsewhere_is_not_used(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "m", tmp_path / "elsewhere"
    staging.make(str(root))
    elsewhere.mkdir()
    (root / ".Work").symlink_to(elsewhere)
    with pytest.raises(Misconfigured):
        maildir.make_folder(str(root), "Work")
    assert list(elsewhere.iterdir()) == []


def test_a_folder_of_a_maildir_that_is_not_there_is_temporary(tmp_path: Path) -> None:
    with pytest.raises(Temporary):
        maildir.make_folder(str(tmp_path / "unmounted"), "Work")


@pytest.mark.parametrize(
    ("mail", "expected"),
    [
        (MAIL.data, Pass("Lists.people")),
        (b"Subject: You have WON\r\n\r\n\r\n", Refusal("nobody here plays the lottery")),
        (b"Subject: dinner\r\n\r\nList-Id: <people.lists.test>\r\n", Pass(None)),
    ],
)
async def test_the_documented_filter_works(mail: bytes, expected: FilterAnswer, tmp_path: Path) -> None:
    found = re.search(r"```python\n#![^\n]*\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    path = tmp_path / "filter"
    path.write_text(f"#!{sys.executable}\n{found[1]}", encoding="utf-8")
    path.chmod(0o700)
    assert await ask((str(path),), MemoryContent(mail), patience=LONG) == expected
