"""`seawall check`: connect to every account and destination, and say what was found; nothing is changed."""

import os
from dataclasses import asdict

from seawall.cli.options import ConfigOption, JsonOption
from seawall.cli.output import document, say

FAILED = 1


def check(*, config: ConfigOption = None, json: JsonOption = False) -> int:
    """Connect to every account and destination, and change nothing.

    Exits 0 if all is well, 1 if an account or a destination cannot be used.
    """
    import asyncio  # noqa: PLC0415 - keeps --help quick

    from seawall.cli.desk import check_accounts  # noqa: PLC0415
    from seawall.config.load import find, load  # noqa: PLC0415

    findings = asyncio.run(check_accounts(load(find(config, os.environ)).settings))
    if json:
        document("seawall.check/1", {"accounts": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            say(
                "\n".join(
                    (
                        f"{finding.account}: {'ok' if not finding.problems else 'NOT USABLE'}",
                        *(f"  {line}" for line in (*finding.found, *finding.problems)),
                    )
                )
            )
    return FAILED if any(finding.problems for finding in findings) else 0
