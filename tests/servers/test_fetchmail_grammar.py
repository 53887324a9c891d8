"""fetchmail's own parser is asked what a run control file says, and says what ours does."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from seawall.config.peers.fetchmail_entries import Entry, read_run_control
from seawall.config.peers.translation import Source
from unit.config.peers.examples import FETCHMAIL

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("fetchmail") is None, reason="fetchmail is not installed"),
]

MORE = [
    "poll a.example proto pop3 user esr here is eric there pass x\n",
    'poll a.example proto pop3 user "x" is a b here is c here to d here\n',
    "poll a.example proto pop3 nodns no uidl user x nokeep nofetchall pass 12 antispam 571 550 is y\n",
    'poll a.example proto pop3 envelope 1 "Delivered-To" qvirtual "x-" user x to a=b c here\n',
    "poll a.example user keep password poll is me\n",
    "poll a.example bad-header accept user x is y\n",
    "poll a.example user x is y folder a,b keep\n",
    "poll a.example user x is y mda '/bin/x \"%T\"'\n",
    "poll a.example user x is y forcecr stripcr options keep and ssl limit 100000\n",
    'poll a.example user "x\\101\\x42\\0103" password "a b\\\n c" is y\n',
    'poll a.example user ab#c password q"r is y # a comment\n',
    'poll a.example user "a\\"b" password "it\'s" is y\n',
    "poll a.example user 'a\"b' password a\\#b'c is y\n",
    "skip a.example user x is y poll b via c.example user z is y\n",
]


def dumped(text: str, home: Path) -> list[dict[str, Any]]:
    """Return fetchmail's own reading, which it prints as Python."""
    path = home / "rc"
    path.write_text(text)
    path.chmod(0o600)
    answer = subprocess.run(
        ["fetchmail", "--configdump", "-f", str(path)],
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    names: dict[str, Any] = {}
    exec(answer.stdout, names)
    return [
        {"pollname": server["pollname"], "via": server["via"], **user}
        for server in names["fetchmailrc"]["servers"]
        for user in server["users"]
    ]


def local_names(entry: Entry) -> list[str | tuple[str, ...]]:
    words = [word for name in ("is", "to") if name in entry.options for word in entry.options[name].words]
    return [tuple(word.split("=")) if "=" in word else word for word in words]


@pytest.mark.parametrize("text", [*FETCHMAIL, *MORE])
def test_our_reading_is_fetchmail_s(text: str, tmp_path: Path) -> None:
    theirs = dumped(text, tmp_path)
    entries = read_run_control(text, Source(file="rc", home="/home/me")).entries
    assert len(entries) == len(theirs)
    for entry, their in zip(entries, theirs, strict=True):
        options = entry.options

        def one(name: str, entry: Entry = entry) -> str | None:
            return entry.options[name].words[0] if name in entry.options else None

        assert (entry.name, one("via")) == (their["pollname"], their["via"])
        assert (one("user"), one("password"), one("mda")) == (
            their["remote"],
            their["password"],
            their["mda"],
        )
        assert ("keep" in options and options["keep"].is_on) == bool(their["keep"])
        assert int(one("limit") or 0) == their["limit"]
        if named := local_names(entry):
            # fetchmail adds the user who runs it to a list that is only *.
            assert [name for name in their["localnames"] if named != ["*"] or name == "*"] == named
