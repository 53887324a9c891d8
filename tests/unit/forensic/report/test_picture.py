"""The replication tree and the timeline as pictures: what they show, and that any input gives one of bounded size."""

import random
from dataclasses import replace

from seawall.forensic.report.columns import width_of
from seawall.forensic.report.picture import MOST_LETTERS, picture
from seawall.forensic.report.thicket import MOST_COLUMNS, MOST_ROWS, Branch, thicket
from seawall.forensic.report.timeline import LEFT, MOST_BARS, RIGHT, WIDTH, timeline
from seawall.model.trace import TreeNode
from unit.forensic.report import sample

MOST_BOXES = MOST_ROWS * MOST_COLUMNS + 1


def drawn(nodes: tuple[TreeNode, ...]) -> list[Branch]:
    """All branches that have a box."""
    found, left = [], list(thicket(nodes).branches)
    while left:
        branch = left.pop()
        found.append(branch)
        left += branch.branches
    return found


def test_hundreds_of_hops_fit_and_what_has_no_box_is_counted() -> None:
    found = picture(sample.storm())
    assert found
    assert len(sample.tree()) > 400
    assert len(found.boxes) <= MOST_BOXES
    assert [box.name for box in found.boxes if box.kind == "suspected"] == [
        "srv.alpha.example",
        "mx.example.org",
    ]
    assert any(box.note == "suspect: 640 copies · 300 ways on" for box in found.boxes)
    assert "from srv.alpha.example the mail left in 300 ways" in found.says
    assert "have no box of their own" in found.left_out


def test_every_hop_is_in_a_box_or_counted_as_left_out() -> None:
    for children in (61, 100, 300, 2000):
        tree = sample.tree(children)
        found = thicket(tree)
        boxes = sum(branch.times * len(branch.hosts) for branch in drawn(tree) if not branch.summed)
        assert boxes + found.left_out == found.hops == len(tree)


def test_boxes_stand_inside_the_picture_and_not_on_each_other() -> None:
    found = picture(sample.storm())
    assert found
    places = {(box.x, round(box.y)) for box in found.boxes}
    assert len(places) == len(found.boxes)
    assert all(0 <= box.x < found.width and 0 <= box.y < found.height for box in found.boxes)


def test_hops_of_one_server_side_by_side_are_one_box_and_so_are_those_in_a_row() -> None:
    notes = {box.name: box.note for box in picture(sample.storm()).boxes}  # type: ignore[union-attr]
    assert notes["box.isp.example"] == "180 copies · 60 times"
    assert notes["in.relay.example"] == "12 copies · 2 hops"


def test_a_suspect_that_wrote_no_line_has_a_box_before_the_server_that_saw_it() -> None:
    nodes = (
        replace(
            sample.node("a", None, "mx.isp.example", "isp.example", copies=4, left=0, suspected=True),
            client="srv.alpha.example",
        ),
        sample.node("b", None, "srv.alpha.example", "alpha.example", copies=6, left=1, suspected=True),
        replace(
            sample.node("c", "b", "mx.isp.example", "isp.example", copies=6, left=0, suspected=True),
            client="srv.alpha.example",
        ),
    )
    found = picture(replace(sample.storm(), tree=nodes))
    assert found
    kinds = {(box.name, box.kind) for box in found.boxes}
    assert kinds == {
        ("anna@club.example", "start"),
        ("srv.alpha.example", "suspected"),
        ("mx.isp.example", "plain"),
    }


def test_names_are_cut_to_their_boxes_and_of_a_host_the_end_stays() -> None:
    for host in ("server-03.department-of-everything.alpha.example", "漢字" * 20):
        nodes = (sample.node("a", None, host, "alpha.example", copies=1, left=0),)
        found = picture(replace(sample.storm(), tree=nodes))
        assert found
        assert found.boxes[0].name[0] == "…"
        assert found.boxes[0].name[-5:] == host[-5:]
        assert width_of(found.boxes[0].name) <= MOST_LETTERS


def test_many_origins_hang_on_the_mail_itself_by_broken_lines() -> None:
    nodes = tuple(
        sample.node(f"n{n}", None, f"mx{n}.example", f"mx{n}.example", copies=1, left=0) for n in range(5)
    )
    found = picture(replace(sample.storm(), tree=nodes))
    assert found
    assert found.boxes[0].kind == "start"
    assert [line.joined for line in found.lines] == [False] * 5


def test_parents_in_a_circle_absent_parents_and_long_ways_give_a_picture() -> None:
    circle = tuple(
        sample.node(f"n{n}", f"n{(n + 1) % 3}", f"h{n}.example", "example", copies=1, left=1)
        for n in range(3)
    )
    assert picture(replace(sample.storm(), tree=circle)) is None
    orphan = (sample.node("a", "gone", "h.example", "h.example", copies=1, left=0),)
    assert [branch.hosts for branch in thicket(orphan).branches] == [["h.example"]]
    chain = tuple(
        sample.node(
            f"n{n}",
            f"n{n - 1}" if n else None,
            f"h{n}.example",
            f"d{n % 2}.example",
            copies=1,
            left=2,
            suspected=n % 2 > 0,
        )
        for n in range(5000)
    )
    found = picture(replace(sample.storm(), tree=chain))
    assert found
    assert len(found.boxes) <= MOST_COLUMNS + 1


def test_any_tree_gives_a_picture_of_bounded_size() -> None:
    chance = random.Random(7)
    for size in (1, 2, 30, 3000):
        nodes = tuple(
            sample.node(
                f"n{n}",
                f"n{chance.randrange(size)}" if chance.random() < 0.9 else None,
                f"h{chance.randrange(40)}.example",
                f"d{chance.randrange(9)}.example",
                copies=chance.randrange(50),
                left=chance.randrange(9),
                suspected=chance.random() < 0.1,
            )
            for n in range(size)
        )
        assert len(drawn(nodes)) <= MOST_BOXES


def test_no_tree_and_no_moments_give_no_picture() -> None:
    assert picture(replace(sample.storm(), tree=())) is None
    assert timeline((), 900.0, (), "copies") is None
    assert timeline(((float("nan"), 3), (1e300, 4)), 900.0, (), "copies") is None


def test_the_timeline_counts_every_copy_in_a_bounded_number_of_bars() -> None:
    for span, step in ((900.0, 900), (900.0, 7000), (1.0, 86_400 * 365), (float("nan"), 60), (-5.0, 0)):
        counts = [(sample.BEGAN + number * step, 1) for number in range(500)]
        random.Random(1).shuffle(counts)
        found = timeline(counts, span, (), "copies")
        assert found
        assert 0 < len(found.bars) <= MOST_BARS
        assert found.says.startswith("500 copies")
        assert all(bar.x >= LEFT and bar.x + bar.width <= WIDTH - RIGHT + 1 for bar in found.bars)


def test_the_timeline_points_at_where_the_mail_left_its_origin() -> None:
    storm = sample.storm()
    found = timeline(
        storm.timeline, storm.span, ((storm.departures[0].at, "left"), (None, "x"), (1e12, "y")), "copies"
    )
    assert found
    assert [mark.label for mark in found.marks] == ["left"]
    assert found.marks[0].x == LEFT
    assert "most of them, 140" in found.says
