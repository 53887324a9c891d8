"""The questions that `seawall init` asks on a terminal.

Owns the wording and the order. Each answer is checked at once, by the parsers that the
configuration itself uses; an end of input or Ctrl-C ends it with nothing written.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from seawall.cli.output import talk
from seawall.config import answers
from seawall.config.answers import Answers, Where
from seawall.errors import SeawallError

T = TypeVar("T")


def interview() -> str:
    """Ask, and return the commented configuration; raises SeawallError where the input ends."""
    talk("A few questions; Return takes what stands in [brackets], Ctrl-C ends it with nothing written.")
    host = ask("The POP3 server's host name", "", answers.server)
    user = ask("Your user name there", "", answers.plain)
    password_file = ask("The file that holds your password there", "office.password", _path)
    guessed = user.rpartition("@")[2] if "@" in user else ""
    domain = ask("Your own domain: mail is delivered nowhere else", guessed, answers.domain)
    everything = ask(
        "Does that box hold one person's mail, or a whole domain's? (one, all)", "one", answers.one_or_all
    )
    if everything:
        mailboxes = ask(
            "The mailboxes of your domain, with spaces between; all other mail goes to the first",
            f"postmaster@{domain}",
            lambda text: answers.local_addresses(text, domain),
        )
        envelope = ask(
            "The header in which your provider names the recipient", "X-Original-To", answers.header_name
        )
    else:
        mailboxes = ask(
            "Who receives all of it",
            f"{user.partition('@')[0]}@{domain}",
            lambda text: answers.local_address(text, domain),
        )
        envelope = None
    where = ask(
        "Where it goes: a Maildir's path, lmtp:HOST:PORT, lmtp:/SOCKET or smtp:HOST:PORT",
        "Maildir/{user}",
        _where,
    )
    keep = ask("How long mail stays at the server (none, 7d, forever)", "7d", answers.keep)
    return answers.configuration(
        Answers(
            host=host,
            user=user,
            password_file=password_file,
            domain=domain,
            mailboxes=mailboxes,
            envelope=envelope,
            where=where,
            keep=keep,
        )
    )


def ask(question: str, default: str, parse: Callable[[str], T]) -> T:
    """Ask until an answer can be used; raises SeawallError where the input ends."""
    while True:
        try:
            answer = input(f"{question}{f' [{default}]' if default else ''}: ").strip() or default
        except EOFError:
            talk("")
            raise SeawallError("the input ended; nothing was written") from None
        except UnicodeDecodeError:
            talk("That is no text that this terminal's encoding holds.")
            continue
        try:
            return parse(answer)
        except ValueError as wrong:
            talk(f"That cannot be used: it {wrong}." if str(wrong).startswith("must") else f"{wrong}.")


def _path(text: str) -> str:
    return answers.plain(str(Path(text).expanduser()) if text.startswith("~") else text)


def _where(text: str) -> Where:
    return answers.where(str(Path(text).expanduser()) if text.startswith("~") else text)
