"""The log: one line a decision, as logfmt or as JSON.

Every line is printable ASCII, whatever a mail or a server wrote into a value: anything else is
escaped as in JSON. Our own, because the library for it took a tenth of the start of a run and half
as much time again for a line (16 us, not 10). Refuses to know what is worth a line.
"""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, TextIO

_PLAIN: Final = re.compile(r"[!#-<>-\[\]-~]+")


class LineLog:
    """A log on a stream that is flushed with each line. One that cannot be written stops no mail."""

    def __init__(
        self, stream: TextIO, form: Callable[[Mapping[str, Any]], str], now: Callable[[], float]
    ) -> None:
        self._stream = stream
        self._form = form
        self._now = now

    def info(self, event: str, **fields: Any) -> None:
        """A decision."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Something that a person may want to know."""
        self._write("warning", event, fields)

    def error(self, event: str, **fields: Any) -> None:
        """An alarm."""
        self._write("error", event, fields)

    def _write(self, level: str, event: str, fields: Mapping[str, Any]) -> None:
        moment = datetime.fromtimestamp(self._now(), UTC).isoformat().replace("+00:00", "Z")
        line = self._form({"timestamp": moment, "level": level, "event": event, **fields})
        with suppress(OSError):
            self._stream.write(f"{line}\n")
            self._stream.flush()


def logfmt(fields: Mapping[str, Any]) -> str:
    """Return `name=value` pairs; a value that is not plain stands in double quotes."""
    return " ".join([f"{name}={_value(value)}" for name, value in fields.items()])


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = "" if value is None else str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text) if text else ""


FORMS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "logfmt": logfmt,
    "json": lambda fields: json.dumps(fields, default=str),
}
