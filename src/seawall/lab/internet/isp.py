"""The toy ISP: the mail server of all domains that are collected, and their POP3 boxes behind it.

Owns which box is whose. The POP3 server is `lab.isp`'s, the mail server `mta`'s.
"""

from pathlib import Path

from seawall.lab.box import Box
from seawall.lab.internet.dovecot import Dovecot
from seawall.lab.internet.mta import Mta
from seawall.lab.internet.scenario import Software
from seawall.lab.internet.stores import NAME, PASSWORD, PopBox, ToyBox
from seawall.lab.internet.surroundings import Place, Surroundings
from seawall.lab.isp import ToyIsp


class Isp:
    """Runs between `start` and `close`."""

    def __init__(self, around: Surroundings, workshop: Path) -> None:
        self.mta = Mta(around, owner=NAME, name=f"mx.{NAME}")
        self._around = around
        self._boxes: dict[str, tuple[str, Box]] = {}
        self._pop3 = ToyIsp(self._boxes)
        self._dovecot = Dovecot(around, workshop / "dovecot")

    def add(self, address: str, software: Software) -> PopBox:
        """Give somebody a box; their whole domain's mail comes here from now on."""
        box: PopBox
        if software is Software.DOVECOT:
            box = self._dovecot.add(address)
        else:
            box = own = ToyBox(self._around, address=address, place=lambda: self._place)
            self._boxes[address] = PASSWORD, own.box
        self.mta.serves[address] = box
        self.mta.domains.add(address.rpartition("@")[2])
        return box

    @property
    def _place(self) -> Place:
        return Place(owner=NAME, host=self._pop3.host, port=self._pop3.port)

    async def start(self) -> None:
        """Listen."""
        await self.mta.start()
        await self._pop3.__aenter__()
        await self._dovecot.start()

    async def close(self) -> None:
        """Stop listening."""
        try:
            await self.mta.close()
        finally:
            await self._dovecot.close()
            await self._pop3.__aexit__(None, None, None)
