"""The process that writes batches of mails for another one (`writer`): asked and answering through one socket.

`python -m seawall.deliver.scribe DESCRIPTOR` is not for people. It ends when its asker does.
"""

import os
import pickle
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Final

from seawall.deliver import staging
from seawall.deliver.staging import Placement
from seawall.errors import SeawallError

BUFFER: Final = 2**20
Failures = dict[Placement, SeawallError]
WORK: Final[Mapping[str, Callable[[Any], Failures]]] = {"stage": staging.stage, "publish": staging.publish}


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Do what is asked, one batch after the other, until the asker is gone."""
    while True:
        try:
            name, batch = pickle.load(requests)  # noqa: S301 -- from our own process
        except EOFError:
            return
        try:
            answer: Failures | Exception = WORK[name](batch)
        except Exception as problem:  # noqa: BLE001 -- it is raised where it was asked for
            answer = problem
        pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()


def main() -> None:
    """Serve on the descriptor that is the argument; signals are for the asker, who ends this."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    channel = int(sys.argv[1])
    try:
        serve(os.fdopen(channel, "rb", BUFFER), os.fdopen(channel, "wb", BUFFER, closefd=False))
    except (OSError, pickle.UnpicklingError):
        # The asker was killed; what waits in a buffer has nowhere to go.
        os._exit(1)


if __name__ == "__main__":
    main()
