"""`seawall explain`: who would receive a mail, and why; nothing is changed."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from seawall.cli.options import ConfigOption, JsonOption
from seawall.cli.output import document, say

if TYPE_CHECKING:
    from seawall.model.verdict import Verdict


def explain(
    file: Path,
    *,
    account: Annotated[str, Parameter(help="The account by which it would come.")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Say who would receive a mail and why; changes nothing."""
    from seawall.cli.desk import explain_mail  # noqa: PLC0415
    from seawall.config.load import find, load  # noqa: PLC0415 - keeps --help quick
    from seawall.errors import Misconfigured  # noqa: PLC0415
    from seawall.model.account import chosen  # noqa: PLC0415
    from seawall.model.text import shown  # noqa: PLC0415
    from seawall.model.verdict import Deliver, recipients_of  # noqa: PLC0415

    settings = load(find(config, os.environ)).settings
    (only,) = chosen(settings, [account])
    try:
        with file.open("rb") as mail:
            head = mail.read(2**20)
            octets = file.stat().st_size
    except OSError as problem:
        raise Misconfigured(f"{file} cannot be read: {problem.strerror}") from problem
    facts, verdicts = explain_mail(settings, only, head, octets)
    if json:
        document(
            "seawall.explain/1",
            {
                "account": only.name,
                "verdicts": [_as_document(verdict) for verdict in verdicts],
                "received_hops": facts.received_hops,
                "reverse_path": facts.reverse_path,
                "route": list(facts.passage.route),
                "signs": [sign.text for sign in facts.passage.signs],
                "automation": list(facts.passage.automation),
                "defects": list(facts.defects),
            },
        )
        return
    for verdict in verdicts:
        word = "delivered to" if isinstance(verdict, Deliver) else f"{type(verdict).__name__.lower()}, for"
        say(
            f"{word} {', '.join(map(str, recipients_of(verdict)))}\n"
            f"reason: {verdict.reason.value}: {verdict.sentence}"
            + "".join(f"\nevidence: {line}" for line in getattr(verdict, "evidence", ()))
        )
    envelope = [f"envelope: {only.envelope}: {shown(found.value)}" for found in facts.envelope]
    if envelope:
        say("\n".join(envelope))
    passage = facts.passage
    if passage.signs or passage.automation:
        say(
            "\n".join(
                f"machine: {text}" for text in (*(sign.text for sign in passage.signs), *passage.automation)
            )
        )
    if facts.bounce is not None:
        about = shown(facts.bounce.original_subject.encode()) or facts.bounce.original_message_id or "unknown"
        say(f"bounce: {facts.bounce.cause.value} ({', '.join(facts.bounce.recipients)}), about: {about}")
    if only.filter is not None:
        say(f"the filter {only.filter.argv[0]} was not asked: it may still refuse it")
    why = "whom the ISP's own hops name" if only.envelope else "that one mailbox, whatever the mail says"
    say(
        f"why: account {only.name} collects for {why}\n"
        f"hops: {facts.received_hops}, by {' → '.join(passage.route) or 'nobody who could be told'}; reverse-path: {facts.reverse_path or 'unknown'}; "
        f"defects: {', '.join(facts.defects) or 'none'}"
    )


def _as_document(verdict: "Verdict") -> dict[str, object]:
    from seawall.model.verdict import recipients_of  # noqa: PLC0415 - keeps --help quick

    return {
        "verdict": type(verdict).__name__.lower(),
        "recipients": [str(recipient) for recipient in recipients_of(verdict)],
        "reason": verdict.reason.value,
        "sentence": verdict.sentence,
        "evidence": list(getattr(verdict, "evidence", ())),
    }
