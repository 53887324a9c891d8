"""`seawall check`: connect to every account and destination, and say what was found; nothing is changed."""

import os

from seawall.cli.options import ConfigOption, JsonOption
from seawall.cli.output import document, finish, say

FAILED = 1


def check(*, config: ConfigOption = None, json: JsonOption = False) -> int:
    """Connect to every account and destination, and change nothing.

    Exits 0 if all is well, warnings included, 1 if an account or a destination cannot be used.
    """
    import asyncio  # noqa: PLC0415 - keeps --help quick

    from seawall.cli.desk import check_all  # noqa: PLC0415
    from seawall.collect.check.finding import Finding  # noqa: PLC0415
    from seawall.config.load import find, load  # noqa: PLC0415

    def tell(finding: Finding) -> None:
        if not json:
            say(finding.as_text())
            finish()

    found = asyncio.run(check_all(load(find(config, os.environ)).settings, tell))
    if json:
        document("seawall.check/1", found.as_document())
    return 0 if found.is_usable else FAILED
