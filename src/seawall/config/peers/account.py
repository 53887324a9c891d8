"""An account of another collector, on its way to a section of seawall.toml.

Owns what the three collectors share: which sentence warns of which danger, which default is safe,
and which key stands where. Refuses to know how a collector writes any of it.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from seawall.config import hosts
from seawall.config.peers.translation import (
    MOST_ACCOUNTS,
    PLACEHOLDER_DOMAIN,
    Flag,
    Names,
    Password,
    Section,
    Source,
    Translation,
    Value,
    domain_of,
)
from seawall.decide.submission import takes_recipients_from_headers
from seawall.model.envelope import EnvelopeName
from seawall.model.secret import Secret

POSTMASTER: Final = "postmaster"
MAILDIR: Final[Mapping[str, Value]] = {"kind": "maildir", "path": "Maildir/{user}"}
LOCAL_SMTP: Final[Mapping[str, Value]] = {"kind": "smtp", "host": "127.0.0.1", "port": 25, "tls": "none"}

ERASES: Final = (
    "erases each mail at the server as soon as it is delivered: a mistake found tomorrow cannot be undone;"
    ' keep = "7d" erases it a week later'
)
UNNAMED: Final = "no recipient is named: the server's user name stands for it; be sure that it is a mailbox here, and its domain yours"
ORDER: Final = (
    "name", "host", "tls", "insecure", "port", "ca_file", "pin", "user", "password_file", "password_command",
    "to", "multidrop", "every", "timeout", "keep", "max_size", "destination",
)  # fmt: skip
_SHELL: Final = frozenset("|&;<>()$`\\\"'*?[]#~=%!{}\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Where an account's mail goes, and what is to be told about it; the flags stand in the destination."""

    entries: Mapping[str, Value]
    flags: tuple[Flag, ...] = ()


@dataclass(slots=True, kw_only=True)
class Draft:
    """An account that is being read. `entries` are keys of an [[account]]; `to` or `multidrop` is among them."""

    line: int
    entries: dict[str, Value] = field(default_factory=dict)
    flags: list[Flag] = field(default_factory=list)
    mailboxes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    delivery: Delivery = field(default_factory=lambda: Delivery(entries=MAILDIR))
    password: str = field(default="", repr=False)
    password_line: int = 0

    def flag(self, line: int, sentence: str, beside: str = "", instead: str = "") -> None:
        """Note what a person must know about this account."""
        self.flags.append(Flag(line=line, sentence=sentence, beside=beside, instead=instead))

    def secure(self, tls: str, line: int) -> None:
        """Set the protection; a connection without any is flagged, and allowed only with `insecure` where it leaves this machine."""
        self.entries["tls"] = tls
        if tls == "none":
            if not hosts.is_loopback(str(self.entries["host"])):
                self.entries["insecure"] = True
            self.flag(
                line,
                "the password and every mail cross the network in the clear",
                "tls",
                'tls = "implicit"',
            )

    def unchecked(self, line: int) -> None:
        """Flag that the source does not check the server's certificate."""
        self.flag(
            line,
            "the certificate was not checked, so anyone on the way could read the password; Seawall always checks it:"
            " trust a private one with ca_file or pin",
            "tls",
            'ca_file = "isp-ca.pem"',
        )

    def erases(self, line: int, how: str) -> None:
        """Set `keep` as the source has it where that is to erase at once, and flag it."""
        self.entries["keep"] = "none"
        self.flag(line, f"{how} {ERASES}", "keep", 'keep = "7d"')

    def erases_larger(self, line: int, how: str) -> None:
        """Flag a setting that erases what is too large without delivering it."""
        self.flag(
            line,
            f"{how} erases large mails unread; Seawall leaves them at the server and reports each once",
            "max_size",
        )


def command(words: Sequence[str], line: int, what: str) -> Delivery:
    """Return the destination that an external program becomes; its words hold Seawall's placeholders already."""
    if sentence := takes_recipients_from_headers(words):
        told = f"{what}: {sentence}: this is how a mail storm begins. Mail goes by SMTP to explicit recipients instead"
        return Delivery(entries=LOCAL_SMTP, flags=(Flag(line=line, sentence=told, beside="kind"),))
    flags: tuple[Flag, ...] = ()
    if words[0].rpartition("/")[2].startswith(("sendmail", "exim", "msmtp", "ssmtp")):
        told = f"{what} hands mail to a program that may bounce it to its sender; LMTP or SMTP from here never does"
        flags = (Flag(line=line, sentence=told, beside="kind", instead='kind = "smtp"'),)
    return Delivery(entries={"kind": "command", "command": tuple(words)}, flags=flags)


def shell_command(
    text: str, placeholders: Mapping[str, str], source: Source, line: int, what: str
) -> Delivery:
    """Return the destination that a shell's command line becomes.

    `placeholders` maps the collector's words, such as `%T`, to Seawall's. What needs a shell is not
    translated: Seawall runs a command without one.
    """
    text = source.plain(text, line, what)
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    if sentence := takes_recipients_from_headers(["sh", "-c", text]):
        told = f"{what}: {sentence}: this is how a mail storm begins. Mail goes by SMTP to explicit recipients instead"
        return Delivery(entries=LOCAL_SMTP, flags=(Flag(line=line, sentence=told, beside="kind"),))
    bare = text.replace("'", "").replace('"', "")
    for written in placeholders:
        bare = bare.replace(written, "")
    if not words or _SHELL & set(bare):
        told = (
            f"{what} needs a shell, and Seawall runs commands without one: it is not translated,"
            " and mail goes to a Maildir"
        )
        return Delivery(entries=MAILDIR, flags=(Flag(line=line, sentence=told, beside="kind"),))
    for written, ours in placeholders.items():
        words = [word.replace(written, ours) for word in words]
    return command(words, line, what)


def password_command(text: str, source: Source, line: int) -> tuple[str, ...]:
    """Return the argument list of a command that prints a password; one that needs a shell gets it."""
    text = source.plain(text, line, "the password's command")
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    if not words or _SHELL & set(text.replace("'", "").replace('"', "")):
        return ("sh", "-c", text)
    return tuple(words)


def protection(host: str) -> Mapping[str, Value]:
    """Return what a next hop needs said of TLS: nothing on another machine, where STARTTLS is the default."""
    return {"tls": "none"} if hosts.is_loopback(host) else {}


def is_envelope(header: str) -> bool:
    """Tell whether a header field can be an account's envelope: a field that the sender writes cannot."""
    try:
        EnvelopeName.parse(header)
    except ValueError:
        return False
    return True


def multidrop(envelope: str, host: str, unknown: str) -> Mapping[str, Value]:
    """Return a multidrop table; which hop is the ISP's is a guess that `seawall check` confirms."""
    domain = host if host.replace(".", "").isdigit() or host.count(".") < 2 else host.partition(".")[2]  # noqa: PLR2004
    return {"envelope": envelope, "isp": (domain,), "isp_hops": 1, "unknown": unknown}


def assembled(
    drafts: Sequence[Draft],
    *,
    collector: str,
    source: Source,
    flags: Sequence[Flag],
    domains: Sequence[str] = (),
) -> Translation:
    """Make the file of what was read; raises Misconfigured where there is no account in it."""
    if not drafts:
        told = "; ".join(flag.sentence for flag in flags[:3])
        source.refuse(
            flags[0].line if flags else 1,
            f"there is no POP3 account to translate{': ' if told else ''}{told}",
        )
    if len(drafts) > MOST_ACCOUNTS:
        source.refuse(drafts[MOST_ACCOUNTS].line, f"there are more than {MOST_ACCOUNTS} accounts")
    addresses = [*_addresses(drafts)]
    local = tuple(
        dict.fromkeys((*domains, *(domain_of(address, PLACEHOLDER_DOMAIN) for address in addresses)))
    )
    sections = [_local(local, drafts)]
    if any("multidrop" in draft.entries for draft in drafts):
        sections.append(Section(header="[mailboxes]", entries=_mailboxes(drafts)))
    destinations, names = _destinations(drafts)
    sections += destinations
    accounts, passwords = _accounts(drafts, names, source)
    sections += accounts
    return Translation(
        collector=collector,
        file=source.file,
        sections=tuple(sections),
        passwords=tuple(passwords),
        flags=tuple(flags),
    )


def _mailboxes(drafts: Sequence[Draft]) -> dict[str, Value]:
    """Return every mailbox with its other addresses; an address belongs to the first that has it."""
    owned = {address.lower(): address for draft in drafts for address in reversed(draft.mailboxes)}
    merged: dict[str, tuple[str, ...]] = dict.fromkeys(owned.values(), ())
    for draft in drafts:
        for address, aliases in draft.mailboxes.items():
            mailbox = owned[address.lower()]
            for alias in aliases:
                if alias.lower() not in owned:
                    owned[alias.lower()] = mailbox
                    merged[mailbox] = (*merged[mailbox], alias)
    return {address: merged[address] for address in sorted(merged)}


def _addresses(drafts: Sequence[Draft]) -> list[str]:
    found = []
    for draft in drafts:
        to = draft.entries.get("to")
        found += [to] if isinstance(to, str) else []
        found += draft.mailboxes
        found += [alias for aliases in draft.mailboxes.values() for alias in aliases]
    return found


def _local(domains: tuple[str, ...], drafts: Sequence[Draft]) -> Section:
    domains = domains or (PLACEHOLDER_DOMAIN,)
    flags: tuple[Flag, ...] = ()
    if PLACEHOLDER_DOMAIN in domains:
        told = f"no domain of yours is named: put it for {PLACEHOLDER_DOMAIN}, here and below"
        flags = (Flag(line=drafts[0].line, sentence=told, beside="domains"),)
    entries: dict[str, Value] = {
        "domains": domains,
        "postmaster": f"{POSTMASTER}@{domains[0]}",
        "state": "state",
    }
    return Section(header="[local]", entries=entries, flags=flags)


def _destinations(drafts: Sequence[Draft]) -> tuple[list[Section], list[str]]:
    """Return the destinations, equal ones once, and each draft's own by name."""
    names = Names()
    by_text: dict[str, str] = {}
    sections: dict[str, Section] = {}
    chosen = []
    for draft in drafts:
        key = repr(sorted(draft.delivery.entries.items()))
        if key not in by_text:
            name = by_text[key] = names.new("main")
            sections[name] = Section(header=f"[destination.{name}]", entries=draft.delivery.entries)
        name = by_text[key]
        before = sections[name]
        told = {flag.sentence for flag in before.flags}
        flags = (*before.flags, *(flag for flag in draft.delivery.flags if flag.sentence not in told))
        sections[name] = Section(header=before.header, entries=before.entries, flags=flags)
        chosen.append(name)
    return list(sections.values()), chosen


def _accounts(
    drafts: Sequence[Draft], destinations: Sequence[str], source: Source
) -> tuple[list[Section], list[Password]]:
    names = Names()
    sections, passwords = [], []
    for draft, destination in zip(drafts, destinations, strict=True):
        entries = dict(draft.entries)
        name = names.new(str(entries.get("name", entries["user"])))
        flags = list(draft.flags)
        if "password_command" not in entries:
            entries["password_file"] = file = f"{name}.password"
            if draft.password:
                passwords.append(Password(file=file, secret=Secret(draft.password)))
                told = f"the password moves into {file}: a configuration is read by more people than a password should be"
                flags.append(
                    Flag(line=draft.password_line or draft.line, sentence=told, beside="password_file")
                )
            else:
                told = (
                    f"there is no password in {source.file} for this account: put it into {file}, chmod 600"
                )
                flags.append(Flag(line=draft.line, sentence=told, beside="password_file"))
        entries |= {"name": name, "destination": destination}
        ordered: dict[str, Value] = {key: entries[key] for key in ORDER if key in entries}
        sections.append(Section(header="[[account]]", entries=ordered, flags=tuple(flags)))
    return sections, passwords
