"""How often a poll asks the ledger: each time waits for the ledger's one thread, with a thousand accounts for a while."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hostile.connector import PASSWORD, USER, Connector
from seawall.lab.box import Box
from seawall.lab.isp import ToyIsp, running
from seawall.ledger import breakers, windows
from seawall.ledger.ledger import Ledger
from seawall.model.account import KeepForever

MAIL = b"Message-ID: <1@example.net>\r\nSubject: 1\r\n\r\nbody\r\n"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the statements of polls, in their order."""
    names: list[str] = []
    do = Ledger.do

    async def told(ledger: Ledger, statement: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if statement not in {breakers.close_quiet, windows.forget}:  # once an hour, for all accounts
            names.append(statement.__name__)
        return await do(ledger, statement, *args, **kwargs)

    monkeypatch.setattr(Ledger, "do", told)
    return names


def test_a_poll_asks_once_what_is_remembered_and_writes_only_what_changed(
    tmp_path: Path, asked: list[str]
) -> None:
    connector = Connector(tmp_path, keep=KeepForever())
    with running(ToyIsp({USER: (PASSWORD, Box([MAIL]))})) as isp:
        connector.poll(isp)
        assert asked == [
            "open_account",
            "remembered",
            "knowledge",
            "intend_judged",
            "note_staged",
            "note_delivered",
            "note_success",
        ]
        asked.clear()
        connector.poll(isp)
        assert asked == ["open_account", "remembered", "note_success"], "nothing was new"
