"""The page as text: nothing in it is loaded, run or let through; how it is written."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from seawall.errors import Misconfigured, SeawallError
from seawall.forensic.report.page import html, write_page
from seawall.model.text import clean
from seawall.model.trace import Bounces, Trace
from unit.forensic.report import sample

RICH = html(sample.trace(), sample.NOW, ("example.org",))
HOSTILE = html(sample.hostile(), sample.NOW, ("example.org",))


class Elements(HTMLParser):
    """Every element with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def test_hostile_text_adds_no_element_and_no_attribute() -> None:
    rich, hostile = Elements(RICH), Elements(HOSTILE)
    assert hostile.tags == rich.tags
    assert {name for name, _ in hostile.attributes} == {name for name, _ in rich.attributes}


def test_the_page_has_no_script_no_handler_no_inline_style_and_links_to_itself_alone() -> None:
    for page in (RICH, HOSTILE):
        found = Elements(page)
        assert not found.tags & {
            "script",
            "img",
            "link",
            "iframe",
            "object",
            "embed",
            "form",
            "base",
            "a:href",
        }
        for name, value in found.attributes:
            assert not name.startswith("on")
            assert name not in {"style", "src", "srcset", "xlink:href", "action"}
            if name == "href":
                assert value.startswith("#")


def test_hostile_text_is_cleaned_of_controls_and_of_what_turns_the_writing_round() -> None:
    for line in HOSTILE.split("\n"):
        assert clean(line) == line
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in HOSTILE
    assert "49" not in re.findall(r"\{\{ ?(.*?) ?\}\}", HOSTILE)


def test_the_policy_allows_the_one_style_block_by_its_digest_and_nothing_else() -> None:
    style = re.search(r"<style>(.*?)</style>", RICH, re.DOTALL)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', RICH)
    assert style
    assert policy
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert policy.group(1).replace("&#39;", "'") == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "unsafe" not in policy.group(1)


def test_every_picture_has_a_title_or_a_label() -> None:
    pictures = re.findall(r"<svg[^>]*>", RICH)
    assert len(pictures) >= 6
    for opening in pictures:
        assert "aria-label" in opening
        labelled = re.search(r'aria-labelledby="([^"]*)"', opening)
        for name in labelled.group(1).split() if labelled else ():
            assert f'id="{name}"' in RICH


def test_headings_step_down_one_at_a_time() -> None:
    levels = [int(level) for level in re.findall(r"<h([1-6])", RICH)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - before <= 1 for before, later in pairwise(levels))


def test_a_page_without_a_storm_says_so_and_has_no_empty_part() -> None:
    page = html(Trace(mails=5, octets=1, sources=1, storms=(), bounces=Bounces()), sample.NOW)
    assert "This is no storm: among 5 mails none was copied" in page
    assert "Bounces" not in page
    assert "<svg" not in page


def test_a_page_is_bounded_whatever_it_is_about() -> None:
    many = sample.hostile()
    page = html(
        Trace(
            **{
                **{name: getattr(many, name) for name in Trace.__dataclass_fields__},
                "storms": many.storms * 500,
            }
        ),
        sample.NOW,
    )
    assert len(page) < 5_000_000
    assert "970 more storms" in page


def test_a_page_is_its_owners_alone_and_replaces_an_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "storm.html"
    for text in ("first", "second"):
        write_page(text, path)
        assert path.read_text() == text
        assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_directory_a_link_and_a_place_that_is_not_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    for path, said in (
        (tmp_path, "is a directory: name another file with --html"),
        (tmp_path / "link", "is a symbolic link"),
        (tmp_path / "gone" / "page.html", "is no directory"),
        (tmp_path / "kept" / "page.html", "Not a directory"),
        (Path("/dev/null"), "is no file"),
        (tmp_path / ("x" * 300), "File name too long"),
        (Path("nul\0name"), "cannot be written"),
    ):
        with pytest.raises(Misconfigured, match=said):
            write_page("page", path)
    assert (tmp_path / "kept").read_text() == "kept"


def test_a_full_disk_leaves_the_earlier_page_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "storm.html"
    write_page("first", path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SeawallError, match="is full"):
        write_page("second", path)
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]
