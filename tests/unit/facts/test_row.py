from pathlib import Path

from seawall.facts.row import MAX_RECIPIENTS, read_row
from seawall.forensic.table import SCHEMA, RawMail, extract
from seawall.model.row import DeliveredTo, Row

SEEDS = Path(__file__).parents[2] / "fuzz" / "seeds"
STORM = (SEEDS / "storm.eml").read_bytes()
REPORT = (SEEDS / "report.eml").read_bytes()


def row_of(mail: bytes) -> Row:
    return read_row(mail, len(mail))


def test_a_copy_of_a_connectors_is_told_with_all_that_betrays_it() -> None:
    row = row_of(STORM)
    assert row.message_id == "000101c56b3a$6b3a6c7a$1b200a0a@server.office.example"
    assert row.marked_recipients == ("mspop3connector.anna@office.example",)
    assert row.recipients[0] == "list@lists.example.org"
    assert row.recipient_count == 3
    assert row.pickup_host == "server.office.example"
    assert row.minted_at == row.pickup_arrival
    assert row.minted_ip == "10.10.32.27"
    assert row.delivered_to == (DeliveredTo("anna@school.example", 0),)
    assert [hop.by for hop in row.hops] == [
        "server.office.example",
        "server.office.example",
        "relay.isp.example",
        "mx.school.example",
    ]
    assert row.subject_norm == "grüßere:minutes"
    assert row.thread == "a@sender.example"
    assert row.defects == ()


def test_line_ends_change_nothing_but_the_size() -> None:
    plain, network = row_of(STORM), row_of(STORM.replace(b"\n", b"\r\n"))
    assert network._replace(size=0, header_size=0) == plain._replace(size=0, header_size=0)


def test_a_report_tells_whose_mail_it_is_about() -> None:
    report = row_of(REPORT).report
    assert report is not None
    assert report.original_message_id == "m1@sender.example"
    assert report.cause == "mailbox full"


def test_how_often_a_mail_was_delivered_above_each_hop_is_kept() -> None:
    row = row_of(b"Delivered-To: <B@x.example>\nReceived: by b; x\nDelivered-To: a@x.example\n\n")
    assert row.delivered_to == (DeliveredTo("b@x.example", 0), DeliveredTo("a@x.example", 1))


def test_recipients_beyond_the_bound_are_counted_and_not_kept() -> None:
    row = row_of(b"To: " + b"".join(b"\n a%d@x.example," % number for number in range(300)) * 5 + b"\n\n")
    assert row.recipient_count > len(row.recipients)
    assert len(row.recipients) <= MAX_RECIPIENTS


def test_of_a_hundred_megabytes_of_header_the_first_mebibyte_is_read() -> None:
    row = row_of(b"Subject: " + b"a" * 100_000_000 + b"\nTo: a@x.example\n\nx")
    assert row.header_size == 2**20
    assert row.recipients == ()
    assert row.defects == ("header-too-long",)


def test_rows_come_out_of_arrow_as_they_went_in() -> None:
    mails = [
        RawMail("box", place, 0, head, len(head), None) for place, head in enumerate((STORM, REPORT, b""))
    ]
    batch = extract(mails)
    assert batch.schema == SCHEMA
    told = batch.to_pylist()
    for mail, row in zip(mails, told, strict=True):
        read = read_row(mail.head, mail.size)
        assert row["place"] == mail.place
        assert [hop["by"] for hop in row["hops"]] == [hop.by for hop in read.hops]
        assert [hop["prefix_id"] for hop in row["hops"]] == [hop.prefix_id for hop in read.hops]
        assert tuple(row["recipients"]) == read.recipients
        assert (row["report"] is None) == (read.report is None)
        assert row["content_id"] == read.content_id
    assert extract([]).num_rows == 0
