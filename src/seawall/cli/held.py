"""`seawall held`: see what is set aside, and release or drop it."""

import os
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from seawall.cli.options import ConfigOption, JsonOption
from seawall.cli.output import document, octets, say, talk
from seawall.cli.status import moment

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from seawall.collect.release import Held
    from seawall.ledger.records import HeldRecord, HeldStorm
    from seawall.ledger.setaside import Choice
    from seawall.model.address import Address

FAILED = 1
MOST_DIGITS = 18
"""Those of the largest number that a ledger holds, but for its first."""
Ids = Annotated[list[int] | None, Parameter(help="The numbers that `held list` shows.")]
Storm = Annotated[str | None, Parameter(help="All copies of this storm, such as s3.")]
OfReason = Annotated[str | None, Parameter(help="All that is held for this reason code.")]


def list_(
    *,
    every: Annotated[bool, Parameter(name="--all", help="Also what was released or dropped.")] = False,
    all_copies: Annotated[
        bool, Parameter(name="--all-copies", help="Below each storm, each of its copies.")
    ] = False,
    storm: Annotated[str | None, Parameter(help="Only this storm, such as s3, with its copies.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """List what is set aside, and why: a line for each storm, and one for each mail that belongs to none."""
    from seawall.cli import desk  # noqa: PLC0415
    from seawall.config.load import find, load  # noqa: PLC0415 - keeps --help quick
    from seawall.ledger.setaside import Choice  # noqa: PLC0415

    settings = load(find(config, os.environ)).settings
    only = _storm(storm)
    storms = [one for one in desk.storms(settings, every=every) if only in {None, one.storm_id}]
    if json:
        alone = only is None and not all_copies
        mails = desk.held_mails(settings, Choice(storm_id=only, is_alone=alone, every=every))
        content = {
            "storms": [_storm_as_document(one) for one in storms],
            "mails": [_as_document(record) for record in mails],
        }
        document("seawall.held/1", content)
        return
    is_anything = bool(storms)
    for one in storms:
        say(_storm_line(one))
        if all_copies or only is not None:
            for record in desk.held_mails(settings, Choice(storm_id=one.storm_id, every=every)):
                say(f"  {_line(record)}")
    for record in desk.held_mails(settings, Choice(is_alone=True, every=every)) if only is None else ():
        is_anything = True
        say(_line(record))
    if not is_anything:
        say("nothing is held")


def show(
    held_id: int,
    *,
    raw: Annotated[bool, Parameter(help="The whole mail as it was served, and nothing else.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Show one mail that is set aside, with its evidence and its header."""
    from seawall.cli import desk  # noqa: PLC0415
    from seawall.config.load import find, load  # noqa: PLC0415 - keeps --help quick

    settings = load(find(config, os.environ)).settings
    if raw:
        octets(desk.held_octets(settings, held_id))
        return
    seen = desk.held_mail(settings, held_id)
    record = seen.record
    if json:
        content = {
            **_as_document(record),
            "file": seen.path,
            "body_file": seen.body_path,
            "header": seen.header,
        }
        document("seawall.held-mail/1", content)
        return
    evidence = "\n".join(f"evidence: {line}" for line in record.note.evidence)
    files = f"file: {seen.path}" + (f"\nbody: {seen.body_path}" if seen.body_path else "")
    say(f"{_line(record)}\n{record.note.sentence}\n{evidence}\n{files}\n\n{seen.header}")


def release(
    held_ids: Ids = None,
    *,
    storm: Storm = None,
    reason: OfReason = None,
    to: Annotated[
        str | None, Parameter(help="The mailbox that gets them, if not the one they were held for.")
    ] = None,
    config: ConfigOption = None,
) -> int:
    """Deliver mails that are set aside to the mailbox that they were held for, byte-identical, oldest first.

    One that was held because its envelope told nobody goes to whom the envelope names by now, or to --to.
    Exits 1 where one could not be delivered; the others are.
    """
    from seawall.errors import Misconfigured  # noqa: PLC0415 - keeps --help quick

    if to is not None and storm is not None:
        raise Misconfigured("a storm's copies go to whom they were held for: --to is for numbers and reasons")
    recipient = _address(to)
    return _work(
        lambda held, held_id: held.release(held_id, recipient), _which(held_ids, storm, reason), config
    )


def _address(text: str | None) -> "Address | None":
    from seawall.errors import Misconfigured  # noqa: PLC0415 - keeps --help quick
    from seawall.model.address import Address  # noqa: PLC0415

    try:
        return Address.parse(text) if text is not None else None
    except ValueError as wrong:
        raise Misconfigured(f"--to {text}: {wrong}") from None


def drop(
    held_ids: Ids = None,
    *,
    storm: Storm = None,
    reason: OfReason = None,
    yes: Annotated[bool, Parameter(help="Really erase them: nothing brings them back.")] = False,
    config: ConfigOption = None,
) -> int:
    """Drop mails that are set aside, for good. Exits 1 where one could not be dropped; the others are."""
    from seawall.errors import Misconfigured  # noqa: PLC0415 - keeps --help quick

    which = _which(held_ids, storm, reason)
    if not yes:
        raise Misconfigured("dropped mail cannot be brought back: say so with --yes")
    return _work(lambda held, held_id: held.drop(held_id), which, config)


def _work(
    act: "Callable[[Held, int], Awaitable[HeldRecord]]", which: "list[int] | Choice", config: ConfigOption
) -> int:
    from seawall.cli.desk import work_on_held  # noqa: PLC0415
    from seawall.cli.progress import bar  # noqa: PLC0415
    from seawall.config.load import find, load  # noqa: PLC0415 - keeps --help quick

    settings = load(find(config, os.environ)).settings
    with bar() as progress:
        failed = work_on_held(
            settings,
            act,
            which,
            tell=lambda held_id, problem: talk(f"seawall: held mail {held_id}: {problem}"),
            progress=progress,
        )
    return FAILED if failed else 0


def _which(held_ids: list[int] | None, storm: str | None, reason: str | None) -> "list[int] | Choice":
    """Return which mails are meant, by exactly one of numbers, a storm and a reason; raises Misconfigured otherwise."""
    from seawall.errors import Misconfigured  # noqa: PLC0415 - keeps --help quick
    from seawall.ledger.setaside import Choice  # noqa: PLC0415
    from seawall.model.verdict import Reason  # noqa: PLC0415

    if sum((bool(held_ids), storm is not None, reason is not None)) != 1:
        raise Misconfigured("say which mails: numbers, or --storm, or --reason, and one of these alone")
    if held_ids:
        return held_ids
    if reason is not None and reason not in {known.value for known in Reason}:
        raise Misconfigured(f"--reason {reason}: there is no such reason code")
    return Choice(storm_id=_storm(storm), reason=reason)


def _storm(text: str | None) -> int | None:
    from seawall.errors import Misconfigured  # noqa: PLC0415 - keeps --help quick

    if text is None:
        return None
    number = text.removeprefix("s")
    if not (number.isascii() and number.isdecimal() and len(number) <= MOST_DIGITS):
        raise Misconfigured(f"--storm {text}: a storm is named as `held list` shows it, such as s3")
    return int(number)


def _storm_line(storm: "HeldStorm") -> str:
    return (
        f"s{storm.storm_id}  {storm.copies} copies  {moment(storm.first_at)} to {moment(storm.last_at)}  "
        f"{', '.join(storm.reasons)}  breaker {'open' if storm.is_open else 'closed'}  "
        f"from {storm.sender}  {storm.subject}"
    )


def _storm_as_document(storm: "HeldStorm") -> dict[str, Any]:
    return {
        "id": storm.storm_id,
        "copies": storm.copies,
        "first_at": storm.first_at,
        "last_at": storm.last_at,
        "reasons": list(storm.reasons),
        "is_open": storm.is_open,
        "sender": storm.sender,
        "subject": storm.subject,
        "sentence": storm.sentence,
    }


def _line(record: "HeldRecord") -> str:
    note = record.note
    return (
        f"{record.held_id}  {moment(record.held_at)}  {record.status}  {note.reason}  for {note.recipient}  "
        f"from {note.sender}  {note.subject}"
    )


def _as_document(record: "HeldRecord") -> dict[str, Any]:
    note = record.note
    return {
        "id": record.held_id,
        "status": record.status,
        "held_at": record.held_at,
        "storm": record.storm_id,
        **{name: getattr(note, name) for name in note.__slots__},
        "evidence": list(note.evidence),
        "body": note.body.hex() if note.body is not None else None,
    }
