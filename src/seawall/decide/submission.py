"""Whether a command that is handed a mail would take its recipients from the mail's headers.

Owns what is known of the programs that submit mail: `sendmail -t` is how a collector becomes a
relay (RFC 5321 §3.7.2 and appendix B: recipients come from an envelope). Judges a command line as
it is written; refuses to know what a script does that it names.
"""

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

MOST_WORDS: Final = 1000
_DEEPEST: Final = 4

_SUBMITTERS: Final = frozenset(
    (
        "sendmail",
        "exim",
        "exim4",
        "msmtp",
        "msmtpq",
        "msmtp-queue",
        "ssmtp",
        "esmtp",
        "nbsmtp",
        "dma",
        "mini_sendmail",
    )
)
_MAILERS: Final = frozenset(("mail", "mailx", "nail", "s-nail", "bsd-mailx", "heirloom-mailx"))
# A letter that ends a cluster of options: what follows is its value (sendmail(8), exim(8), msmtp(1),
# mailx(1)). The second set's values may stand in the next word: `-f x` beside `-fx`, but only `-oi`.
_SUBMITTER_VALUES: Final = (frozenset("ABCDFLMNOQRVXabdfhopqr"), frozenset("CFXafr"))
_MAILER_VALUES: Final = (frozenset("ASXYabcfqrsu"), frozenset("ASXYabcfqrsu"))
_INJECTOR_VALUES: Final = (frozenset("fF"), frozenset("fF"))
_WRAPPERS: Final = frozenset(
    (
        "env",
        "sudo",
        "doas",
        "nice",
        "ionice",
        "nohup",
        "setsid",
        "timeout",
        "exec",
        "command",
        "time",
        "xargs",
        "stdbuf",
    )
)
_NAMES_A_USER: Final = frozenset(("-u", "-g", "-U", "-G", "--user", "--group"))
_SHELL_ENDS: Final = re.compile(r"[();<>|&\n]+")


def takes_recipients_from_headers(argv: Sequence[str]) -> str | None:
    """Return one sentence where a command would read recipients from the mail's headers, else None.

    `argv` is a command line as it is executed; a word that holds a shell's command line, as behind
    `sh -c`, is judged too. Total: any strings may be given.
    """
    for words in _commands(argv[:MOST_WORDS], _DEEPEST):
        for at, word in enumerate(words):
            if sentence := _judged(words, at, word):
                return sentence
    return None


def _commands(argv: Sequence[str], deepest: int) -> Iterator[Sequence[str]]:
    """Every command in a command line: itself, and those in words that a shell would read."""
    yield argv
    if deepest == 0:
        return
    for word in argv:
        if any(mark in word for mark in " \t\n;|&"):
            for command in _in_shell(word):
                if list(command) != list(argv):
                    yield from _commands(command, deepest - 1)


def _in_shell(text: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(text.replace("\n", " ; ").replace("`", " ; "), posix=True, punctuation_chars=True)
    lexer.commenters = ""
    words: list[str] = []
    try:
        for word in lexer:
            if _SHELL_ENDS.fullmatch(word):
                yield words
                words = []
            elif len(words) < MOST_WORDS:
                words.append(word)
    except ValueError:
        # A quote that is not closed: the words are judged as they stand.
        words = text.replace("'", " ").replace('"', " ").split()[:MOST_WORDS]
    yield words


def _judged(words: Sequence[str], at: int, word: str) -> str | None:
    name = word.rpartition("/")[2]
    arguments = words[at + 1 :]
    if name in _SUBMITTERS or name.startswith("sendmail."):
        if _has_t(arguments, _SUBMITTER_VALUES) or _reads_recipients(arguments):
            return f"{name} -t takes the recipients from the mail's own headers: it would send to everybody in To and Cc"
    elif name in _MAILERS and _is_command(words, at):
        if _has_t(arguments, _MAILER_VALUES):
            return f"{name} -t takes the recipients from the mail's own headers: it would send to everybody in To and Cc"
    elif name == "qmail-inject" and _injects(arguments, by_header="hH", by_argument="aA"):
        return "qmail-inject takes recipients from the mail's own headers unless it is given them, and -a"
    elif name == "nullmailer-inject" and _injects(arguments, by_header="hb", by_argument="ae"):
        return (
            "nullmailer-inject takes recipients from the mail's own headers unless it is given them, and -a"
        )
    elif name == "mutt" and "-H" in arguments:
        return "mutt -H takes the recipients from the mail's own headers"
    return None


def _is_command(words: Sequence[str], at: int) -> bool:
    """Tell a program from a user of the same name: `mail` is both."""
    if at == 0:
        return True
    return words[0].rpartition("/")[2] in _WRAPPERS and words[at - 1] not in _NAMES_A_USER


def _options(arguments: Iterable[str], values: tuple[frozenset[str], frozenset[str]]) -> Iterator[str]:
    """Letters of the options, as getopt(3) finds them; a value is left out."""
    is_value = False
    for argument in arguments:
        if is_value:
            is_value = False
            continue
        if argument == "--":
            return
        if not argument.startswith("-") or argument.startswith("--"):
            continue
        for position, letter in enumerate(argument[1:], start=2):
            yield letter
            if letter in values[0]:
                is_value = position == len(argument) and letter in values[1]
                break


def _has_t(arguments: Sequence[str], values: tuple[frozenset[str], frozenset[str]]) -> bool:
    return "t" in _options(arguments, values)


def _reads_recipients(arguments: Sequence[str]) -> bool:
    # getopt_long(3) accepts any beginning that is unique; --read-envelope-from names no recipient.
    return any(argument.startswith("--read-r") for argument in arguments)


def _injects(arguments: Sequence[str], *, by_header: str, by_argument: str) -> bool:
    """Tell whether an injector reads the header: asked to, or without a recipient on its command line."""
    last = by_argument[1]
    for letter in _options(arguments, _INJECTOR_VALUES):
        if letter in by_header + by_argument:
            last = letter
    has_recipient = any(
        not argument.startswith("-") and not _is_value_of_f(arguments, at)
        for at, argument in enumerate(arguments)
    )
    return last in by_header or (last != by_argument[0] and not has_recipient)


def _is_value_of_f(arguments: Sequence[str], at: int) -> bool:
    return at > 0 and arguments[at - 1] in {"-f", "-F"}
