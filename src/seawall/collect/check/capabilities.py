"""What a POP3 server's CAPA says (RFC 2449), in words, beside what the account asks of it. Pure.

Owns the meaning of each capability for a person. Refuses to know sessions.
"""

from typing import Final

from seawall.collect.check.finding import Notes, counted, named
from seawall.model.account import Account, KeepFor, KeepForever
from seawall.model.text import shown
from seawall.wire.replies import Capabilities

DAY: Final = 86400.0

_ANNOUNCED: Final = {
    "PIPELINING": "PIPELINING: yes; mails are asked for ahead, without a round trip for each",
    "TOP": "TOP: yes; a header can be read without fetching its mail",
    "UIDL": "UIDL: yes; each mail has a name that lasts, by which it is known again",
    "RESP-CODES": "RESP-CODES: yes; a refusal says whether the box is in use or the login came too soon",
    "AUTH-RESP-CODE": "AUTH-RESP-CODE: yes; a wrong password is told from a fault of the server's",
    "UTF8": "UTF8: yes (RFC 6856); it is not asked for, so mails come as they are stored",
    "STLS": "STLS: yes; the connection can be protected after it is made",
    "LANG": "LANG: yes; it can talk in other languages, and is not asked to",
    "USER": "USER: yes; a login by user and password is taken",
}
_MISSING: Final = {
    "PIPELINING": "PIPELINING: no; each mail costs a round trip",
    "RESP-CODES": "RESP-CODES: no; a refusal does not say whether it will pass",
    "AUTH-RESP-CODE": "AUTH-RESP-CODE: no; a wrong password looks like any other refusal",
}
_WITH_WORDS: Final = frozenset(("CAPA", "SASL", "EXPIRE", "LOGIN-DELAY", "IMPLEMENTATION"))


def about_capabilities(capabilities: Capabilities, account: Account, notes: Notes) -> None:
    """Note what the server announced after the login, and what of it the account's `keep` and `every` meet."""
    if not capabilities.is_announced:
        notes.found("no CAPA: what RFC 1939 leaves open is tried and not assumed, and PIPELINING is not used")
    else:
        notes.found(
            *(sentence for name, sentence in _ANNOUNCED.items() if capabilities.has(name)),
            *(sentence for name, sentence in _MISSING.items() if not capabilities.has(name)),
        )
        _about_words(capabilities, notes)
    _about_expire(capabilities, account, notes)
    _about_delay(capabilities, account, notes)


def about_telling_apart(capabilities: Capabilities, notes: Notes, *, has_uidl: bool) -> None:
    """Note how mails are told apart; `has_uidl` is what the server does, whatever it announces."""
    has_top = capabilities.has("TOP") or not capabilities.is_announced
    if has_uidl:
        if not capabilities.has("UIDL"):
            notes.found("UIDL: yes, though it is not announced")
    elif has_top:
        notes.found("UIDL: no; mails are told apart by their headers, which TOP shows")
    else:
        notes.warn("UIDL: no, and no TOP either: each poll must fetch whole mails to see which are new")


def _about_words(capabilities: Capabilities, notes: Notes) -> None:
    if capabilities.sasl:
        ways = named(sorted(_shown(word) for word in capabilities.sasl), most=12)
        notes.found(f"SASL: it takes logins by {ways}")
    made = " ".join(capabilities.parameters.get("IMPLEMENTATION", ()))
    if made:
        notes.found(f"IMPLEMENTATION: it calls itself {_shown(made)}")
    others = sorted(capabilities.parameters.keys() - _ANNOUNCED.keys() - _WITH_WORDS)
    if others:
        notes.found(f"not known here and not used: {named(map(_shown, others), most=20)}")


def _about_expire(capabilities: Capabilities, account: Account, notes: Notes) -> None:
    """Note how long the server keeps mail (RFC 2449 §6.7), beside `keep`."""
    written = " ".join(capabilities.parameters.get("EXPIRE", ()))
    expires = capabilities.expire
    if expires is None:
        if written.upper().startswith("NEVER"):
            notes.found("EXPIRE: never; the server erases nothing by itself")
        return
    days = round(expires / DAY)
    if days == 0:
        notes.found("EXPIRE 0: the server may erase what was fetched as soon as a session ends")
    else:
        notes.found(f"EXPIRE {days}: the server itself erases mail after {counted(days, 'day')}")
    wanted = account.keep
    if isinstance(wanted, KeepForever) or (isinstance(wanted, KeepFor) and wanted.seconds > expires):
        asked = "forever" if isinstance(wanted, KeepForever) else counted(round(wanted.seconds / DAY), "day")
        notes.warn(
            f"keep asks for {asked}, and the server keeps mail for {counted(days, 'day')}: "
            "what is here is whole, but do not count on the copy there"
        )


def _about_delay(capabilities: Capabilities, account: Account, notes: Notes) -> None:
    """Note how soon a login may follow another (RFC 2449 §6.5), beside `every`."""
    delay = capabilities.login_delay
    if delay is None:
        return
    kept = "every is longer" if account.every >= delay else "so polls are that far apart, whatever every says"
    notes.found(f"LOGIN-DELAY: {delay:.0f} s must lie between two logins; {kept}")


def _shown(word: str) -> str:
    return shown(word.encode("utf-8", "replace"), limit=80)
