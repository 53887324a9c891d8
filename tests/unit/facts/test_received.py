import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.facts.received import MAX_RECEIVED, by_host

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("from a (b [192.0.2.1]) by mx.isp.example (Postfix) with ESMTP id 1; x", "mx.isp.example"),
        ("by mx.isp.example (Postfix, from userid 0) id 1; x", "mx.isp.example"),
        ("from a\tBY\tMX.isp.Example.; x", "mx.isp.example"),
        ("from a by mx.isp.example(8.12/8.12) with SMTP; x", "mx.isp.example"),
        ("from a with LMTP by mx.isp.example (3.0) for <b@c>; x", "mx.isp.example"),
        ("from a by [192.0.2.1] with SMTP; x", "192.0.2.1"),
        ("by 2002:a05:6102:3a0b:0:0:0:0 with SMTP id 1; x", "2002:a05:6102:3a0b:0:0:0:0"),
        ("from x@y by mx.isp.example by uid 502 with qmail-scanner-1.12 (Clear:. ); x", "mx.isp.example"),
        ("from by.evil.example by mx.isp.example; x", "mx.isp.example"),
        ('from a (b (c) "d\\)") by mx.isp.example; x', "mx.isp.example"),
        ("from a (Info omitted by ASANI) by mx.isp.example; x", "mx.isp.example"),
        ("from a (seen by mx.isp.example) by mx.isp.example; x", "mx.isp.example"),
        ("from a by mx.bücher.example; x", "mx.xn--bcher-kva.example"),
        ("by simscan 1.4.0 ppid: 1, pid: 2, t: 0.1s", "simscan"),
        ("from a with SMTP; x", ""),
        ("from a by (AIMC 2.9) with SMTP; x", ""),
        ("from a by", ""),
        ("from a by Proxy+; x", ""),
        ("", ""),
        ("(", ""),
        (")", ""),
        ("(a comment) and more", ""),
        ("by mx.isp.example )(", ""),
        ("(qmail 1 invoked by uid 89); 24 Nov 2026 08:00:00 -0000", None),
        ("(qmail 1 invoked by alias); 24 Nov 2026 08:00:00 -0000", None),
        ("(qmail 1 invoked from network[192.0.2.1/by mx.isp.example]); x", None),
        ("(a (nested) comment)", None),
    ],
)
def test_a_hop_is_vouched_for_by_the_host_that_wrote_it(value: str, host: str | None) -> None:
    assert by_host(value.encode()) == host


@pytest.mark.parametrize(
    "value",
    [
        "from x by mx.isp.example (unknown [192.0.2.1]) by true.example with SMTP; x",
        "from x by mx.isp.example; (unknown [192.0.2.1]) by true.example with SMTP; x",
        "from x by mx.isp.example ( (unknown [192.0.2.1]) by true.example with SMTP; x",
        "from x by mx.isp.example ( (u) by true.example (v) with SMTP (envelope-from <)@e>); x",
        'from x by mx.isp.example " (u) by true.example with SMTP for <"@e>; x',
        "from x) by mx.isp.example ( (unknown [192.0.2.1]) by true.example with SMTP; x",
        r"from x \( (unknown) by mx.isp.example \) by true.example; x",
        "from by mx.isp.example (unknown [192.0.2.1]) by true.example with SMTP; x",
        "from by by mx.isp.example (unknown [192.0.2.1]) by true.example with SMTP; x",
        "from unknown (HELO by mx.isp.example) by true.example with SMTP; x",
        'from a by true.example (envelope-from <") by mx.isp.example ("@x>) id 1; x',
        "from a by true.example for <b@c>; x by mx.isp.example",
        r"from x \" by mx.isp.example \" with SMTP; x",
        "from x by mx.isp.example\udcff; x",
        "from x by\tmx.isp.example\rby true.example; x",
        "from x by mx.isp.example\0 by true.example; x",
        "from x by mx.isp.example " + "y" * MAX_RECEIVED,
    ],
)
def test_no_client_can_forge_it(value: str) -> None:
    assert by_host(value.encode("utf-8", "surrogateescape")) == ""


@given(st.text(alphabet=' ()<>,;"\\by.x\t[]:', max_size=60).map(str.encode))
def test_no_helo_makes_another_host_of_the_servers(helo: bytes) -> None:
    value = b"from " + helo + b" (unknown [192.0.2.1]) by true.example (Postfix) with SMTP id 1; x"
    assert by_host(value) in {"true.example", ""}


CLIENTS_TEXT = st.lists(
    st.sampled_from([*'()<>,;"\\ \t\r', "by", " by evil.example ", "by uid 1", "uid", "x", ".", "@", "with"]),
    max_size=8,
).map("".join)


@given(helo=CLIENTS_TEXT, recipient=CLIENTS_TEXT, sender=CLIENTS_TEXT)
def test_not_even_with_the_envelopes_addresses_copied_as_well(helo: str, recipient: str, sender: str) -> None:
    value = (
        f"from {helo} (unknown [192.0.2.1]) by true.example (Server 1.0) with SMTP id 1"
        f" for <{recipient}> (envelope-from <{sender}>); x"
    )
    assert by_host(value.encode()) in {"true.example", ""}


@given(st.binary(max_size=300) | st.text(alphabet=' ()"\\;by.é', max_size=300).map(str.encode))
def test_any_bytes_give_a_host_or_none(value: bytes) -> None:
    host = by_host(value)
    assert host is None or (host.isascii() and " " not in host)


@pytest.mark.parametrize("piece", [b"(", b")", b'"', b"\\", b"by ", b" by x", b"(by a.b ", "by é.".encode()])
def test_a_long_field_costs_little(piece: bytes) -> None:
    for octets in (MAX_RECEIVED, 2**20):
        started = time.process_time()
        by_host((piece * octets)[:octets])
        assert time.process_time() - started < 0.5


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of real mail is not beside this checkout")
def test_of_real_hops_nearly_all_name_their_host() -> None:
    rows = (CORPUS / "received_lines.txt").read_bytes().splitlines()
    values = [row.split(b"\t", 2)[2] for row in rows if not row.startswith(b"#")]
    hosts = [by_host(value) for value in values]
    untold = [value for value, host in zip(values, hosts, strict=True) if host == ""]
    assert len(values) > 19_000
    assert len(untold) < len(values) / 300
    # All that name a host and are not believed: a name that is none (`matt?dev…`, `Proxy+`).
    assert sum(re.search(rb"\sby\s+[\w-]+(\.[\w-]+)+\s", value) is not None for value in untold) == 0


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of real mail is not beside this checkout")
def test_the_host_is_the_one_that_another_parser_tells() -> None:
    rows = (CORPUS / "received-formats" / "spamassassin_rcvd_parser.tsv").read_bytes().splitlines()
    told = 0
    for row in rows:
        value, _, expected = row.partition(b"\t")
        found = re.search(rb" by=(\S+)", expected)
        if found:
            told += 1
            assert by_host(value) == found.group(1).decode().lower()
    assert told > 100
