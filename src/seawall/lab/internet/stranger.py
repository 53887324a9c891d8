"""A real connector, Seawall among them: run by its profile as a child process, one poll at a time.

Owns its home and its limit, and brings in what it put into a Maildir by itself. Refuses to know how it is configured
(`lab.connectors`). Its own clock is the machine's: what it writes into a mail bears real time, not lab time.
"""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from seawall.lab.connectors.preparing import Command, Offer, prepare
from seawall.lab.connectors.profile import Profile, Serves, Way
from seawall.lab.connectors.run import Ended, give, run
from seawall.lab.fields import split, values
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
        for path, data in self._brought():
            if not self._around.meter.has_room(1, len(data)):
                return
            path.unlink()
            reverse_path = next(values(split(data)[0], b"return-path"), "").strip("<>")
            await self._mailbox.deliver(Envelope.of(reverse_path, (self._mailbox.address,), data))

    def _brought(self) -> Iterator[tuple[Path, bytes]]:
        for path in sorted((self._offer.maildir / "new").iterdir()):
            yield path, path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def way_of(profile: Profile, named: str | None) -> Way | None:
    """Return the way of that name, or the profile's first; None where it has none for a single mailbox."""
    single = (way for way in profile.ways if way.serves is Serves.SINGLE)
    return next((way for way in single if named in (None, way.name)), None)
