"""Ways of mails as real servers write them: who handed them on, and who made them."""

from seawall.forensic.ways import PICKUP, read_way
from unit.forensic.written import BOB, hops, received

READER = received("mx.reader.example", "out.sea.example", after=9, to=BOB)
SENDER = received("out.sea.example", "desk.sea.example", after=5)


def test_lines_that_name_each_other_are_believed_down_to_the_sender() -> None:
    way = read_way(hops(READER, SENDER))
    assert way.domains == ("sea.example", "reader.example")
    assert way.believed_domains == way.domains
    assert way.maker == "sea.example"


def test_a_line_below_a_break_is_a_claim() -> None:
    way = read_way(
        hops(READER, SENDER, received("mx.innocent.example", "gw.other.example", to="eve@innocent.example"))
    )
    assert "innocent.example" in way.domains
    assert "innocent.example" not in way.believed_domains
    assert way.maker == "sea.example"


def test_a_client_that_left_no_line_of_its_own_is_the_maker() -> None:
    way = read_way(hops(READER))
    assert way.domains == ("sea.example", "reader.example")
    assert way.maker == "sea.example"
    assert way.steps[0].start == way.steps[0].stop


def test_a_persons_computer_behind_a_line_makes_its_server_the_maker() -> None:
    desk = received(
        "out.sea.example", "dsl-203-0-113-5.isp.example", address="203.0.113.5", protocol="ESMTPSA"
    )
    assert read_way(hops(READER, desk)).maker == "sea.example"


def test_what_came_out_of_a_pickup_folder_was_handed_in_by_nobody() -> None:
    pickup = f"{PICKUP}sbs.fault.example with Microsoft SMTPSVC; Tue, 1 Jan 2008 12:00:00 +0000"
    for line in (pickup, pickup.replace("from mail pickup", "From Mail Pickup")):
        way = read_way(hops(received("mx.reader.example", "sbs.fault.example"), line, SENDER))
        assert way.maker == "fault.example"


def test_an_address_goes_by_the_name_that_other_lines_give_it() -> None:
    line = received("mx.reader.example", said="from [192.0.2.9] ")
    assert read_way(hops(line)).maker == "reader.example"
    known = {"192.0.2.9": "sea.example"}
    assert read_way(hops(line), lambda address: known.get(address, "")).maker == "sea.example"


def test_a_servers_private_name_belongs_to_the_stretch_that_it_stands_in() -> None:
    inner = received("store.office.local", said="from localhost (127.0.0.1) ", after=12)
    assert read_way(hops(inner, READER, SENDER)).domains == ("sea.example", "reader.example")


def test_an_organisation_that_has_a_mail_twice_stands_in_its_way_twice() -> None:
    round_ = (
        received("mx.reader.example", "a.north.example"),
        received("a.north.example", "b.south.example"),
        received("b.south.example", "a.north.example"),
        received("a.north.example", "out.sea.example"),
        SENDER,
    )
    assert read_way(hops(*round_)).domains == (
        "sea.example", "north.example", "south.example", "north.example", "reader.example",
    )  # fmt: skip


def test_no_lines_and_lines_that_say_nothing_make_no_way() -> None:
    for lines in ((), ("(a note)",), (";", "")):
        way = read_way(hops(*lines))
        assert (way.steps, way.maker, way.domains) == ((), "", ())
