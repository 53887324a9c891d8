from pathlib import Path

import pytest

from unit.config.good import GOOD, told, with_line

NOT_LOCAL = "is not in local.domains, and mail may be delivered only to local domains"


@pytest.mark.parametrize(
    ("section", "line", "message"),
    [
        ("local", "alarm_aftr = 3", "5: local.alarm_aftr: is not a known key; did you mean alarm_after?"),
        ("local", "alarm_after = 0", "5: local.alarm_after: must be greater than or equal to 1"),
        ("local", "alarm_after = true", "5: local.alarm_after: must be a whole number"),
        ("local", 'min_free = "lots"', '5: local.min_free: must be a size such as "50 MB"'),
        (
            "local",
            "[xyz]",
            "5: xyz: is not a known section; known here: local, mailboxes, destination, account, guard",
        ),
        ("local", "[mailbox]", "5: mailbox: is not a known section; did you mean mailboxes?"),
        ("local", "mailboxes = 1", "5: local.mailboxes: is not a known key"),
        ("local", '[mailboxes]\n"a@example.org" = "b"', '6: mailboxes."a@example.org": must be a list'),
        ("local", '[mailboxes]\n"a@b.example" = []', f'6: mailboxes."a@b.example": a@b.example {NOT_LOCAL}'),
        (
            "local",
            '[mailboxes]\n"a@example.org" = [\n"b@example.org",\n"a@gmail.example"]',
            f'8: mailboxes."a@example.org"[1]: a@gmail.example {NOT_LOCAL}',
        ),
        (
            "local",
            '[mailboxes]\n"a@example.org" = ["c@example.org"]\n"b@example.org" = ["C@Example.org"]',
            '7: mailboxes."b@example.org"[0]: C@example.org belongs to a@example.org already',
        ),
        (
            "local",
            '[mailboxes]\n"a@example.org" = []\n"A@example.org" = []',
            '7: mailboxes."A@example.org": A@example.org belongs to a@example.org already',
        ),
        (
            "local",
            '[mailboxes]\n"a@example.org" = ["c@example.org"]\n"b@example.org" = ["c@example.org\\n"]',
            '7: mailboxes."b@example.org"[0]: c@example.org belongs to a@example.org already',
        ),
        ("destination", 'paths = "x"', "9: destination.main.paths: is not a known key; did you mean path?"),
        (
            "destination",
            '[destination.b]\nkind = "imap"\nhost = "x"',
            '10: destination.b.kind: kind "imap" is not built yet; maildir, lmtp, smtp, command are',
        ),
        (
            "destination",
            '[destination.b]\nkind = "mbox"\npath = "x"',
            "10: destination.b.kind: there are the kinds maildir, lmtp, smtp, command",
        ),
        (
            "destination",
            '[destination.b]\nkind = "lmtp"',
            "9: destination.b.host: is missing: where mail is taken",
        ),
        (
            "destination",
            '[destination.b]\nkind = "smtp"\nsocket = "x"',
            '11: destination.b.socket: is for kind "lmtp"',
        ),
        (
            "destination",
            '[destination.b]\nkind = "lmtp"\nhost = "x"\nsocket = "x"',
            "12: destination.b.socket: host is given too",
        ),
        (
            "destination",
            '[destination.b]\nkind = "lmtp"\nsocket = "x"\nport = 24',
            "12: destination.b.port: has no meaning with socket",
        ),
        (
            "destination",
            '[destination.b]\nkind = "smtp"\nhost = "x.example"\ntls = "none"',
            '12: destination.b.tls: "none" sends everything in the clear',
        ),
        (
            "destination",
            '[destination.b]\nkind = "smtp"\nhost = "x.example"\nuser = "x"',
            "9: destination.b.password_file: is missing, and user is given",
        ),
        (
            "destination",
            '[destination.b]\nkind = "smtp"\nhost = "x.example"\npassword_file = "x"',
            "9: destination.b.user: is missing, and a password is given",
        ),
        (
            "destination",
            '[destination.b]\nkind = "command"\ncommand = ["sendmail", "-t"]',
            "11: destination.b.command: sendmail",
        ),
        (
            "destination",
            '[destination.b]\nkind = "command"\ncommand = ["deliver", "{to}"]',
            "11: destination.b.command: {to} is not known here",
        ),
        (
            "destination",
            '[destination.b]\nkind = ["x"]\npath = "x"',
            "10: destination.b.kind: must be 'maildir'",
        ),
        ("destination", '[destination.b]\npath = "x"', "9: destination.b.kind: is missing"),
        (
            "destination",
            '[destination.b]\nkind = "maildir"\npath = "/x/{usr}"',
            "11: destination.b.path: {usr} is not known here",
        ),
        (
            "destination",
            '[destination.b]\nkind = "maildir"\npath = "/x/{a\\nb}"',
            "11: destination.b.path: must not hold control characters",
        ),
        (
            "destination",
            '[destination.b]\nkind = "maildir"\npath = "/x/{user"',
            "11: destination.b.path: { is not known here",
        ),
        (
            "destination",
            '[destination.b]\nkind = "maildir"\npath = "~/Mail"',
            "11: destination.b.path: ~ has no meaning here",
        ),
        (
            "destination",
            '[destination.b]\nkind = "maildir"\npath = ""',
            "11: destination.b.path: must not be empty",
        ),
        (
            "destination",
            '[destination.b]\nkind = "maildir"\npath = "a\\u0000"',
            "11: destination.b.path: must not hold control",
        ),
        (
            "destination",
            '[destination."b b"]\nkind = "maildir"\npath = "b"',
            '9: destination."b b": a destination\'s name must be',
        ),
        ("destination", "[destination]\nx = 1", "10: destination.x: must be a table"),
        ("account", "prot = 1", "16: account.office.prot: is not a known key; did you mean port?"),
        ("account", "port = 0", "16: account.office.port: must be greater than or equal to 1"),
        ("account", "port = 65536", "16: account.office.port: must be less than or equal to 65535"),
        ("account", 'port = "995"', "16: account.office.port: must be a whole number"),
        ("account", 'tls = "ssl"', '16: account.office.tls: must be "implicit", "starttls" or "none"'),
        ("account", 'tls = "none"', '16: account.office.tls: "none" sends everything in the clear'),
        ("account", "insecure = true", "10: account.office.tls: insecure = true only permits"),
        ("account", 'insecure = "yes"', "16: account.office.insecure: must be true or false"),
        (
            "account",
            'pin = "abc"',
            "16: account.office.pin: must be the certificate's SHA-256, 64 hex digits",
        ),
        (
            "account",
            'tls = "none"\ninsecure = true\nca_file = "x"',
            '18: account.office.ca_file: has no meaning with tls = "none"',
        ),
        ("account", 'every = "5"', '16: account.office.every: must be a duration such as "30s"'),
        ("account", "every = 300", "16: account.office.every: must be a duration"),
        ("account", 'every = "9s"', '16: account.office.every: must be at least "10s"'),
        ("account", 'every = "5201w"', '16: account.office.every: must be a duration of at most "5200w"'),
        ("account", 'timeout = "0s"', '16: account.office.timeout: must be from "1s" to "1h"'),
        ("account", 'timeout = "61m"', '16: account.office.timeout: must be from "1s" to "1h"'),
        ("account", "timeout = 60", "16: account.office.timeout: must be a duration"),
        ("account", 'keep = "5201w"', '16: account.office.keep: must be "none", "forever" or a duration'),
        ("account", 'keep = "7 days"', '16: account.office.keep: must be "none", "forever" or a duration'),
        ("account", 'start = "yesterday"', '16: account.office.start: must be "all", "new" or a date'),
        ("account", "start = 08:00:00", '16: account.office.start: must be "all", "new" or a date'),
        ("account", 'max_size = "0"', "16: account.office.max_size: must be greater than or equal to 1"),
        ("account", 'max_size = "5 ib"', "16: account.office.max_size: must be a size"),
        (
            "account",
            'destination = "mian"',
            "16: account.office.destination: is none of them: there are main",
        ),
        ("account", "destination = 1", "16: account.office.destination: must be a string in quotes"),
        (
            "account",
            'password_command = ["x"]',
            "16: account.office.password_command: password_file is given too",
        ),
        (
            "account",
            'multidrop = { envelope = "X", isp = ["a.example"], unknown = "a@example.org" }',
            "15: account.office.to: multidrop is given too: keep one of them",
        ),
        (
            "account",
            'multidrop = { envelope = "To", isp = ["a.example"], unknown = "a@example.org" }',
            "16: account.office.multidrop.envelope: 'to' is written by the sender",
        ),
        (
            "account",
            'multidrop = { envelope = "X", isp = [], unknown = "a@example.org" }',
            "16: account.office.multidrop.isp:",
        ),
        (
            "account",
            'multidrop = { envelope = "X", isp = ["a.example"], unknown = "a@example.com" }',
            "16: account.office.multidrop.unknown: a@example.com is not in local.domains",
        ),
        (
            "account",
            'multidrop = { envelope = "X", isp = ["a.example"], isp_hops = 0, unknown = "a@example.org" }',
            "16: account.office.multidrop.isp_hops:",
        ),
        ("account", 'filter = ["/usr/sbin/sendmail", "-t"]', "16: account.office.filter: sendmail"),
        ("account", "oauth2 = {}", "16: account.office.oauth2: oauth2 is not built yet"),
        ("account", "keyring = true", "16: account.office.keyring: keyring is not built yet"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_key(
    tmp_path: Path, section: str, line: str, message: str
) -> None:
    mistakes = told(tmp_path, with_line(section, line))
    assert len(mistakes) == 1
    assert mistakes[0].startswith(message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('["example.org"]', "[]", "2: local.domains: must not be empty"),
        ('["example.org"]', '"example.org"', "2: local.domains: must be a list"),
        (
            '["example.org"]',
            '["example.org", "not a domain"]',
            "2: local.domains[1]: 'not a domain' is not a domain",
        ),
        ('postmaster = "postmaster@example.org"', "", "1: local.postmaster: is missing"),
        (
            "postmaster@example.org",
            "postmaster@isp.example",
            f"3: local.postmaster: postmaster@isp.example {NOT_LOCAL}",
        ),
        (
            "alice@example.org",
            "alice@gmail.example",
            f"15: account.office.to: alice@gmail.example {NOT_LOCAL}",
        ),
        (
            "alice@example.org",
            "alice@sub.example.org",
            f"15: account.office.to: alice@sub.example.org {NOT_LOCAL}",
        ),
        ("alice@example.org", "alice", "15: account.office.to: 'alice' is not an address"),
        ("alice@", "a/b@", "15: account.office.to: a/b@example.org cannot be used in the path of a Maildir"),
        ('to = "alice@example.org"', "", "10: account.office.to: is missing"),
        ('"office"\nhost', '"../x"\nhost', '11: account."../x".name: must be 1 to 64 of'),
        ('name = "office"', "", "10: account[0].name: is missing"),
        ('"pop.isp.example"', '"pop.isp.example:995"', "12: account.office.host: must be a host name"),
        ("pop.isp.example", "192.168.1.300", "12: account.office.host: must be a host name or an IP address"),
        ("pop.isp.example", "127.1", "12: account.office.host: must be a host name or an IP address"),
        ("pop.isp.example", "fe80::1%a\\r\\nb", "12: account.office.host: must be a host name"),
        (
            'user = "office"',
            'user = "of\\r\\nfice"',
            "13: account.office.user: must not hold control characters",
        ),
        (
            'user = "office"',
            'user = "of\\u009bfice"',
            "13: account.office.user: must not hold control characters",
        ),
        (
            'password_file = "secret"',
            "",
            "10: account.office.password_file: is missing, and so is password_command",
        ),
        (
            'password_file = "secret"',
            "password_command = []",
            "14: account.office.password_command: must not be empty",
        ),
        (
            'password_file = "secret"',
            'password_command = "pass x"',
            "14: account.office.password_command: must be a list",
        ),
        ("[[account]]", "[account]", "10: account: must be written [[account]]"),
    ],
)
def test_a_wrong_or_missing_value_is_told_with_its_line_and_key(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in GOOD
    mistakes = told(tmp_path, GOOD.replace(old, new, 1))
    assert len(mistakes) == 1
    assert mistakes[0].startswith(message)
