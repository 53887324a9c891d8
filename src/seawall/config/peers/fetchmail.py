"""A .fetchmailrc as a seawall.toml (fetchmail(1)).

Owns what each of fetchmail's options means here, and which of them is dangerous: fetchmail takes
recipients from To and Cc where no envelope is configured, and can bounce mail to its sender.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from seawall.config.peers.account import (
    LOCAL_SMTP,
    MAILDIR,
    POSTMASTER,
    Delivery,
    Draft,
    assembled,
    is_envelope,
    multidrop,
    protection,
    shell_command,
)
from seawall.config.peers.fetchmail_entries import Entry, Option, Options, read_run_control
from seawall.config.peers.translation import (
    PLACEHOLDER_DOMAIN,
    Flag,
    Source,
    Translation,
    Value,
    domain_or,
    mailbox,
)

_IS_POP3: Final = frozenset(("pop3", "apop", "auto"))
_NO_TLS: Final = Option(line=0)

_NOT_TRANSLATED: Final = {
    "preconnect": "preconnect runs a shell command before each poll; Seawall runs none: start what it needs, such as a"
    " tunnel, as a service of its own",
    "postconnect": "postconnect runs a shell command after each poll; Seawall runs none",
    "plugin": "plugin makes the connection through a command; Seawall connects by itself: run the tunnel as a service",
    "plugout": "plugout is not translated: Seawall connects to the destination by itself",
    "interface": "interface is not translated: Seawall does not look at network interfaces",
    "sslcertpath": "sslcertpath is not translated: name one file of trusted certificates with ca_file",
    "sslfingerprint": "sslfingerprint is an MD5, which proves nothing: pin takes the certificate's SHA-256",
    "sslcert": "a client's certificate is not translated: Seawall logs in with a password",
    "sslkey": "a client's key is not translated: Seawall logs in with a password",
    "qvirtual": "qvirtual is not translated: the prefix stays in the address, and such mail goes to the unknown mailbox",
    "bsmtp": "bsmtp writes a file for a later SMTP run; it is not translated, and mail goes to a Maildir",
    "fetchdomains": "fetchdomains is not translated: it belongs to ODMR",
    "esmtpname": "the login at the SMTP server is not translated: give the destination user and password_file",
    "folder": "folder is not translated: POP3 has one folder",
    "passwordfile": "passwordfile is not translated: copy its password into password_file",
}
_DANGEROUS: Final = {
    "dropdelivered": "dropdelivered takes the Delivered-To lines out, and they are what stops a mail that loops;"
    " Seawall leaves every header in place",
    "fetchall": "fetchall fetches mail again that was seen; Seawall fetches each mail once: mark what is there with"
    " seawall adopt NAME (with keep fetchall there is no list for --from)",
    "flush": "flush erases mail that was seen before the poll, delivered or not; Seawall erases only what it delivered",
    "mimedecode": "mimedecode rewrites bodies, which breaks signatures; Seawall changes nothing",
    "rewrite": "rewrite changes addresses in headers, which breaks signatures; Seawall changes nothing",
}
_BOUNCES: Final = (
    "makes fetchmail send mail to senders, who are mostly forged; Seawall never does: what cannot be"
    " delivered is set aside for the postmaster"
)


def translate_fetchmail(text: str, source: Source) -> Translation:
    """Return the translation of a .fetchmailrc; raises Misconfigured with the line of what is none."""
    control = read_run_control(text, source)
    flags = [
        Flag(line=control.settings[name].line, sentence=f"set {name} {_BOUNCES}")
        for name in ("bouncemail", "spambounce")
        if _is_on(control.settings, name)
    ]
    domains = [
        domain
        for entry in control.entries
        for written in _words(entry.options, "localdomains")
        if (domain := domain_or(written, ""))
    ]
    drafts = []
    for entry in control.entries:
        if entry.is_skipped:
            told = "a server behind skip is polled only when it is named: it is left out; poll in its place translates it"
            flags.append(Flag(line=entry.line, sentence=told))
        elif (protocol := _one(entry.options, "protocol", "auto").lower()) not in _IS_POP3:
            told = "this protocol is not POP3, and Seawall speaks POP3 alone: the entry is left out"
            flags.append(Flag(line=entry.options["protocol"].line if protocol else entry.line, sentence=told))
        else:
            drafts.append(_draft(entry, control.settings, source, domains))
    return assembled(drafts, collector="fetchmail", source=source, flags=flags, domains=domains)


def _one(options: Options, name: str, otherwise: str = "") -> str:
    words = _words(options, name)
    return words[0] if words else otherwise


def _words(options: Options, name: str) -> tuple[str, ...]:
    option = options.get(name)
    return option.words if option is not None and option.is_on else ()


def _is_on(options: Options, name: str) -> bool:
    option = options.get(name)
    return option is not None and option.is_on


def _draft(entry: Entry, settings: Options, source: Source, domains: Sequence[str]) -> Draft:
    options = entry.options
    draft = Draft(line=entry.line)
    line = options["via"].line if "via" in options else entry.line
    draft.entries["host"] = source.host(_one(options, "via", entry.name), line)
    user_line = options["user"].line if "user" in options else entry.line
    user = _one(options, "user") or source.refuse(user_line, "the entry names no user at the server")
    draft.entries["user"] = source.plain(user, user_line, "the user")
    if password := _one(options, "password"):
        draft.password_line = options["password"].line
        draft.password = source.plain(password, draft.password_line, "the password")
    _connection(draft, options, source, entry.line)
    _keeping(draft, options, settings, source, entry.line)
    for name, told in (*_NOT_TRANSLATED.items(), *_DANGEROUS.items()):
        if _is_on(options, name):
            draft.flag(options[name].line, told)
    if _words(options, "antispam"):
        draft.flag(options["antispam"].line, f"antispam {_BOUNCES}")
    draft.delivery = _delivery(options, source, entry.line)
    _recipients(draft, entry, settings, source, domains)
    return draft


def _connection(draft: Draft, options: Options, source: Source, line: int) -> None:
    proto = options.get("sslproto")
    if _is_on(options, "ssl"):
        draft.secure("implicit", line)
    elif proto is not None and proto.words == ("",):
        draft.secure("none", proto.line)
    elif "plugin" in options:
        draft.secure("none", options["plugin"].line)
    else:
        draft.secure("starttls", line)
        draft.flag(
            line,
            "fetchmail goes on in the clear where the server offers no STARTTLS; Seawall does not",
            "tls",
        )
    if proto is not None and proto.words == ("",) and _is_on(options, "ssl"):
        draft.flag(proto.line, "sslproto '' has no meaning beside ssl: it is left out", "tls")
    certificate = options.get("sslcertck")
    if certificate is not None and not certificate.is_on and draft.entries["tls"] != "none":
        draft.unchecked(certificate.line)
    if (service := _one(options, "service")) != "":
        draft.entries["port"] = source.port(service, options["service"].line)
    if (trusted := _one(options, "sslcertfile")) and draft.entries["tls"] != "none":
        draft.entries["ca_file"] = source.path(trusted, options["sslcertfile"].line, "sslcertfile")
    if seconds := _one(options, "timeout"):
        timeout = source.number(seconds, options["timeout"].line, "timeout")
        draft.entries["timeout"] = f"{min(max(timeout, 1), 3600)}s"


def _keeping(draft: Draft, options: Options, settings: Options, source: Source, line: int) -> None:
    keep = options.get("keep")
    if keep is None:
        draft.erases(line, "fetchmail without keep")
    elif not keep.is_on:
        draft.erases(keep.line, "no keep")
    else:
        draft.entries["keep"] = "forever"
    if (limit := options.get("limit")) is not None:
        octets = source.number(limit.words[0], limit.line, "limit")
        if octets:
            draft.entries["max_size"] = f"{octets} B"
            draft.flag(
                limit.line,
                "limit becomes max_size: larger mail stays at the server, reported once",
                "max_size",
            )
    if _is_on(options, "limitflush"):
        draft.erases_larger(options["limitflush"].line, "limitflush")
    seconds = source.number(
        _one(settings, "daemon", "0"), settings["daemon"].line if "daemon" in settings else 1, "daemon", 10**6
    )
    times = source.number(
        _one(options, "interval", "1"),
        options["interval"].line if "interval" in options else 1,
        "interval",
        10**3,
    )
    if seconds:
        draft.entries["every"] = f"{max(seconds * max(times, 1), 10)}s"


def _delivery(options: Options, source: Source, line: int) -> Delivery:
    if mda := options.get("mda"):
        name = "{recipient}" if any("@" in word for word in _local_names(options)) else "{user}"
        placeholders = {"%T": name, "%F": "{sender}"}
        return shell_command(mda.words[0], placeholders, source, mda.line, "mda")
    if "bsmtp" in options:
        return Delivery(entries=MAILDIR)
    hosts = options.get("smtphost")
    if hosts is None or not hosts.words:
        told = (
            "fetchmail hands mail to the SMTP server of this machine, and so does this;"
            " LMTP to the mailbox server is better: it never bounces, and knows no loop warning"
        )
        return Delivery(
            entries=LOCAL_SMTP,
            flags=(Flag(line=line, sentence=told, beside="kind", instead='kind = "lmtp"'),),
        )
    first = source.plain(hosts.words[0], hosts.line, "smtphost")
    told = "smtphost is where mail goes: let seawall check try it, it warns of a server that would relay"
    if len(hosts.words) > 1:
        told += "; only the first of these hosts is translated"
    flags = (Flag(line=hosts.line, sentence=told, beside="kind"),)
    is_lmtp = _is_on(options, "lmtp") or first.startswith("/")
    kind = "lmtp" if is_lmtp else "smtp"
    if first.startswith("/"):
        return Delivery(entries={"kind": kind, "socket": first}, flags=flags)
    name, _, port = first.partition("/")
    host = source.host(name, hosts.line)
    entries: Mapping[str, Value] = {
        "kind": kind,
        "host": host,
        "port": source.port(port, hosts.line) if port else (24 if is_lmtp else 25),
        **protection(host),
    }
    return Delivery(entries=entries, flags=flags)


def _local_names(options: Options) -> tuple[str, ...]:
    return (*_words(options, "is"), *_words(options, "to"))


def _recipients(
    draft: Draft, entry: Entry, settings: Options, source: Source, all_domains: Sequence[str]
) -> None:
    options, line, host = entry.options, entry.line, str(draft.entries["host"])
    names = _local_names(options)
    listed = options.get("to") or options.get("is")
    at = listed.line if listed else line
    user = str(draft.entries["user"])
    domains = [domain for word in _words(options, "localdomains") if (domain := domain_or(word, ""))]
    domain = domain_or(_one(options, "smtpaddress"), (*domains, *all_domains, PLACEHOLDER_DOMAIN)[0])
    if name := _one(options, "smtpname"):
        draft.entries["to"] = mailbox(name, domain, source, options["smtpname"].line)
        draft.flag(options["smtpname"].line, "smtpname sends all mail to this one address", "to")
        return
    if len(names) <= 1 and "*" not in names and not any("=" in name for name in names):
        draft.entries["to"] = mailbox(names[0] if names else user.partition("@")[0], domain, source, at)
        if not names:
            draft.flag(line, "no local user is named: the server's user name stands here", "to")
        return
    postmaster = mailbox(_one(settings, "postmaster", POSTMASTER) or POSTMASTER, domain, source, at)
    draft.mailboxes = _listed(names, domain, postmaster, source, at)
    if "*" in names:
        told = "to * lets any name through; list every mailbox under [mailboxes], for Seawall makes none"
        if not domains:
            told += "; and without localdomains it made local users out of foreign ones"
        draft.flag(at, told, "multidrop")
    envelope = options.get("envelope")
    header = _one(options, "envelope")
    if header and is_envelope(header):
        draft.entries["multidrop"] = multidrop(source.plain(header, at, "envelope"), host, postmaster)
        told = "isp and isp_hops are guessed from the server's name: seawall check learns them from the mail"
        draft.flag(envelope.line if envelope else at, told, "multidrop")
        if envelope and len(envelope.words) > 1:
            draft.flag(
                envelope.line,
                "the number behind envelope is not translated: isp_hops chooses which line counts",
                "multidrop",
            )
        return
    draft.mailboxes = {}
    draft.entries["to"] = postmaster
    how = (
        "no envelope"
        if envelope is not None and not envelope.is_on
        else "a multidrop box without an envelope header"
    )
    draft.flag(
        envelope.line if envelope else at,
        f"{how} takes recipients from To and Cc, which loses, doubles and relays mail: everything goes to one mailbox"
        " instead; if the ISP writes the recipient into a header, name that header",
        "to",
        'multidrop = { envelope = "X-Original-To", isp = ["isp.example"], isp_hops = 1, unknown = "'
        f'{postmaster}" }}',
    )


def _listed(
    names: tuple[str, ...], domain: str, postmaster: str, source: Source, line: int
) -> dict[str, tuple[str, ...]]:
    """Return the mailboxes that an is/to list names, each with the server's names for it."""
    mailboxes: dict[str, tuple[str, ...]] = {postmaster: ()}
    for name in names:
        if name == "*":
            continue
        theirs, _, ours = name.partition("=")
        address = mailbox(ours or theirs, domain, source, line)
        alias = mailbox(theirs, domain, source, line)
        aliases = mailboxes.get(address, ())
        mailboxes[address] = aliases if alias == address else (*aliases, alias)
    return mailboxes
