"""`seawall adopt`: a lost or restored ledger, or a change-over: what is at the server was seen elsewhere."""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from seawall.cli.options import ConfigOption
from seawall.cli.output import say
from seawall.errors import Misconfigured

FromOption = Annotated[
    Path | None,
    Parameter(
        name="--from",
        help="Mark only what this list holds: fetchmail's .fetchids, an oldmail file of getmail's or its directory, a UIDL file of mpop's.",
    ),
]
YesOption = Annotated[
    bool, Parameter(name="--yes", help="Believe a list that has nothing in common with the box.")
]


def adopt(
    account: str, *, from_: FromOption = None, yes: YesOption = False, config: ConfigOption = None
) -> None:
    """Mark what is at the server as seen, and fetch none of it. Adopted mail is never erased.

    With --from only what another collector saw is marked, and the rest is fetched.
    """
    import asyncio  # noqa: PLC0415 - keeps --help quick

    from seawall.cli.desk import adopt_account  # noqa: PLC0415
    from seawall.config.load import find, load  # noqa: PLC0415
    from seawall.model.account import chosen  # noqa: PLC0415

    settings = load(find(config, os.environ)).settings
    (only,) = chosen(settings, [account])
    seen = None if from_ is None else _seen(from_, only.user, only.server.host)
    done = asyncio.run(adopt_account(settings, only, seen, is_sure=yes or seen is None))
    say(f"{account}: {len(done.marked)} mails are marked as seen and will not be fetched")
    if seen is not None:
        say(f"{account}: {done.fetched} mails at the server are not in the list and will be fetched")
        say(f"{account}: {done.gone} of the list are not at the server any more")


def _seen(path: Path, user: str, host: str) -> frozenset[bytes]:
    """Read the list that `path` is, or those of this box in the directory that it is."""
    from seawall.config.peers.seen import MOST_OCTETS, is_list_of, is_list_of_another, read_seen  # noqa: PLC0415

    try:
        paths = [path]
        if path.is_dir():
            paths = sorted(entry for entry in path.iterdir() if is_list_of(entry.name, user=user, host=host))
            if not paths:
                raise Misconfigured(f"{path}: holds no list of what {user} at {host} has seen")
        elif is_list_of_another(path.name, user=user):
            raise Misconfigured(
                f"{path}: is by its name not the list of {user}; copied to another name it is taken"
            )
        lists = []
        for one in paths:
            with one.open("rb") as file:
                lists.append(read_seen(file.read(MOST_OCTETS + 1), file=str(one), user=user, host=host))
    except (OSError, ValueError) as refused:
        reason = refused.strerror if isinstance(refused, OSError) else str(refused)
        raise Misconfigured(f"{path}: cannot be read: {reason}") from None
    return frozenset().union(*lists)
