import tomllib
from pathlib import Path
from typing import Any

import pytest

from seawall.config.load import load
from seawall.config.peers import translate
from seawall.config.peers.translation import Translation
from seawall.errors import Misconfigured
from unit.config.peers.examples import GETMAIL

RETRIEVER = """\
[retriever]
type = SimplePOP3SSLRetriever
server = pop.isp.example
username = alice@example.org
password = hunter2
"""
MAILDIR = "[destination]\ntype = Maildir\npath = ~/Maildir/\n"
MULTIDROP = RETRIEVER.replace("Simple", "Multidrop")
SMTP = {"kind": "smtp", "host": "127.0.0.1", "port": 25, "tls": "none"}


def translated(text: str) -> Translation:
    return translate(text.encode(), file="rc", home="/home/me")


def read(text: str) -> dict[str, Any]:
    return tomllib.loads(translated(text).text())


@pytest.mark.parametrize("text", GETMAIL)
def test_each_example_of_the_documentation_is_translated(text: str) -> None:
    (account,) = read(text)["account"]
    assert ("to" in account) != ("multidrop" in account)


def test_a_translation_into_a_maildir_loads(tmp_path: Path) -> None:
    (tmp_path / "seawall.toml").write_text(translated(RETRIEVER + MAILDIR).text())
    (account,) = load(tmp_path / "seawall.toml").settings.accounts
    assert (account.server.port, str(account.to), getattr(account.destination, "path", None)) == (
        995,
        "alice@example.org",
        "/home/me/Maildir",
    )


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        (RETRIEVER + MAILDIR, "keep", "forever"),
        (RETRIEVER + MAILDIR + "[options]\ndelete = true", "keep", "none"),
        (RETRIEVER + MAILDIR + "[options]\ndelete_after = 30", "keep", "30d"),
        (RETRIEVER + MAILDIR + "[options]\nmax_message_size = 1000", "max_size", "1000 B"),
        (RETRIEVER + "ca_certs = ~/ca.pem\n" + MAILDIR, "ca_file", "/home/me/ca.pem"),
        (RETRIEVER + f"ssl_fingerprints = ('{'AB:' * 31}AB',)\n" + MAILDIR, "pin", f"sha256:{'ab' * 32}"),
        (RETRIEVER.replace("SSL", "") + MAILDIR, "tls", "none"),
        (
            RETRIEVER.replace("password = hunter2", 'password_command = ("pass", "isp/office")') + MAILDIR,
            "password_command",
            ["pass", "isp/office"],
        ),
    ],
)
def test_an_option_becomes_a_key(text: str, key: str, value: object) -> None:
    assert read(text)["account"][0][key] == value


@pytest.mark.parametrize(
    ("destination", "becomes"),
    [
        ("type = MDA_lmtp\nhost = 127.0.0.1\nport = 2424\noverride = alice@example.org",
         {"kind": "lmtp", "host": "127.0.0.1", "port": 2424, "tls": "none"}),
        ("type = MDA_lmtp\nhost = /run/lmtp", {"kind": "lmtp", "socket": "/run/lmtp"}),
        ("type = MDA_smtp\nhost = localhost", {**SMTP, "host": "localhost"}),
        ("type = MDA_external\npath = /usr/bin/deliver\narguments = ('-d', '%(local)', '%(sender)')",
         {"kind": "command", "command": ["/usr/bin/deliver", "-d", "{user}", "{sender}"]}),
        ("type = MDA_external\npath = /usr/sbin/sendmail\narguments = ('-i', '-t')", SMTP),
        ("type = Mboxrd\npath = ~/mbox", {"kind": "maildir", "path": "Maildir/{user}"}),
    ],
)  # fmt: skip
def test_a_way_of_delivery_becomes_a_destination(destination: str, becomes: dict[str, object]) -> None:
    assert read(f"{RETRIEVER}[destination]\n{destination}\n")["destination"]["main"] == becomes


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        (
            RETRIEVER + "[destination]\ntype = MultiGuesser\ndefault = x",
            "rc:7: MultiGuesser guesses recipients",
        ),
        (MULTIDROP + MAILDIR, "a multidrop retriever without envelope_recipient knows no recipients"),
        (
            MULTIDROP + "envelope_recipient = delivered-to:2\n" + MAILDIR,
            "rc:6: envelope_recipient takes occurrence 2",
        ),
        (
            RETRIEVER + "[destination]\ntype = MDA_lmtp\nhost = a.example",
            "rc:7: MDA_lmtp without override sends a copy",
        ),
        (
            RETRIEVER + "[destination]\ntype = MDA_smtp\nhost = a.example",
            "rc:7: MDA_smtp without override sends a copy",
        ),
        (
            RETRIEVER + "[destination]\ntype = MDA_external\npath = /usr/sbin/sendmail\narguments = ('-t',)",
            "rc:8: MDA_external: sendmail -t takes the recipients",
        ),
        (RETRIEVER + MAILDIR + "[options]\ndelete = true", "rc:10: delete erases each mail"),
        (RETRIEVER + MAILDIR + "[options]\ndelete_after = 9", "rc:10: delete_after counts from"),
        (
            RETRIEVER + MAILDIR + "[options]\ndelete_bigger_than = 9",
            "rc:10: delete_bigger_than erases large mails",
        ),
        (RETRIEVER + MAILDIR + "[options]\ndelivered_to = false", "rc:10: delivered_to off leaves out"),
        (RETRIEVER + MAILDIR + "[filter-1]\ntype = x", "rc:9: a filter is not translated"),
        (RETRIEVER + MAILDIR, "rc:5: the password moves into alice-example.org.password"),
        (RETRIEVER + MAILDIR + "user = joe\n", "rc:9: user changes to another account"),
        (
            RETRIEVER.replace("SSL", "") + MAILDIR,
            "rc:2: the password and every mail cross the network in the clear",
        ),
    ],
)
def test_what_is_dangerous_or_has_no_counterpart_is_flagged_with_its_line(text: str, flag: str) -> None:
    assert flag in "\n".join(translated(text).sentences())
    assert "hunter2" not in translated(text).text()


def test_a_sorter_s_plain_addresses_are_listed_as_mailboxes() -> None:
    found = read(GETMAIL[2])
    assert set(found["mailboxes"]) == {"jeffk@company.example.net", "postmaster@example.org"}


def test_mail_for_an_smtp_server_is_never_addressed_to_the_provider() -> None:
    text = RETRIEVER + "[destination]\ntype = MDA_smtp\nhost = localhost\n"
    assert (
        read(text.replace("alice@example.org", "alice@gmail.example"))["account"][0]["to"]
        == "alice@example.org"
    )


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("[retriever]\nhunter2", "rc:2: this line is no key = value"),
        ("[a]\nb = 1\nb = hunter2", "rc:3: this section or key stands here twice"),
        ("[a]\nb = 1", "rc:1: there is no POP3 account to translate"),
        (
            "[retriever]\ntype = SimpleIMAPRetriever",
            "rc:2: there is no POP3 account to translate: this retriever is not",
        ),
        (RETRIEVER.replace("pop.isp.example", "a b"), "rc:3: the server's name must be a host name"),
        (
            RETRIEVER.replace("password = hunter2", "password_command = ('hunter2'") + MAILDIR,
            "rc:5: this is no tuple",
        ),
    ],
)
def test_what_is_no_getmailrc_is_refused_with_its_line_and_without_its_words(text: str, refused: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        translated(text)
    assert str(raised.value).startswith(refused)
    assert "hunter2" not in str(raised.value)
