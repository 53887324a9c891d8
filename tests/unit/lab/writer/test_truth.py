"""The truth beside a written storm, checked against the mails alone, read by other means than those that wrote them."""

import json
import mailbox
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.errors import Misconfigured
from seawall.facts.message import read_message
from seawall.facts.received import by_host
from seawall.lab.writer.mail import Stop
from seawall.lab.writer.species import SPECIES
from seawall.lab.writer.storm import Order, storm
from seawall.lab.writer.truth import truth
from seawall.lab.writer.write import write_storm, write_storms
from seawall.model.organisation import organisation

NAMES: Final = tuple(species.name for species in SPECIES)
UNQUOTED: Final = re.compile(rb"^>(>*From )", re.MULTILINE)
SPEAKS_FOR_OTHERS: Final = {"localhost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A storm as its reader has it."""

    truth: dict[str, Any]
    mails: dict[int, bytes]
    """By the number of a copy."""


def written(tmp_path: Path, order: Order) -> Written:
    directory = tmp_path / f"{order.seed}"
    write_storm(directory, storm(order))
    told = json.loads((directory / "truth.json").read_text("ascii"))
    mails = {}
    for copy in told["copies"]:
        if copy["file"] is None:
            continue
        path = directory / copy["file"]
        mails[copy["number"]] = stored(path)[copy["index"]] if path.suffix == ".mbox" else path.read_bytes()
    return Written(truth=told, mails=mails)


@cache
def stored(path: Path) -> tuple[bytes, ...]:
    """The mails of an mbox as the standard library finds them."""
    box = mailbox.mbox(path, create=False)
    try:
        return tuple(UNQUOTED.sub(rb"\1", box.get_bytes(key)) for key in box.iterkeys())
    finally:
        box.close()


def received(mail: bytes) -> list[bytes]:
    """The Received of a mail, unfolded, topmost first."""
    header = mail.partition(b"\n\n")[0]
    fields = re.split(rb"\n(?![ \t])", header)
    return [
        re.sub(rb"\n[ \t]+", b" ", field[9:].strip()) for field in fields if field.startswith(b"Received:")
    ]


@pytest.mark.parametrize("species", NAMES)
def test_every_seen_mail_has_the_lines_that_its_lineage_says_and_the_forged_ones(
    species: str, tmp_path: Path
) -> None:
    found = written(tmp_path, Order(seed=11, species=(species,), views=8, strip=0.3, forge=0.5))
    assert found.mails
    hosts = found.truth["hosts"]
    framed = found.truth["framed"]
    for copy in found.truth["copies"]:
        if copy["file"] is None:
            continue
        lines = received(found.mails[copy["number"]])
        lies = [
            re.sub(r"\r\n[ \t]+", " ", framed[n]["field"][9:].strip()).encode()
            for n in copy["forged"]
            if framed[n]["how"] == "received"
        ]
        for lie in lies:
            lines.remove(lie)
        for name, _, count in reversed(copy["lineage"]):
            own, lines = lines[:count], lines[count:]
            domains = {organisation(host) for line in own if (host := by_host(line))}
            assert domains <= {hosts[name]["domain"], ""}, (name, own)
        assert lines == []


@pytest.mark.parametrize("species", NAMES)
def test_the_views_hold_each_copy_that_the_truth_places_there_and_no_other(
    species: str, tmp_path: Path
) -> None:
    directory = tmp_path / "storm"
    write_storm(directory, storm(Order(seed=5, species=(species,), views=6)))
    told = json.loads((directory / "truth.json").read_text("ascii"))
    placed = Counter(copy["file"] for copy in told["copies"] if copy["file"])
    on_disk = {
        str(path.relative_to(directory)): len(stored(path)) if path.suffix == ".mbox" else 1
        for path in (directory / "views").rglob("*")
        if path.is_file() and path.stat().st_size
    }
    assert placed == on_disk
    numbers = [copy["number"] for copy in told["copies"]]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("species", NAMES)
def test_a_seed_gives_the_same_octets_again(species: str, tmp_path: Path) -> None:
    order = Order(seed=3, species=(species,), strip=0.3, forge=0.5)
    for name in ("one", "other"):
        write_storm(tmp_path / name, storm(order))
    one, other = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("one", "other")
    )
    assert one == other


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_any_seed_gives_a_truth_that_holds_together(seed: int) -> None:
    happened = storm(Order(seed=seed, strip=0.2, forge=0.5))
    told = json.loads(truth(happened, {}))
    numbers = {copy["number"] for copy in told["copies"]}
    culprits = {culprit["domain"] for culprit in told["culprits"]}
    framed = {frame["domain"] for frame in told["framed"]}
    assert not culprits & framed
    assert told["k"] == len(culprits)
    assert told["is_storm"] or not culprits
    for copy in told["copies"]:
        assert copy["made_by"] is None or copy["made_by"] in culprits
        assert copy["parent"] is None or copy["parent"] in numbers, copy
        assert all(name in told["hosts"] for name, _, _ in copy["lineage"])
        moments = [moment for _, moment, _ in copy["lineage"]]
        assert moments == sorted(moments)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_what_strips_leaves_nothing_of_those_before_it(seed: int) -> None:
    for copy in storm(Order(seed=seed, strip=0.5)).copies:
        stops = copy.mail.stops
        last = max((n for n, stop in enumerate(stops) if stop.host.is_stripping and stop.received), default=0)
        assert all(stop.received == 0 for stop in stops[:last] if stop.host is not stops[last].host)


def is_part(names: list[str], stops: tuple[Stop, ...]) -> bool:
    way = iter(stops)
    return all(any(name == stop.host.domain for stop in way) for name in names)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_the_route_that_the_scanner_reads_is_a_part_of_the_true_way(seed: int) -> None:
    routes = 0
    for copy in storm(Order(seed=seed, strip=0)).copies:
        octets = copy.mail.octets()
        route = read_message(octets, len(octets), b"key").passage.route
        names = [name for name in route if not name.startswith("[")]
        # Before the first server stands what a client called itself, or the name of its address.
        assert any(is_part(part, copy.mail.stops) for part in (names, names[1:])), route
        routes += bool(names)
    assert routes


def test_all_names_and_addresses_are_reserved_ones(tmp_path: Path) -> None:
    reserved = re.compile(rb"(?:example|test|local)\Z")
    public = re.compile(
        rb"(?:192\.0\.2|198\.51\.100|203\.0\.113|10\.\d+\.\d+|192\.168\.\d+|127\.0\.0)\.\d+\Z"
    )
    for seed in range(12):
        for mail in written(tmp_path, Order(seed=seed, forge=0.3)).mails.values():
            header = mail.partition(b"\n\n")[0]
            for domain in re.findall(rb"@([A-Za-z0-9.-]+\.[A-Za-z]+)", header):
                assert reserved.search(domain), domain
            for address in re.findall(rb"(?<!SVC)[\[(](\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})[\])]", header):
                assert public.match(address), address


def test_a_storm_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    list(write_storms(tmp_path, Order(seed=1), 1))
    with pytest.raises(Misconfigured, match="storm-000001 is there already"):
        list(write_storms(tmp_path, Order(seed=0), 2))


@pytest.mark.parametrize("style", ["gmail", "domino", "internet-mail-service", "proofpoint"])
def test_of_styles_that_are_asked_for_no_other_is_drawn_but_the_faults_own(style: str) -> None:
    for seed in range(6):
        happened = storm(Order(seed=seed, styles=(style,)))
        drawn = {host.style for one in happened.cast.organisations for host in (*one.inward, *one.outward)}
        assert drawn <= {style, happened.species.office_style}


def test_styles_and_species_of_different_times_make_no_storm() -> None:
    with pytest.raises(Misconfigured, match="no year"):
        storm(Order(seed=0, species=("connector",), styles=("exchange-online",)))


def test_a_field_of_one_product_stands_once_however_many_of_its_servers_the_mail_passed() -> None:
    happened = storm(Order(seed=1, styles=("smtpsvc",), views=6, strip=0))
    counts = Counter(
        (
            sum(stop.host.style == "smtpsvc" for stop in copy.mail.stops) > 1,
            copy.mail.octets().count(b"\r\nX-OriginalArrivalTime:"),
        )
        for copy in happened.copies
        if copy.cause.kind == "ordinary"
    )
    assert counts[True, 1] == sum(counts.values()) - counts[False, 1] > 0
