"""The server entries of a .fetchmailrc: which option belongs to which server and which user.

Owns fetchmail's grammar over tokens: `defaults`, `poll`, `skip`, `user … there is … here`, lists,
`no`. Refuses to know what an option means for Seawall.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from seawall.config.peers.fetchmail_tokens import Token, tokens
from seawall.config.peers.translation import MOST_ACCOUNTS, MOST_IN_LIST, Source

_ALIASES: Final = {
    "server": "poll", "proto": "protocol", "local": "localdomains", "authenticate": "auth",
    "username": "user", "pass": "password", "smtp": "smtphost", "port": "service",
}  # fmt: skip
_SERVER_WITH_VALUE: Final = frozenset(
    (
        "via", "protocol", "service", "auth", "timeout", "envelope", "qvirtual", "interface", "monitor", "plugin",
        "plugout", "interval", "principal", "esmtpname", "esmtppassword", "bad-header", "badheader",
    )
)  # fmt: skip
_SERVER_LISTS: Final = frozenset(("aka", "localdomains"))
_SERVER_SWITCHES: Final = frozenset(("dns", "checkalias", "uidl", "tracepolls"))
_USER_WITH_VALUE: Final = frozenset(
    (
        "password", "sslcert", "sslkey", "sslproto", "sslcertfile", "sslcertpath", "sslcommonname",
        "sslfingerprint", "smtpaddress", "smtpname", "mda", "bsmtp", "preconnect", "postconnect", "limit",
        "warnings", "batchlimit", "fetchlimit", "fetchsizelimit", "fastuidl", "expunge", "properties", "passwordfile",
        "passwordfd",
    )
)  # fmt: skip
_USER_LISTS: Final = frozenset(("is", "to", "folder", "smtphost", "fetchdomains", "antispam"))
_USER_SWITCHES: Final = frozenset(
    (
        "ssl", "sslcertck", "lmtp", "keep", "flush", "limitflush", "fetchall", "rewrite", "stripcr", "forcecr",
        "pass8bits", "dropstatus", "dropdelivered", "mimedecode", "idle",
    )
)  # fmt: skip
_GLOBAL_WITH_VALUE: Final = frozenset(("postmaster", "daemon", "logfile", "pidfile", "idfile", "properties"))
_GLOBAL_SWITCHES: Final = frozenset(
    ("bouncemail", "spambounce", "softbounce", "syslog", "invisible", "showdots")
)
_SWITCHES: Final = _SERVER_SWITCHES | _USER_SWITCHES | {"envelope"}
KEYWORDS: Final = (
    _SERVER_WITH_VALUE | _SERVER_LISTS | _SWITCHES | _USER_WITH_VALUE | _USER_LISTS
    | {"poll", "skip", "defaults", "set", "user", "here", "there", "no"} | _ALIASES.keys()
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option as written: its words, empty for a switch; `is_on` is False behind `no`."""

    line: int
    words: tuple[str, ...] = field(default=(), repr=False)
    is_on: bool = True


Options = Mapping[str, Option]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A server with one of its users; `options` hold the user's, else the server's, else the defaults."""

    line: int
    name: str
    is_skipped: bool
    options: Options


@dataclass(frozen=True, slots=True, kw_only=True)
class RunControl:
    """A whole .fetchmailrc."""

    settings: Options
    entries: tuple[Entry, ...]


def read_run_control(text: str, source: Source) -> RunControl:
    """Return what a .fetchmailrc says; raises Misconfigured for a word that is none of its language."""
    reader = _Reader(text, source)
    reader.read()
    return RunControl(settings=reader.settings, entries=tuple(reader.entries()))


@dataclass(slots=True, kw_only=True)
class _Server:
    line: int
    name: str = ""
    is_skipped: bool = False
    options: dict[str, Option] = field(default_factory=dict)
    users: list[dict[str, Option]] = field(default_factory=list)


class _Reader:
    def __init__(self, text: str, source: Source) -> None:
        self._source = source
        self._tokens = list(tokens(text, source))
        self._at = 0
        self._defaults = _Server(line=1)
        self._servers: list[_Server] = []
        self.settings: dict[str, Option] = {}

    def entries(self) -> Iterator[Entry]:
        shared = {**self._defaults.options, **(self._defaults.users[0] if self._defaults.users else {})}
        count = 0
        for server in self._servers:
            for user in server.users or [{}]:
                count += 1
                if count > MOST_ACCOUNTS:
                    self._source.refuse(server.line, f"there are more than {MOST_ACCOUNTS} users")
                yield Entry(
                    line=user["user"].line if "user" in user else server.line,
                    name=server.name,
                    is_skipped=server.is_skipped,
                    options={**shared, **server.options, **user},
                )

    def read(self) -> None:
        current: _Server | None = None
        while (token := self._next()) is not None:
            word = _keyword(token)
            if word == "set":
                self._global()
            elif word == "defaults":
                current = self._defaults
            elif word in {"poll", "skip"}:
                name = self._value(token)
                current = _Server(line=token.line, name=name.text, is_skipped=word == "skip")
                self._servers.append(current)
            elif current is None:
                self._source.refuse(token.line, "an entry begins with poll, skip, defaults or set")
            else:
                self._option(token, word, current)

    def _option(self, token: Token, word: str, server: _Server) -> None:
        word, is_on = self._negated(token, word, _SWITCHES)
        if word == "user":
            self._user(token, server)
            return
        options = server.users[-1] if server.users else server.options
        if word in _SWITCHES and (not is_on or word != "envelope"):
            options[word] = Option(line=token.line, is_on=is_on)
        elif word in _SERVER_LISTS | _USER_LISTS and is_on:
            self._names(token, word, options)
        elif word == "envelope":
            count = self._value(token)
            is_count = not count.is_quoted and count.text.isdigit()
            words = (self._value(token).text, count.text) if is_count else (count.text,)
            options[word] = Option(line=token.line, words=words)
        elif word in _SERVER_WITH_VALUE | _USER_WITH_VALUE and is_on:
            options[word] = Option(line=token.line, words=(self._value(token).text,))
        elif word not in {"here", "there"}:
            self._source.refuse(token.line, "this is no option of fetchmail's, or stands in the wrong place")

    def _negated(self, token: Token, word: str, switches: frozenset[str]) -> tuple[str, bool]:
        """Return an option's name, and whether it is on: `no keep` and `nokeep` are not."""
        if word == "no":
            return _keyword(self._value(token)), False
        if word.startswith("no") and word[2:] in switches:
            return word[2:], False
        return word, True

    def _names(self, token: Token, word: str, options: dict[str, Option]) -> None:
        """Read a list; a second one of the same name adds to the first."""
        words = self._list()
        if word == "is" and self._passes("there"):
            options["user"] = Option(line=token.line, words=words)
            return
        self._passes("here")
        before = options.get(word)
        options[word] = Option(line=token.line, words=(*before.words, *words) if before else words)

    def _user(self, token: Token, server: _Server) -> None:
        name = self._value(token)
        user: dict[str, Option] = {}
        if self._passes("here"):
            user["user"] = Option(line=token.line, words=())
            user["is"] = Option(line=token.line, words=(name.text,))
        else:
            self._passes("there")
            user["user"] = Option(line=token.line, words=(name.text,))
        server.users.append(user)

    def _global(self) -> None:
        token = self._next()
        if token is None:
            return
        word, is_on = self._negated(token, _keyword(token), _GLOBAL_SWITCHES)
        if word in _GLOBAL_SWITCHES:
            self.settings[word] = Option(line=token.line, is_on=is_on)
        elif word in _GLOBAL_WITH_VALUE and is_on:
            self._passes("=")
            self.settings[word] = Option(line=token.line, words=(self._value(token).text,))
        else:
            self._source.refuse(token.line, "set is followed by no option of fetchmail's")

    def _list(self) -> tuple[str, ...]:
        """Return the names that follow; `a=b` is one of them."""
        words: list[str] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if not token.is_quoted and (
                token.text in KEYWORDS or (token.text[2:] in _SWITCHES and token.text[:2] == "no")
            ):
                break
            self._at += 1
            if token.text == "=" and not token.is_quoted and words:
                local = self._next()
                words[-1] += f"={local.text if local else ''}"
            else:
                words.append(token.text)
            if len(words) > MOST_IN_LIST:
                self._source.refuse(token.line, f"a list holds more than {MOST_IN_LIST} words")
        return tuple(words)

    def _value(self, option: Token) -> Token:
        token = self._next()
        if token is None:
            self._source.refuse(option.line, "the file ends where a value is expected")
        return token

    def _passes(self, word: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at].text == word:
            self._at += 1
            return True
        return False

    def _next(self) -> Token | None:
        if self._at >= len(self._tokens):
            return None
        self._at += 1
        return self._tokens[self._at - 1]


def _keyword(token: Token) -> str:
    return "" if token.is_quoted else _ALIASES.get(token.text, token.text)
