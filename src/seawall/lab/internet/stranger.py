"""A real connector, Seawall among them: run by its profile as a child process, one poll at a time.

Owns its home and its limit, and brings in what it put into a Maildir by itself. Refuses to know how it is configured
(`lab.connectors`). Its own clock is the machine's: what it writes into a mail bears real time, not lab time.
"""

import asyncio
import os
import stat
import threading
from typing import Final

from seawall.lab.connectors.preparing import Command, Offer, prepare
from seawall.lab.connectors.profile import Profile, Serves, Way
from seawall.lab.connectors.run import Ended, give, run
from seawall.lab.fields import split, values
from seawall.lab.internet.gate import LIMIT as LONGEST_MAIL
from seawall.lab.internet.mail import Envelope
from seawall.lab.internet.stores import Mailbox
from seawall.lab.internet.surroundings import Surroundings

LIMIT: Final = 120.0
"""Real seconds that one poll may take."""
LONGEST_TALK: Final = 300


class Stranger:
    """A connector that collects one box, in a `home` of its own, for `mailbox`."""

    def __init__(
        self, around: Surroundings, profile: Profile, way: Way, offer: Offer, mailbox: Mailbox
    ) -> None:
        self.name = profile.name
        self._around = around
        self._profile = profile
        self._offer = offer
        self._mailbox = mailbox
        for place in (offer.home, *(offer.maildir / each for each in ("tmp", "new", "cur"))):
            place.mkdir(mode=0o700, parents=True)
        offer.home.parent.chmod(0o711)
        self._command: Command = prepare(profile, way, offer)
        give(profile, offer.home, offer.maildir)

    async def collect(self) -> str:
        """Run one poll to its end; return what was wrong with it, or nothing. It is killed where the run is stopped."""
        stopped = threading.Event()
        polling = asyncio.ensure_future(
            asyncio.to_thread(run, self._profile, self._command, limit=LIMIT, kill_when=stopped.is_set)
        )
        try:
            ran = await asyncio.shield(polling)
        finally:
            stopped.set()
            await asyncio.wait((polling,))
        await self._bring_in()
        if ran.ended is Ended.CLEAN:
            return ""
        return f"{ran.ended.value}, exit {ran.exit_code}: {ran.talk.strip()[-LONGEST_TALK:]}"

    async def _bring_in(self) -> None:
        """Deliver to the person what lies in the connector's own Maildir, as far as the bounds allow."""
        # The connector owns the Maildir, and the lab may be root: no name in it is followed elsewhere.
        new = os.open(self._offer.maildir / "new", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            for name in sorted(each.name for each in os.scandir(new)):
                mail = _mail(name, new)
                if mail is None:
                    continue
                data = mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
                if not self._around.meter.has_room(1, len(data)):
                    return
                os.unlink(name, dir_fd=new)
                reverse_path = next(values(split(data)[0], b"return-path"), "").strip("<>")
                await self._mailbox.deliver(Envelope.of(reverse_path, (self._mailbox.address,), data))
        finally:
            os.close(new)


def _mail(name: str, directory: int) -> bytes | None:
    """Return the octets of a regular file of a mail's size; None for whatever else lies there."""
    try:
        # O_NONBLOCK: to open a FIFO waits for a writer otherwise.
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            return None
        with os.fdopen(opened, "rb", closefd=False) as file:
            octets = file.read(LONGEST_MAIL + 1)
    finally:
        os.close(opened)
    return octets if len(octets) <= LONGEST_MAIL else None


def way_of(profile: Profile, named: str | None) -> Way | None:
    """Return the way of that name, or the profile's first; None where it has none for a single mailbox."""
    single = (way for way in profile.ways if way.serves is Serves.SINGLE)
    return next((way for way in single if named in (None, way.name)), None)
