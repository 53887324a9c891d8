"""Every style by its name, and which of them a year knows."""

from collections.abc import Sequence
from typing import Final

from seawall.lab.writer import postfix_styles, unix_styles, web_styles, windows_styles
from seawall.lab.writer.style import Handover, Style, Written

STYLES: Final = (*postfix_styles.STYLES, *unix_styles.STYLES, *windows_styles.STYLES, *web_styles.STYLES)
"""Those that organisations are drawn with; the one that fetches stands beside them."""
_BY_NAME: Final = {style.name: style for style in (*STYLES, unix_styles.FETCHING)}


def styles_of(year: int, names: Sequence[str] = ()) -> tuple[Style, ...]:
    """Return the styles that a year knows, of these or of all."""
    return tuple(
        style
        for style in STYLES
        if style.first_year <= year <= style.last_year and (not names or style.name in names)
    )


def years_of(years: tuple[int, int], names: Sequence[str] = ()) -> tuple[int, ...]:
    """Return those of the years, first and last included, that know one of these styles or any at all."""
    first, last = years
    return tuple(year for year in range(first, last + 1) if styles_of(year, names))


def product(name: str) -> str:
    """Return what a style's product is called."""
    return _BY_NAME[name].product


def write(handover: Handover) -> Written:
    """Return what the server writes on top of the mail that it is handed."""
    return _BY_NAME[handover.server.style].write(handover)
