"""A real browser: skipped where there is none, a failure under SEAWALL_REQUIRE_SERVERS=1."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
Opened = tuple[Page, list[str]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        if os.environ.get("SEAWALL_REQUIRE_SERVERS") == "1":
            pytest.fail("SEAWALL_REQUIRE_SERVERS=1, but chromium is not installed")
        pytest.skip("chromium is not installed")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """What opens a file; beside the page comes a list of all that it should not do: complaints, dialogs, requests."""
    contexts = []

    def open_page(path: Path, *, width: int = 1400, scheme: str = "light") -> Opened:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        seen: list[str] = []
        page.on("console", lambda message: seen.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: seen.append(f"error: {error}"))

        def dismiss(dialog: Dialog) -> None:
            seen.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        page.on("dialog", dismiss)
        page.on(
            "request",
            lambda request: seen.append(f"request: {request.url}") if request.url != path.as_uri() else None,
        )
        page.goto(path.as_uri())
        return page, seen

    yield open_page
    for context in contexts:
        context.close()
