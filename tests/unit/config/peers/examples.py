"""Configurations from the manuals of the three collectors, and what people make of them."""

FETCHMAIL = [
    'poll pop.provider.net proto pop3 user "jsmith" pass "secret1"\n',
    """\
poll pop.provider.net proto pop3
     user "jsmith", with password secret1, is "jsmith" here;
poll other.provider.net proto pop3:
     user "John.Smith", with password "My^Hat", is "John.Smith" here;
""",
    """\
poll mail.provider.net with proto pop3:
     user "jsmith" there has password "4u but u cannot krak this"
     is jws here and wants mda "/bin/mail"
""",
    """\
defaults proto pop3
     user "jsmith"
poll pop.provider.net
     pass "secret1"
poll mail.provider.net
     user "jjsmith" there has password "secret2"
""",
    """\
poll pop.provider.net proto pop3 port 3111
     user "jsmith" with pass "secret1" is "smith" here
     user jones with pass "secret2" is "jjones" here keep
""",
    """\
poll pop.provider.net:
     user maildrop with pass secret1 to golux 'hurkle'='happy' snark here
""",
    """\
poll pop.provider.net localdomains loonytoons.org toons.org
     envelope X-Envelope-To
     user maildrop with pass secret1 to * here
""",
    """\
# the family's
set daemon 300
set postmaster "pete"
set no bouncemail
defaults
    protocol pop3, timeout 60, uidl, no dns
poll isp via pop.isp.example service 995
    user "family@isp.example" there with password "a\\x22b\\x41\\066#"
    is pete here ssl sslcertfile ~/isp.pem sslproto "auto"
    keep mda "/usr/bin/procmail -f %F -d %T" limit 5000000
""",
]

GETMAIL = [
    """\
[retriever]
type = SimplePOP3Retriever
server = pop.example.net
username = jeff.plotzky
password = mailpassword

[destination]
type = Maildir
path = ~jeffp/Maildir/
""",
    """\
[options]
verbose = 0
delete = true
message_log = ~/.getmail/log

[retriever]
type = SimplePOP3SSLRetriever
server = pop.example.net
username = jeff.plotzky
password_command = ("pass", "<your_email_here>")

[destination]
type = MDA_external
path = /usr/local/bin/my-mda
arguments = ("--message-from-stdin", "--scan-message", "--to-maildir",
  "~jeffp/Maildir/")
""",
    """\
[retriever]
type = MultidropPOP3SSLRetriever
server = pop.example.net
username = companylogin
password = mailpassword
envelope_recipient = delivered-to:1

[destination]
type = MultiSorter
default = [postmaster]
locals = (
  ("jeffk@company.example.net",      "[jeff]"),
  (r"sam\\D*@company.example.net",    "[sam]"),
  )

[postmaster]
type = Maildir
path = ~joe/Mail/postmaster/
user = joe
""",
    """\
[retriever]
type = SimplePOP3Retriever
server = pop.example.net
username = jeff.plotzky
password = mailpassword

[filter-1]
type = Filter_external
path = /usr/local/bin/spamc

[destination]
type = MultiGuesser
default = [my-mda]
locals = (
    ("list1@domain.example.net",        "~/Mail/lists/list1/"),
    )

[my-mda]
type = MDA_external
path = /path/to/my-mda
arguments = ("-f", "%(sender)", "${HOME}/.mymdarc")
""",
    """\
[retriever]
type = SimplePOP3SSLRetriever
server = pop.example.net
username = jeff@example.net
password = mailpassword

[destination]
type = MDA_lmtp
host = /run/dovecot/lmtp
""",
]

MPOP = [
    """\
defaults
tls on
#tls_trust_file /etc/ssl/certs/ca-certificates.crt
delivery mbox ~/Mail/inbox
uidls_file ~/.local/share/%U_at_%H

# A freemail service
account freemail
host pop.freemail.example
user joe.smith
passwordeval gpg2 --no-tty -q -d ~/.mpop-password.gpg

# A second mail box at the same freemail service
account freemail2 : freemail
user joey

account isp
host mail.isp.example
auth on
user 12345
filter if [ "`grep "^X-Spam-Status: Yes"`" ]; then exit 1; else exit 0; fi

account default : freemail
""",
    """\
account default
host pop.isp.example
port 995
tls on
tls_starttls off
tls_certcheck off
user alice@isp.example
password secret1
delivery maildir ~/Mail/incoming
keep on
skipsize 10m
timeout off
""",
    """\
account default
host 127.0.0.1
user alice
password "secret 1"
delivery mda "/usr/bin/procmail -f '%F' -d $USER"
keep off
killsize 500k
""",
]
