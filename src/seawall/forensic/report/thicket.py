"""The tree of hops → what can be drawn of it: like siblings in one, chains of one organisation in one, the rest summed up.

Owns what is left out, and counts it. Refuses to know where on the paper anything stands (picture).
Total: parents that are absent or go round in a circle, and any number of nodes, give a tree of bounded size.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from seawall.model.trace import TreeNode

MOST_NODES: Final = 20_000
MOST_DEEP: Final = 64
"""Hops of a way that are looked at."""
MOST_COLUMNS: Final = 6
MOST_ROWS: Final = 24


@dataclass(slots=True, kw_only=True)
class Branch:
    """Hops that are drawn as one: `times` is how many hops of the tree stand side by side in it, `hosts` those in a row.

    `out` is how many different hops follow. With `summed` it stands for `times` siblings of which none has a place.
    """

    hosts: list[str]
    domain: str
    copies: int
    times: int
    out: int
    suspected: bool
    holds_suspect: bool
    text: str
    branches: "list[Branch]" = field(default_factory=list)
    summed: bool = False


@dataclass(frozen=True, slots=True)
class Thicket:
    """The branches from the origins, how many steps the tree has, and how many of them have no place of their own."""

    branches: list[Branch]
    hops: int
    left_out: int


def thicket(nodes: Sequence[TreeNode]) -> Thicket:
    """Return what can be drawn of a tree in MOST_ROWS rows and MOST_COLUMNS columns."""
    looked_at = nodes[:MOST_NODES]
    children = _children(looked_at)
    branches = _gathered(children[""], children, MOST_DEEP)
    for branch in branches:
        _join_chains(branch, by_domain=True)
    if _depth(branches) > MOST_COLUMNS:
        for branch in branches:
            _join_chains(branch, by_domain=False)
    drawn = _pruned(branches, MOST_ROWS, MOST_COLUMNS)
    return Thicket(drawn, len(nodes), len(nodes) - _hops(drawn))


def with_suspects(nodes: Sequence[TreeNode], suspects: Collection[str]) -> list[TreeNode]:
    """Return a tree in which each suspect has steps of its own; `suspects` are their domains.

    A suspect that wrote no line is seen only as the client of the next hop, which is marked for it: it gets a step before that.
    """
    known = {node.id: node for node in nodes}
    marked = []
    for node in nodes:
        is_writer = node.domain in suspects
        before = known.get(node.parent or "")
        if node.suspected and not is_writer and not (before and before.domain in suspects) and node.client:
            client = replace(
                node, id=f"{node.id} client", host=node.client, client="", domain="", left=1, suspected=True
            )
            marked += [client, replace(node, parent=client.id, suspected=False)]
        else:
            marked.append(replace(node, suspected=is_writer or (node.suspected and not before)))
    return marked


def _children(nodes: Sequence[TreeNode]) -> dict[str, list[TreeNode]]:
    """Return the nodes by their parents, the origins under ""; whoever is his own ancestor is left out."""
    known = {node.id: node for node in nodes}
    children: dict[str, list[TreeNode]] = defaultdict(list)
    for node in known.values():
        children[node.parent if node.parent in known and node.parent != node.id else ""].append(node)
    return children


def _gathered(siblings: Sequence[TreeNode], children: dict[str, list[TreeNode]], deep: int) -> list[Branch]:
    """Return siblings with those of the same host in one: a server that sends a mail 60 times is one server."""
    alike: dict[tuple[str, str, bool], list[TreeNode]] = defaultdict(list)
    for node in siblings:
        alike[node.host or node.client, node.domain, node.suspected].append(node)
    branches = []
    for (host, domain, suspected), nodes in alike.items():
        below = [child for node in nodes for child in children.get(node.id, ())] if deep else []
        inner = _gathered(below, children, deep - 1) if below else []
        branches.append(
            Branch(
                hosts=[host],
                domain=domain,
                copies=sum(node.copies for node in nodes),
                times=len(nodes),
                out=max(*(node.left for node in nodes), len(below)),
                suspected=suspected,
                holds_suspect=suspected or any(branch.holds_suspect for branch in inner),
                text=nodes[0].text,
                branches=inner,
            )
        )
    return sorted(branches, key=lambda branch: (not branch.holds_suspect, -branch.copies))


def _join_chains(branch: Branch, *, by_domain: bool) -> None:
    """Make one of hops in a row where nothing branches off: of one organisation, or else of any that is not suspected."""
    while len(branch.branches) == 1:
        (below,) = branch.branches
        is_like = bool(branch.domain) and below.domain == branch.domain
        if below.suspected != branch.suspected or not (is_like or (not by_domain and not branch.suspected)):
            break
        branch.hosts += below.hosts
        branch.out, branch.branches = below.out, below.branches
        branch.times = max(branch.times, below.times)
    for below in branch.branches:
        _join_chains(below, by_domain=by_domain)


def _depth(branches: Sequence[Branch]) -> int:
    return max((1 + _depth(branch.branches) for branch in branches), default=0)


def _pruned(branches: Sequence[Branch], rows: int, columns: int) -> list[Branch]:
    """Return the branches for which there is room, and one in place of the others."""
    if not branches:
        return []
    if columns < 1 or (len(branches) > rows and rows <= 1) or (columns == 1 and len(branches) > rows):
        return [_summed(branches)]
    kept = list(branches if len(branches) <= rows else branches[: rows - 1])
    rest = branches[len(kept) :]
    needs = [min(_rows(branch), rows) for branch in kept]
    room = [1] * len(kept)
    free = rows - len(kept) - bool(rest)
    # Each gets a row more by turns, for as long as it needs one, so that no branch hides the others.
    while free and (wanting := [place for place, need in enumerate(needs) if room[place] < need]):
        for place in wanting[:free]:
            room[place] += 1
        free -= min(free, len(wanting))
    for branch, given in zip(kept, room, strict=True):
        branch.branches = _pruned(branch.branches, given, columns - 1)
    return [*kept, _summed(rest)] if rest else kept


def _rows(branch: Branch) -> int:
    return sum(_rows(below) for below in branch.branches) or 1


def _summed(branches: Sequence[Branch]) -> Branch:
    return Branch(
        hosts=[],
        domain="",
        copies=sum(branch.copies for branch in branches),
        times=sum(branch.times for branch in branches),
        out=0,
        suspected=any(branch.holds_suspect for branch in branches),
        holds_suspect=any(branch.holds_suspect for branch in branches),
        text="",
        summed=True,
    )


def _hops(branches: Sequence[Branch]) -> int:
    """Count the hops that are drawn, those that stand in one among them."""
    return sum(
        (0 if branch.summed else branch.times * len(branch.hosts)) + _hops(branch.branches)
        for branch in branches
    )
