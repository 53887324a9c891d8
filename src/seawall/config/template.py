"""The commented seawall.toml that `seawall init` writes.

Owns the words that a person reads first. It loads as it stands, so that whoever changes one line
at a time can run `seawall config show` after each.
"""

from collections.abc import Mapping, Sequence

TEMPLATE = """\
# Seawall's configuration. Change the six lines marked <-, then run: seawall check
# An unknown key is an error that names its line. Relative paths start at this file's directory.

[local]
domains    = ["example.org"]              # <- the only domains that mail may be delivered to
postmaster = "postmaster@example.org"     # <- a local address; gets what needs a person
state      = "state"                      # ledger, spool and held mail: keep it, and on a local disk
# min_free    = "200 MB"                  # below this free space polling stops; nothing is erased
# alarm_after = 5                         # a mail that failed this often raises one alarm
# at_once     = 64                        # accounts that are polled at the same time
# at_once_per_host = 4                    # ... and at one host and port
# sent_by = ["mail.example.org"]          # what all your own mail passes: bounces about other mail are set aside
# digest  = true                          # the postmaster's mail: one a day, and one when a breaker opens
# digest_destination = "main"             # it goes where the first account's mail goes, or there

# [mailboxes]                             # each mailbox and its other addresses, all of them local
# "alice@example.org" = ["a.smith@example.org"]

[destination.main]
kind = "maildir"
path = "Maildir/{user}"                   # {user} and {domain} are the recipient's; or an absolute path

# [destination.dovecot]                   # or: a server of your own takes it, by LMTP
# kind = "lmtp"
# socket = "/run/dovecot/lmtp"            # or host = "127.0.0.1" and port = 24
# [destination.postfix]                   # or by SMTP
# kind = "smtp"
# host = "127.0.0.1"                      # port = 25; tls = "starttls" elsewhere; user and password_file to log in

[[account]]                               # one for each POP3 mailbox
name = "office"                           # your own name for it
host = "pop.isp.example"                  # <-
user = "office@isp.example"               # <-
password_file = "office.password"         # <- its first line is the password; chmod 600
# password_command = ["pass", "show", "isp/office"]   # or: the first line that a command prints
to   = "alice@example.org"                # <- who receives all of it; To and Cc are never asked
# multidrop = { envelope = "X-Original-To", isp = ["isp.example"], isp_hops = 1, unknown = "postmaster@example.org" }
#                                           or: a catch-all box; only what the ISP's own servers wrote on top is trusted

# tls  = "implicit"                       # "starttls"; "none" only to this machine, or with insecure = true
# port = 995                              # 110 with starttls and none
# ca_file = "isp-ca.pem"                  # trust this authority instead of the system's
# pin  = "sha256:..."                     # trust exactly this certificate

# every = "5m"                            # at least 10s
# timeout = "60s"                         # how long to wait for the server's next byte
# keep  = "7d"                            # at the server: "none" (erase once delivered), "forever", or a time
# start = "all"                           # the first poll takes: "all", "new", or since a date: 2026-01-31
# max_size = "50 MB"                      # larger mail stays at the server and is reported once
# destination = "main"
# filter = ["/usr/local/bin/filter"]      # a program that may refuse a mail or choose its folder

# [guard]                                 # what breaks a storm; docs/guard.md tells each
# storm_copies  = 5                       # so many copies of one mail within a day ...
# storm_origins = 3                       # ... from so many places, or with a sign of replication, are a storm
# bounces   = 50                          # about one mail within a day are a flood
# repliers  = 10                          # to all in one thread within an hour are a reply-all storm
# own_marks = 20                          # mails of Seawall's own that come back within a day stop the account
# quiet     = "24h"                       # a storm's breaker closes after so long without a copy
# window    = "90d"                       # how long mails are remembered, to know their copies
# window_mails = 200000                   # ... and how many at most
# held_max  = "5 GB"                      # above this in Held polling stops; nothing is erased
# own-mark   = "hold"                     # for each reason: "deliver", "file" (into the user's .Held folder) or "hold"
# replicated = "hold"
# duplicate  = "file"
# delivered-to-loop = "hold"
# loop-header       = "hold"
# too-many-hops     = "hold"
# storm             = "hold"
# bounce-flood      = "hold"
# bounce-of-bounce  = "hold"
# reply-all-storm   = "deliver"
"""

_MULTIDROP = "# guessed: `seawall check` learns isp and isp_hops from the mail"


def filled(
    values: Mapping[str, str],
    *,
    destination: Sequence[tuple[str, str]],
    mailboxes: Sequence[str],
) -> str:
    """Return the template with values put in, each as TOML writes it and by its key.

    `destination` are that section's lines; with `mailboxes`, `multidrop` among the values stands in
    the place of `to`. Comments stay where they are, and the marks of what is to be changed go.
    """
    lines: list[str] = []
    is_alternative = False
    for line in TEMPLATE.splitlines():
        # The other kinds of destination are shown to who still has to choose.
        is_alternative = bool(line) and (is_alternative or line.startswith("# [destination."))
        if is_alternative:
            continue
        key = line.removeprefix("# ").partition("=")[0].strip()
        if line.startswith("# Seawall's configuration."):
            lines.append("# Seawall's configuration. To try it, run: seawall check")
        elif key == "kind":
            lines += [f"{name} = {value}" for name, value in destination]
        elif key == "path" or (key.startswith('"') and mailboxes):
            continue
        elif line.startswith("# [mailboxes]") and mailboxes:
            lines.append("[mailboxes]" + line.removeprefix("# [mailboxes]"))
            lines += [f"{mailbox} = []" for mailbox in mailboxes]
        elif key == "to" and "multidrop" in values:
            lines.append(_MULTIDROP)
        elif key in values:
            comment = line.partition("#")[2] if not line.startswith("#") else line[2:].partition("#")[2]
            written = f"{line.removeprefix('# ').partition('=')[0]}= {values[key]}"
            comment = comment.removeprefix(" <-").strip()
            lines.append(f"{written:<41} # {comment}" if comment else written)
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"
