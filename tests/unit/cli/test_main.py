import json
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType

import pytest

from seawall.cli import main as cli
from seawall.errors import ConnectionLost, Misconfigured, OurBug, Permanent
from unit.config.good import GOOD

HEAVY = (
    "pydantic",
    "sqlalchemy",
    "alembic",
    "asyncio",
    "ssl",
    "idna",
    "markdown_it",
    "prometheus_client",
    "seawall.config",
)


def names() -> list[str]:
    return [words for words, _, _ in cli.COMMANDS]


def run(*arguments: str) -> int:
    return cli.exit_code(arguments)


def test_help_lists_every_command_and_touches_nothing_heavy() -> None:
    code = (
        "import sys\nfrom seawall.cli.main import exit_code\ncode = exit_code(['--help'])\n"
        f"print('loaded:', *(name for name in {HEAVY!r} if name in sys.modules))\nsys.exit(code)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *listing, loaded = ended.stdout.splitlines()
    listed = [line.split(":")[0].strip() for line in listing if line.startswith("  ")]
    assert listed[:-2] == list(dict.fromkeys(words.split()[0] for words in names()))
    assert loaded == "loaded:"


def test_every_line_of_help_fits_a_terminal() -> None:
    assert all(len(f"  {words.split()[-1]}: {line}") < 80 for words, _, line in cli.COMMANDS)


@pytest.mark.parametrize(("words", "function", "line"), cli.COMMANDS)
def test_a_command_explains_itself_in_the_words_of_the_list(
    words: str, function: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words.split(), "--help") == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"Usage: seawall {words}")
    module, _, name = function.partition(":")
    said = str(getattr(import_module(module), name).__doc__).splitlines()[0]
    assert said.startswith(line.rstrip("."))


@pytest.mark.parametrize("group", ["config", "held"])
def test_a_group_without_a_command_lists_what_it_has(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(group) == 0
    printed = capsys.readouterr().out
    assert all(f"  {words.split()[1]}: " in printed for words in names() if words.startswith(f"{group} "))


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"seawall {metadata.version('seawall')}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bogus"], 'seawall: Unknown command "bogus"'),
        (["config", "shwo"], 'seawall: Unknown command "shwo"'),
        (["config", "show", "--josn"], "seawall: Unknown option: --josn. Did you mean --json?"),
        (["config", "show", "--config"], "seawall: "),
        (["config", "show", "x"], "seawall: "),
        (["init", "a", "b"], "seawall: "),
    ],
)
def test_a_wrong_command_line_is_told_on_stderr_and_exits_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(message)
    assert "Traceback" not in printed.err


@pytest.fixture
def status(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException | int | None], int]:
    """Return a run of `seawall status` that ends as it is told."""

    def ending(end: BaseException | int | None) -> int:
        def status() -> int | None:
            if isinstance(end, BaseException):
                raise end
            return end

        module = ModuleType("seawall.cli.status")
        module.__dict__["status"] = status
        monkeypatch.setitem(sys.modules, "seawall.cli.status", module)
        return run("status")

    return ending


@pytest.mark.parametrize(
    ("end", "code", "told"),
    [
        (None, 0, ""),
        (3, 3, ""),
        (Misconfigured("a:1: b: is wrong\na:2: c: is wrong"), 2, "a:1: b: is wrong\na:2: c: is wrong\n"),
        (ConnectionLost("pop.isp.example went away\x1b"), 1, "seawall: pop.isp.example went away�\n"),
        (Permanent("no"), 1, "seawall: no\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_each_end_of_a_command_has_its_exit_code(
    end: BaseException | int | None,
    code: int,
    told: str,
    status: Callable[[BaseException | int | None], int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert status(end) == code
    assert capsys.readouterr().err == told


@pytest.mark.parametrize(
    "bug", [ZeroDivisionError("no"), OurBug("no"), BrokenPipeError(32, "a socket's"), TimeoutError()]
)
def test_a_bug_is_told_with_its_traceback_and_exits_70(
    bug: Exception,
    status: Callable[[BaseException | int | None], int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert status(bug) == 70
    told = capsys.readouterr().err
    assert told.startswith("Traceback (most recent call last):\n")
    assert told.splitlines()[-1].startswith(f"seawall: a bug: {type(bug).__name__}")


def test_main_exits_with_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        cli.main(["config", "show", "--config", "/nowhere/seawall.toml"])
    assert exited.value.code == 2
    assert capsys.readouterr().err == "/nowhere/seawall.toml: no such file, and --config names it\n"


def test_init_writes_a_private_file_that_loads_and_never_overwrites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEAWALL_CONFIG", raising=False)
    assert run("init") == 0
    written = tmp_path / "seawall.toml"
    assert written.stat().st_mode & 0o777 == 0o600
    assert "seawall check" in capsys.readouterr().err
    assert run("config", "show") == 0
    assert 'account.office.to = "alice@example.org"' in capsys.readouterr().out
    written.write_text("mine")
    assert run("init") == 2
    assert capsys.readouterr().err == "seawall.toml exists already; nothing was written\n"
    assert written.read_text() == "mine"


def test_init_follows_no_link_and_says_why_it_cannot_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert run("init", str(tmp_path / "link")) == 2
    assert not (tmp_path / "elsewhere").exists()
    assert run("init", str(tmp_path / "no" / "seawall.toml")) == 1
    assert "cannot be written: No such file or directory" in capsys.readouterr().err


def test_init_leaves_no_half_written_file(tmp_path: Path) -> None:
    path = tmp_path / "seawall.toml"
    no_file_may_grow = f"ulimit -f 0; exec '{sys.executable}' -B -m seawall init '{path}'"
    ended = subprocess.run(["/bin/sh", "-c", no_file_may_grow], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr == f"seawall: {path} cannot be written: File too large\n"
    assert not path.exists()


def test_config_show_names_each_value_s_origin_and_no_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "seawall.toml"
    (tmp_path / "secret").write_text("hunter2")
    path.write_text(GOOD)
    assert run("config", "show", "--config", str(path)) == 0
    shown = {
        line.split(" = ")[0]: line.split("  ")[-1].strip() for line in capsys.readouterr().out.splitlines()
    }
    assert shown["account.office.host"] == f"{path}:12"
    assert shown["account.office.port"] == "default"

    path.write_text(GOOD.replace('user = "office"', "user = 'a\"b'"))
    assert run("config", "show", "--config", str(path)) == 0
    assert 'account.office.user = "a\\"b"' in capsys.readouterr().out

    path.write_text(GOOD.replace('password_file = "secret"', 'password_command = ["echo", "hunter2"]'))
    assert run("config", "show", "--json", "--config", str(path)) == 0
    printed = capsys.readouterr().out
    assert "hunter2" not in printed
    told = json.loads(printed)
    assert told["schema"] == "seawall.config/1"
    assert told["path"] == str(path)
    assert {"key": "account.office.port", "value": 995, "file": None, "line": None} in told["values"]
    assert {
        "key": "account.office.password_command",
        "value": "echo …",
        "file": str(path),
        "line": 14,
    } in told["values"]
