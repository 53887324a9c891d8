"""Draw docs/plots/*.svg from docs/growth.json: one picture for each series, its seconds and its peak memory.

    plots.py                         all four; needs matplotlib, which `make bench` installs (requirements-plots.lock)

The same data give the same octets. The ground is transparent and every colour stands out from white and from black.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

DOCS: Final = Path(__file__).resolve().parent.parent / "docs"
GREY: Final = "#7d8590"
WALL: Final = "#2f81f7"
CPU: Final = "#d9730d"
MEMORY: Final = "#a463f2"
STYLE: Final = {
    "svg.hashsalt": "seawall",
    "svg.fonttype": "none",  # text stays text: smaller, and it can be searched
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": GREY,
    "axes.labelcolor": GREY,
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GREY,
    "grid.alpha": 0.3,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "lines.markersize": 5,
}
TEN: Final = 10
HEADROOM: Final = 1.2
IN_STEPS_OF_TEN: Final = frozenset({"mails", "size", "accounts"})


def draw(name: str, series: Mapping[str, Any], path: Path) -> None:
    """Draw one series: left its wall and CPU seconds, right its peak memory."""
    import matplotlib as mpl  # noqa: PLC0415 - only `make bench` installs it
    from matplotlib.figure import Figure  # noqa: PLC0415

    points: Sequence[Mapping[str, float]] = series["points"]
    at = [point["at"] for point in points]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 3), layout="constrained")
        seconds, memory = figure.subplots(1, 2)
        seconds.plot(at, [point["wall_seconds"] for point in points], color=WALL, marker="o", label="elapsed")
        seconds.plot(
            at, [point["cpu_seconds"] for point in points], color=CPU, marker="s", linestyle="--", label="CPU"
        )
        memory.plot(at, [point["peak_mb"] for point in points], color=MEMORY, marker="o")
        seconds.set_ylabel("seconds")
        memory.set_ylabel("peak MB")
        for axes in (seconds, memory):
            axes.set_xlabel(series["unit"])
            if name in IN_STEPS_OF_TEN:
                axes.set_xscale("log")
                axes.xaxis.set_major_formatter(lambda value, _: shown(value))
                axes.minorticks_off()
        _, top = memory.get_ylim()
        memory.set_ylim(0, top * HEADROOM)
        walls = [point["wall_seconds"] for point in points]
        if max(walls) > TEN * min(walls):
            seconds.set_yscale("log")
            seconds.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
            seconds.minorticks_off()
            seconds.set_ylim(0.1, max(walls) * TEN)
        else:
            seconds.set_ylim(0, max(walls) * HEADROOM)
        seconds.legend(ncols=2, loc="upper left")
        figure.suptitle(series["sentence"], fontsize=10)
        path.parent.mkdir(exist_ok=True)
        figure.savefig(
            path,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None, "Title": series["sentence"]},
        )
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("".join(f"{line.rstrip()}\n" for line in lines), encoding="utf-8")


def shown(value: float) -> str:
    """A power of ten as people write it: 100, 10k, 1M."""
    for factor, letter in ((1_000_000, "M"), (1_000, "k")):
        if value >= factor:
            return f"{value / factor:g}{letter}"
    return f"{value:g}"


def main() -> int:
    try:
        import matplotlib as mpl  # noqa: F401, PLC0415
    except ImportError:
        sys.exit("The plots need matplotlib: `make .venv/plots` installs it.")
    data = json.loads((DOCS / "growth.json").read_text(encoding="ascii"))
    for name, series in data["series"].items():
        draw(name, series, DOCS / "plots" / f"{name}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
