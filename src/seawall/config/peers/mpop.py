"""An .mpoprc as a seawall.toml (mpop(1)).

Owns mpop's grammar, which is one command a line with accounts that inherit, and what each command
means here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from seawall.config.peers.account import (
    MAILDIR,
    UNNAMED,
    Delivery,
    Draft,
    assembled,
    password_command,
    shell_command,
)
from seawall.config.peers.translation import (
    PLACEHOLDER_DOMAIN,
    Flag,
    Source,
    Translation,
    domain_of,
    mailbox,
)

COMMANDS: Final = frozenset(
    (
        "host", "port", "source_ip", "proxy_host", "proxy_port", "socket", "timeout", "pipelining", "auth", "user",
        "password", "passwordeval", "ntlmdomain", "tls", "tls_starttls", "tls_trust_file", "tls_crl_file",
        "tls_fingerprint", "tls_key_file", "tls_cert_file", "tls_certcheck", "tls_priorities", "tls_host_override",
        "tls_min_dh_prime_bits", "delivery", "uidls_file", "only_new", "keep", "killsize", "skipsize", "filter",
        "received_header", "eval",
    )
)  # fmt: skip
_NOT_TRANSLATED: Final = {
    "filter": "filter is not translated: it can erase mail before anybody sees it; Seawall erases only what it delivered",
    "proxy_host": "a SOCKS proxy is not translated: Seawall connects directly",
    "socket": "a connection through a local socket is not translated: Seawall connects to host and port",
    "source_ip": "source_ip is not translated: Seawall lets the system choose its address",
    "tls_cert_file": "a client's certificate is not translated: Seawall logs in with a password",
    "tls_crl_file": "a revocation list is not translated",
    "tls_host_override": "tls_host_override is not translated: the certificate must be for host, or be pinned with pin",
    "eval": "eval is not executed here: write what it prints into the file, or use passwordeval",
}
_UNITS: Final = {"k": 2**10, "m": 2**20}
_MOST_PARENTS: Final = 100
_MOST_LINES: Final = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    line: int
    argument: str = field(repr=False)


@dataclass(slots=True, kw_only=True)
class _Account:
    line: int
    name: str
    settings: dict[str, _Setting] = field(default_factory=dict)


def translate_mpop(text: str, source: Source) -> Translation:
    """Return the translation of an .mpoprc; raises Misconfigured with the line of what is none."""
    drafts: list[Draft] = []
    seen: set[tuple[object, ...]] = set()
    for account in _read(text, source):
        # `account default : isp` names an account a second time; it is one box all the same.
        same = tuple(
            setting.argument for key in ("host", "port", "user") if (setting := account.settings.get(key))
        )
        if same not in seen:
            seen.add(same)
            drafts.append(_draft(account, source))
    return assembled(drafts, collector="mpop", source=source, flags=())


def _read(text: str, source: Source) -> list[_Account]:
    defaults = _Account(line=1, name="")
    accounts: dict[str, _Account] = {}
    current: _Account | None = None
    lines = text.split("\n")
    if len(lines) > _MOST_LINES:
        source.refuse(_MOST_LINES, f"there are more than {_MOST_LINES} lines")
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        word, _, argument = stripped.partition(" ") if "\t" not in stripped else _at_white_space(stripped)
        argument = _unquoted(argument.strip())
        if word == "defaults":
            current = defaults
        elif word == "account":
            current = _account(argument, number, accounts, defaults, source)
            accounts[current.name] = current
        elif word not in COMMANDS:
            source.refuse(number, "this is no command of mpop's")
        elif current is None:
            source.refuse(number, "a command stands before the first account or defaults")
        else:
            current.settings[word] = _Setting(line=number, argument=argument)
    return list(accounts.values())


def _account(
    argument: str, line: int, accounts: Mapping[str, _Account], defaults: _Account, source: Source
) -> _Account:
    name, _, parents = argument.partition(":")
    name = source.plain(name.strip(), line, "the account's name")
    if name in accounts:
        source.refuse(line, "an account of this name stands above already")
    account = _Account(line=line, name=name, settings=dict(defaults.settings))
    named = [parent.strip() for parent in parents.split(",") if parent.strip()]
    for parent in named[:_MOST_PARENTS]:
        if parent not in accounts:
            source.refuse(line, "the account that this one inherits from does not stand above")
        account.settings.update(accounts[parent].settings)
    return account


def _at_white_space(text: str) -> tuple[str, str, str]:
    word, *rest = text.split(None, 1)
    return word, " ", rest[0] if rest else ""


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


class _Settings:
    """An account's settings by name; `on` and an empty argument are the same (mpop(1))."""

    def __init__(self, account: _Account) -> None:
        self._account = account

    def text(self, name: str) -> str:
        setting = self._account.settings.get(name)
        return setting.argument if setting else ""

    def line(self, name: str) -> int:
        setting = self._account.settings.get(name)
        return setting.line if setting else self._account.line

    def is_on(self, name: str, *, default: bool) -> bool:
        setting = self._account.settings.get(name)
        return default if setting is None else setting.argument in {"", "on"}


def _draft(account: _Account, source: Source) -> Draft:
    settings = _Settings(account)
    draft = Draft(line=account.line)
    draft.entries["name"] = account.name
    draft.entries["host"] = source.host(settings.text("host"), settings.line("host"))
    draft.entries["user"] = source.plain(settings.text("user"), settings.line("user"), "the user")
    _connection(draft, settings, source)
    if written := settings.text("passwordeval"):
        draft.entries["password_command"] = password_command(written, source, settings.line("passwordeval"))
    elif password := settings.text("password"):
        draft.password_line = settings.line("password")
        draft.password = source.plain(password, draft.password_line, "the password")
    _keeping(draft, settings, source)
    for name, told in _NOT_TRANSLATED.items():
        if settings.text(name):
            draft.flag(settings.line(name), told)
    if not settings.is_on("only_new", default=True):
        draft.flag(
            settings.line("only_new"),
            "only_new off fetches everything each time; Seawall fetches each mail once",
        )
    draft.delivery = _delivery(settings, source)
    _recipient(draft, settings, source)
    return draft


def _connection(draft: Draft, settings: _Settings, source: Source) -> None:
    if not settings.is_on("tls", default=False):
        draft.secure("none", settings.line("tls"))
    else:
        starts = settings.is_on("tls_starttls", default=True)
        draft.secure("starttls" if starts else "implicit", settings.line("tls"))
        if not settings.is_on("tls_certcheck", default=True):
            draft.unchecked(settings.line("tls_certcheck"))
        trust = settings.text("tls_trust_file")
        if trust and trust != "system":
            at = settings.line("tls_trust_file")
            draft.entries["ca_file"] = source.path(trust, at, "tls_trust_file")
        if written := settings.text("tls_fingerprint"):
            pin = written.lower().replace(":", "")
            if len(pin) == 64 and set(pin) <= set("0123456789abcdef"):  # noqa: PLR2004 - SHA-256
                draft.entries["pin"] = f"sha256:{pin}"
            else:
                told = "this fingerprint is no SHA-256 and is not translated"
                draft.flag(settings.line("tls_fingerprint"), told, "tls")
    if written := settings.text("port"):
        draft.entries["port"] = source.port(written, settings.line("port"))
    if (written := settings.text("timeout")) and written != "off":
        seconds = source.number(written, settings.line("timeout"), "timeout")
        draft.entries["timeout"] = f"{min(max(seconds, 1), 3600)}s"


def _keeping(draft: Draft, settings: _Settings, source: Source) -> None:
    if settings.is_on("keep", default=False):
        draft.entries["keep"] = "forever"
    else:
        draft.erases(settings.line("keep"), "keep off, mpop's default,")
    for name in ("skipsize", "killsize"):
        if (written := settings.text(name)) and written != "off":
            unit = _UNITS.get(written[-1].lower(), 1)
            number = written[:-1] if unit > 1 else written
            octets = source.number(number, settings.line(name), name, 10**9) * unit
            draft.entries["max_size"] = f"{max(octets, 1)} B"
            if name == "killsize":
                draft.erases_larger(settings.line(name), name)


def _delivery(settings: _Settings, source: Source) -> Delivery:
    line = settings.line("delivery")
    method, _, argument = settings.text("delivery").replace(",", " ", 1).partition(" ")
    argument = _unquoted(argument.strip())
    match method:
        case "maildir" if argument and not set(argument) & set("{}"):
            return Delivery(entries={"kind": "maildir", "path": source.path(argument, line, "delivery")})
        case "mda" if argument:
            placeholders = {"%F": "{sender}", "$USER": "{user}", "${USER}": "{user}", "$LOGNAME": "{user}"}
            return shell_command(argument, placeholders, source, line, "delivery mda")
        case "mbox":
            told = "delivery mbox has no counterpart: mail goes to a Maildir"
        case "exchange":
            told = (
                "delivery exchange drops mail into a pickup folder, where Exchange takes its recipients from To and Cc:"
                " this is how a mail storm begins. Mail goes to a Maildir; deliver by SMTP to name the recipients"
            )
        case "smtp":
            told = "delivery smtp is no method of mpop's manual: name the server with kind, host and port; mail goes to a Maildir"
        case _:
            told = "no delivery that is known here: mail goes to a Maildir"
    return Delivery(entries=MAILDIR, flags=(Flag(line=line, sentence=told, beside="kind"),))


def _recipient(draft: Draft, settings: _Settings, source: Source) -> None:
    user, line = str(draft.entries["user"]), settings.line("user")
    # The POP3 user may be an address at the provider: submitted by SMTP, mail to it would go back there.
    is_smtp = draft.delivery.entries["kind"] == "smtp"
    domain = PLACEHOLDER_DOMAIN if is_smtp else domain_of(user, PLACEHOLDER_DOMAIN)
    draft.entries["to"] = mailbox(user.partition("@")[0] if is_smtp else user, domain, source, line)
    draft.flag(line, UNNAMED, "to")
