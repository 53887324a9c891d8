"""`seawall adopt`: a lost or restored ledger, or a change-over: what is at the server was seen elsewhere."""

import os

from seawall.cli.options import ConfigOption
from seawall.cli.output import say


def adopt(account: str, *, config: ConfigOption = None) -> None:
    """Mark what is at the server as seen, and fetch none of it. Adopted mail is never erased."""
    import asyncio  # noqa: PLC0415 - keeps --help quick

    from seawall.cli.desk import adopt_account  # noqa: PLC0415
    from seawall.config.load import find, load  # noqa: PLC0415
    from seawall.daemon import configure_log  # noqa: PLC0415
    from seawall.model.account import chosen  # noqa: PLC0415

    settings = load(find(config, os.environ)).settings
    configure_log("logfmt")
    (only,) = chosen(settings, [account])
    mails = asyncio.run(adopt_account(settings, only))
    say(f"{account}: {mails} mails are marked as seen and will not be fetched")
