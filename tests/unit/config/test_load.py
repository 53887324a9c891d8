import re
from pathlib import Path

import pytest

from seawall.config import schema
from seawall.config.load import find, load
from seawall.config.template import TEMPLATE
from seawall.errors import Misconfigured
from seawall.model.account import (
    Account,
    Keep,
    KeepFor,
    KeepForever,
    MaildirDestination,
    Start,
    StartAll,
    StartNew,
    StartSince,
    Tls,
)
from seawall.model.address import Address
from seawall.model.secret import PasswordCommand, PasswordFile
from seawall.toml.document import MOST_OCTETS, MOST_OCTETS_IN_LINE
from unit.config.good import GOOD, loaded, with_line


def account_with(directory: Path, line: str) -> Account:
    return loaded(directory, with_line("account", line)).settings.accounts[0]


def test_a_short_configuration_has_the_documented_defaults(tmp_path: Path) -> None:
    settings = loaded(tmp_path, GOOD).settings
    assert settings.site.domains == ("example.org",)
    assert settings.site.postmaster == Address(local_part="postmaster", domain="example.org")
    assert settings.site.state == str(tmp_path / "state")
    assert settings.site.min_free_octets == 200_000_000
    assert settings.site.alarm_after == 5
    assert (settings.site.at_once, settings.site.at_once_per_host) == (64, 4)
    (account,) = settings.accounts
    assert account.server.host == "pop.isp.example"
    assert account.server.port == 995
    assert account.server.tls is Tls.IMPLICIT
    assert account.secret == PasswordFile(path=str(tmp_path / "secret"))
    assert account.to == Address(local_part="alice", domain="example.org")
    assert account.destination == MaildirDestination(name="main", path=str(tmp_path / "{user}"))
    assert account.every == 300
    assert account.keep == KeepFor(7 * 86400)
    assert account.start == StartAll()
    assert account.max_octets == 50_000_000
    assert account.patience == 60


def test_the_template_loads_as_it_stands_and_uncommented(tmp_path: Path) -> None:
    assert len(loaded(tmp_path, TEMPLATE).settings.accounts) == 1
    pin = f"sha256:{'ab' * 32}"
    lines = [
        option[1] if (option := re.match(r"# (\S+ *=.*|\[.*)", line)) else line
        for line in TEMPLATE.splitlines()
    ]
    lines = [line for line in lines if not line.startswith(("password_file", "to "))]
    changed = loaded(tmp_path, "\n".join(lines).replace("sha256:...", pin))
    keys = {key.rpartition(".")[2] for key in changed.origins if key.startswith("account.")}
    assert keys == schema.Account.model_fields.keys() - {
        "password_file",
        "to",
        "multidrop",
    } | schema.Multidrop.model_fields.keys() - {"box"}
    defaults = ("insecure", "strip_prefix")
    assert all(origin.line for key, origin in changed.origins.items() if not key.endswith(defaults))
    assert changed.settings.site.min_free_octets == 200_000_000
    assert 'mailboxes."alice@example.org"' in changed.origins
    assert changed.settings.accounts[0].server.ca_file == str(tmp_path / "isp-ca.pem")


@pytest.mark.parametrize(
    ("written", "keep"),
    [
        ("none", KeepFor(0)),
        ("forever", KeepForever()),
        ("30s", KeepFor(30)),
        ("5m", KeepFor(300)),
        ("12h", KeepFor(43200)),
        ("2w", KeepFor(1209600)),
    ],
)
def test_keep_is_a_word_or_a_duration(tmp_path: Path, written: str, keep: Keep) -> None:
    assert account_with(tmp_path, f'keep = "{written}"').keep == keep


@pytest.mark.parametrize(
    ("written", "start"),
    [
        ('"all"', StartAll()),
        ('"new"', StartNew()),
        ("2026-01-31", StartSince(1769817600)),
        ('"2026-01-31"', StartSince(1769817600)),
        ("2026-01-31T08:00:00", StartSince(1769846400)),
        ("2026-01-31T08:00:00+01:00", StartSince(1769842800)),
        ('"2026-01-31T08:00:00Z"', StartSince(1769846400)),
        ("0001-01-01T00:00:00+23:00", StartSince(-62135679600)),
    ],
)
def test_start_is_a_word_or_a_moment_that_is_utc_unless_it_says_otherwise(
    tmp_path: Path, written: str, start: Start
) -> None:
    assert account_with(tmp_path, f"start = {written}").start == start


@pytest.mark.parametrize(
    ("written", "octets"),
    [
        ('"50 MB"', 50_000_000),
        ('"1 GB"', 10**9),
        ('"200 MiB"', 200 << 20),
        ('"1024"', 1024),
        ("1024", 1024),
        ('"10kb"', 10_000),
    ],
)
def test_a_size_is_a_number_with_or_without_a_unit(tmp_path: Path, written: str, octets: int) -> None:
    assert account_with(tmp_path, f"max_size = {written}").max_octets == octets


@pytest.mark.parametrize(
    ("lines", "tls", "port"),
    [
        ('tls = "starttls"', Tls.STARTTLS, 110),
        ('tls = "none"\ninsecure = true', Tls.NONE, 110),
        ('tls = "implicit"\nport = 9950', Tls.IMPLICIT, 9950),
    ],
)
def test_the_port_follows_tls_unless_it_is_given(tmp_path: Path, lines: str, tls: Tls, port: int) -> None:
    server = account_with(tmp_path, lines).server
    assert (server.tls, server.port) == (tls, port)


@pytest.mark.parametrize(("written", "seconds"), [("1s", 1), ("90s", 90), ("1h", 3600)])
def test_timeout_becomes_patience(tmp_path: Path, written: str, seconds: float) -> None:
    assert account_with(tmp_path, f'timeout = "{written}"').patience == seconds


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("POP.isp.example.", "pop.isp.example"),
        ("2001:DB8::01", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
    ],
)
def test_a_host_is_kept_in_its_canonical_form(tmp_path: Path, written: str, host: str) -> None:
    assert loaded(tmp_path, GOOD.replace("pop.isp.example", written)).settings.accounts[0].server.host == host


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.3.2.1", "::1"])
def test_no_tls_is_allowed_to_this_machine(tmp_path: Path, host: str) -> None:
    text = with_line("account", 'tls = "none"').replace("pop.isp.example", host)
    assert loaded(tmp_path, text).settings.accounts[0].server.host == host


@pytest.mark.parametrize(
    "pin", ["AB" * 32, "sha256:" + "ab" * 32, ":".join(["aB"] * 32), "SHA256:" + ":".join(["ab"] * 32)]
)
def test_a_pin_is_kept_as_lower_case_hex_however_it_is_written(tmp_path: Path, pin: str) -> None:
    assert account_with(tmp_path, f'pin = "{pin}"').server.pin == "ab" * 32


def test_a_password_command_is_a_list_of_words(tmp_path: Path) -> None:
    text = GOOD.replace('password_file = "secret"', 'password_command = ["pass", "isp office"]')
    assert loaded(tmp_path, text).settings.accounts[0].secret == PasswordCommand(argv=("pass", "isp office"))


def test_domains_are_kept_in_a_labels_and_addresses_find_them(tmp_path: Path) -> None:
    text = GOOD.replace('["example.org"]', '["Example.ORG", "bücher.example"]').replace(
        "alice@", "alice@bücher.example#"
    )
    settings = loaded(tmp_path, text.replace("#example.org", "")).settings
    assert settings.site.domains == ("example.org", "xn--bcher-kva.example")
    assert str(settings.accounts[0].to) == "alice@xn--bcher-kva.example"


def test_an_account_takes_the_only_destination_or_main_or_the_one_it_names(tmp_path: Path) -> None:
    only = GOOD.replace("destination.main", "destination.shelf")
    assert loaded(tmp_path, only).settings.accounts[0].destination.name == "shelf"
    two = with_line(
        "destination", '[destination.shelf]\nkind = "maildir"\npath = "/var/mail/{domain}/{user}"'
    )
    assert loaded(tmp_path, two).settings.accounts[0].destination.name == "main"
    named = two.replace("#account#", 'destination = "shelf"')
    assert loaded(tmp_path, named).settings.accounts[0].destination == MaildirDestination(
        name="shelf", path="/var/mail/{domain}/{user}"
    )


def test_every_value_says_where_it_came_from(tmp_path: Path) -> None:
    result = loaded(tmp_path, with_line("account", 'every = "1h"\nstart = 2026-01-31'))
    file = str(tmp_path / "seawall.toml")
    assert str(result.origins["account.office.every"]) == f"{file}:16"
    assert result.origins["account.office.every"].value == "1h"
    assert result.origins["account.office.start"].value == "2026-01-31"
    assert result.origins["local.domains"].value == ("example.org",)
    assert str(result.origins["account.office.port"]) == "default"
    assert result.origins["account.office.port"].value == 995
    assert result.origins["account.office.password_file"].value == str(tmp_path / "secret")
    assert "account.office.pin" not in result.origins


def test_a_byte_order_mark_and_crlf_are_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "seawall.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load(path).origins["local.state"].line == 4


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        (b"[local]\n\n\xff\n", "{}:3: is not UTF-8"),
        (b'[local]\nstate = "a\0b"', "{}:2: holds a NUL: this is not text"),
        (b"\n\n[local\n", "{}:3: is not TOML: Expected ']' at the end of a table declaration"),
        (b"[local]\na = \n", "{}:2: is not TOML: Invalid value"),
        (b"a = 1\na = 2\n", "{}:2: is not TOML: Cannot overwrite a value"),
        (b"a = 'x\n\n", "{}:1: is not TOML: "),
        (b'\na = """x', "{}:2: is not TOML: "),
        (b"a = " + b"[\n" * 3000, "{}: arrays or tables are nested too deeply"),
        (b"#" + b"x" * MOST_OCTETS_IN_LINE, "{}:1: the line is over 4096 octets"),
        (b"#\n" * MOST_OCTETS, "{}: is over 1048576 octets"),
    ],
)
def test_a_file_that_is_no_toml_is_refused_with_its_line(tmp_path: Path, octets: bytes, message: str) -> None:
    path = tmp_path / "seawall.toml"
    path.write_bytes(octets)
    with pytest.raises(Misconfigured) as refused:
        load(path)
    assert str(refused.value).startswith(message.format(path))


def test_a_directory_or_a_dangling_link_says_why_it_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be read: Is a directory"):
        load(tmp_path)
    link = tmp_path / "link"
    link.symlink_to("nowhere")
    with pytest.raises(Misconfigured, match="cannot be read: No such file"):
        load(find(link, {}))
