"""A mail delivery agent for connectors that want one: its standard input, into a Maildir, durably.

Run as a script, without site-packages, for each mail: `python -I -S mda.py MAILDIR`. It adds nothing.
"""

import os
import sys
import time


def main(maildir: str) -> None:
    """Write one mail: into tmp, synced, then renamed into new."""
    name = f"{time.time_ns()}.{os.getpid()}.mda"
    staged = os.path.join(maildir, "tmp", name)  # noqa: PTH118 - pathlib costs more than the delivery
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    while chunk := sys.stdin.buffer.read(2**20):
        os.write(descriptor, chunk)
    os.fsync(descriptor)
    os.close(descriptor)
    os.rename(staged, os.path.join(maildir, "new", name))  # noqa: PTH104, PTH118


if __name__ == "__main__":
    main(sys.argv[1])
