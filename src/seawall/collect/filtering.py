"""What a person's own filter says of a mail that would be delivered: refuse it, or a folder (docs/filters.md).

A filter sees no recipient and can name none: its answer turns a Deliver into a Hold for the same
recipients, or gives it a folder.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from seawall.deliver import filter as program
from seawall.deliver import maildir, staging
from seawall.deliver.filter import Refusal
from seawall.errors import SeawallError, Temporary
from seawall.model.account import Account, MaildirDestination
from seawall.model.mail import Content
from seawall.model.verdict import Deliver, Hold, Reason, Verdict

AT_ONCE: Final = 4
"""Filters of one account that run together."""

Filtered = tuple[Verdict, ...] | Temporary


async def filtered(
    account: Account, contents: Sequence[Content], verdicts: Sequence[tuple[Verdict, ...]]
) -> list[Filtered]:
    """Return the verdicts as the account's filter leaves them; where it failed for a mail, why: that mail stays.

    Raises Misconfigured where the filter cannot be run at all.
    """
    if account.filter is None:
        return list(verdicts)
    places = asyncio.Semaphore(AT_ONCE)

    async def one(content: Content, verdict: tuple[Verdict, ...]) -> Filtered:
        async with places:
            return await _ask(account, content, verdict)

    return await asyncio.gather(*(one(*pair) for pair in zip(contents, verdicts, strict=True)))


async def _ask(account: Account, content: Content, verdicts: tuple[Verdict, ...]) -> Filtered:
    if account.filter is None or not any(isinstance(verdict, Deliver) for verdict in verdicts):
        return verdicts
    try:
        answer = await program.ask(account.filter.argv, content, patience=account.filter.patience)
        if isinstance(answer, Refusal):
            return tuple(_refused(verdict, answer.words) for verdict in verdicts)
        if answer.folder is None or not isinstance(account.destination, MaildirDestination):
            return verdicts
    except Temporary as problem:
        return problem
    try:
        await asyncio.to_thread(_make, account.destination, answer.folder, verdicts)
    except SeawallError as problem:
        return Temporary(f"the folder {answer.folder} cannot be made: {problem}")
    return tuple(_into(verdict, answer.folder) for verdict in verdicts)


def _refused(verdict: Verdict, words: str) -> Verdict:
    if not isinstance(verdict, Deliver):
        return verdict
    return Hold(
        recipients=verdict.recipients,
        reason=Reason.FILTERED,
        sentence=f"the filter refused it: {words}",
        evidence=(words,),
    )


def _into(verdict: Verdict, folder: str) -> Verdict:
    """What the guard files stays where the guard files it."""
    if isinstance(verdict, Deliver) and verdict.folder is None:
        return replace(verdict, folder=folder)
    return verdict


def _make(destination: MaildirDestination, folder: str, verdicts: tuple[Verdict, ...]) -> None:
    for verdict in verdicts:
        for recipient in verdict.recipients if isinstance(verdict, Deliver) else ():
            directory = maildir.directory(destination, recipient)
            staging.make(directory)
            maildir.make_folder(directory, folder)
