"""How a server proves who it is: TLS 1.2 or later, by certificate and name, or by a pinned certificate."""

import hashlib
import ssl
from datetime import UTC, datetime
from typing import Any

from seawall.errors import Misconfigured, Untrusted
from seawall.model.account import Server


def client_context(server: Server) -> ssl.SSLContext:
    """Return the TLS settings for `server`; raises Misconfigured where its `ca_file` cannot be used.

    With a pin the pinned certificate is the proof, whoever signed it: chain and name are not
    asked, and `check_pin` must be called before anything is sent.
    """
    try:
        context = ssl.create_default_context(cafile=server.ca_file)
    except (OSError, ssl.SSLError) as problem:
        raise Misconfigured(f"ca_file {server.ca_file} cannot be used: {problem}") from problem
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if server.pin is not None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def check_pin(server: Server, connection: ssl.SSLObject) -> None:
    """Raise Untrusted unless the server's certificate is the pinned one; no pin, no check."""
    if server.pin is None:
        return
    found = hashlib.sha256(connection.getpeercert(binary_form=True) or b"").hexdigest()
    if found != server.pin:
        raise Untrusted(f"{server.host} shows a certificate whose SHA-256 is {found}, not the pinned one")


def expiry(connection: ssl.SSLObject) -> datetime | None:
    """Return when the server's certificate ends; None where a pin stands in for its verification."""
    certificate: dict[str, Any] | None = connection.getpeercert()
    ends = certificate.get("notAfter") if certificate else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None
