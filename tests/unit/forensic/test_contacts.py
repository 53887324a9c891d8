"""A suspect's domain has role addresses; a registry adds to them, or a note says why not."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest
import whoisit  # type: ignore[import-untyped]

from seawall.errors import Misconfigured, Temporary
from seawall.forensic.contacts import find_contacts, role_addresses
from seawall.forensic.rdap import abuse_addresses, abuse_addresses_by_rdap

ROLES = ("postmaster@branch.example", "abuse@branch.example")


def test_a_domain_has_a_postmaster_and_an_abuse_desk() -> None:
    assert role_addresses("Branch.Example.") == ROLES
    assert role_addresses("bücher.example") == (
        "postmaster@xn--bcher-kva.example",
        "abuse@xn--bcher-kva.example",
    )


@pytest.mark.parametrize(
    "name", ["", "localhost", "192.0.2.7", "a b.example", "x\r\nBcc: y@z.example", "../etc.example"]
)
def test_what_is_no_domain_has_nobody_to_write_to(name: str) -> None:
    found = find_contacts(name)
    assert found.addresses == ()
    assert found.notes


def test_what_a_registry_knows_comes_after_the_role_addresses_once_each() -> None:
    found = find_contacts("branch.example", lambda domain: (f"noc@{domain}", "abuse@branch.example"))
    assert found.addresses == (*ROLES, "noc@branch.example")
    assert found.notes == ()


def test_a_registrys_text_that_is_no_address_is_left_out() -> None:
    hostile = ("x\r\nBcc: a@b.example", "no address", "ü@b.example", "a@b.example\n")
    assert find_contacts("branch.example", lambda _: hostile).addresses == (*ROLES, "a@b.example")


def test_a_registry_that_fails_is_a_note_and_not_fatal() -> None:
    def fails(_: str) -> tuple[str, ...]:
        raise Temporary("The registry of branch.example gave no answer.")

    found = find_contacts("branch.example", fails)
    assert found.addresses == ROLES
    assert found.notes == ("The registry of branch.example gave no answer.",)


ANSWER = {
    "objectClassName": "domain",
    "ldhName": "branch.example",
    "links": [{"rel": "related", "href": "http://127.0.0.1:9/never-asked", "type": "application/rdap+json"}],
    "entities": [
        {
            "objectClassName": "entity",
            "handle": "R1",
            "roles": ["registrar"],
            "entities": [
                {
                    "objectClassName": "entity",
                    "handle": "A1",
                    "roles": ["abuse"],
                    "vcardArray": ["vcard", [["email", {}, "text", "abuse@registrar.example"]]],
                }
            ],
        }
    ],
}


class Registry(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]]
    answer: ClassVar[bytes]
    delay: ClassVar[threading.Event | None] = None

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.delay:
            self.delay.wait(5)
        self.send_response(200)
        self.send_header("Content-Type", "application/rdap+json")
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, format: str, *_: Any) -> None:  # noqa: A002 -- its name in the standard library
        pass


@pytest.fixture
def registry() -> Iterator[type[Registry]]:
    class Handler(Registry):
        asked: ClassVar[list[str]] = []
        answer = json.dumps(ANSWER).encode()

    handler = Handler
    server = HTTPServer(("127.0.0.1", 0), handler)
    place = f"http://127.0.0.1:{server.server_port}/"
    whoisit.clear_bootstrapping()
    whoisit.load_bootstrap_data(
        {
            "asn": {"services": [[["64496-64511"], [place]]]},
            "dns": {"services": [[["example"], [place]]]},
            "ipv4": {"services": [[["192.0.2.0/24"], [place]]]},
            "ipv6": {"services": [[["2001:db8::/32"], [place]]]},
            "object": {"services": [[["a@b.example"], ["TEST"], [place]]]},
            "timestamp": 0,
        },
        from_json=False,
        allow_insecure=True,
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield handler
    if handler.delay:
        handler.delay.set()
    whoisit.clear_bootstrapping()
    whoisit.get_session().close()
    whoisit.clear_session()
    server.shutdown()
    thread.join(5)
    server.server_close()


def test_a_registry_is_asked_once_and_links_of_its_answer_are_not_followed(registry: type[Registry]) -> None:
    assert abuse_addresses_by_rdap()("branch.example") == ("abuse@registrar.example",)
    assert registry.asked == ["/domain/branch.example"]


def test_an_answer_that_is_none_is_a_temporary_failure(registry: type[Registry]) -> None:
    registry.answer = b"<html>"
    with pytest.raises(Temporary, match=r"registry of branch\.example gave no answer"):
        abuse_addresses_by_rdap()("branch.example")


def test_a_registry_that_takes_too_long_is_not_waited_for(registry: type[Registry]) -> None:
    registry.delay = threading.Event()
    with pytest.raises(Temporary, match=r"did not answer within 0\.05 seconds"):
        abuse_addresses_by_rdap(patience=0.05)("branch.example")


@pytest.mark.parametrize(
    "answer",
    [None, [], {}, {"entities": []}, {"entities": {"abuse": 1}}, {"entities": {"abuse": [1, {"email": 2}]}}],
)
def test_a_hostile_answer_has_no_addresses(answer: object) -> None:
    assert abuse_addresses(answer) == ()


def test_without_the_library_a_person_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "whoisit", None)
    with pytest.raises(Misconfigured, match=r"pip install 'seawall\[rdap\]'"):
        abuse_addresses_by_rdap()
