"""Any mails give a trace, the same in whatever order they are read, and nobody is accused by a line that anybody can add."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seawall.forensic.caps import POSSIBLE
from seawall.forensic.gather import Gathered
from seawall.forensic.suspects import LIKELY
from seawall.forensic.table import RawMail, extract
from seawall.forensic.trace import Order, trace
from seawall.model.trace import Trace
from unit.forensic.written import BOB, direct, mail, ordinary, received, report, scores

HOSTS = (
    "mx.reader.example",
    "out.sea.example",
    "gw.fault.example",
    "a.north.example",
    "lists.forum.example",
    "localhost",
)
ADDRESSES = (
    BOB,
    "ann@sea.example",
    "eve@fault.example",
    "mspop3connector.eve@fault.example",
    "tide@forum.example",
)


@st.composite
def lines(draw: st.DrawFn) -> str:
    by, client = draw(st.sampled_from(HOSTS)), draw(st.sampled_from((*HOSTS, "")))
    return received(
        by, client, after=300.0 * draw(st.integers(0, 6)), to=draw(st.sampled_from((*ADDRESSES, "")))
    )


def field(name: str, values: Sequence[str]) -> st.SearchStrategy[str]:
    return st.sampled_from([f"{name}: {value}" for value in values])


FIELDS = st.one_of(
    field("Return-Path", ["<>", "<tide-bounces@forum.example>", "<owner-x@localhost>"]),
    field("Delivered-To", ADDRESSES),
    field("List-Id", ["<tide>", "<tide.forum.example>"]),
    field("X-Loop", ADDRESSES),
    field("In-Reply-To", ["<1@sea.example>", "<2@sea.example>"]),
    field("X-OriginalArrivalTime", ["01 Jan 2008 FILETIME=[E5B5A000:01C84C6A]"]),
    field(
        "Received", ["From Mail Pickup Service by gw.fault.example with Microsoft SMTPSVC", "(a note)", ""]
    ),
)
MESSAGE_IDS = ("", "<1@sea.example>", "<2@sea.example>", "<000101c84c6a$e5b5a000$0a01a8c0@fault.example>")


@st.composite
def likely(draw: st.DrawFn) -> bytes:
    """A mail of few hosts, identities and bodies, so that mails are often copies of one another."""
    written = {
        "message_id": draw(st.sampled_from(MESSAGE_IDS)),
        "from": draw(st.sampled_from(ADDRESSES)),
        "to": draw(st.sampled_from(ADDRESSES)),
    }
    ways = draw(st.lists(lines(), max_size=5))
    return mail(
        ways,
        *draw(st.lists(FIELDS, max_size=4)),
        body=draw(st.sampled_from(("One.\n", "Two.\n", ""))),
        **written,
    )


REPORTS = st.builds(
    report,
    st.integers(0, 9),
    to=st.sampled_from(("u@lake.example", "postmaster@lake.example")),
    via=st.lists(st.sampled_from(HOSTS), max_size=4),
)
MAILS = st.lists(st.one_of(likely(), st.binary(max_size=300), REPORTS), max_size=40)


def traced(mails: Sequence[RawMail]) -> Trace:
    """The trace of mails in the order in which they are given."""
    with TemporaryDirectory() as directory:
        part = Path(directory) / "part.parquet"
        pq.write_table(pa.Table.from_batches([extract(mails)]), part)
        found = Gathered(parts=(part,), mails=len(mails), octets=sum(one.size for one in mails), sources=2)
        return trace(found, Order(mine=("north.example",)), directory=Path(directory))


def placed(mails: Sequence[bytes]) -> list[RawMail]:
    """Mails in two mailboxes, by turns."""
    return [RawMail(("bob", "lea")[number % 2], number, 0, one, len(one)) for number, one in enumerate(mails)]


@settings(max_examples=60, deadline=None)
@given(MAILS, st.randoms(use_true_random=False))
@example([mail(("(a note)",), list_id="<tide>")] * 6, None)
def test_any_mails_give_a_trace_whose_scores_are_sums_and_which_no_order_changes(
    mails: list[bytes], draw: object
) -> None:
    raw = placed(mails)
    found = traced(raw)
    assert found.mails == len(mails)
    for storm in found.storms:
        assert storm.copies > 0
        for one in storm.suspects:
            total = min(1.0, sum(evidence.weight for evidence in one.evidence))
            assert 0 <= one.score <= 1
            assert one.score <= round(total, 2)
            assert one.score == round(total, 2) or one.cap
            assert one.score <= POSSIBLE or any(evidence.quotes for evidence in one.evidence)
    shuffled = list(raw)
    if draw is not None:
        draw.shuffle(shuffled)  # type: ignore[attr-defined]
    assert traced(shuffled) == found


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(("innocent.example", "fault.example", "sea.example")), lines(), st.integers(1, 4))
def test_a_line_forged_at_the_bottom_of_every_mail_accuses_nobody(domain: str, line: str, times: int) -> None:
    forged = received(f"mx.{domain}", f"gw.{domain}", queue="F", to=f"eve@{domain}")
    forwarded = mail(
        (
            received("mx.reader.example", "out.lake.example", after=9, to=BOB),
            received("out.lake.example", "out.sea.example", after=5, to="lea@lake.example"),
            received("out.sea.example", queue="A0"),
        ),
        to=f"{BOB}, lea@lake.example",
    )
    mails = [
        *ordinary(),
        direct(),
        direct(after=300, queue="A0"),
        direct(after=600, queue="A0"),
        forwarded,
    ] * times
    below = f"Received: {line}\nReceived: {forged}\nFrom: ".encode()
    found = traced(placed([one.replace(b"From: ", below, 1) for one in mails]))
    assert max(scores(found).values(), default=0.0) < LIKELY
    assert scores(found).get(domain, 0.0) <= POSSIBLE
