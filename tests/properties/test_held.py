"""Promises 3 and 5 as a property: whatever is held, released and dropped in whatever order, nothing that is held is lost."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from hostile.connector import TRACE
from hostile.delivery import POSTMASTER
from hostile.holding import Holding
from seawall.ledger import setaside
from seawall.ledger.records import HeldRecord

HEADERS = st.sampled_from([b"", b"Subject: a\r\n", b"Subject: b\r\nX: \xff\0\r\n", b"no field\r\n"])
BODIES = st.sampled_from(
    [b"", b"\r\n", b"\r\nsame\r\n", b"\r\nsame\n\n.\r\n", b"\r\n\r\n\r\n", b"\r\n\0\xff\r\r\n"]
)
MAILS = st.builds(lambda header, body: header + body or b"\r\n", HEADERS, BODIES)
ACTS = st.lists(st.tuples(st.sampled_from(["release", "drop"]), st.integers(0, 5)), max_size=8)


@settings(max_examples=25, deadline=None)
@given(first=st.lists(MAILS, min_size=1, max_size=4), second=st.lists(MAILS, max_size=2), acts=ACTS)
def test_what_is_released_is_what_was_served_and_what_is_held_is_there(
    first: Sequence[bytes], second: Sequence[bytes], acts: Sequence[tuple[str, int]]
) -> None:
    with TemporaryDirectory() as root:
        holding = Holding(Path(root), first)
        served = dict(enumerate(first, 1))
        released: list[bytes] = []
        for at, (act, which) in enumerate(acts):
            if at == 2 and second:
                later = [b"Later: x\r\n" + mail for mail in second]  # by its header another copy
                served |= dict(enumerate(later, max(record.held_id for record in everything(holding)) + 1))
                holding.collect(later)
            left = holding.held()
            if not left:
                continue
            chosen = left[which % len(left)]
            holding.act(act, chosen.held_id, *([POSTMASTER] if act == "release" else []))
            mail = served.pop(chosen.held_id)
            released += [mail.replace(b"\r\n", b"\n")] if act == "release" else []
            assert {record.held_id: holding.raw(record) for record in holding.held()} == served
        assert sorted(TRACE.sub(b"", raw, count=1) for raw in holding.released()) == sorted(released)
        bodies = {record.note.body for record in holding.held() if record.note.body is not None}
        assert holding.files() == (len(served), len(bodies))


def everything(holding: Holding) -> Sequence[HeldRecord]:
    found: Sequence[HeldRecord] = holding.ask(setaside.held_mails, setaside.Choice(every=True))
    return found
