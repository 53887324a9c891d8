"""A program as a destination: each mail is piped into one run of it, and its exit code says what became of the mail.

Owns the arguments and the meaning of exit codes. Refuses to know processes and pipes (`program`),
and what is written down about a transfer. No shell is involved, and no value of a mail becomes an
option or a second argument.
"""

import asyncio
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Final

from seawall.deliver import program
from seawall.deliver.native import native
from seawall.deliver.program import Ended
from seawall.deliver.transfer import Diary, Transfer
from seawall.errors import Misconfigured, Temporary
from seawall.model.outcome import Accepted, Deferred, Outcome, Refused

REFUSED: Final[Mapping[int, str]] = MappingProxyType(
    {
        os.EX_DATAERR: "EX_DATAERR, the mail's data are wrong",
        os.EX_NOUSER: "EX_NOUSER, the recipient is unknown",
        os.EX_NOHOST: "EX_NOHOST, the host is unknown",
        os.EX_UNAVAILABLE: "EX_UNAVAILABLE, the service is unavailable",
        os.EX_PROTOCOL: "EX_PROTOCOL, the other side broke a protocol",
        os.EX_NOPERM: "EX_NOPERM, it is not permitted",
    }
)
"""Exit codes that speak of this mail or this recipient: it will be the same the next time."""

DEFERRED: Final[Mapping[int, str]] = MappingProxyType(
    {
        os.EX_USAGE: "EX_USAGE, the command line is wrong",
        os.EX_NOINPUT: "EX_NOINPUT, an input cannot be opened",
        os.EX_SOFTWARE: "EX_SOFTWARE, an internal error",
        os.EX_OSERR: "EX_OSERR, the system has no room",
        os.EX_OSFILE: "EX_OSFILE, a system file is missing",
        os.EX_CANTCREAT: "EX_CANTCREAT, an output cannot be made",
        os.EX_IOERR: "EX_IOERR, reading or writing failed",
        os.EX_TEMPFAIL: "EX_TEMPFAIL, it may work later",
        os.EX_CONFIG: "EX_CONFIG, the program is not configured",
    }
)
"""Exit codes that speak of the program or the machine: a person mends it, and the mail comes in by itself.

The codes are those of sysexits(3). Postfix's pipe(8) defers only EX_OSERR, EX_TEMPFAIL and signals
(sys_exits.c, pipe_command.c), because what it does not bounce stays in a queue for days at most; here
a mail waits at the POP3 server, and one mistyped option must not fill Held. Every code in neither
table, such as 1 or a shell's 127, counts as these do.
"""

MOST_CHARACTERS: Final = 1000
"""Of a sender or a recipient; RFC 5321 §4.5.3.1 has 320, and long return paths are in use."""

NULL_SENDER: Final = "MAILER-DAEMON"
"""Stands for the null reverse-path, as with pipe(8): behind `-f` an empty value would take the next argument for its own."""

_PLACEHOLDER: Final = re.compile(r"\{(user|domain|recipient|sender)\}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NAMES_AN_OPTION: Final = re.compile(r"-+\{(?:user|domain|recipient|sender)\}")


class UnsafeValue(ValueError):
    """A sender or recipient that must not reach a command line; the text is a sentence."""


def arguments(argv: Sequence[str], transfer: Transfer) -> tuple[str, ...]:
    """Return the command line for a transfer: as many arguments as `argv` has, each placeholder filled once.

    Raises UnsafeValue for a value that holds control characters or is too long, and for one that
    would make an option of an argument that is none.
    """
    values = {
        "user": transfer.recipient.local_part,
        "domain": transfer.recipient.domain,
        "recipient": str(transfer.recipient),
        "sender": transfer.reverse_path or NULL_SENDER,
    }
    for name, value in values.items():
        if _CONTROL.search(value):
            raise UnsafeValue(f"its {name} holds control characters, which no program is given")
        if len(value) > MOST_CHARACTERS:
            raise UnsafeValue(f"its {name} has more than {MOST_CHARACTERS} characters")
    filled = tuple(_PLACEHOLDER.sub(lambda found: values[found[1]], template) for template in argv)
    for template, argument in zip(argv, filled, strict=True):
        if argument.startswith("-") and not template.startswith("-"):
            raise UnsafeValue(f"in the place of {template} it would be taken for an option of the program")
    return filled


class Command:
    """A carrier (`transfer.Carrier`) that runs a program for each transfer.

    `argv` is the program and its arguments, in which {user}, {domain}, {recipient} and {sender} are
    filled from the transfer; `patience` is in seconds for one mail, `at_once` how many run together.
    Raises Misconfigured where a placeholder would choose the program or the name of an option.
    """

    def __init__(self, argv: tuple[str, ...], *, patience: float, at_once: int = 1) -> None:
        if not argv or not argv[0]:
            raise Misconfigured("a command needs a program")
        if _PLACEHOLDER.search(argv[0]):
            raise Misconfigured(f"the program {argv[0]} cannot hold a placeholder")
        for argument in argv:
            if _NAMES_AN_OPTION.match(argument):
                raise Misconfigured(f"in {argument} a placeholder would name an option")
            if "\0" in argument:
                raise Misconfigured("a command cannot hold a NUL")
        self._argv = argv
        self._patience = patience
        self._at_once = at_once

    async def probe(self) -> None:
        """See whether the program can be run; raises Misconfigured where it cannot."""
        await asyncio.to_thread(program.probe, self._argv)

    async def carry(self, transfers: Sequence[Transfer], diary: Diary) -> None:
        """Run the program for each transfer; raises what the diary raises."""
        waiting = iter(transfers)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._at_once, len(transfers))):
                    group.create_task(self._work(waiting, diary))
        except BaseExceptionGroup as problems:
            raise problems.exceptions[0] from problems

    async def close(self) -> None:
        """Give back what is kept for the next batch: nothing is."""

    async def _work(self, waiting: Iterator[Transfer], diary: Diary) -> None:
        for transfer in waiting:
            try:
                argv = arguments(self._argv, transfer)
            except UnsafeValue as unsafe:
                diary.close(transfer.delivery_id, Refused(f"not given to {self._argv[0]}: {unsafe}"))
                continue
            await diary.offer(transfer.delivery_id)
            diary.close(transfer.delivery_id, await self._run(argv, transfer))

    async def _run(self, argv: tuple[str, ...], transfer: Transfer) -> Outcome:
        mail = native(chain((transfer.top,), transfer.content.chunks()))
        extra = {"SENDER": transfer.reverse_path or NULL_SENDER, "RECIPIENT": str(transfer.recipient)}
        try:
            return outcome(await program.run(argv, mail, patience=self._patience, extra=extra))
        except (Temporary, Misconfigured) as problem:
            return Deferred(str(problem))


def outcome(ended: Ended) -> Outcome:
    """Return what an exit means (REFUSED, DEFERRED), with the program's own first line behind it."""
    if ended.code == 0:
        return Accepted(ended.words or "exit 0")
    if ended.code < 0:
        return Deferred(_with(ended, f"ended by signal {-ended.code}"))
    if ended.code in REFUSED:
        return Refused(_with(ended, f"exit {ended.code} ({REFUSED[ended.code]})"))
    meaning = DEFERRED.get(ended.code, "a code of its own")
    return Deferred(_with(ended, f"exit {ended.code} ({meaning})"))


def _with(ended: Ended, how: str) -> str:
    return f"{how}: {ended.words}" if ended.words else how
