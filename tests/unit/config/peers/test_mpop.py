import tomllib
from pathlib import Path
from typing import Any

import pytest

from seawall.config.load import load
from seawall.config.peers import collector_of, translate
from seawall.config.peers.translation import Translation
from seawall.errors import Misconfigured
from unit.config.peers.examples import FETCHMAIL, GETMAIL, MPOP

BOX = "account office\nhost pop.isp.example\ntls on\nuser alice@example.org\npassword hunter2\n"
MAILDIR = "delivery maildir ~/Mail\n"
SMTP = {"kind": "smtp", "host": "127.0.0.1", "port": 25, "tls": "none"}
OURS = {"kind": "maildir", "path": "Maildir/{user}"}


def translated(text: str) -> Translation:
    return translate(text.encode(), file="rc", home="/home/me")


def read(text: str) -> dict[str, Any]:
    return tomllib.loads(translated(text).text())


def test_the_manual_s_example_is_translated_and_its_second_name_for_a_box_is_no_second_account() -> None:
    accounts = read(MPOP[0])["account"]
    assert [(account["name"], account["host"], account["user"]) for account in accounts] == [
        ("freemail", "pop.freemail.example", "joe.smith"),
        ("freemail2", "pop.freemail.example", "joey"),
        ("isp", "mail.isp.example", "12345"),
    ]
    assert accounts[1]["password_command"] == ["sh", "-c", "gpg2 --no-tty -q -d ~/.mpop-password.gpg"]


@pytest.mark.parametrize("text", MPOP[1:])
def test_each_other_example_is_translated(text: str) -> None:
    assert read(text)["account"][0]["name"] == "default"


def test_a_translation_into_a_maildir_loads(tmp_path: Path) -> None:
    (tmp_path / "seawall.toml").write_text(translated(BOX + MAILDIR).text())
    (account,) = load(tmp_path / "seawall.toml").settings.accounts
    assert (account.name, str(account.to), getattr(account.destination, "path", None)) == (
        "office",
        "alice@example.org",
        "/home/me/Mail",
    )


@pytest.mark.parametrize(
    ("lines", "key", "value"),
    [
        ("keep on", "keep", "forever"),
        ("keep", "keep", "forever"),
        ("keep off", "keep", "none"),
        ("", "keep", "none"),
        ("", "tls", "starttls"),
        ("tls_starttls off", "tls", "implicit"),
        ("tls off", "tls", "none"),
        ("skipsize 10k", "max_size", "10240 B"),
        ("tls_trust_file ~/ca.pem", "ca_file", "/home/me/ca.pem"),
        (f"tls_fingerprint {'AB:' * 31}AB", "pin", f"sha256:{'ab' * 32}"),
        ("port 1110", "port", 1110),
        ("timeout 30", "timeout", "30s"),
        ("passwordeval pass show isp", "password_command", ["pass", "show", "isp"]),
        ('passwordeval "gpg -d ~/x | head -1"', "password_command", ["sh", "-c", "gpg -d ~/x | head -1"]),
    ],
)
def test_a_command_becomes_a_key(lines: str, key: str, value: object) -> None:
    assert read(BOX + MAILDIR + lines)["account"][0][key] == value


@pytest.mark.parametrize(
    ("delivery", "becomes"),
    [
        ("maildir ~/Mail", {"kind": "maildir", "path": "/home/me/Mail"}),
        ("mda \"/usr/bin/procmail -f '%F' -d $USER\"",
         {"kind": "command", "command": ["/usr/bin/procmail", "-f", "{sender}", "-d", "{user}"]}),
        ("mda /usr/bin/msmtp --host=localhost --from='%F' -- $USER@`hostname`", OURS),
        ("mda /usr/sbin/sendmail -oi -t", SMTP),
        ("mbox ~/Mail/inbox", OURS),
        ("exchange c:\\pickup", OURS),
        ("smtp localhost", OURS),
    ],
)  # fmt: skip
def test_a_way_of_delivery_becomes_a_destination(delivery: str, becomes: dict[str, object]) -> None:
    assert read(f"{BOX}delivery {delivery}\n")["destination"]["main"] == becomes


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        (BOX + MAILDIR + "keep off", "rc:7: keep off, mpop's default, erases each mail"),
        (BOX + MAILDIR, "rc:1: keep off, mpop's default, erases each mail"),
        (BOX + MAILDIR + "tls_certcheck off", "rc:7: the certificate was not checked"),
        (BOX + MAILDIR + "killsize 5m", "rc:7: killsize erases large mails unread"),
        (BOX + MAILDIR + "filter spamc", "rc:7: filter is not translated"),
        (BOX + MAILDIR + "tls off", "rc:7: the password and every mail cross the network in the clear"),
        (BOX + MAILDIR + "eval echo keep", "rc:7: eval is not executed"),
        (BOX + "delivery mda /usr/lib/sendmail -ti", "rc:6: delivery mda: sendmail -t takes the recipients"),
        (BOX + "delivery mda cat > x", "rc:6: delivery mda needs a shell"),
        (
            BOX + "delivery mda /usr/sbin/sendmail -oi -- $USER",
            "rc:6: delivery mda hands mail to a program that may bounce",
        ),
        (BOX + "delivery exchange x", "rc:6: delivery exchange drops mail into a pickup folder"),
        (BOX + "delivery mbox x", "rc:6: delivery mbox has no counterpart"),
        (BOX + "delivery smtp x", "rc:6: delivery smtp is no method"),
        (BOX + MAILDIR, "rc:5: the password moves into office.password"),
        (BOX + MAILDIR, "rc:4: no recipient is named"),
    ],
)
def test_what_is_dangerous_or_has_no_counterpart_is_flagged_with_its_line(text: str, flag: str) -> None:
    assert flag in "\n".join(translated(text).sentences())
    assert "hunter2" not in translated(text).text() + repr(translated(text))


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("host a.example\n", "rc:1: a command stands before the first account"),
        (BOX + "hunter2 x", "rc:6: this is no command of mpop's"),
        (BOX + "account office", "rc:6: an account of this name stands above already"),
        (BOX + "account b : hunter2", "rc:6: the account that this one inherits from does not stand above"),
        ("account a\nuser x", "rc:1: the server's name is empty"),
        ("defaults\ntls on", "rc:1: there is no POP3 account to translate"),
    ],
)
def test_what_is_no_mpoprc_is_refused_with_its_line_and_without_its_words(text: str, refused: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        translated(text)
    assert str(raised.value).startswith(refused)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("texts", "collector"),
    [(FETCHMAIL, "fetchmail"), (GETMAIL, "getmail"), (MPOP, "mpop")],
    ids=["f", "g", "m"],
)
def test_a_collector_is_told_by_the_content_alone(texts: list[str], collector: str) -> None:
    assert [collector_of(text) for text in texts] == [collector] * len(texts)
