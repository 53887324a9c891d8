"""A notice says in a minute what a postmaster must know, goes to the right people, and nothing in it is a mail's to steer."""

import re
import stat
from dataclasses import replace
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.errors import Misconfigured
from seawall.forensic.notices import notices, write_notices
from seawall.model.address import Address
from seawall.model.trace import Quote
from unit.forensic.invented import HANDED_OVER, NOW, STORM, SUSPECT, traced

REPORTER = Address.parse("postmaster@reader.example")
DOCUMENTED = Path(__file__).parents[3] / "docs" / "notices.md"


def test_a_notice_says_what_is_seen_why_what_to_do_and_what_else_it_may_be() -> None:
    (notice,) = notices(traced(), REPORTER, NOW)
    assert notice.addresses == ("postmaster@branch.example", "abuse@branch.example")
    flat = " ".join(notice.text.split())
    for said in (
        "4,213 copies at 57 recipients; 3,990 of them",
        "2026-01-02 03:15 UTC to 2026-01-03 03:15 UTC",
        SUSPECT.advice,
        SUSPECT.innocent_explanation,
        *(evidence.says for evidence in SUSPECT.evidence),
        "id 4T1abc",
        "in storm.mbox, mail 17",
        "postmaster@reader.example has the copies",
        "Don't answer the mail itself, neither to its author nor to its list",
        "Don't forward the copies",
    ):
        assert said in flat
    assert max(map(len, notice.text.splitlines())) <= 78


def test_the_example_in_the_documentation_is_what_is_written() -> None:
    (notice,) = notices(traced(), REPORTER, NOW)
    example = re.search(r"```text\n(.*?)```\n", DOCUMENTED.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    to = ", ".join(notice.addresses)
    assert example.group(1) == f"To: {to}\nSubject: {notice.subject}\n\n{notice.text}"


def test_only_a_suspect_with_a_score_of_more_than_a_half_is_written_to() -> None:
    weak = replace(SUSPECT, domain="weak.example", score=0.5)
    half = replace(SUSPECT, domain="half.example", score=0.51)
    assert [notice.domain for notice in notices(traced(weak, half), REPORTER, NOW)] == ["half.example"]


def test_a_notice_about_the_readers_own_server_goes_to_its_own_administrators() -> None:
    (notice,) = notices(traced(replace(SUSPECT, is_mine=True)), REPORTER, NOW)
    assert notice.addresses == ("postmaster@branch.example",)
    assert notice.subject.startswith("Our own mail server")
    assert "To the administrators of branch.example: this is about our own server." in " ".join(
        notice.text.split()
    )
    assert "your" not in notice.text.lower().replace("yours", "")


def test_the_contacts_that_were_found_are_written_to_and_hostile_ones_are_not() -> None:
    contacts = (
        "postmaster@branch.example",
        "noc@isp.example",
        "x\r\nBcc: y@z.example",
        "nobody",
        "ü@b.example",
    )
    (notice,) = notices(traced(replace(SUSPECT, contacts=contacts)), REPORTER, NOW)
    assert notice.addresses == ("postmaster@branch.example", "noc@isp.example")


def test_without_a_reporter_or_an_address_a_draft_is_written_all_the_same(tmp_path: Path) -> None:
    found = notices(traced(replace(SUSPECT, domain="not a domain")), None, NOW)
    files = write_notices(found, tmp_path, None, NOW)
    assert all(file.name.startswith("unnamed-") for file in files)
    draft = BytesParser(policy=policy.default).parsebytes(files[1].read_bytes())
    assert draft["From"] is None
    assert draft["To"] is None
    assert "Whoever sent you this has the copies" in draft.get_content()


def test_each_notice_is_a_text_a_draft_and_a_report_for_their_owner_alone(tmp_path: Path) -> None:
    out = tmp_path / "a" / "notices"
    files = write_notices(notices(traced(), REPORTER, NOW), out, REPORTER, NOW)
    assert [file.name for file in files] == [
        "branch.example-s1.txt",
        "branch.example-s1.eml",
        "branch.example-s1.arf.eml",
    ]
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    draft = BytesParser(policy=policy.default).parsebytes(files[1].read_bytes())
    assert draft.defects == []
    assert (draft["From"], draft["X-Unsent"]) == ("postmaster@reader.example", "1")
    assert draft["To"] == "postmaster@branch.example, abuse@branch.example"
    assert files[0].read_text(encoding="utf-8").endswith("\n\n" + draft.get_content().replace("\r\n", "\n"))


@pytest.mark.parametrize("name", ["branch.example-s1.txt", "branch.example-s1.arf.eml"])
def test_nothing_is_overwritten_and_then_nothing_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Misconfigured, match=re.escape(name)):
        write_notices(notices(traced(), REPORTER, NOW), tmp_path, REPORTER, NOW)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_place_that_is_no_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(Misconfigured, match="is not a directory"):
            write_notices(notices(traced(), REPORTER, NOW), place, REPORTER, NOW)


@pytest.mark.parametrize(
    "domain",
    [
        "../../etc/passwd",
        "/etc",
        "a" * 63 + ("." + "b" * 63) * 2 + ".example",
        "bücher.example",
        "\0",
        ".",
        "con\r\n",
        "",
    ],
)
def test_a_hostile_domain_makes_a_safe_file_name(tmp_path: Path, domain: str) -> None:
    storm = replace(STORM, id="../x")
    found = notices(traced(replace(SUSPECT, domain=domain), storm=storm), REPORTER, NOW)
    files = write_notices(found, tmp_path / "out", REPORTER, NOW)
    assert len(files) == 3
    for file in files:
        assert file.parent == tmp_path / "out"
        assert re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,190}", file.name)


HOSTILE = st.text(max_size=60) | st.sampled_from(
    [
        "x\r\nBcc: y@z.example\r\n\r\n",
        "\u2028Bcc: y@z.example",
        "\x1b[2J",
        "\u202egnp.exe",
        "a\n.\nMAIL FROM:<x>",
        "\ud800",
    ]
)


@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_no_text_of_a_mail_adds_a_field_a_part_or_a_line(one: str, two: str, three: str, four: str) -> None:
    quote = Quote(mail=one, header=two, text=three)
    suspect = replace(
        SUSPECT,
        domain=four,
        hosts=(one, two),
        product=three,
        innocent_explanation=four,
        evidence=tuple(
            replace(evidence, says=two, quotes=(quote, HANDED_OVER)) for evidence in SUSPECT.evidence
        ),
    )
    storm = replace(STORM, subject=one, sender=two, message_id=three)
    (notice,) = notices(traced(suspect, storm=storm), REPORTER, NOW)
    plain = notices(traced(SUSPECT), REPORTER, NOW)[0].text
    ours = {line for line in plain.split("\n") if line.isupper()}
    assert {
        line for line in notice.text.split("\n") if line and line.isupper() and not line.startswith(" ")
    } <= ours | {""}
    for line in notice.text.split("\n"):
        assert line.isprintable()
    assert notice.subject.isprintable()


def test_a_notice_names_no_directory_of_the_reporters() -> None:
    quote = Quote(mail="/home/alice/private/storm.mbox:17", header="To", text="x@y.example")
    evidence = replace(SUSPECT.evidence[0], quotes=(quote,))
    (notice,) = notices(traced(replace(SUSPECT, evidence=(evidence,))), None, NOW)
    assert "storm.mbox:17" in notice.text
    assert "alice" not in notice.text
