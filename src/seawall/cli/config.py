"""`seawall config show`: every value that is in force, and where it came from."""

import json as json_text
import os

from seawall.cli.options import ConfigOption, JsonOption
from seawall.cli.output import document, say


def show(*, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show every value in force and where it came from; no password is read."""
    from seawall.config.load import find, load  # noqa: PLC0415 - keeps --help quick

    loaded = load(find(config, os.environ))
    if json:
        values = [
            {
                "key": key,
                "value": origin.value,
                "file": origin.file if origin.line else None,
                "line": origin.line,
            }
            for key, origin in loaded.origins.items()
        ]
        document("seawall.config/1", {"path": str(loaded.path), "values": values})
        return
    rows = [(f"{key} = {_as_toml(origin.value)}", str(origin)) for key, origin in loaded.origins.items()]
    width = max(len(left) for left, _ in rows)
    say("\n".join(f"{left:<{width}}  {right}" for left, right in rows))


def _as_toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return json_text.dumps(value, ensure_ascii=False)
        case tuple():
            return f"[{', '.join(map(_as_toml, value))}]"
    return str(value)
