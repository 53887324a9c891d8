import tomllib
from pathlib import Path
from typing import Any

import pytest

from seawall.config.load import load
from seawall.config.peers import translate
from seawall.config.peers.fetchmail_tokens import unescaped
from seawall.config.peers.translation import Translation
from seawall.errors import Misconfigured
from seawall.model.secret import Secret
from unit.config.peers.examples import FETCHMAIL

BOX = 'poll pop.isp.example proto pop3 user "office" password "hunter2" is alice here ssl '
MANY = "poll pop.isp.example localdomains example.org proto pop3 "
SMTP = {"kind": "smtp", "host": "127.0.0.1", "port": 25, "tls": "none"}


def translated(text: str) -> Translation:
    return translate(text.encode(), file="rc", home="/home/me")


def read(text: str) -> dict[str, Any]:
    return tomllib.loads(translated(text).text())


def told(text: str) -> str:
    return "\n".join(translated(text).sentences())


@pytest.mark.parametrize("text", FETCHMAIL)
def test_each_example_of_the_manual_is_translated(text: str) -> None:
    for account in read(text)["account"]:
        assert ("to" in account) != ("multidrop" in account)
        assert account["password_file"]


def test_a_translation_into_a_maildir_loads(tmp_path: Path) -> None:
    (tmp_path / "seawall.toml").write_text(translated(BOX + "bsmtp /tmp/x").text())
    (account,) = load(tmp_path / "seawall.toml").settings.accounts
    assert (account.server.host, account.user, str(account.to)) == (
        "pop.isp.example",
        "office",
        "alice@example.org",
    )


def test_several_users_of_a_server_are_several_accounts_with_defaults() -> None:
    found = read(
        "defaults proto pop3 keep is nobody here\n"
        "poll a.example user a password x user b there is bob here nokeep\n"
        "poll label via b.example service 995 user c here is d there ssl\n"
    )
    accounts = [
        (account["host"], account["user"], account["to"], account["keep"], account.get("port"))
        for account in found["account"]
    ]
    assert accounts == [
        ("a.example", "a", "nobody@example.org", "forever", None),
        ("a.example", "b", "bob@example.org", "none", None),
        ("b.example", "d", "c@example.org", "forever", 995),
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"plain", "plain"),
        (r"\n\t\b\r", "\n\t\b\r"),
        (r"\233", "\xe9"),
        (r"\0101", "\b1"),
        (r"\x41g", "Ag"),
        (r"\"\'\\", "\"'\\"),
        ("a\\\nb", "ab"),
        ("end\\", "end\\"),
    ],
)
def test_each_escape_means_what_the_manual_says(written: str, meant: str) -> None:
    assert unescaped(written) == meant


@pytest.mark.parametrize(
    ("options", "key", "value"),
    [
        ("keep", "keep", "forever"),
        ("no keep", "keep", "none"),
        ("", "keep", "none"),
        ("limit 1000", "max_size", "1000 B"),
        ("sslcertfile ~/ca.pem", "ca_file", "/home/me/ca.pem"),
        ("", "tls", "implicit"),
        ("smtpname bob@example.com", "to", "bob@example.com"),
        ("smtpaddress example.com", "to", "alice@example.com"),
    ],
)
def test_an_option_becomes_a_key(options: str, key: str, value: object) -> None:
    assert read(BOX + options)["account"][0][key] == value


@pytest.mark.parametrize(
    ("options", "destination"),
    [
        ("", SMTP),
        ("smtphost mx.example.org/2525", {"kind": "smtp", "host": "mx.example.org", "port": 2525}),
        ("lmtp smtphost localhost/24", {**SMTP, "kind": "lmtp", "host": "localhost", "port": 24}),
        ("smtphost /run/lmtp", {"kind": "lmtp", "socket": "/run/lmtp"}),
        (
            'mda "/usr/bin/procmail -f %F -d %T"',
            {"kind": "command", "command": ["/usr/bin/procmail", "-f", "{sender}", "-d", "{user}"]},
        ),
        ('mda "sendmail -t"', SMTP),
        ('mda "formail | sendmail -oi -t"', SMTP),
        ('mda "cat > /tmp/x"', {"kind": "maildir", "path": "Maildir/{user}"}),
        ("bsmtp /tmp/x", {"kind": "maildir", "path": "Maildir/{user}"}),
    ],
)
def test_a_way_of_delivery_becomes_a_destination(options: str, destination: dict[str, object]) -> None:
    assert read(BOX + options)["destination"]["main"] == destination


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        (BOX + '\nmda "/usr/sbin/sendmail -oi -t"', "rc:2: mda: sendmail -t takes the recipients"),
        (BOX + "\ndropdelivered", "rc:2: dropdelivered takes the Delivered-To lines out"),
        (BOX + "\nfetchall", "rc:2: fetchall fetches mail again"),
        (BOX + "\nflush", "rc:2: flush erases mail"),
        (BOX + "\nlimitflush", "rc:2: limitflush erases large mails"),
        (BOX + "\nlimit 1000", "rc:2: limit becomes max_size"),
        (BOX + "\nno keep", "rc:2: no keep erases each mail at the server"),
        (BOX, "rc:1: fetchmail without keep erases each mail"),
        (BOX + "\nantispam 571, 550", "rc:2: antispam makes fetchmail send mail to senders"),
        ("set bouncemail\n" + BOX, "rc:1: set bouncemail makes fetchmail send mail to senders"),
        ("set spambounce\n" + BOX, "rc:1: set spambounce makes fetchmail send"),
        (BOX + '\npreconnect "ssh -f x"', "rc:2: preconnect runs a shell command"),
        (BOX + '\npostconnect "true"', "rc:2: postconnect runs a shell command"),
        (BOX + "\nno sslcertck", "rc:2: the certificate was not checked"),
        (
            BOX.replace("ssl", "sslproto ''"),
            "rc:1: the password and every mail cross the network in the clear",
        ),
        (BOX + "\nsmtphost mail.example.org", "rc:2: smtphost is where mail goes"),
        (BOX, "rc:1: the password moves into office.password"),
        (BOX.replace('password "hunter2"', ""), "rc:1: there is no password in rc for this account"),
        (MANY + "user a is\n* here", "rc:1: to * lets any name through"),
        (MANY.replace("localdomains example.org", "") + "user a to * here", "without localdomains"),
        (MANY + "no envelope\nuser a to b c here", "rc:1: no envelope takes recipients from To and Cc"),
        (
            MANY + "user a to b c here",
            "a multidrop box without an envelope header takes recipients from To and Cc",
        ),
        (
            MANY + "envelope Received user a to b c here",
            "without an envelope header takes recipients from To and Cc",
        ),
        (MANY + "qvirtual x- user a is b here", "qvirtual is not translated"),
        (BOX + "\nskip other.example user x", "rc:2: a server behind skip"),
        (BOX + "\npoll imap.example proto imap user x", "rc:2: this protocol is not POP3"),
        (BOX + '\nplugin "ssh %h"', "plugin makes the connection through a command"),
    ],
)
def test_what_is_dangerous_or_has_no_counterpart_is_flagged_with_its_line(text: str, flag: str) -> None:
    assert flag in told(text)


def test_a_flag_stands_beside_its_key_with_what_may_stand_there_instead() -> None:
    lines = translated(BOX).text().splitlines()
    at = lines.index('keep = "none"')
    assert lines[at - 1] == '# keep = "7d"'
    assert lines[at - 3].startswith("# line 1: fetchmail without keep erases each mail")


def test_an_envelope_header_makes_it_multidrop_with_the_mailboxes_listed() -> None:
    found = read(MANY + "envelope X-Original-To user a to b 'sales'='bob' b=bob here")
    assert found["account"][0]["multidrop"] == {
        "envelope": "X-Original-To",
        "isp": ["isp.example"],
        "isp_hops": 1,
        "unknown": "postmaster@example.org",
    }
    assert set(found["mailboxes"]) == {"postmaster@example.org", "b@example.org", "bob@example.org"}
    assert found["mailboxes"]["bob@example.org"] == ["sales@example.org"]


def test_a_password_is_in_no_text_and_no_repr() -> None:
    found = translated(BOX)
    assert "hunter2" not in found.text() + repr(found) + "".join(found.sentences())
    assert [(password.file, password.secret) for password in found.passwords] == [
        ("office.password", Secret("hunter2"))
    ]


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("poll", "rc:1: the file ends where a value is expected"),
        ("poll a.example\nhunter2", "rc:2: this is no option of fetchmail's, or stands in the wrong place"),
        ("poll a.example\nuser '" + "hunter2" * 200, "rc:2: a word is over 1000 characters long"),
        ("poll a.example\nuser '" + "hunter2 " * 200, "rc:2: a quoted string is over 1000 characters long"),
        ("poll a..b user x", "rc:1: the server's name must be a host name"),
        ("poll a.example", "rc:1: the entry names no user at the server"),
        ("poll a.example user x is '..' here", "rc:1: the local user's name cannot be part"),
        (
            "poll a.example proto imap user x",
            "rc:1: there is no POP3 account to translate: this protocol is not POP3",
        ),
        ("set daemon soon\npoll a.example user x", "rc:1: daemon must be a whole number"),
        ("set colour blue", "rc:1: set is followed by no option of fetchmail's"),
    ],
)
def test_what_is_no_run_control_file_is_refused_with_its_line_and_without_its_words(
    text: str, refused: str
) -> None:
    with pytest.raises(Misconfigured) as raised:
        translated(text)
    assert str(raised.value).startswith(refused)
    assert "hunter2" not in str(raised.value)
