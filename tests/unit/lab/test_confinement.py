"""A network of the lab's own: from inside, nothing but loopback can be reached."""

import subprocess
import sys

import pytest

from seawall.errors import Misconfigured
from seawall.lab.confinement import loopback

INSIDE = """
import errno, socket
from seawall.lab.confinement import Confinement, enter
if enter() is Confinement.PORTS:
    raise SystemExit("no namespace here")
with socket.create_server(("127.0.0.1", 25)) as listener:
    socket.create_connection(listener.getsockname(), timeout=5).close()
for place in ("192.0.2.1", "198.51.100.25"):
    try:
        socket.create_connection((place, 25), timeout=5)
    except OSError as refused:
        assert refused.errno == errno.ENETUNREACH, refused
    else:
        raise SystemExit(f"{place} was reached")
assert [name for _, name in socket.if_nameindex()] == ["lo"], socket.if_nameindex()
print("confined")
"""


def test_a_process_in_it_reaches_loopback_alone_and_has_all_its_ports() -> None:
    answer = subprocess.run([sys.executable, "-c", INSIDE], capture_output=True, text=True, check=False)
    if "no namespace here" in answer.stderr:
        pytest.skip("this system makes no network namespace")
    assert answer.stdout == "confined\n", answer.stderr


@pytest.mark.parametrize(
    "host", ["192.0.2.1", "example.org", "localhost", "::ffff:192.0.2.1", "0.0.0.0", "", "127.1"]
)
def test_an_address_that_is_not_loopback_is_refused_and_so_is_a_name(host: str) -> None:
    with pytest.raises(Misconfigured, match="is not a loopback address"):
        loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1"])
def test_a_loopback_address_is_taken(host: str) -> None:
    assert loopback(host) == host
