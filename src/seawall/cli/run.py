"""`seawall run`: collect and deliver, until a signal ends it or once."""

import gc
import os
from typing import Annotated

from cyclopts import Parameter

from seawall.cli.options import ConfigOption, JsonOption
from seawall.cli.output import document, say

FAILED = 1


def run(
    *,
    once: Annotated[bool, Parameter(help="Poll each account once and end.")] = False,
    account: Annotated[list[str] | None, Parameter(help="Only this account; may be given again.")] = None,
    dry_run: Annotated[
        bool, Parameter(name="--dry-run", help="Say what a poll would do; fetch and erase nothing.")
    ] = False,
    log: Annotated[str, Parameter(help="The form of the log on stderr: logfmt or json.")] = "logfmt",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> int:
    """Collect and deliver, until stopped or once.

    With --once: exits 0 if every account was polled and every mail came, 1 if some failed, 2 if
    the configuration is wrong. SIGTERM finishes the batch under way.
    """
    # What is imported is never garbage: not to look for some among it makes the start a tenth shorter.
    gc.disable()
    import asyncio  # noqa: PLC0415 - keeps --help quick

    from seawall.cli.progress import bar  # noqa: PLC0415
    from seawall.config.load import find, load  # noqa: PLC0415
    from seawall.daemon import collect, open_log  # noqa: PLC0415
    from seawall.errors import Misconfigured  # noqa: PLC0415
    from seawall.log import FORMS  # noqa: PLC0415
    from seawall.model.account import chosen  # noqa: PLC0415

    gc.freeze()
    # The listing of a large box is 300,000 objects and no garbage: to look for some every 700 takes a tenth of its poll.
    gc.set_threshold(10_000)
    gc.enable()
    if log not in FORMS:
        raise Misconfigured(f"--log {log}: it is logfmt or json")
    settings = load(find(config, os.environ)).settings
    accounts = chosen(settings, account)
    if dry_run:
        from seawall.cli.desk import preview  # noqa: PLC0415

        looks = asyncio.run(preview(settings, accounts))
        if json:
            document("seawall.dry-run/1", {"accounts": [look.as_document() for look in looks]})
        else:
            say("\n".join(look.as_text() for look in looks))
        return FAILED if any(look.problem for look in looks) else 0
    with bar() as progress:
        reports = asyncio.run(collect(settings, accounts, once=once, progress=progress, log=open_log(log)))
    if not once:
        return 0
    if json:
        document("seawall.run/1", {"accounts": [report.as_document() for report in reports]})
    return FAILED if any(not report.went_well for report in reports) else 0
