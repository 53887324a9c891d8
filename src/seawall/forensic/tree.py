"""Copies → their ways as one tree: where one hop has many after it, a server fanned out. Pure.

Owns the tree, and what of it is kept where there is too much to draw.
"""

from collections.abc import Sequence
from typing import Final

from seawall.forensic.copies import Copy
from seawall.forensic.domains import organisation
from seawall.model.row import Hop
from seawall.model.trace import TreeNode

MOST_NODES: Final = 400


def replication_tree(copies: Sequence[Copy], suspected: frozenset[str]) -> tuple[TreeNode, ...]:
    """Return the hops of all copies, parents first; of too many, those that most copies passed."""
    hops: dict[int, Hop] = {}
    passed: dict[int, int] = {}
    children: dict[int, set[int]] = {}
    for copy in copies:
        for hop in copy.hops:
            hops.setdefault(hop.prefix_id, hop)
            passed[hop.prefix_id] = passed.get(hop.prefix_id, 0) + 1
            children.setdefault(hop.parent_id, set()).add(hop.prefix_id)
    # A parent is passed by at least as many as its child, and comes first among equals, since hops are in the order of the way.
    order = {prefix: place for place, prefix in enumerate(hops)}
    kept = sorted(hops, key=lambda prefix: (-passed[prefix], order[prefix]))[:MOST_NODES]
    chosen = set(kept)
    kept = [prefix for prefix in kept if not hops[prefix].parent_id or hops[prefix].parent_id in chosen]
    return tuple(
        _node(hops[prefix], passed[prefix], len(children.get(prefix, ())), suspected) for prefix in kept
    )


def _node(hop: Hop, copies: int, left: int, suspected: frozenset[str]) -> TreeNode:
    client = hop.rdns or hop.helo or hop.from_ip
    domain = organisation(hop.by)
    return TreeNode(
        id=f"{hop.prefix_id & (2**64 - 1):016x}",
        parent=f"{hop.parent_id & (2**64 - 1):016x}" if hop.parent_id else None,
        host=hop.by,
        client=client,
        domain=domain,
        copies=copies,
        left=left,
        first_seen=hop.at,
        suspected=domain in suspected or organisation(client) in suspected,
        text=hop.text,
    )
