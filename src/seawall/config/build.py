"""From the parsed TOML to Settings: how sections refer to each other.

Owns what no section can judge alone: which destination an account means, names that must differ,
one source for a password. Collects every mistake before it gives up. Refuses to know lines.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from seawall.config import guarding, schema
from seawall.config.nexthop import next_hop, next_hop_mistakes, received_by, secret_source
from seawall.deliver.maildir import directory
from seawall.errors import Misconfigured
from seawall.model.account import (
    Account,
    CommandDestination,
    Destination,
    Filter,
    MaildirDestination,
    Server,
    Settings,
    Site,
)
from seawall.model.address import Address, domain_in_a_labels
from seawall.model.envelope import Mailboxes, Multidrop
from seawall.toml.positions import KeyPath
from seawall.toml.problems import Problem, shown_names
from seawall.toml.section import AnySection, read_section

SECTIONS = ("local", "mailboxes", "destination", "account", "guard")

_KINDS_TO_COME = frozenset({"imap", "gmail"})
_KINDS: Mapping[str, type[schema.Maildir | schema.NextHop | schema.Command]] = {
    "maildir": schema.Maildir,
    "lmtp": schema.NextHop,
    "smtp": schema.NextHop,
    "command": schema.Command,
}

_REFUSED_IN_ACCOUNT = {
    "password": "a password does not belong in this file: put it in a file of its own and name that with password_file",
    "keyring": "keyring is not built yet: use password_file or password_command",
    "oauth2": "oauth2 is not built yet: use password_file or password_command",
}


def build(raw: Mapping[str, Any], *, directory: str) -> Settings | list[Problem]:
    """Return the settings that `raw` means, or everything that is wrong with it.

    `directory` is absolute: relative paths in the configuration start there.
    """
    builder = _Builder(raw, directory)
    settings = builder.settings()
    return builder.problems if settings is None else settings


class _Builder:
    def __init__(self, raw: Mapping[str, Any], directory: str) -> None:
        self.problems: list[Problem] = []
        self._raw = raw
        self._around = schema.Around(directory=directory, domains=_domains(raw.get("local")))

    def settings(self) -> Settings | None:
        for key in self._raw.keys() - set(SECTIONS):
            self._wrong((key,), "is not a known section", known=SECTIONS)
        local = self._section(schema.Local, self._raw.get("local"), ("local",))
        mailboxes = self._mailboxes()
        destinations = self._destinations()
        accounts = self._accounts(destinations)
        guard = self._section(guarding.Guard, self._raw.get("guard", {}), ("guard",))
        digest = self._digest(local, destinations, accounts)
        if self.problems or local is None or guard is None:
            return None
        site = Site(
            domains=local.domains,
            postmaster=local.postmaster,
            state=local.state,
            min_free_octets=local.min_free,
            alarm_after=local.alarm_after,
            mailboxes=mailboxes,
            at_once=local.at_once,
            at_once_per_host=local.at_once_per_host,
            guard=guarding.policy(guard, local.sent_by),
            digest=digest,
        )
        return Settings(site=site, accounts=tuple(accounts))

    def _mailboxes(self) -> Mailboxes:
        written = self._raw.get("mailboxes", {})
        section = self._section(schema.Mailboxes, {"mailboxes": written}, ())
        if section is None:
            return Mailboxes.build({})
        wrong_before = len(self.problems)
        owners: dict[str, str] = {}
        for mailbox in written:
            self._belongs(owners, mailbox, mailbox, ("mailboxes", mailbox))
        for mailbox, aliases in written.items():
            for index, alias in enumerate(aliases):
                self._belongs(owners, alias, mailbox, ("mailboxes", mailbox, index))
        if len(self.problems) > wrong_before:
            return Mailboxes.build({})
        return Mailboxes.build(section.mailboxes, self._around.domains or ())

    def _belongs(self, owners: dict[str, str], written: str, mailbox: str, path: KeyPath) -> None:
        # Local parts compare without case here, as they do when a recipient is looked up.
        address = Address.parse(written)
        owner = owners.setdefault(str(address).lower(), mailbox)
        if owner != mailbox:
            self._wrong(path, f"{address} belongs to {Address.parse(owner)} already")

    def _destinations(self) -> dict[str, Destination | None]:
        """Return each destination by name, None where it is wrong."""
        written = self._raw.get("destination")
        if not isinstance(written, dict) or not written:
            self._wrong(("destination",), "is missing: where mail goes, such as [destination.main]")
            return {}
        return {name: self._destination(name, section) for name, section in written.items()}

    def _destination(self, name: str, written: object) -> Destination | None:
        path = ("destination", name)
        if not schema.is_name(name):
            self._wrong(path, f"a destination's name {schema.NAME_RULE}")
        match written:
            case {"kind": str(kind)} if kind in _KINDS_TO_COME:
                self._wrong((*path, "kind"), f'kind "{kind}" is not built yet; {", ".join(_KINDS)} are')
                return None
            case {"kind": str(kind)} if kind not in _KINDS:
                self._wrong((*path, "kind"), f"there are the kinds {shown_names(tuple(_KINDS))}")
                return None
        model = (
            _KINDS.get(str(written.get("kind")), schema.Maildir)
            if isinstance(written, dict)
            else schema.Maildir
        )
        section = self._section(model, written, path)
        match section:
            case schema.Maildir():
                return MaildirDestination(name=name, path=section.path)
            case schema.Command():
                return CommandDestination(name=name, argv=section.command, patience=section.timeout)
            case schema.NextHop():
                return self._next_hop(name, section, path)
        return None

    def _next_hop(self, name: str, section: schema.NextHop, path: KeyPath) -> Destination | None:
        is_right = True
        for is_wrong, key, sentence in next_hop_mistakes(section):
            if is_wrong:
                self._wrong((*path, key), sentence)
                is_right = False
        return next_hop(name, section) if is_right else None

    def _digest(
        self,
        local: schema.Local | None,
        destinations: Mapping[str, Destination | None],
        accounts: Sequence[Account],
    ) -> Destination | None:
        """Return where the postmaster's digest goes: as the first account's mail, unless it is said; None for nowhere."""
        if local is None or not local.digest:
            return None
        name = local.digest_destination
        if name is None:
            return accounts[0].destination if accounts else None
        if name not in destinations:
            known = shown_names(tuple(destinations))
            self._wrong(("local", "digest_destination"), f"is none of them: there are {known}")
        return destinations.get(name)

    def _accounts(self, destinations: Mapping[str, Destination | None]) -> list[Account]:
        written = self._raw.get("account")
        if isinstance(written, dict):
            self._wrong(("account",), "must be written [[account]], in double brackets: there may be many")
            return []
        if not isinstance(written, list) or not written:
            self._wrong(("account",), "is missing: what is collected, one [[account]] for each POP3 mailbox")
            return []
        names: set[str] = set()
        accounts = []
        for index, item in enumerate(written):
            account = self._account(("account", index), item, destinations)
            if isinstance(item, dict) and isinstance(name := item.get("name"), str):
                if name in names:
                    self._wrong(("account", index, "name"), "another account has this name already")
                names.add(name)
            if account is not None:
                accounts.append(account)
        return accounts

    def _account(
        self, path: KeyPath, written: object, destinations: Mapping[str, Destination | None]
    ) -> Account | None:
        if isinstance(written, dict):
            for key in _REFUSED_IN_ACCOUNT.keys() & written.keys():
                self._wrong((*path, key), _REFUSED_IN_ACCOUNT[key])
            self._one_password_source(path, written)
            written = {key: value for key, value in written.items() if key not in _REFUSED_IN_ACCOUNT}
        section = self._section(schema.Account, written, path)
        destination = self._chosen(path, written, destinations)
        if section is None or destination is None or (secret := secret_source(section)) is None:
            return None
        to = self._receives(path, section, destination)
        if to is None:
            return None
        server = Server(
            host=section.host,
            port=section.port or schema.PORT_BY_TLS[section.tls],
            tls=section.tls,
            ca_file=section.ca_file,
            pin=section.pin,
        )
        return Account(
            name=section.name,
            server=server,
            user=section.user,
            secret=secret,
            to=to,
            destination=destination,
            filter=Filter(argv=section.filter) if section.filter else None,
            every=section.every,
            patience=section.timeout,
            keep=section.keep,
            start=section.start,
            max_octets=section.max_size,
        )

    def _receives(
        self, path: KeyPath, section: schema.Account, destination: Destination
    ) -> Address | Multidrop | None:
        """Return who receives an account's mail, None where that is wrong."""
        to, multidrop = section.to, section.multidrop
        if (to is None) == (multidrop is None):
            self._wrong(
                (*path, "to"),
                "is missing, and so is multidrop: who receives the mail is never guessed"
                if to is None
                else "multidrop is given too: keep one of them",
            )
            return None
        mailboxes = [to] if to is not None else [] if multidrop is None else [multidrop.unknown]
        if multidrop is not None:
            listed = self._raw.get("mailboxes")
            if not listed:
                self._wrong((*path, "multidrop"), "needs [mailboxes]: who may receive is never guessed")
                return None
            mailboxes += [Address.parse(mailbox) for mailbox in listed]
        for mailbox in mailboxes:
            try:
                if isinstance(destination, MaildirDestination):
                    directory(destination, mailbox)
            except Misconfigured as refused:
                self._wrong((*path, "to" if to is not None else "multidrop"), str(refused))
                return None
        return to if multidrop is None else received_by(multidrop, section.user)

    def _one_password_source(self, path: KeyPath, written: Mapping[str, Any]) -> None:
        match "password_file" in written, "password_command" in written:
            case True, True:
                self._wrong((*path, "password_command"), "password_file is given too: keep one of them")
            case False, False if not _REFUSED_IN_ACCOUNT.keys() & written.keys():
                self._wrong((*path, "password_file"), "is missing, and so is password_command: one is needed")

    def _chosen(
        self, path: KeyPath, written: object, destinations: Mapping[str, Destination | None]
    ) -> Destination | None:
        name = written.get("destination") if isinstance(written, dict) else None
        if not destinations or not (name is None or isinstance(name, str)):
            return None
        default = next(iter(destinations)) if len(destinations) == 1 else "main"
        chosen = default if name is None else name
        if chosen not in destinations:
            is_wrong = "is missing, and" if name is None else "is none of them:"
            self._wrong((*path, "destination"), f"{is_wrong} there are {shown_names(tuple(destinations))}")
        return destinations.get(chosen)

    def _section(self, model: type[AnySection], written: object, path: KeyPath) -> AnySection | None:
        found = read_section(model, written, path, around=self._around)
        if isinstance(found, list):
            self.problems += found
            return None
        return found

    def _wrong(self, path: KeyPath, sentence: str, *, known: tuple[str, ...] = ()) -> None:
        self.problems.append(Problem(path=path, sentence=sentence, known=known))


def _domains(local: object) -> frozenset[str] | None:
    match local:
        case {"domains": list(written)} if written:
            try:
                return frozenset(domain_in_a_labels(str(domain)) for domain in written)
            except ValueError:
                return None
    return None
