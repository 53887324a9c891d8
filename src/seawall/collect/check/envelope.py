"""What the tops of an account's mails tell of its envelope: whether the configured rule fits, and which would.

Owns the comparison of what is configured with what `decide.hops` learns, and the line to paste. Refuses to
know the server that the tops came from.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

from seawall.collect.check.finding import Notes, counted, named
from seawall.decide.hops import MIN_SAMPLES, Advice, is_too_wide, learn, sample
from seawall.decide.recipient import recipients
from seawall.facts.addressees import read_addressees
from seawall.facts.envelope import read_candidates
from seawall.facts.message import read_message
from seawall.model.account import Account, Site
from seawall.model.address import Address
from seawall.model.envelope import KNOWN_NAMES, EnvelopeName, Mailboxes, Multidrop
from seawall.model.facts import EnvelopeCandidates
from seawall.model.text import shown
from seawall.model.verdict import Hold

_NO_KEY: Final = bytes(32)
"""Marks are not asked for here."""


def about_envelope(account: Account, site: Site, tops: Sequence[bytes], notes: Notes) -> None:
    """Note how a multidrop account's rule fits the mails, whose headers `tops` are, or that it should be one."""
    if isinstance(account.to, Address):
        _about_catch_all(account.to, site, tops, notes)
        return
    for domain in account.to.isp:
        if is_too_wide(domain.split(".")):
            notes.warn(
                f'isp = ["{domain}"] trusts every host below {domain}, whoever registered it: '
                "name the domain of your ISP itself"
            )
    if tops:
        _about_rule(account, account.to, site.mailboxes, tops, notes)


# ── multidrop ───────────────────────────────────────────────────────────────────────────


def _about_rule(
    account: Account, to: Multidrop, mailboxes: Mailboxes, tops: Sequence[bytes], notes: Notes
) -> None:
    names = dict.fromkeys((*KNOWN_NAMES, to.envelope))
    samples = [sample(read_candidates(top, names), mailboxes, to.strip_prefix) for top in tops]
    advice = learn(samples, to.isp, to.isp_hops)
    other = advice if advice.isp_hops else learn(samples)
    notes.found(*_sentences(to, advice, other))
    held = _about_judgement(to, mailboxes, tops, notes)
    if len(samples) < MIN_SAMPLES:
        return
    line = _line(account, to, other)
    # A few mails that no ISP's hop is on top of say nothing about the rule for the others.
    is_outvoted = not advice.isp_hops and 2 * held < len(tops)
    if to.isp_hops > advice.isp_hops and not is_outvoted:
        rule = f"isp = {_written(to.isp)} with isp_hops = {to.isp_hops}"
        fit = f"this would: {line}" if line else "no other can be told from them"
        notes.warn(f"{rule} does not fit these mails; {fit}")
    elif held == len(tops) and line and other.envelope != to.envelope:
        notes.warn(f"envelope = {_quoted(to.envelope)} tells nobody in these mails; this would: {line}")


def _sentences(to: Multidrop, advice: Advice, other: Advice) -> tuple[str, ...]:
    """Return what was learnt: about the ISP that the mails show where it is not the configured one."""
    if other is not advice and other.isp_hops:
        return (*advice.sentences[:1], *other.sentences)
    if (advice.envelope, advice.isp_hops) == (to.envelope, to.isp_hops):
        # The last sentence proposes what is configured already.
        return advice.sentences[:-1]
    return advice.sentences


def _about_judgement(to: Multidrop, mailboxes: Mailboxes, tops: Sequence[bytes], notes: Notes) -> int:
    """Note how the configured rule judges the mails; return how many would be held."""
    receive: Counter[str] = Counter()
    held: dict[str, list[str]] = defaultdict(list)
    for top in tops:
        verdict = recipients(read_message(top, len(top), _NO_KEY, to.envelope), to, mailboxes)
        if isinstance(verdict, Hold):
            held[verdict.reason.value].append(verdict.sentence)
        else:
            receive.update(f"for {_receiver(one, to)}" for one in verdict)
    judged = [f"{mails} {who}" for who, mails in receive.most_common()]
    judged += [f"{len(sentences)} held ({reason})" for reason, sentences in held.items()]
    notes.found(f"by the rule as it is configured, of {counted(tops, 'mail')}: {named(judged, most=20)}")
    # Where the rule fits no mail at all, none would come.
    is_all = not receive and len(tops) >= MIN_SAMPLES
    for reason, sentences in held.items():
        (notes.problem if is_all else notes.warn)(
            f"of {counted(tops, 'mail')} {len(sentences)} would be held ({reason}): {sentences[0]}"
        )
    return sum(map(len, held.values()))


def _receiver(address: Address, to: Multidrop) -> str:
    return f"unknown ({address})" if address == to.unknown else str(address)


# ── a single mailbox that gets several people's mail ────────────────────────────────────


def _about_catch_all(to: Address, site: Site, tops: Sequence[bytes], notes: Notes) -> None:
    """Note that the mails of a single account name several local addresses where the server writes the envelope."""
    domains = {*site.domains, *site.mailboxes.domains, to.domain}
    candidates = [read_candidates(top) for top in tops]
    # Enough is known of the ISP's hops to trust what stands below the topmost only where many mails agree.
    border = max(1, learn([sample(one, site.mailboxes) for one in candidates]).isp_hops)
    for name in KNOWN_NAMES:
        seen: set[Address] = set()
        for one in candidates:
            topmost = next((found for other, found in one.fields if other == name), None)
            if topmost is not None and topmost.received_above < border:
                seen |= {_plain(address) for address in read_addressees(topmost.value).addresses}
        local = sorted(address for address in seen if address.domain in domains)
        if len(local) > 1:
            written = named(shown(str(address).encode()) for address in local)
            notes.found(
                f"remark: {name} names {len(local)} local addresses in {counted(tops, 'mail')} ({written}), and all "
                f"of it goes to {to}: if the box is a catch-all and each is to have their own mail, list them in "
                f"[mailboxes] and say {_proposed(candidates, local, to)}"
            )
            return


def _proposed(candidates: Sequence[EnvelopeCandidates], local: Sequence[Address], to: Address) -> str:
    known = Mailboxes.build(dict.fromkeys(local, ()))
    advice = learn([sample(one, known) for one in candidates])
    if advice.envelope is None or not advice.isp_hops:
        return 'multidrop = { … } in place of to; "seawall check" then tells which'
    return f"in place of to: {_rule(advice.envelope, advice, to)} }}"


def _plain(address: Address) -> Address:
    """One mailbox under any case and `+tag` counts once."""
    local_part = address.local_part.casefold()
    return Address(local_part=local_part.partition("+")[0] or local_part, domain=address.domain)


# ── the line to paste ───────────────────────────────────────────────────────────────────


def _line(account: Account, to: Multidrop, advice: Advice) -> str:
    """Return the account's line with what is proposed, empty where nothing is."""
    if not advice.isp_hops:
        return ""
    line = _rule(advice.envelope or to.envelope, advice, to.unknown)
    if to.strip_prefix:
        line += f", strip_prefix = {_quoted(to.strip_prefix)}"
    if to.box is not None and str(to.box) != account.user:
        line += f", box = {_quoted(to.box)}"
    return f"{line} }}"


def _rule(envelope: EnvelopeName, advice: Advice, unknown: Address) -> str:
    return (
        f"multidrop = {{ envelope = {_quoted(envelope)}, isp = {_written(advice.isp)}, "
        f"isp_hops = {advice.isp_hops}, unknown = {_quoted(unknown)}"
    )


def _written(domains: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, domains))}]"


def _quoted(value: object) -> str:
    """Return a TOML string (a basic one escapes as JSON does)."""
    return json.dumps(str(value), ensure_ascii=False)
