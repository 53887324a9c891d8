"""`seawall.trace/1`: the keys that are promised, and that its page tells each of them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seawall.forensic.report.document import content, short_content
from seawall.forensic.report.moments import iso
from seawall.model.trace import Bounces, Trace
from unit.forensic.report import sample

PAGE = (Path(__file__).parents[4] / "docs" / "trace-json.md").read_text(encoding="utf-8")
PROMISED: dict[str, Any] = {
    "mails": int,
    "storms": [
        {
            "id": str,
            "species": str,
            "sender": str,
            "subject": str,
            "first_seen": str,
            "last_seen": str,
            "copies": int,
            "recipients": int,
            "sent_by_sender": int,
            "suspects": [
                {
                    "domain": str,
                    "hosts": [str],
                    "score": float,
                    "copies": int,
                    "product": str | None,
                    "advice": str,
                    "contacts": [str],
                    "innocent_explanation": str,
                    "evidence": [{"kind": str, "mail": str, "header": str, "text": str}],
                }
            ],
        }
    ],
    "bounces": {
        "dsn": int,
        "mailbox_full": int,
        "about_mail_not_sent_here": int | None,
        "bounce_of_bounce": int,
    },
}


def assert_is_as_promised(value: Any, promised: Any) -> None:
    match promised:
        case dict():
            for key, kind in promised.items():
                assert_is_as_promised(value[key], kind)
        case list():
            assert isinstance(value, list)
            for one in value:
                assert_is_as_promised(one, promised[0])
        case _:
            assert isinstance(value, promised)


def test_every_promised_key_is_there_with_its_type() -> None:
    for trace in (sample.trace(), sample.hostile()):
        assert_is_as_promised(content(trace), PROMISED)


def paths(value: Any, before: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield f"{before}{key}"
            yield from paths(one, f"{before}{key}.")
    if isinstance(value, list):
        for one in value:
            yield from paths(one, before)


def documented(heading: str) -> set[str]:
    rows = PAGE.partition(f"## `{heading}`")[2].partition("\n## ")[0]
    return {
        f"{row.partition('`')[0]}{name}"
        for row in re.findall(r"^\| (`[^|]+`) \|", rows, re.MULTILINE)
        for name in re.findall(r"`([a-z_.]+)`", row)
    }


def test_the_page_tells_each_key_and_no_other() -> None:
    assert documented("seawall.trace/1") == set(paths(content(sample.trace())))


def test_the_short_document_has_the_keys_of_the_long_one_but_for_those_that_the_page_names() -> None:
    left_out = set(re.findall(r"`([a-z_.]+)`", PAGE.partition("## `seawall.spot/1`")[2]))
    long, short = set(paths(content(sample.trace()))), set(paths(short_content(sample.trace())))
    assert short < long
    assert {path for path in long - short if path.count(".") == 1} == left_out


def test_text_of_mails_survives_as_it_is_and_is_escaped_by_json() -> None:
    written = json.dumps(content(sample.hostile()))
    assert written.isascii()
    assert not re.search(r"[\x00-\x1f\x7f]", written)
    assert json.loads(written)["storms"][0]["subject"].startswith(sample.HOSTILE)


def test_a_moment_that_no_calendar_has_is_an_empty_text() -> None:
    assert iso(sample.BEGAN) == "2004-05-24T09:12:00Z"
    assert iso(-62_135_596_800.0) == "0001-01-01T00:00:00Z"
    for at in (None, float("nan"), float("inf"), -1e18, 1e300):
        assert iso(at) == ""


def test_an_empty_trace_is_a_document_too() -> None:
    found = content(Trace(mails=0, octets=0, sources=1, storms=(), bounces=Bounces()))
    assert found["storms"] == []
    assert found["bounces"]["about_mail_not_sent_here"] is None
