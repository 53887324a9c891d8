import io
import json

import pytest

from seawall.log import FORMS, LineLog, logfmt


def written(form: str, **fields: object) -> str:
    stream = io.StringIO()
    LineLog(stream, FORMS[form], lambda: 1.5).info("delivered", **fields)
    return stream.getvalue()


def test_a_line_says_when_how_grave_and_what_first() -> None:
    line = written("logfmt", account="office", octets=12)
    assert (
        line == "timestamp=1970-01-01T00:00:01.500000Z level=info event=delivered account=office octets=12\n"
    )


def test_a_line_of_json_is_one_object() -> None:
    line = written("json", account="office", octets=12, problem='a "b"\n')
    assert line.count("\n") == 1
    assert json.loads(line) == {
        "timestamp": "1970-01-01T00:00:01.500000Z",
        "level": "info",
        "event": "delivered",
        "account": "office",
        "octets": 12,
        "problem": 'a "b"\n',
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain@example.org", "plain@example.org"),
        ("", ""),
        (None, ""),
        (True, "true"),
        (7, "7"),
        ("two words", '"two words"'),
        ("a=b", '"a=b"'),
        ('say "no"', '"say \\"no\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("line\nlevel=error", '"line\\nlevel=error"'),
        ("\x1b[2J\x9bm\u2028ü", '"\\u001b[2J\\u009bm\\u2028\\u00fc"'),
    ],
)
def test_what_is_not_plain_is_quoted_and_escaped(value: object, expected: str) -> None:
    assert logfmt({"value": value}) == f"value={expected}"


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    class Full(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(28, "No space left on device")

    LineLog(Full(), logfmt, lambda: 0.0).error("alarm")
