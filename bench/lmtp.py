"""The collectors that hand over by LMTP: how each is configured for a POP3 box and an LMTP server beside it.

Owns: their configuration files and command lines. mpop and fdm are not here: they speak no LMTP over TCP.
Seawall sends one recipient's mails by one connection at a time, so four connections are for four recipients: the box is
dealt out to four POP3 users, and each of their boxes goes to a recipient of its own.
"""

from typing import Final

from peers import (
    HOST,
    SEAWALL,
    Collector,
    Command,
    Errand,
    Lmtp,
    environment,
    getmail_retriever,
    private_file,
    seawall_configuration,
)


def _lmtp(errand: Errand) -> Lmtp:
    assert errand.lmtp is not None
    return errand.lmtp


def _raw(errand: Errand) -> Command:
    lmtp = _lmtp(errand)
    argv = [str(errand.tools / "raw_lmtp"), str(errand.port), errand.user, errand.password]
    argv += [str(lmtp.port), lmtp.recipients[0][1]]
    return Command(argv=argv, env=environment(errand.home))


def _seawall(errand: Errand) -> Command:
    lmtp = _lmtp(errand)
    configuration = seawall_configuration(
        errand,
        destination=f'kind = "lmtp"\nhost = "{HOST}"\nport = {lmtp.port}\nconnections = {len(lmtp.recipients)}',
        boxes=lmtp.recipients,
    )
    argv = [str(SEAWALL), "run", "--once", "--config", str(configuration)]
    return Command(argv=argv, env=environment(errand.home))


def _getmail(errand: Errand) -> Command:
    lmtp = _lmtp(errand)
    directory = errand.home / "getmail"
    directory.mkdir()
    private_file(
        directory / "getmailrc",
        f"""\
{getmail_retriever(errand)}[destination]
type = MDA_lmtp
host = {HOST}
port = {lmtp.port}
override = {lmtp.recipients[0][1]}
[options]
read_all = false
delete = false
""",
    )
    return Command(argv=["getmail", "--quiet", "--getmaildir", str(directory)], env=environment(errand.home))


def _fetchmail(errand: Errand) -> Command:
    lmtp = _lmtp(errand)
    name, _, domain = lmtp.recipients[0][1].partition("@")
    configuration = private_file(
        errand.home / "fetchmailrc",
        f"""\
set pidfile "{errand.home / "pid"}"
set idfile "{errand.home / "fetchids"}"
set no bouncemail
poll {HOST} service {errand.port} protocol POP3 timeout 60 uidl
  user "{errand.user}" password "{errand.password}" is "{name}" here
  keep sslproto "" lmtp smtphost "{HOST}/{lmtp.port}" smtpaddress "{domain}"
""",
    )
    argv = ["fetchmail", "--silent", "--nosyslog", "--fetchmailrc", str(configuration)]
    return Command(argv=argv, env=environment(errand.home))


RAW: Final = Collector(
    name="raw", program="sh", version_argv=(), prepare=_raw, needs=("raw_lmtp",), as_root=True
)

COLLECTORS: Final = (
    Collector(
        name="seawall, 1 connection",
        program=str(SEAWALL),
        version_argv=("--version",),
        prepare=_seawall,
        as_root=True,
    ),
    Collector(
        name="seawall, 4 connections",
        program=str(SEAWALL),
        version_argv=("--version",),
        prepare=_seawall,
        as_root=True,
        boxes=4,
    ),
    Collector(
        name="fetchmail",
        program="fetchmail",
        version_argv=("--version",),
        prepare=_fetchmail,
        pipelines=False,
    ),
    Collector(
        name="getmail6", program="getmail", version_argv=("--version",), prepare=_getmail, pipelines=False
    ),
)
