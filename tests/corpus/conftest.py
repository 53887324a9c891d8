"""The corpus of real mail beside this checkout, traced once. Its mails are others': they are read from there, and never kept here."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from seawall.forensic.gather import gather
from seawall.forensic.trace import Order, trace
from seawall.model.trace import Trace

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    """All sets thrown together, each a directory of mails, as one trace."""
    if not CORPUS.exists():
        pytest.skip("the corpus of real mail is not beside this checkout")
    facts = tmp_path_factory.mktemp("facts")
    return trace(gather(sets(), facts), Order(), directory=facts)


def sets() -> list[str]:
    """The directories with mails."""
    return sorted(str(path) for path in CORPUS.glob("*/messages") if any(_mails(path)))


def _mails(directory: Path) -> Iterable[Path]:
    return (path for path in directory.iterdir() if path.stat().st_size)
