"""What a connector is given to work with: a box, next hops, a home, and in it the files that its profile has.

Owns the words in braces that a profile may use, and what they stand for.
"""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from seawall.errors import Misconfigured
from seawall.lab.connectors.profile import Keep, Profile, Way

MDA: Final = Path(__file__).parent / "mda.py"
HOST: Final = "127.0.0.1"
WORD: Final = re.compile(r"\{([a-z0-9_]+)\}")
_PATH: Final = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
WORDS: Final = (
    "program",
    "python",
    "mda",
    "home",
    "maildir",
    "host",
    "pop3_port",
    "smtp_port",
    "lmtp_port",
    "user",
    "password",
    "password_file",
    "mailbox",
    "mailbox_user",
    "domain",
    "keep",
    "patience",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a connector is given to work with, all of it on loopback.

    `home` is an empty directory of its own, and `maildir` an empty Maildir. `mailbox` receives what the box holds,
    and `domain`'s mailboxes all that a catch-all box does. `patience` in seconds is how long it should wait for a
    silent server, where it can be told that.
    """

    pop3_port: int
    smtp_port: int
    lmtp_port: int
    home: Path
    maildir: Path
    user: str
    password: str = field(repr=False)
    mailbox: str
    keep: Keep = Keep.ERASE
    patience: int = 5

    @property
    def password_file(self) -> Path:
        """Where the password is, with a line end."""
        return self.home / "password"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What collects once; `env` is its whole environment."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    clean_exits: frozenset[int]


def program(profile: Profile) -> str:
    """Return the program's path, or its name where it is not found; `seawall` is the one that runs this."""
    own = Path(sys.executable).with_name("seawall")
    if profile.program == "seawall" and own.exists():
        return str(own)
    # It is run in another directory, and with a PATH of its own.
    found = shutil.which(profile.program) or shutil.which(profile.program, path=_PATH)
    return str(Path(found).absolute()) if found else profile.program


def prepare(profile: Profile, way: Way, offer: Offer) -> Command:
    """Write the connector's files into its home, for nobody else to read, and return its command."""
    known = _words(profile, offer)
    own = {"keep": known["keep"], **way.words}
    words = {**known, **{name: filled(text, known) for name, text in own.items()}}
    for name, text in {"password": "{password}\n", **way.files}.items():
        _write(offer.home, name, filled(text, words))
    return Command(
        argv=tuple(filled(argument, words) for argument in way.command),
        env=environment(offer.home),
        clean_exits=way.clean_exits,
    )


def _write(home: Path, name: str, text: str) -> None:
    """Write a file of its home anew, and no other: the connector was there before, and may have left links."""
    path = home / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.parent.resolve().is_relative_to(home.resolve()):
        raise Misconfigured(f"{path} leads out of the connector's home")
    path.unlink(missing_ok=True)
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)


def environment(home: Path) -> Mapping[str, str]:
    """Return the whole environment of a stranger: its home, a plain locale, and where programs are."""
    return {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "LOGNAME": "alice",
        "PATH": _PATH,
        # Of a connector that is killed nothing is to stay elsewhere: fdm leaves a file as large as the mail was said to be.
        "TMPDIR": str(home),
        "USER": "alice",
    }


def filled(text: str, words: Mapping[str, str]) -> str:
    """Return `text` with each known {word} replaced; braces around anything else stay."""
    return WORD.sub(lambda found: words.get(found[1], found[0]), text)


def _words(profile: Profile, offer: Offer) -> Mapping[str, str]:
    local, _, domain = offer.mailbox.partition("@")
    values = (
        program(profile),
        sys.executable,
        str(MDA),
        str(offer.home),
        str(offer.maildir),
        HOST,
        str(offer.pop3_port),
        str(offer.smtp_port),
        str(offer.lmtp_port),
        offer.user,
        offer.password,
        str(offer.password_file),
        offer.mailbox,
        local,
        domain,
        profile.keep_words[offer.keep],
        str(offer.patience),
    )
    return dict(zip(WORDS, values, strict=True))
