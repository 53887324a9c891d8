"""The page of `seawall trace --html` in a real browser."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from seawall.forensic.report.page import html, write_page
from unit.forensic.report import sample

pytestmark = pytest.mark.server

Open = Callable[..., tuple[Page, list[str]]]
TEXTS = "h1, h2, h3, h4, p, dt, dd, li, td, th, caption, summary, figcaption, pre, a, span.mine, span.weight, text"
LUMINANCE = """
(selector) => {
  const parts = (colour) => (colour.match(/[0-9.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const one = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    return 0.2126 * one(r) + 0.7152 * one(g) + 0.0722 * one(b);
  };
  const behind = (element) => {
    const box = element.closest("g.box");
    if (box) {
      const fill = parts(getComputedStyle(box.querySelector("rect")).fill);
      if (fill.length === 3) return fill;
    }
    for (let up = element; up; up = up.parentElement) {
      const found = parts(getComputedStyle(up).backgroundColor);
      if (found.length === 3) return found;
    }
    return [255, 255, 255];
  };
  const worst = {ratio: 21, text: ""};
  for (const element of document.querySelectorAll(selector)) {
    if (!element.textContent.trim()) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(parts(element.closest("svg") ? style.fill : style.color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst.ratio) Object.assign(worst, {ratio, text: element.outerHTML.slice(0, 200)});
  }
  return worst;
}
"""


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "rich.html"
    write_page(html(sample.trace(), sample.NOW, ("example.org",)), path)
    return path


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "hostile.html"
    write_page(html(sample.hostile(), sample.NOW, ("example.org",)), path)
    return path


@pytest.mark.parametrize("name", ["rich", "hostile"])
def test_the_page_loads_without_a_complaint_a_dialog_or_a_request(
    name: str, opened: Open, request: pytest.FixtureRequest
) -> None:
    page, seen = opened(request.getfixturevalue(name))
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    page.wait_for_load_state("networkidle")
    assert seen == []
    # The one style block is let through by its digest: without it the paper would be transparent.
    assert (
        page.eval_on_selector("section", "one => getComputedStyle(one).backgroundColor")
        == "rgb(255, 255, 255)"
    )


def test_hostile_text_is_text(opened: Open, rich: Path, hostile: Path) -> None:
    kinds = "[...new Set([...document.querySelectorAll('*')].map(one => one.tagName))].sort()"
    clean_page, _ = opened(rich)
    page, _ = opened(hostile)
    assert page.evaluate(kinds) == clean_page.evaluate(kinds)
    assert (
        page.evaluate("document.querySelectorAll('script, img, iframe, [onmouseover], [onerror]').length")
        == 0
    )
    assert "<script>alert('x')</script>" in page.inner_text("h1")
    assert not set(page.inner_text("body")) & set("\x00\x1b\x07\x9b\u202e\u2066")


def test_a_script_that_got_in_would_not_run(opened: Open, rich: Path, tmp_path: Path) -> None:
    injected = tmp_path / "injected.html"
    attack = "<script>document.title = 'run'</script><img src='https://example.org/x' onerror=\"document.title = 'run'\">"
    injected.write_text(rich.read_text("utf-8").replace("<main>", f"<main>{attack}"), "utf-8")
    page, seen = opened(injected)
    assert page.title() != "run"
    assert any("Content Security Policy" in one for one in seen)
    assert page.evaluate("document.images[0].naturalWidth") == 0


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("name", ["rich", "hostile"])
def test_nothing_reaches_beyond_the_page_and_the_pictures_are_to_be_seen(
    name: str, width: int, opened: Open, request: pytest.FixtureRequest
) -> None:
    page, _ = opened(request.getfixturevalue(name), width=width)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for kind in ("timeline", "tree", "meter"):
        for picture in page.query_selector_all(f"svg.{kind}"):
            box = picture.bounding_box()
            assert box
            assert box["width"] > 50
            assert box["height"] > 4
    for frame in page.query_selector_all("div.wide"):
        box = frame.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_the_text_in_a_box_of_the_tree_stays_in_it(opened: Open, rich: Path) -> None:
    page, _ = opened(rich)
    beyond = page.evaluate(
        """[...document.querySelectorAll("g.box")].flatMap(box => {
            const edge = box.querySelector("rect").getBoundingClientRect().right;
            return [...box.querySelectorAll("text")].filter(one => one.getBoundingClientRect().right > edge);
        }).map(one => one.textContent)"""
    )
    assert beyond == []


def test_evidence_opens_by_the_keyboard(opened: Open, rich: Path) -> None:
    page, _ = opened(rich)
    summary = page.locator("article summary").first
    shown = page.locator("article details pre").first
    assert not shown.is_visible()
    for _ in range(30):
        page.keyboard.press("Tab")
        if summary.evaluate("one => one === document.activeElement"):
            break
    assert summary.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert shown.is_visible()
    assert re.search(r"To: mspop3connector", shown.inner_text())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(scheme: str, opened: Open, rich: Path) -> None:
    page, _ = opened(rich, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    worst = page.evaluate(LUMINANCE, TEXTS)
    assert worst["ratio"] >= 4.5, worst  # WCAG 2.2, 1.4.3
