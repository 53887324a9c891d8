"""A getmailrc as a seawall.toml (getmail6's configuration.txt).

Owns what each of getmail's options means here, and which of them is dangerous: MDA_lmtp and
MDA_smtp without `override` send a copy to everybody in To and Cc.
"""

from collections.abc import Callable, Mapping
from typing import Final

from seawall.config.peers.account import (
    MAILDIR,
    POSTMASTER,
    UNNAMED,
    Delivery,
    Draft,
    assembled,
    command,
    is_envelope,
    multidrop,
    protection,
)
from seawall.config.peers.getmail_values import Values, read_values
from seawall.config.peers.translation import (
    PLACEHOLDER_DOMAIN,
    Flag,
    Source,
    Translation,
    Value,
    domain_of,
    mailbox,
)

_PLACEHOLDERS: Final = {
    "%(recipient)": "{recipient}",
    "%(local)": "{user}",
    "%(domain)": "{domain}",
    "%(sender)": "{sender}",
}
_NOT_TRANSLATED: Final = {
    ("retriever", "certfile"): "a client's certificate is not translated: Seawall logs in with a password",
    ("retriever", "delete_dup_msgids"): "delete_dup_msgids erases mail unread; Seawall fetches both copies",
    (
        "options",
        "to_oldmail_on_each_mail",
    ): "to_oldmail_on_each_mail has no counterpart: Seawall always writes down each mail",
    (
        "options",
        "max_messages_per_session",
    ): "max_messages_per_session is not translated: Seawall fetches in batches by itself",
    (
        "options",
        "max_bytes_per_session",
    ): "max_bytes_per_session is not translated: Seawall fetches in batches by itself",
    ("options", "use_netrc"): "use_netrc is not translated: put the password into password_file",
}
_TRUE: Final = frozenset(("1", "yes", "true", "on"))


def translate_getmail(text: str, source: Source) -> Translation:
    """Return the translation of a getmailrc; raises Misconfigured with the line of what is none."""
    values = read_values(text, source)
    kind, line = values.text("retriever", "type"), values.line("retriever", "type")
    flags: list[Flag] = []
    drafts = []
    if "POP3" not in kind:
        flags.append(Flag(line=line, sentence="this retriever is not POP3, and Seawall speaks POP3 alone"))
    else:
        drafts.append(_draft(values, kind, source))
    for section in values.sections():
        if section.startswith("filter"):
            told = "a filter is not translated: it can drop or change mail before anybody sees it; Seawall changes nothing"
            flags.append(Flag(line=values.line(section), sentence=told))
    return assembled(drafts, collector="getmail", source=source, flags=flags)


def _draft(values: Values, kind: str, source: Source) -> Draft:
    line = values.line("retriever")
    draft = Draft(line=line)
    draft.entries["host"] = host = source.host(
        values.text("retriever", "server"), values.line("retriever", "server")
    )
    user = source.plain(
        values.text("retriever", "username"), values.line("retriever", "username"), "the user"
    )
    draft.entries["user"] = user
    _connection(draft, values, kind, source)
    if password := values.text("retriever", "password"):
        draft.password_line = values.line("retriever", "password")
        draft.password = source.plain(password, draft.password_line, "the password")
    elif words := values.words("retriever", "password_command"):
        at = values.line("retriever", "password_command")
        draft.entries["password_command"] = tuple(
            source.plain(word, at, "password_command") for word in words
        )
    _keeping(draft, values, source)
    for (section, key), told in _NOT_TRANSLATED.items():
        if values.has(section, key) and values.text(section, key).lower() not in {
            "",
            "0",
            "false",
            "no",
            "off",
            "none",
        }:
            draft.flag(values.line(section, key), told)
    for key in ("delivered_to", "received"):
        if values.has("options", key) and values.text("options", key).lower() not in _TRUE:
            told = f"{key} off leaves out what stops a loop; Seawall always puts its trace on top"
            draft.flag(values.line("options", key), told)
    draft.delivery = _Destinations(values, source, draft).delivery("destination")
    _recipients(draft, values, kind, source, host)
    return draft


def _connection(draft: Draft, values: Values, kind: str, source: Source) -> None:
    if "SSL" in kind:
        draft.secure("implicit", values.line("retriever", "type"))
        if values.has("retriever", "ca_certs"):
            at = values.line("retriever", "ca_certs")
            draft.entries["ca_file"] = source.path(values.text("retriever", "ca_certs"), at, "ca_certs")
        if values.has("retriever", "ssl_fingerprints"):
            at = values.line("retriever", "ssl_fingerprints")
            prints = [
                print_.lower().replace(":", "") for print_ in values.words("retriever", "ssl_fingerprints")
            ]
            if prints and len(prints[0]) == 64 and set(prints[0]) <= set("0123456789abcdef"):  # noqa: PLR2004 - SHA-256
                draft.entries["pin"] = f"sha256:{prints[0]}"
                if len(prints) > 1:
                    draft.flag(at, "only the first of these fingerprints is translated", "pin")
            else:
                draft.flag(at, "this fingerprint is no SHA-256 and is not translated", "tls")
    else:
        draft.secure("none", values.line("retriever", "type"))
    if values.has("retriever", "port"):
        draft.entries["port"] = source.port(
            values.text("retriever", "port"), values.line("retriever", "port")
        )
    if values.has("retriever", "timeout"):
        at = values.line("retriever", "timeout")
        seconds = source.number(values.text("retriever", "timeout"), at, "timeout")
        draft.entries["timeout"] = f"{min(max(seconds, 1), 3600)}s"


def _keeping(draft: Draft, values: Values, source: Source) -> None:
    at = values.line("options", "delete_after")
    days = source.number(values.text("options", "delete_after") or "0", at, "delete_after", 36400)
    if values.text("options", "delete").lower() in _TRUE:
        draft.erases(values.line("options", "delete"), "delete")
    elif days:
        draft.entries["keep"] = f"{days}d"
        told = "delete_after counts from when getmail saw a mail; keep counts from when Seawall delivered it"
        draft.flag(at, told, "keep")
    else:
        draft.entries["keep"] = "forever"
    at = values.line("options", "max_message_size")
    if octets := source.number(values.text("options", "max_message_size") or "0", at, "max_message_size"):
        draft.entries["max_size"] = f"{octets} B"
    at = values.line("options", "delete_bigger_than")
    if octets := source.number(values.text("options", "delete_bigger_than") or "0", at, "delete_bigger_than"):
        draft.flag(
            at,
            "delete_bigger_than erases large mails at the server as soon as they are delivered; it is not translated:"
            " keep holds for all sizes",
            "keep",
        )


def _recipients(draft: Draft, values: Values, kind: str, source: Source, host: str) -> None:
    user, line = str(draft.entries["user"]), values.line("retriever", "username")
    domain = domain_of(user, PLACEHOLDER_DOMAIN)
    override = values.text("destination", "override")
    if not kind.startswith("Multidrop"):
        # The POP3 user may be an address at the provider: submitted by SMTP, mail to it would go back there.
        is_smtp = draft.delivery.entries["kind"] == "smtp"
        named = user.partition("@")[0] if is_smtp else user
        draft.entries["to"] = mailbox(
            override or named, PLACEHOLDER_DOMAIN if is_smtp else domain, source, line
        )
        if not override:
            draft.flag(line, UNNAMED, "to")
        return
    postmaster = f"{POSTMASTER}@{domain}"
    draft.mailboxes = {postmaster: ()}
    at = values.line("retriever", "envelope_recipient")
    header, _, which = values.text("retriever", "envelope_recipient").partition(":")
    if not is_envelope(header):
        draft.mailboxes = {}
        draft.entries["to"] = postmaster
        told = "a multidrop retriever without envelope_recipient knows no recipients: all mail goes to one mailbox"
        draft.flag(at, told, "to")
        return
    draft.entries["multidrop"] = multidrop(
        source.plain(header.strip(), at, "envelope_recipient"), host, postmaster
    )
    told = (
        f"envelope_recipient takes occurrence {which.strip()[:9] or '1'} of this header, which a sender can forge;"
        if which.strip() not in {"", "1"}
        else "envelope_recipient names the header;"
    )
    draft.flag(
        at,
        f"{told} isp and isp_hops are guessed from the server's name: seawall check learns them from the mail",
        "multidrop",
    )
    listed = [
        address
        for section in values.sections()
        for written, _ in values.pairs(section, "locals")
        if (address := _plain_address(written))
    ]
    draft.mailboxes |= {mailbox(address, domain, source, at): () for address in listed}
    if not listed:
        draft.flag(
            at, "list every mailbox under [mailboxes]: other mail goes to the unknown mailbox", "multidrop"
        )


def _plain_address(pattern: str) -> str:
    """Return the address that a sorter's pattern is, empty where it is a real pattern."""
    text = pattern.replace("\\.", ".").replace("\\@", "@").strip("^$")
    return text if text.count("@") == 1 and not set(text) & set("\\*+?[](){}|^$ ") else ""


class _Destinations:
    """Follows one destination's section to the delivery that it means."""

    def __init__(self, values: Values, source: Source, draft: Draft) -> None:
        self._values = values
        self._source = source
        self._draft = draft

    def delivery(self, section: str) -> Delivery:
        kinds: Mapping[str, Callable[[str], Delivery]] = {
            "Maildir": self._maildir,
            "MDA_external": self._external,
            "MDA_lmtp": self._submission,
            "MDA_smtp": self._submission,
        }
        kind, line = self._values.text(section, "type"), self._values.line(section, "type")
        if found := kinds.get(kind):
            return found(section)
        match kind:
            case "MultiGuesser":
                told = "MultiGuesser guesses recipients from To and Cc: all mail goes to one mailbox instead"
            case "MultiSorter" | "MultiDestination" | "MultiSorterBase":
                told = f"{kind} delivers by its own rules; Seawall has one destination for an account: a Maildir for each mailbox"
            case "Mboxrd" | "MDA_qmaillocal":
                told = f"{kind} has no counterpart: mail goes to a Maildir"
            case _:
                told = "this destination is not known: mail goes to a Maildir"
        return Delivery(entries=MAILDIR, flags=(Flag(line=line, sentence=told, beside="kind"),))

    def _maildir(self, section: str) -> Delivery:
        line = self._values.line(section, "path")
        path = self._source.path(self._values.text(section, "path"), line, "path")
        flags: list[Flag] = []
        if self._values.has(section, "user"):
            told = "user changes to another account for writing; run Seawall as the user who owns the Maildir, or deliver by LMTP"
            flags.append(Flag(line=self._values.line(section, "user"), sentence=told, beside="path"))
        if "{" in path or "}" in path:
            flags.append(Flag(line=line, sentence="a path with braces is not translated", beside="path"))
            return Delivery(entries=MAILDIR, flags=tuple(flags))
        return Delivery(entries={"kind": "maildir", "path": path}, flags=tuple(flags))

    def _external(self, section: str) -> Delivery:
        line = self._values.line(section, "path")
        words = [self._source.path(self._values.text(section, "path"), line, "path")]
        for word in self._values.words(section, "arguments"):
            for written, ours in _PLACEHOLDERS.items():
                word = word.replace(written, ours)  # noqa: PLW2901 - one placeholder after the other
            words.append(self._source.plain(word, line, "an argument"))
        if any("%(" in word or "${" in word for word in words):
            told = "an argument holds a word that Seawall does not fill in: it is not translated, and mail goes to a Maildir"
            return Delivery(entries=MAILDIR, flags=(Flag(line=line, sentence=told, beside="kind"),))
        return command(words, line, "MDA_external")

    def _submission(self, section: str) -> Delivery:
        values, source = self._values, self._source
        line = values.line(section, "type")
        is_lmtp = values.text(section, "type") == "MDA_lmtp"
        flags: tuple[Flag, ...] = ()
        if not values.text(section, "override"):
            told = (
                f"{values.text(section, 'type')} without override sends a copy to everybody in To and Cc: this is how a mail"
                " storm begins. Here the recipient is the one that to or [mailboxes] names"
            )
            flags = (Flag(line=line, sentence=told, beside="kind"),)
        written, at = values.text(section, "host"), values.line(section, "host")
        if is_lmtp and written.startswith("/"):
            return Delivery(
                entries={"kind": "lmtp", "socket": source.plain(written, at, "host")}, flags=flags
            )
        port = values.text(section, "port") or ("24" if is_lmtp else "25")
        host = source.host(written, at)
        entries: Mapping[str, Value] = {
            "kind": "lmtp" if is_lmtp else "smtp",
            "host": host,
            "port": source.port(port, values.line(section, "port")),
            **protection(host),
        }
        return Delivery(entries=entries, flags=flags)
