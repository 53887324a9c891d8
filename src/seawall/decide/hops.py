"""What a multidrop account can trust, learnt from the tops of real mails, in sentences. Pure.

Owns the advice that `seawall check` gives: which field tells the envelope, whose hops stand at the top of
every mail, and how many. It proposes and changes nothing: a person writes it into the configuration, where
it is pinned.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from seawall.facts.addressees import read_addressees
from seawall.model.envelope import KNOWN_NAMES, MAX_ISP_HOPS, EnvelopeName, Mailboxes, is_within
from seawall.model.facts import EnvelopeCandidates
from seawall.model.organisation import COUNTRY_LABEL, REGISTRY_LABELS
from seawall.model.text import shown

MIN_SAMPLES: Final = 5
"""Mails without which nothing is proposed."""
_MIN_LABELS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One occurrence of a field that could be the envelope. `is_listed`: it names a listed mailbox."""

    name: EnvelopeName
    received_above: int
    is_listed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HopSample:
    """The top of one real mail."""

    by_hosts: tuple[str, ...]
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What is proposed, as far as it could be told, and why; `isp_hops` is 0 where there is none to trust."""

    envelope: EnvelopeName | None
    isp: tuple[str, ...]
    isp_hops: int
    sentences: tuple[str, ...]


def sample(top: EnvelopeCandidates, mailboxes: Mailboxes, strip_prefix: str = "") -> HopSample:
    """Return what one mail's top tells, with the local mailboxes known."""
    return HopSample(
        by_hosts=top.by_hosts,
        candidates=tuple(
            Candidate(
                name=name,
                received_above=found.received_above,
                is_listed=any(
                    mailboxes.find(address.without_prefix(strip_prefix)) is not None
                    for address in read_addressees(found.value).addresses
                ),
            )
            for name, found in top.fields
        ),
    )


def learn(samples: Sequence[HopSample], isp: Sequence[str] = (), isp_hops: int | None = None) -> Advice:
    """Return what the tops of real mails tell; nothing is proposed from fewer than MIN_SAMPLES.

    `isp` are the configured domains in A-labels, empty where none is; then the domain that the topmost hops
    have in common is proposed. `isp_hops` is what is configured, None where nothing is. Proposed is the
    largest number of hops that are the ISP's in every sample.
    """
    if len(samples) < MIN_SAMPLES:
        sentence = (
            f"{len(samples)} mails do not suffice to tell whose hops stand on top: it takes {MIN_SAMPLES}"
        )
        return Advice(envelope=None, isp=tuple(isp), isp_hops=0, sentences=(sentence,))
    domains = tuple(isp) or _common_domain([one.by_hosts[0] if one.by_hosts else "" for one in samples])
    hops = min(_run(one.by_hosts, domains) for one in samples)
    envelope = _best_name(samples, hops)
    return Advice(
        envelope=envelope,
        isp=domains,
        isp_hops=hops,
        sentences=(
            *_about_hops(samples, domains, hops, is_proposed=not isp),
            *_about_configured(hops, isp_hops),
            *_about_names(samples, hops),
            *_about_envelope(envelope, hops),
        ),
    )


def _run(by_hosts: tuple[str, ...], domains: tuple[str, ...]) -> int:
    """Return how many of the topmost hops are within the domains."""
    count = 0
    while count < min(len(by_hosts), MAX_ISP_HOPS) and is_within(by_hosts[count], domains):
        count += 1
    return count


def _common_domain(hosts: Sequence[str]) -> tuple[str, ...]:
    """Return the domain that all hosts share, with two labels at least; nothing where they share none.

    One and the same host in all mails stands for its parent, but for one that looks like a registry's own
    suffix (`co.uk`), under which anybody is.
    """
    if "" in hosts or any(host.replace(".", "").isdigit() or ":" in host for host in hosts):
        return ()
    common = hosts[0].split(".")
    for host in hosts[1:]:
        labels = host.split(".")
        same = 0
        while same < min(len(labels), len(common)) and labels[-1 - same] == common[-1 - same]:
            same += 1
        common = common[len(common) - same :]
    parent = common[1:]
    is_whole_host = all(host == ".".join(common) for host in hosts)
    if is_whole_host and not is_too_wide(parent):
        common = parent
    return () if is_too_wide(common) else (".".join(common),)


def is_too_wide(labels: Sequence[str]) -> bool:
    """Whether a domain, label by label, looks like one below which anybody is: `com`, `co.uk`."""
    if len(labels) < _MIN_LABELS:
        return True
    return len(labels) == _MIN_LABELS and len(labels[1]) == COUNTRY_LABEL and labels[0] in REGISTRY_LABELS


def _trusted(one: HopSample, hops: int) -> list[Candidate]:
    return [candidate for candidate in one.candidates if candidate.received_above < hops]


def _best_name(samples: Sequence[HopSample], hops: int) -> EnvelopeName | None:
    """Return the field that names a listed mailbox above the border in most mails; the most telling of equals."""
    count = Counter(
        name
        for one in samples
        for name in {candidate.name for candidate in _trusted(one, hops) if candidate.is_listed}
    )
    order = {name: place for place, name in enumerate(KNOWN_NAMES)}
    return min(count, key=lambda name: (-count[name], order.get(name, len(order)), name.text), default=None)


def _about_hops(
    samples: Sequence[HopSample], domains: tuple[str, ...], hops: int, *, is_proposed: bool
) -> list[str]:
    if not domains:
        return ["the topmost hops have no domain in common: name the ISP's domains in isp"]
    said = []
    if is_proposed:
        said.append(f"the topmost hop of all {len(samples)} mails is by a host of {domains[0]}")
    named = " or ".join(domains)
    if hops:
        said.append(f"the first {hops} hops of each of {len(samples)} mails are by hosts of {named}")
    else:
        tops = Counter(one.by_hosts[0] if one.by_hosts else "" for one in samples)
        others = [host for host in tops if not is_within(host, domains)]
        host = shown(others[0].encode("utf-8"), limit=80) or "no host that could be told"
        said.append(f"not every mail has a host of {named} at its top: one has {host}")
    return said


def _about_configured(hops: int, configured: int | None) -> list[str]:
    if configured is None or not hops:
        return []
    if configured == hops:
        return [f"isp_hops = {configured} fits"]
    if configured < hops:
        return [
            f"isp_hops = {configured} is safe, and {hops} would do: fields between the two are not trusted"
        ]
    return [f"isp_hops = {configured} is too many: mails with {hops} hops of the ISP would be held"]


def _about_names(samples: Sequence[HopSample], hops: int) -> list[str]:
    said = []
    for name in dict.fromkeys(candidate.name for one in samples for candidate in one.candidates):
        places = Counter(
            min(candidate.received_above for candidate in one.candidates if candidate.name == name) + 1
            for one in samples
            if any(candidate.name == name for candidate in one.candidates)
        )
        above = ", ".join(f"above hop {hop} in {mails}" for hop, mails in sorted(places.items()))
        listed = sum(
            any(candidate.name == name and candidate.is_listed for candidate in _trusted(one, hops))
            for one in samples
        )
        said.append(
            f"{name} is in {places.total()} of {len(samples)} mails, {above}; "
            f"where it can be trusted it names a listed mailbox in {listed}"
        )
    return said


def _about_envelope(envelope: EnvelopeName | None, hops: int) -> list[str]:
    if envelope is not None:
        return [f"propose envelope = {str(envelope)!r} with isp_hops = {hops}"]
    return ["no field names a listed mailbox where it could be trusted: this box tells no envelope"]
