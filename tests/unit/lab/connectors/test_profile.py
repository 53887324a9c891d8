"""A profile's file: what stands in it is read, and every mistake is told by file, line and key."""

from pathlib import Path

import pytest

from seawall.errors import Misconfigured
from seawall.lab.connectors.preparing import WORDS, Offer, filled, prepare
from seawall.lab.connectors.profile import Deliver, Keep, Serves
from seawall.lab.connectors.reading import find, load, shipped

GOOD = """\
name = "toy"
about = "A toy."
program = "true"
version = { arguments = ["--version"], pattern = '(\\d+)' }
keep = { forever = "keep", erase = "delete" }
command = ["{program}", "{home}/toyrc"]
[files]
toyrc = "{user} {password} {keep} { braces } {more}"
[way.plain]
deliver = "smtp"
words.more = "to {smtp_port}"
"""
MISTAKES = {
    ("program =", "programme ="): ["toy.toml:3: programme: is not a known key; did you mean program?"],
    ('deliver = "smtp"', 'deliver = "pigeon"'): ["toy.toml:10: way.plain.deliver: "],
    ("{home}/toyrc", "{hme}/toyrc"): ["toy.toml:9: way.plain: {hme} is not a known word; there are program"],
    ('words.more = "to {smtp_port}"', ""): ["way.plain: {more} is not a known word"],
    ("toyrc =", '"../toyrc" ='): ["must be a path inside the connector's home"],
    ("(\\d+)", "\\d+"): ["must have one group, which is the version"],
    ('command = ["{program}", "{home}/toyrc"]', ""): ["way.plain.command: is missing"],
    ('name = "toy"', 'name = "Toy Story"'): ["toy.toml:1: name: must be 1 to 32 of a-z"],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "toy.toml"
    found.write_text(GOOD)
    return found


def offer(tmp_path: Path, keep: Keep) -> Offer:
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    return Offer(
        pop3_port=1110,
        smtp_port=2525,
        lmtp_port=2424,
        home=home,
        maildir=tmp_path / "Maildir",
        user="alice",
        password="opensesame",
        mailbox="alice@example.org",
        keep=keep,
    )


def test_the_files_are_filled_and_for_nobody_else_to_read(path: Path, tmp_path: Path) -> None:
    profile = load(path)
    (way,) = profile.ways
    assert (way.deliver, way.serves) == (Deliver.SMTP, Serves.SINGLE)
    command = prepare(profile, way, offer(tmp_path, Keep.ERASE))
    written = tmp_path / "home" / "toyrc"
    assert written.read_text() == "alice opensesame delete { braces } to 2525"
    assert written.stat().st_mode & 0o777 == 0o600
    assert command.argv == ("/usr/bin/true", str(written))
    assert command.env["HOME"] == command.env["TMPDIR"] == str(tmp_path / "home")
    prepare(profile, way, offer(tmp_path, Keep.FOREVER))
    assert written.read_text() == "alice opensesame keep { braces } to 2525"


def test_what_a_connector_made_of_its_files_is_written_anew_and_no_link_is_followed(
    path: Path, tmp_path: Path
) -> None:
    profile = load(path)
    other = tmp_path / "somebody-elses"
    other.write_text("untouched")
    prepare(profile, profile.ways[0], offer(tmp_path, Keep.ERASE))
    for name in ("password", "toyrc"):
        (tmp_path / "home" / name).unlink()
        (tmp_path / "home" / name).symlink_to(other)
    prepare(profile, profile.ways[0], offer(tmp_path, Keep.ERASE))
    assert other.read_text() == "untouched"
    assert (tmp_path / "home" / "password").read_text() == "opensesame\n"
    assert not (tmp_path / "home" / "password").is_symlink()


def test_a_password_is_in_no_repr(tmp_path: Path) -> None:
    assert "opensesame" not in repr(offer(tmp_path, Keep.ERASE))


@pytest.mark.parametrize("change", MISTAKES, ids=lambda change: change[1] or change[0])
def test_a_mistake_is_told_by_file_line_and_key(change: tuple[str, str], path: Path) -> None:
    path.write_text(GOOD.replace(*change))
    with pytest.raises(Misconfigured) as told:
        load(path)
    for sentence in MISTAKES[change]:
        assert sentence in str(told.value)


def test_all_shipped_profiles_load_and_have_a_way_into_a_maildir() -> None:
    for name in shipped():
        profile = find(name)
        assert profile.name == name
        assert profile.ways[0].deliver is Deliver.MAILDIR


def test_another_program_is_run_by_a_profile(tmp_path: Path) -> None:
    assert find("mpop=/opt/mpop/bin/mpop").program == "/opt/mpop/bin/mpop"


def test_only_known_words_are_filled() -> None:
    known = dict.fromkeys(WORDS, "x")
    assert filled("{user}{nobody}{}{{user}}", known) == "x{nobody}{}{x}"
