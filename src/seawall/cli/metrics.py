"""How things stand, in the text format that Prometheus reads (docs/metrics.md).

For the textfile collector of node_exporter: written by a command, so that nothing has to listen.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from seawall.cli.desk import AccountSeen, Measures, Overview

    _Readings = tuple[tuple[str, str, Callable[[AccountSeen], float | None]], ...]


class _Source:
    """What the library's registry asks for metrics."""

    def __init__(self, metrics: tuple["Metric", ...]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator["Metric"]:
        return iter(self._metrics)


def exposition(found: "Overview", measures: "Measures") -> str:
    """Return every metric as text, each with its help and type."""
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - keeps --help quick

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Source((*_of_accounts(found), *_of_the_site(found, measures))))
    return generate_latest(registry).decode("utf-8")


def _of_accounts(found: "Overview") -> Iterator["Metric"]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415

    for family, readings in ((CounterMetricFamily, _COUNTERS), (GaugeMetricFamily, _GAUGES)):
        for name, meaning, read in readings:
            metric = family(name, meaning, labels=["account"])
            for account in found.accounts:
                if (value := read(account)) is not None:
                    metric.add_metric([account.name], value)
            yield metric


_COUNTERS: "_Readings" = (
    ("seawall_delivered", "Mails delivered.", lambda one: one.delivered),
    ("seawall_set_aside", "Mails set aside, whatever became of them.", lambda one: one.held),
)
_GAUGES: "_Readings" = (
    ("seawall_last_success_timestamp_seconds", "When a poll last went well.", lambda one: one.succeeded_at),
    (
        "seawall_poll_failures",
        "Polls that failed since the last one that went well.",
        lambda one: one.failures,
    ),
    (
        "seawall_account_broken",
        "1 where the account's breaker is open.",
        lambda one: one.broken_at is not None,
    ),
    ("seawall_account_stopped", "1 where nothing is polled until a person acts.", lambda one: one.is_stopped),
    ("seawall_known_mails", "Mails at the server that need no fetching.", lambda one: one.known),
    ("seawall_troubled_mails", "Mails that could not be brought yet.", lambda one: len(one.troubles)),
    ("seawall_doubts", "Deliveries that the next hop may have kept twice.", lambda one: one.maybe_twice),
)


def _of_the_site(found: "Overview", measures: "Measures") -> Iterator["Metric"]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415

    held = GaugeMetricFamily("seawall_held_mails", "Mails in Held now.", labels=["reason"])
    for reason, mails in measures.held_by_reason.items():
        held.add_metric([reason], mails)
    yield held
    yield GaugeMetricFamily("seawall_held_bytes", "Octets in Held now.", value=measures.held_octets)
    yield GaugeMetricFamily(
        "seawall_held_max_bytes", "Octets in Held above which polling stops.", value=measures.held_max
    )
    yield CounterMetricFamily(
        "seawall_storms_opened", "Storms whose breaker opened.", value=measures.storms_opened
    )
    breakers = GaugeMetricFamily("seawall_open_breakers", "Breakers that are open now.", labels=["of"])
    breakers.add_metric(["account"], sum(one.broken_at is not None for one in found.accounts))
    breakers.add_metric(["storm"], len(found.storms))
    yield breakers
    if measures.last_digest is not None:
        yield GaugeMetricFamily(
            "seawall_last_digest_timestamp_seconds",
            "When the postmaster's last digest was sent.",
            value=measures.last_digest.sent_at,
        )
