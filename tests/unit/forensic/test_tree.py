"""Many mails' ways as one tree."""

from seawall.forensic.tree import MOST_NODES, replication_tree
from unit.forensic.written import copies, direct, mail, received


def test_hops_that_mails_have_in_common_are_one_node_with_many_after_it() -> None:
    sent = [
        mail(
            (
                received("mx.reader.example", "out.sea.example", queue=f"B{n}"),
                received("out.sea.example", queue="A"),
            )
        )
        for n in range(3)
    ]
    root, *leaves = replication_tree(copies(sent), frozenset(("sea.example",)))
    assert (root.host, root.copies, root.left, root.parent) == ("out.sea.example", 3, 3, None)
    assert [(leaf.parent, leaf.copies, leaf.left) for leaf in leaves] == [(root.id, 1, 0)] * 3
    assert root.suspected
    assert leaves[0].client == "out.sea.example"
    assert not any(node.suspected for node in replication_tree(copies(sent), frozenset()))


def test_of_too_many_hops_those_that_most_passed_are_kept_and_none_without_its_parent() -> None:
    many = [direct(after=float(number), queue="A") for number in range(MOST_NODES + 50)]
    nodes = replication_tree(copies(many), frozenset())
    assert len(nodes) <= MOST_NODES
    known: set[str] = set()
    for node in nodes:
        assert node.parent is None or node.parent in known
        known.add(node.id)


def test_mails_without_a_way_make_no_tree() -> None:
    assert replication_tree(copies([b"From: a@sea.example\n\nx\n"]), frozenset()) == ()
