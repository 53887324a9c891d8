"""The import contract holds, and each kind of violation breaks it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

VIOLATIONS = {
    "a core that does I/O": ("decide/verdict.py", "import socket"),
    "a core that reads the clock": ("facts/message.py", "import time"),
    "a lower layer that imports a higher one": ("wire/pop3.py", "import seawall.retrieve.session"),
    "siblings that import each other": ("deliver/maildir.py", "import seawall.retrieve.session"),
    "below config that imports config": ("collect/plan.py", "import seawall.config.load"),
    "a database outside the ledger": ("deliver/staging.py", "import sqlalchemy"),
    "the ledger told by a shell": ("retrieve/session.py", "import seawall.ledger.ledger"),
    "a cycle between siblings": ("model/address.py", "import seawall.model.account"),
    "any field of a header seen outside facts": ("collect/dispatch.py", "import seawall.facts.header"),
    "an envelope built with To and Cc in reach": ("decide/verdict.py", "import seawall.facts.message"),
    "a package that no layer names": ("extra/__init__.py", ""),
}


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [str(program), "--no-cache"],
        cwd=root,
        env={"PYTHONPATH": str(root / "src"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contract_is_kept(copy: Path) -> None:
    answer = lint(copy)
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_each_violation_breaks_the_contract(violation: str, copy: Path) -> None:
    name, line = VIOLATIONS[violation]
    path = copy / "src" / "seawall" / name
    path.parent.mkdir(exist_ok=True)
    text = path.read_text() if path.exists() else ""
    path.write_text(f"{text}\n{line}\n")
    assert lint(copy).returncode != 0
