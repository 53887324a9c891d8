import pytest

from seawall.facts.envelope import read_candidates
from seawall.facts.header import MAX_VALUE
from seawall.facts.message import read_message
from seawall.model.envelope import MAX_ISP_HOPS, MAX_OCCURRENCES, MAX_OCTETS, EnvelopeField, EnvelopeName
from seawall.model.facts import MessageFacts

HOP = b"Received: from a by mx%d.isp.example; x\r\n"
NOTE = b"Received: (qmail 1 invoked by uid 89); x\r\n"
FIELD = b"X-Original-To: a%d@x.example\r\n"


def facts(header: bytes, name: str | None = "X-Original-To") -> MessageFacts:
    return read_message(header + b"\r\n", len(header), bytes(32), EnvelopeName.parse(name) if name else None)


def test_each_occurrence_tells_how_many_hops_stand_above_it() -> None:
    found = facts(FIELD % 0 + HOP % 1 + FIELD % 1 + NOTE + FIELD % 2 + HOP % 2 + FIELD % 3)
    assert found.envelope == tuple(
        EnvelopeField(value=b"a%d@x.example" % at, received_above=hops)
        for at, hops in enumerate((0, 1, 1, 2))
    )
    assert found.by_hosts == ("mx1.isp.example", "mx2.isp.example")
    assert found.received_hops == 3


def test_without_a_name_no_envelope_is_looked_for() -> None:
    found = facts(FIELD % 0 + HOP % 1, None)
    assert (found.envelope, found.by_hosts) == ((), ())


def test_occurrences_beyond_the_bound_are_a_defect() -> None:
    assert facts(FIELD % 0 * MAX_OCCURRENCES).defects == ()
    found = facts(FIELD % 0 * (MAX_OCCURRENCES + 1))
    assert len(found.envelope) == MAX_OCCURRENCES
    assert found.defects == ("too-many-envelope-fields",)


@pytest.mark.parametrize("gap", [b"x", b" "])
def test_a_value_beyond_the_bound_is_a_defect(gap: bytes) -> None:
    found = facts(b"X-Original-To: a@x.example," + gap * MAX_OCTETS + b"b@x.example\r\n")
    assert len(found.envelope[0].value) == MAX_OCTETS
    assert found.defects == ("envelope-field-too-long",)
    assert MAX_OCTETS <= MAX_VALUE


def test_hops_beyond_the_bound_are_counted_and_not_read() -> None:
    found = facts(HOP % 1 * 40 + FIELD % 0)
    assert len(found.by_hosts) == MAX_ISP_HOPS
    assert found.envelope[0].received_above == 40


def test_notes_without_end_are_not_read_without_end() -> None:
    found = facts(NOTE * 200 + FIELD % 0)
    assert found.by_hosts == ()
    assert found.envelope[0].received_above == 200 - 64


def test_candidates_are_the_fields_that_servers_are_known_to_write() -> None:
    top = b"Delivered-To: b@x.example\r\n" + FIELD % 0 + HOP % 1 + b"To: c@x.example\r\n" + FIELD % 1
    found = read_candidates(top + b"\r\nX-Original-To: body@x.example\r\n")
    assert [(str(name), field.value, field.received_above) for name, field in found.fields] == [
        ("Delivered-To", b"b@x.example", 0),
        ("X-Original-To", b"a0@x.example", 0),
        ("X-Original-To", b"a1@x.example", 1),
    ]
    assert found.by_hosts == ("mx1.isp.example",)
