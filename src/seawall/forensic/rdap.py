"""A domain → the abuse addresses that its registration names (RDAP, RFC 9082 and 9083), by the library whoisit.

Owns the time that asking may take, and what an answer's entities mean. Asks only where a person wanted it: a registry,
and whoever is on the way there, learn which domain is asked about. Refuses to know what the addresses are good for.
"""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final

from seawall.errors import Misconfigured, Temporary

PATIENCE: Final = 20.0
"""Seconds that one question may take; the library's own limits are for each of its requests."""
_MAX_ENTITIES: Final = 64

_WHOISIT_MISSING: Final = (
    "RDAP needs the library whoisit, which is not installed: pip install 'seawall[rdap]', or ask without RDAP"
)


def abuse_addresses_by_rdap(*, patience: float = PATIENCE) -> Callable[[str], tuple[str, ...]]:
    """Return what asks the registries: a domain in A-labels → the abuse addresses of its registration.

    Raises Misconfigured where whoisit is not installed. What is returned raises Temporary where no answer comes in
    `patience` seconds, or none that can be read.
    """
    try:
        import whoisit  # type: ignore[import-untyped]  # noqa: PLC0415 -- an extra, and slow to load
    except ImportError as problem:
        raise Misconfigured(_WHOISIT_MISSING) from problem

    def look_up(domain: str) -> Any:
        if not whoisit.is_bootstrapped():
            whoisit.bootstrap()
        # A link to another server could lead anywhere, also inside the reader's network.
        return whoisit.domain(domain, follow_related=False)

    return lambda domain: abuse_addresses(_in_time(look_up, domain, patience))


def abuse_addresses(answer: Any) -> tuple[str, ...]:
    """Return the addresses of all entities with the role "abuse" in an answer as whoisit gives it; whatever it is."""
    entities = answer.get("entities") if isinstance(answer, dict) else None
    found = entities.get("abuse") if isinstance(entities, dict) else None
    addresses: dict[str, None] = {}
    for entity in found[:_MAX_ENTITIES] if isinstance(found, list) else ():
        address = entity.get("email") if isinstance(entity, dict) else None
        if isinstance(address, str) and address:
            addresses[address] = None
    return tuple(addresses)


def _in_time(look_up: Callable[[str], Any], domain: str, patience: float) -> Any:
    """Return what a look-up gives within `patience` seconds; a thread that is given up ends with the process."""
    answers: SimpleQueue[tuple[bool, Any]] = SimpleQueue()

    def work() -> None:
        try:
            answers.put((True, look_up(domain)))
        except Exception as problem:  # noqa: BLE001 -- whatever the library does with a stranger's answer is a note
            answers.put((False, problem))

    Thread(target=work, name="rdap", daemon=True).start()
    try:
        is_answer, answer = answers.get(timeout=patience)
    except Empty:
        raise Temporary(f"The registry of {domain} did not answer within {patience:g} seconds.") from None
    if not is_answer:
        raise Temporary(f"The registry of {domain} gave no answer: {type(answer).__name__}.")
    return answer
