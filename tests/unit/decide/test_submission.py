import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.decide.submission import takes_recipients_from_headers

RELAYS = [
    ["sendmail", "-t"],
    ["/usr/sbin/sendmail", "-t"],
    ["/usr/lib/sendmail", "-oi", "-t"],
    ["sendmail", "-oi", "-oem", "-t", "-f", "{sender}"],
    ["sendmail", "-ti"],
    ["sendmail", "-it"],
    ["sendmail", "-i", "-f", "{sender}", "-t"],
    ["sendmail", "-f{sender}", "-t", "{recipient}"],
    ["sendmail.postfix", "-t"],
    ["env", "sendmail", "-t"],
    ["/usr/bin/env", "-i", "PATH=/usr/sbin", "sendmail", "-t"],
    ["sudo", "-u", "mail", "/usr/sbin/sendmail", "-t"],
    ["sh", "-c", "/usr/sbin/sendmail -t"],
    ["/bin/sh", "-c", "formail -I Status | /usr/sbin/sendmail -oi -t"],
    ["sh", "-c", "tee -a /tmp/log|sendmail -t"],
    ["sh", "-c", "exec 'sendmail' \"-t\""],
    ["sh", "-c", "bash -c 'sendmail -t'"],
    ["sh", "-c", "echo 'unclosed; sendmail -t"],
    ["sh", "-c", "cd /\nsendmail -t"],
    ["msmtp", "-t"],
    ["msmtp", "-a", "work", "-t"],
    ["msmtp", "--read-recipients"],
    ["msmtp", "--read-rec", "-a", "work"],
    ["msmtpq", "-t"],
    ["qmail-inject"],
    ["/var/qmail/bin/qmail-inject", "-h"],
    ["qmail-inject", "-H", "{recipient}"],
    ["qmail-inject", "-f", "{sender}"],
    ["nullmailer-inject"],
    ["nullmailer-inject", "-h"],
    ["nullmailer-inject", "-b", "{recipient}"],
    ["exim", "-t"],
    ["/usr/sbin/exim4", "-ti"],
    ["exim4", "-oi", "-t"],
    ["mail", "-t"],
    ["mailx", "-t"],
    ["mailx", "-s", "subject", "-t"],
    ["nice", "-n", "5", "mailx", "-t"],
    ["ssmtp", "-t"],
    ["esmtp", "-t"],
    ["dma", "-t"],
    ["mutt", "-H", "-"],
]

DELIVERS = [
    [],
    ["true"],
    ["/usr/lib/dovecot/deliver", "-d", "{user}"],
    ["/usr/bin/procmail", "-f", "{sender}", "-d", "{user}"],
    ["maildrop", "-d", "{user}", "-t"],
    ["sudo", "-u", "mail", "maildrop", "-t"],
    ["dovecot-lda", "-d", "mail", "-t"],
    ["sendmail", "-oi", "-f", "{sender}", "--", "{recipient}"],
    ["sendmail", "--", "-t"],
    ["sendmail", "-bt"],
    ["sendmail", "-f", "-t", "{recipient}"],
    ["sendmail", "-ot", "{recipient}"],
    ["sendmail", "-Nnever", "{recipient}"],
    ["msmtp", "--read-envelope-from", "{recipient}"],
    ["msmtp", "--host=localhost", "--", "{recipient}"],
    ["qmail-inject", "-a", "{recipient}"],
    ["qmail-inject", "{recipient}"],
    ["nullmailer-inject", "-a", "{recipient}"],
    ["mail", "-s", "-t", "{recipient}"],
    ["sh", "-c", "sendmail -oi {recipient}; tee -t"],
    ["spamc", "-t", "30"],
]


@pytest.mark.parametrize("argv", RELAYS, ids=" ".join)
def test_a_command_that_reads_recipients_from_headers_is_told(argv: list[str]) -> None:
    sentence = takes_recipients_from_headers(argv)
    assert sentence is not None
    assert "\n" not in sentence


@pytest.mark.parametrize("argv", DELIVERS, ids=" ".join)
def test_a_command_that_is_given_its_recipients_is_not(argv: list[str]) -> None:
    assert takes_recipients_from_headers(argv) is None


words = (
    st.sampled_from(["sendmail", "-t", "sh", "-c", "sendmail -t", "'", '"', "|", "`", "--", "\\", "$("])
    | st.text()
)


@given(st.lists(words))
def test_any_words_give_an_answer(argv: list[str]) -> None:
    takes_recipients_from_headers(argv)
    takes_recipients_from_headers(["sh", "-c", " ".join(argv)])
