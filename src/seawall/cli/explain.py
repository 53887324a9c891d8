"""`seawall explain`: who would receive a mail, and why; nothing is changed."""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from seawall.cli.options import ConfigOption, JsonOption
from seawall.cli.output import document, say


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
    from seawall.model.verdict import Deliver  # noqa: PLC0415

    settings = load(find(config, os.environ)).settings
    (only,) = chosen(settings, [account])
    try:
        with file.open("rb") as mail:
            head = mail.read(2**20)
            octets = file.stat().st_size
    except OSError as problem:
        raise Misconfigured(f"{file} cannot be read: {problem.strerror}") from problem
    facts, verdict = explain_mail(settings, only, head, octets)
    recipients = [str(only.to)]
    if json:
        document(
            "seawall.explain/1",
            {
                "account": only.name,
                "verdict": type(verdict).__name__.lower(),
                "recipients": recipients,
                "reason": verdict.reason.value,
                "sentence": verdict.sentence,
                "received_hops": facts.received_hops,
                "reverse_path": facts.reverse_path,
                "defects": list(facts.defects),
            },
        )
        return
    word = "delivered to" if isinstance(verdict, Deliver) else f"{type(verdict).__name__.lower()}, for"
    say(
        f"{word} {', '.join(recipients)}\n"
        f"why: account {only.name} collects for that one mailbox, whatever the mail says\n"
        f"reason: {verdict.reason.value}: {verdict.sentence}\n"
        f"hops: {facts.received_hops}; reverse-path: {facts.reverse_path or 'unknown'}; "
        f"defects: {', '.join(facts.defects) or 'none'}"
    )
