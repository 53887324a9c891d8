"""`seawall storms`: written mail storms, with the truth beside them, to test what traces them."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from seawall.cli.options import JsonOption
from seawall.cli.output import document, say


def storms(
    *,
    out: Annotated[Path, Parameter(help="Where the storms go, a directory each.")],
    count: Annotated[int, Parameter(help="How many; each has the next seed.")] = 20,
    seed: Annotated[int, Parameter(help="The first one's; a seed gives the same octets again.")] = 0,
    species: Annotated[str, Parameter(help="Only these, with commas between; all where it is empty.")] = "",
    styles: Annotated[
        str, Parameter(help="Only servers that write like these, with commas between; all where it is empty.")
    ] = "",
    mailboxes: Annotated[int, Parameter(help="How many are seen, 1 to 50; drawn where 0.")] = 0,
    strip: Annotated[float, Parameter(help="Share of organisations whose servers remove Received.")] = 0.1,
    forge: Annotated[float, Parameter(help="Share of storms in which somebody forges.")] = 0.0,
    json: JsonOption = False,
) -> int:
    """Write mail storms as mailboxes, with the truth beside them.

    Each is a directory OUT/storm-000000 with the mailboxes in views/ and the truth in truth.json:
    who copies, who is framed, and which servers each copy passed. Nothing is sent anywhere.
    """
    from seawall.errors import Misconfigured  # noqa: PLC0415 - keeps --help quick
    from seawall.lab.writer.species import SPECIES  # noqa: PLC0415
    from seawall.lab.writer.storm import MOST_VIEWS, Order  # noqa: PLC0415
    from seawall.lab.writer.styles import STYLES  # noqa: PLC0415
    from seawall.lab.writer.write import write_storms  # noqa: PLC0415

    order = Order(
        seed=seed,
        species=_chosen("--species", species, [kind.name for kind in SPECIES]),
        styles=_chosen("--styles", styles, [style.name for style in STYLES]),
        views=mailboxes,
        strip=strip,
        forge=forge,
    )
    for option, value, most in (
        ("--mailboxes", mailboxes, MOST_VIEWS),
        ("--strip", strip, 1),
        ("--forge", forge, 1),
    ):
        if not 0 <= value <= most:
            raise Misconfigured(f"seawall storms: {option} is from 0 to {most}")
    if count < 1 or seed < 0:
        raise Misconfigured("seawall storms: --count is at least 1, and --seed at least 0")
    written = []
    for laid in write_storms(out, order, count):
        written.append(laid)
        if not json:
            blamed = ", ".join(laid.culprits) or "nobody"
            say(
                f"{laid.directory}: {laid.species}; {laid.mails} mails in {laid.views} mailboxes; made by {blamed}"
            )
    if json:
        document(
            "seawall.storms/1",
            {"storms": [{**asdict(laid), "directory": str(laid.directory)} for laid in written]},
        )
    return 0


def _chosen(option: str, text: str, known: list[str]) -> tuple[str, ...]:
    """Read names with commas between; raise Misconfigured where one is unknown."""
    from seawall.errors import Misconfigured  # noqa: PLC0415 - keeps --help quick

    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in known:
            raise Misconfigured(f"seawall storms: {option} knows no {name!r}, but {', '.join(known)}")
    return names
