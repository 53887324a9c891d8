"""Where nothing limits a storm, its growth has a closed form, and the written one has to follow it."""

from collections import Counter
from dataclasses import replace
from ipaddress import IPv4Address
from random import Random

import pytest

from seawall.lab.copywriter import Connector
from seawall.lab.writer.arrivals import Cause
from seawall.lab.writer.cast import Cast, Wishes
from seawall.lab.writer.casting import cast
from seawall.lab.writer.faults import replicating
from seawall.lab.writer.sea import Sea
from seawall.lab.writer.species import opening
from seawall.lab.writer.storm import Order, storm


def in_step(who: Cast, poll: float) -> Cast:
    """The same cast, but all offices poll at the same moments, and nobody's mailbox is full or forwards."""
    offices = tuple(
        tuple(
            replace(person, organisation=replace(person.organisation, poll=poll, phase=0.0))
            for person in office
        )
        for office in who.offices
    )
    at_offices = tuple(person for office in offices for person in office)
    others = tuple(replace(person, forwards_to="", is_full=False) for person in who.people[len(at_offices) :])
    by_address = {person.address: person for person in (*at_offices, *others)}
    return replace(
        who,
        offices=offices,
        people=(*at_offices, *others),
        by_address=by_address,
        addressees=tuple(by_address[person.address] for person in who.addressees),
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_k_faulty_servers_fetch_k_times_as_many_at_each_poll_and_send_each_to_all_on_the_list(
    k: int, seed: int
) -> None:
    polls = {1: 8, 2: 6, 3: 5, 5: 4}[k]
    limit = sum(k * k**n for n in range(polls))
    draw = Random(seed)
    who = in_step(
        cast(draw, Wishes(years=(2005, 2005), offices=k, office_style="smtpsvc", strip=0)), poll=900.0
    )
    sea = Sea(who, draw, watched=(), limit=limit, slow=0)
    for number, (person,) in enumerate(who.offices):
        sea.faults[person.address] = replicating(
            Connector(
                host=person.organisation.outward[0].name,
                user="office",
                domain=person.organisation.domain,
                internal_address=IPv4Address(f"192.168.{number}.2"),
                internal_domain="office.test",
                public_address=IPv4Address("192.0.2.1"),
            )
        )
    sea.submit(
        opening(who, draw, to_list=False),
        who.sender,
        tuple(person.address for person in who.addressees),
        # So that no mail is under way while somebody polls.
        900 * 1_300_000.0 + 30,
        Cause(kind="genuine"),
    )
    sea.run()
    for office in who.offices:
        domain = office[0].organisation.domain
        fetched = [count for (owner, _), count in sorted(sea.fetched.items()) if owner == domain]
        assert fetched[:polls] == [k**n for n in range(polls)]
        assert sea.sent[domain] == len(who.addressees) * sea.made[domain]
    assert sea.made.total() == limit


def test_each_generation_of_a_connectors_copies_comes_from_copies_of_the_one_before() -> None:
    happened = storm(Order(seed=2, species=("connector",), views=4))
    generations = {copy.number: copy.cause.generation for copy in happened.copies}
    copies = [copy for copy in happened.copies if copy.cause.kind == "copy"]
    assert copies
    for copy in copies:
        assert copy.cause.parent is not None
        assert generations[copy.cause.parent] == copy.cause.generation - 1


def test_what_is_handed_out_is_what_a_view_of_everybody_would_see() -> None:
    """Each copy that a fault makes reaches a watched mailbox once, if that is on the list and takes mail."""
    happened = storm(Order(seed=4, species=("remailer",), views=3, strip=0))
    seen = Counter(copy.mailbox for copy in happened.copies if copy.cause.kind == "copy")
    made = sum(happened.made.values())
    named = {person.address for person in happened.cast.addressees}
    faulty = {culprit.mailbox for culprit in happened.culprits}
    for address in set(happened.views) & named - faulty:
        assert seen[address] == made


def test_a_copy_is_made_of_each_mail_that_a_faulty_connector_fetches_until_the_limit() -> None:
    happened = storm(Order(seed=2, species=("connector",), views=4))
    for culprit in happened.culprits:
        fetched = sum(count for (domain, _), count in happened.fetched.items() if domain == culprit.domain)
        assert 0 < happened.made[culprit.domain] <= fetched
