"""A real server as a child process: started in a session of its own, awaited, and ended with all that it started.

Owns the process and its log. Refuses to know what it serves.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from seawall.errors import Misconfigured
from seawall.lab.internet.gate import connect

PATIENCE: Final = 20.0
LOOK_SECONDS: Final = 0.02


class Daemon:
    """Runs from its making to `end`; what it says goes to `log`."""

    def __init__(self, argv: Sequence[str], log: Path) -> None:
        self._name = Path(argv[0]).name
        self._log = log
        with log.open("ab") as stream:
            self._process = subprocess.Popen(  # noqa: S603 - a server that the scenario names
                argv, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True
            )

    async def answers(self, host: str, port: int) -> None:
        """Wait until it listens there; raises Misconfigured where it ends instead, or never does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while self._process.poll() is None:
                    try:
                        _, writer = await connect(host, port)
                    except OSError:
                        # It tells nobody when it is ready.
                        await asyncio.sleep(LOOK_SECONDS)
                    else:
                        writer.close()
                        return
        said = self._log.read_text(encoding="utf-8", errors="replace")[-1000:]
        raise Misconfigured(f"{self._name} does not start: {said}")

    def end(self) -> None:
        """Kill it and its children: nothing that it has is to be kept."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
