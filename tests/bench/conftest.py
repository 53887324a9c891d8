"""The bench's modules for the tests of this directory.

They are imported here, and bench/ leaves the path again: tests/crash and bench/crash.py have one name.
"""

import importlib
import shutil
import sys
from pathlib import Path
from typing import Final

import pytest

BENCH: Final = str(Path(__file__).resolve().parents[2] / "bench")

sys.path.append(BENCH)
for name in ("link", "goals", "peers", "alone", "rows", "works", "sections", "stopwatch", "facts"):
    importlib.import_module(name)
sys.path.remove(BENCH)


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """bench/c, compiled."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler")
    place = tmp_path_factory.mktemp("tools")
    importlib.import_module("peers").compile_tools(place)
    return place
