"""How a server is named: a host name or an IP address.

Owns which of them is this machine. Refuses to look a name up.
"""

import ipaddress
import re

from seawall.model.address import domain_in_a_labels

# `ip_address` lets any text stand behind the % of a scoped address (RFC 4007 §11), line ends too.
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]{1,32})?")


def host(text: str) -> str:
    """Read a host name or an IP address in its canonical form; raises ValueError."""
    if _ADDRESS.fullmatch(text):
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            pass
    try:
        name = domain_in_a_labels(text)
    except ValueError:
        name = ""
    # No top-level name is a number (RFC 3696 §2): 192.168.1.300 is a slip, and 127.1 hides where it leads.
    if not name or name.rpartition(".")[2].isdigit():
        raise ValueError("must be a host name or an IP address, without a scheme and without a port")
    return name


def is_loopback(name: str) -> bool:
    """Tell whether a host, as `host` returns it, is this machine."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
