"""What the benches of scale count, write into their page and draw."""

import json
from pathlib import Path

import pytest

from sections import END, begin, write_section
from stopwatch import Written, count_writes

ROOT = Path(__file__).resolve().parents[2]
TRACE = """\
pwrite64(5</var/state/ledger.sqlite-wal>, ""..., 4096, 32) = 4096
fdatasync(5</var/state/ledger.sqlite-wal>) = 0
write(2</var/log/seawall>, ""..., 90)  = 90
write(7<socket:[4711]>, ""..., 6)     = 6
write(8<pipe:[4712]>, ""..., 6)       = 6
write(5</var/state/full>, ""..., 4096) = -1 ENOSPC (No space left on device)
write(9</var/statement>, ""..., 12)   = 12
write(6</var/state/lock (deleted)>, ""..., 5) = 5
copy_file_range(3</var/mail/one>, NULL, 4</var/state/held>, NULL, 100, 0) = 100
fsync(5</var/state/ledger.sqlite>) = 0
+++ exited with 0 +++
"""


def test_only_what_goes_into_the_watched_files_counts() -> None:
    assert count_writes(TRACE, [Path("/var/state")]) == Written(octets=4201, writes=3, syncs=2)


def test_a_bench_writes_its_own_section_and_no_other(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    other = f"{begin('accounts')}old\n{END}"
    page.write_text(f"# Title\n{begin('kept')}old\n{END}between\n{other}")
    write_section("kept", "new\n", page)
    write_section("kept", "newer\n", page)
    assert page.read_text() == f"# Title\n{begin('kept')}newer\n{END}between\n{other}"


def test_a_page_without_a_place_for_the_bench_stays_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{begin('accounts')}old\n{END}")
    with pytest.raises(ValueError, match="no place"):
        write_section("kept", "new\n", page)
    assert page.read_text() == f"{begin('accounts')}old\n{END}"


def test_each_series_is_drawn_small_and_without_a_date() -> None:
    data = json.loads((ROOT / "docs" / "growth.json").read_text())
    drawn = {path.stem for path in (ROOT / "docs" / "plots").glob("*.svg")}
    assert {name for name in drawn if not name.startswith("accuracy-")} == set(data["series"])
    for name in data["series"]:
        drawing = (ROOT / "docs" / "plots" / f"{name}.svg").read_text()
        assert len(drawing) < 60_000
        assert "dc:date" not in drawing
        assert data["series"][name]["sentence"] in drawing
