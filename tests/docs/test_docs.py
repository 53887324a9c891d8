"""Documentation that can fail: what it shows is compared with what is there."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from seawall.cli.desk import AccountSeen, Measures, Overview
from seawall.cli.metrics import exposition
from seawall.collect.check.finding import Kind, Notes
from seawall.collect.check.survey import Survey
from seawall.config.guarding import Guard
from seawall.config.load import load
from seawall.lab.audit import report
from seawall.lab.audit.contest import Trial
from seawall.lab.audit.judge import HARM, Finding
from seawall.lab.audit.judge import Kind as KindOfFinding
from seawall.lab.confinement import Confinement
from seawall.lab.connectors.preparing import WORDS
from seawall.lab.connectors.reading import load as load_profile
from seawall.ledger.digests import LastDigest
from seawall.model.verdict import Reason
from seawall.toml.section import keys_of

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found
    return found.group(1)


def test_the_readmes_command_line_is_the_real_one() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "seawall", "--help"], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == block("text").strip()


def test_the_readmes_configuration_loads(tmp_path: Path) -> None:
    path = tmp_path / "seawall.toml"
    path.write_text(block("toml"), encoding="utf-8")
    tomllib.loads(block("toml"))
    assert load(path).settings.accounts[0].name == "office"


def test_the_destinations_of_the_page_on_next_hops_load(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "next-hops.md").read_text(encoding="utf-8")
    found = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert found
    path = tmp_path / "seawall.toml"
    for name in re.findall(r"\[destination\.(\w+)\]", found.group(1)):
        text = f'{block("toml")}destination = "{name}"\n{found.group(1)}'.replace(
            "[destination.main]", "[destination.m]"
        )
        path.write_text(text, encoding="utf-8")
        assert load(path).settings.accounts[0].destination.name == name


def test_the_readmes_catch_all_line_loads(tmp_path: Path) -> None:
    found = re.search(r"^ +(multidrop = .*)$", README, re.MULTILINE)
    assert found
    text = re.sub(r"^to .*$", found.group(1).replace("\\", ""), block("toml"), flags=re.MULTILINE)
    path = tmp_path / "seawall.toml"
    path.write_text(text + '[mailboxes]\n"alice@example.org" = []\n', encoding="utf-8")
    assert load(path).settings.accounts[0].envelope is not None


def test_the_readmes_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", block("sh"), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_each_reason_code_is_documented() -> None:
    page = (ROOT / "docs" / "reason-codes.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z-]+)`", page, re.MULTILINE)) == {reason.value for reason in Reason}


def test_each_key_of_the_guard_is_documented_with_its_default() -> None:
    page = (ROOT / "docs" / "guard.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z_-]+)` \| `?\"?([^|`\"]+?)\"?`? \|", page, re.MULTILINE))
    assert rows == {key: str(default) for key, default in keys_of(Guard).items()}
    for key in ("sent_by", "digest", "digest_destination"):
        assert re.search(rf"^{key} += ", page, re.MULTILINE)


def test_each_metric_is_documented_with_its_type_and_labels() -> None:
    account = AccountSeen(name="office", succeeded_at=1.0)
    last = LastDigest(number=1, covers_until=1.0, sent_at=1.0)
    measures = Measures(
        held_by_reason={"storm": 1}, held_octets=1, held_max=2, storms_opened=1, last_digest=last
    )
    found = exposition(Overview(accounts=(account,), held=1), measures)
    real = {
        (sample.name, family.type, *sample.labels)
        for family in text_string_to_metric_families(found)
        for sample in family.samples
    }
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (\w*) ?\|", page, re.MULTILINE)
    assert {tuple(filter(None, row)) for row in rows} == real


def test_every_file_that_the_docs_name_exists() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
            assert (page.parent / target).exists(), (page.name, target)
        for name in re.findall(r"`((?:src|tests)/[\w./-]+)", text):
            assert (ROOT / name).exists(), (page.name, name)


def test_the_flow_names_methods_that_exist() -> None:
    journey = (ROOT / "src/seawall/collect/journey.py").read_text(encoding="utf-8")
    for name in re.findall(r"`(_\w+)`", (ROOT / "docs/flow.md").read_text(encoding="utf-8")):
        assert f"def {name}(" in journey, name


def test_the_document_of_check_has_the_keys_that_its_page_shows() -> None:
    page = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    found = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert found
    shown = json.loads(found.group(1))
    one = Notes().finding(Kind.ACCOUNT, "office")
    real = {"schema": "seawall.check/1", **Survey(accounts=(one,), destinations=(one,)).as_document()}
    assert keys(shown) == keys(real)


def test_the_page_of_the_audit_tells_every_kind_word_and_key() -> None:
    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z]+)` \|.*\| (harm|flaw) \|$", page, re.MULTILINE))
    assert rows == {kind.value: "harm" if kind in HARM else "flaw" for kind in KindOfFinding}
    table = page.partition("| word |")[2].partition("##")[0]
    assert set(re.findall(r"`\{(\w+)\}`", table)) == set(WORDS)
    found = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert found
    finding = Finding(kind=KindOfFinding.LOST, mail="", count=1, text="")
    trial = Trial(
        connector="",
        version="",
        way="",
        case="",
        group="",
        title="",
        findings=(finding,),
        deliveries=(),
        factor=0.0,
        seconds=0.0,
        peak_octets=0,
        confinement=Confinement.PORTS,
        connections=1,
        talk="",
    )
    real = {"schema": report.SCHEMA, **report.content([trial])}
    assert keys(json.loads(found.group(1))) == keys(real)


def test_the_profile_that_the_page_of_the_audit_shows_loads(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    found = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert found
    path = tmp_path / "toy.toml"
    path.write_text(found.group(1), encoding="utf-8")
    assert [way.name for way in load_profile(path).ways] == ["maildir", "smtp", "catch-all"]


def keys(document: object) -> object:
    """The shape of a document: every key, and no value."""
    if isinstance(document, dict):
        return {key: keys(value) for key, value in document.items()}
    if isinstance(document, list):
        return [keys(item) for item in document if isinstance(item, dict)]
    return type(document)
