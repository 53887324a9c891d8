"""No server outlives the test run that started it, however that ends."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from servers.dovecot import Dovecot
from servers.postfix import Postfix
from servers.processes import living

pytestmark = pytest.mark.server


@pytest.mark.parametrize("kind", ["dovecot.Dovecot", "postfix.Postfix"])
@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_test_run_that_is_killed_takes_its_server_with_it(
    dovecot: Dovecot, postfix: type[Postfix], kind: str, death: signal.Signals
) -> None:
    del dovecot, postfix  # they skip where a server cannot run
    module, _, name = kind.partition(".")
    program = (
        "import time\n"
        f"from servers.{module} import {name}\n"
        f"server = {name}()\n"
        "print(server._process.pid, server.root, flush=True)\n"
        "time.sleep(600)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    argv = [sys.executable, "-c", program]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True
    ) as run:
        assert run.stdout is not None
        leader, root = run.stdout.readline().split()
        assert living(int(leader))
        run.send_signal(death)
    deadline = time.monotonic() + 20
    while living(int(leader)) and time.monotonic() < deadline:
        time.sleep(0.02)
    shutil.rmtree(root)
    assert living(int(leader)) == []
