"""The toy ISP: the mail server of all domains that are collected, and their POP3 boxes behind it.

Owns which box is whose. The POP3 server is `lab.isp`'s, the mail server `mta`'s.
"""

from typing import Final

from seawall.lab.box import Box
from seawall.lab.internet.mta import Mta
from seawall.lab.internet.stores import PopBox
from seawall.lab.internet.surroundings import Place, Surroundings
from seawall.lab.isp import ToyIsp

NAME: Final = "isp.test"
PASSWORD: Final = "opensesame"  # noqa: S105 -- of boxes that live as long as a run


class Isp:
    """Runs between `start` and `close`."""

    def __init__(self, around: Surroundings) -> None:
        self.mta = Mta(around, owner=NAME, name=f"mx.{NAME}")
        self._around = around
        self._boxes: dict[str, tuple[str, Box]] = {}
        self._pop3 = ToyIsp(self._boxes)

    def add(self, address: str) -> PopBox:
        """Give somebody a box; their whole domain's mail comes here from now on."""
        box = PopBox(self._around, address=address)
        self._boxes[address] = PASSWORD, box.box
        self.mta.serves[address] = box
        self.mta.domains.add(address.rpartition("@")[2])
        return box

    @property
    def pop3(self) -> Place:
        """Where boxes are read."""
        return Place(owner=NAME, host=self._pop3.host, port=self._pop3.port)

    async def start(self) -> None:
        """Listen."""
        await self.mta.start()
        await self._pop3.__aenter__()

    async def close(self) -> None:
        """Stop listening."""
        try:
            await self.mta.close()
        finally:
            await self._pop3.__aexit__(None, None, None)
