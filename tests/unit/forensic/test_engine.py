"""The statements over facts, on tables that the tests write."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from seawall.forensic import engine
from seawall.forensic.engine import Facts
from seawall.forensic.table import RawMail, extract
from unit.forensic.written import direct, mail, report


@contextmanager
def facts(directory: Path, mails: Sequence[tuple[str, bytes]]) -> Iterator[Facts]:
    """Mails by their sources, in two files whose names hold what SQL would trip over."""
    parts = []
    for number in range(2):
        part = directory / f"it's {number}.parquet"
        raw = [RawMail(source, place, 0, one, len(one)) for place, (source, one) in enumerate(mails)][
            number::2
        ]
        pq.write_table(pa.Table.from_batches([extract(raw)]), part)
        parts.append(part)
    with Facts(parts, directory) as found:
        yield found


def test_mails_are_one_family_by_their_content_or_by_their_id(tmp_path: Path) -> None:
    mails = [
        ("bob", direct()),
        ("bob", direct(message_id="<other@sea.example>")),
        ("bob", direct(message_id="<other@sea.example>", body="The tide is at five.\n")),
        ("bob", direct(message_id="<alone@sea.example>", body="Nothing like it.\n")),
    ]
    with facts(tmp_path, mails) as found:
        (family,) = found.families()
        assert (family.copies, family.boxes, family.has_signs) == (3, 1, False)
        rows = found.copies([family])[family.number]
        assert [row["place"] for row in rows] == [0, 1, 2]
        assert {row["box"] for row in rows} == {"bob"}


def test_one_copy_in_each_mailbox_is_no_candidate_unless_one_bears_signs(tmp_path: Path) -> None:
    ordinary = [
        (f"box{number // 2}", direct(message_id=f"<{number % 2}@x>", subject=f"S {number % 2}"))
        for number in range(4)
    ]
    with facts(tmp_path, ordinary) as found:
        assert found.families() == []
    marked = [(box, direct(cc="mspop3connector.x@fault.example")) for box in ("box0", "box1")]
    (tmp_path / "marked").mkdir()
    with facts(tmp_path / "marked", marked) as found:
        assert [family.has_signs for family in found.families()] == [True]


def test_a_file_with_one_mail_lies_in_the_mailbox_that_its_directory_is(tmp_path: Path) -> None:
    with facts(tmp_path, [(f"in/cur/{number}", direct()) for number in range(3)]) as found:
        (family,) = found.families()
        assert (family.copies, family.boxes) == (3, 1)


def test_of_a_large_family_every_nth_copy_is_looked_at(tmp_path: Path, monkeypatch: object) -> None:
    monkeypatch.setattr(engine, "MAX_COPIES", 4)  # type: ignore[attr-defined]
    with facts(tmp_path, [("bob", direct(after=float(number))) for number in range(10)]) as found:
        (family,) = found.families()
        assert family.copies == 10
        assert [row["place"] for row in found.copies([family])[family.number]] == [0, 3, 6, 9]


def test_of_a_mailbox_one_mail_of_each_sender_and_subject_is_a_sample(tmp_path: Path) -> None:
    mails = [("bob", direct(subject=f"S {number % 3}")) for number in range(12)]
    with facts(tmp_path, mails) as found:
        assert len(found.samples(["bob"])["bob"]) == 3
        assert not found.samples(["nobody's"])


def test_reports_come_in_the_order_of_time_and_can_be_read_as_mails(tmp_path: Path) -> None:
    mails = [("bob", report(number, to="u@lake.example")) for number in (3, 1, 2)] + [("bob", direct())]
    with facts(tmp_path, mails) as found:
        reports = found.reports()
        assert [row["place"] for row in reports] == [1, 2, 0]
        assert [row["place"] for row in found.mails([reports[0]["mail"], reports[2]["mail"]])] == [1, 0]
        assert found.mails([]) == []


def test_mails_that_bear_a_mark_twice_are_found(tmp_path: Path) -> None:
    mark = b"X-Loop: eve@fault.example\n"
    with facts(tmp_path, [("bob", mark + direct()), ("bob", mark + mark + direct())]) as found:
        assert [row["place"] for row in found.marked_twice()] == [1]


def test_mails_without_identity_are_nobodys_copies(tmp_path: Path) -> None:
    bare = mail((), message_id="", body="")
    with facts(tmp_path, [("bob", bare)] * 5) as found:
        assert found.families() == []
