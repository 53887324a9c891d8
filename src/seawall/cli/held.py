"""`seawall held`: see what is set aside, and release or drop it."""

import os
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from seawall.cli.options import ConfigOption, JsonOption
from seawall.cli.output import document, say
from seawall.cli.status import moment

if TYPE_CHECKING:
    from seawall.ledger.records import HeldRecord
    from seawall.model.address import Address

Ids = Annotated[list[int], Parameter(help="The numbers that `held list` shows.")]


def list_(
    *,
    every: Annotated[bool, Parameter(name="--all", help="Also what was released or dropped.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """List what is set aside, and why."""
    from seawall.cli.desk import held_mails  # noqa: PLC0415
    from seawall.config.load import find, load  # noqa: PLC0415 - keeps --help quick

    records = held_mails(load(find(config, os.environ)).settings, every=every)
    if json:
        document("seawall.held/1", {"mails": [_as_document(record) for record in records]})
        return
    say("\n".join(_line(record) for record in records) if records else "nothing is held")


def show(held_id: int, *, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show one mail that is set aside, with its evidence and its header."""
    from seawall.cli.desk import held_mail  # noqa: PLC0415
    from seawall.config.load import find, load  # noqa: PLC0415 - keeps --help quick

    record, path, header = held_mail(load(find(config, os.environ)).settings, held_id)
    if json:
        content = {**_as_document(record), "file": path, "header": header}
        document("seawall.held-mail/1", content)
        return
    evidence = "\n".join(f"evidence: {line}" for line in record.note.evidence)
    say(f"{_line(record)}\n{record.note.sentence}\n{evidence}\nfile: {path}\n\n{header}")


def release(
    held_ids: Ids,
    *,
    to: Annotated[
        str | None, Parameter(help="The mailbox that gets them, if not the one they were held for.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Deliver mails that are set aside to the mailbox that they were held for, byte-identical.

    One that was held because its envelope told nobody goes to whom the envelope names by now, or to --to.
    """
    from seawall.cli.desk import work_on_held  # noqa: PLC0415
    from seawall.config.load import find, load  # noqa: PLC0415 - keeps --help quick

    settings = load(find(config, os.environ)).settings
    recipient = _address(to)
    work_on_held(settings, lambda held, held_id: held.release(held_id, recipient), held_ids)


def _address(text: str | None) -> "Address | None":
    from seawall.errors import Misconfigured  # noqa: PLC0415 - keeps --help quick
    from seawall.model.address import Address  # noqa: PLC0415

    try:
        return Address.parse(text) if text is not None else None
    except ValueError as wrong:
        raise Misconfigured(f"--to {text}: {wrong}") from None


def drop(
    held_ids: Ids,
    *,
    yes: Annotated[bool, Parameter(help="Really erase them: nothing brings them back.")] = False,
    config: ConfigOption = None,
) -> None:
    """Drop mails that are set aside, for good."""
    from seawall.cli.desk import work_on_held  # noqa: PLC0415
    from seawall.config.load import find, load  # noqa: PLC0415 - keeps --help quick
    from seawall.errors import Misconfigured  # noqa: PLC0415

    if not yes:
        raise Misconfigured("dropped mail cannot be brought back: say so with --yes")
    settings = load(find(config, os.environ)).settings
    work_on_held(settings, lambda held, held_id: held.drop(held_id), held_ids)


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
        **{name: getattr(note, name) for name in note.__slots__ if name != "evidence"},
        "evidence": list(note.evidence),
    }
