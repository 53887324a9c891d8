"""What a server said of a failure → why the mail could not be delivered. Two tables of data; total, no judgement.

Owns the meaning of enhanced status codes (RFC 3463, and the registry of RFC 5248) and of the words that servers
put beside them. Many servers send a code that says little (5.0.0) or the wrong thing ("5.1.1 … over quota"),
so words decide where the code is vague, and where they are plainer than any code. Refuses to know where the words
stood.
"""

import re
from typing import Final

from seawall.model.bounce import BounceCause as Cause

MAX_WORDS: Final = 4 * 2**10
"""Octets of words that are looked at."""

STATUS: Final = re.compile(rb"(?<![\d.])[245]\.[0-7]\.\d{1,3}(?![\d.]*\d)")
"""An enhanced status code (RFC 3463 §2), and not a part of an IP address or of a version."""
REPLY: Final = re.compile(rb"(?<![\w.:-])[45][0-5]\d(?=[ -]|$)", re.MULTILINE)
"""A reply code that tells of a failure (RFC 5321 §4.2.1)."""

_BY_STATUS: Final = {
    # RFC 3463 §3.2: the address
    "1.1": Cause.USER_UNKNOWN,
    "1.2": Cause.HOST_UNKNOWN,
    "1.3": Cause.USER_UNKNOWN,
    "1.4": Cause.USER_UNKNOWN,
    "1.6": Cause.USER_UNKNOWN,
    "1.7": Cause.POLICY,
    "1.8": Cause.POLICY,
    "1.10": Cause.USER_UNKNOWN,  # RFC 7505 §4.2, a null MX
    # §3.3: the mailbox
    "2.1": Cause.MAILBOX_DISABLED,
    "2.2": Cause.MAILBOX_FULL,
    "2.3": Cause.TOO_LARGE,
    # §3.4: the mail system
    "3.1": Cause.MAILBOX_FULL,
    "3.4": Cause.TOO_LARGE,
    # §3.5: network and routing
    "4.1": Cause.EXPIRED,
    "4.2": Cause.EXPIRED,
    "4.4": Cause.HOST_UNKNOWN,
    "4.6": Cause.LOOP,
    "4.7": Cause.EXPIRED,
    "4.12": Cause.LOOP,  # Exchange, a group that contains itself
    "4.14": Cause.LOOP,  # Exchange, too many hops
    # §3.6: the protocol
    "5.3": Cause.POLICY,
}
_BY_SUBJECT: Final = {
    "1": Cause.USER_UNKNOWN,
    "2": Cause.MAILBOX_DISABLED,
    "3": Cause.SYSTEM,
    "4": Cause.EXPIRED,
    "5": Cause.SYSTEM,
    "6": Cause.SYSTEM,
    "7": Cause.POLICY,
}
_VAGUE: Final = frozenset(
    {"1.0", "2.0", "2.1", "2.4", "3.0", "3.5", "4.0", "4.1", "4.3", "5.0", "7.0", "7.1"}
) | {f"{subject}.{detail}" for subject in "56" for detail in range(10)}
"""Subject and detail that servers send with all kinds of trouble: words are asked first."""
_PLAIN: Final = frozenset({Cause.LOOP, Cause.MAILBOX_FULL})
"""What is never said by mistake, whatever the code beside it."""

_BY_REPLY: Final = {
    # RFC 5321 §4.2.3; 550 and 554 tell nothing
    b"421": Cause.SYSTEM,
    b"451": Cause.SYSTEM,
    b"452": Cause.SYSTEM,
    b"551": Cause.USER_UNKNOWN,
    b"552": Cause.MAILBOX_FULL,
    b"553": Cause.USER_UNKNOWN,
}

_PHRASES: Final = (
    (
        Cause.LOOP,
        (
            rb"too many hops",
            rb"hop count",
            rb"(?:mail|message|routing|forwarding|delivery|mx|loops?) loop",
            rb"\bloops? (?:back|detected|to (?:myself|itself))",
            rb"\blooping\b",
            rb"too many \"?received",
            rb"already has a delivered-to",
        ),
    ),
    (
        Cause.MAILBOX_FULL,
        (
            rb"(?:over|over-|exceed\w*|reached|above|beyond) (?:\S+ ){0,4}(?:\w+-)?(?:quota|storage)",
            rb"\bquota (?:\S+ ){0,3}(?:exceed|full|reached|violat)",
            rb"\boverquota|\bdisk quota|\bquota_?exceeded|\bquotaexceed",
            rb"(?:mail ?box|mailfolder|mail folder|inbox|storage|mail ?drop|maildir)(?: \S+){0,3} (?:is |has been |was )?(?:too )?full\b",
            rb"full mail ?box",
            rb"mail ?box(?: \S+){0,3} (?:exceed|size limit|has exceeded|limit)",
            rb"(?:exceed\w*|over) (?:\S+ ){0,4}mail ?box",
            rb"messages in (?:the )?recipient'?s mailbox exceeded",
            rb"out of (?:storage|space)|insufficient (?:system )?storage|not enough (?:storage|disk )?space",
            rb"exceeded storage allocation|storage (?:limit|quota|used)",
        ),
    ),
    (
        Cause.TOO_LARGE,
        (
            rb"(?:message|mail|email|e-mail|content|size|attachment)(?: \S+){0,4} too (?:large|big|long)",
            rb"too (?:large|big) (?:message|mail|email)",
            rb"size (?:of \S+ |\S+ ){0,3}(?:exceed|limit|larger|greater|too)",
            rb"exceed(?:s|ed|ing)? (?:\S+ ){0,6}size",
            rb"larger than (?:the )?(?:\S+ ){0,2}(?:limit|maximum|size)",
        ),
    ),
    (
        Cause.HOST_UNKNOWN,
        (
            rb"(?:unknown|invalid|unrouteable|unroutable|no such|bad) (?:\S+ )?(?:host|mail domain|domain)",
            rb"(?:host|domain)(?: name)?(?: \S+){0,2} (?:unknown|not found|does ?n[o']t exist|could(?: not|n't) be found|is not valid|lookup fail)",
            rb"indicated no smtp service|name service error|host name lookup",
            rb"\bnxdomain\b|\bnull ?mx\b",
            rb"dns (?:error|query|lookup)",
            rb"(?:couldn't|could not|cannot|can't) find (?:any|an|a) (?:host|mail exchanger|exchanger|gateway|domain)",
            rb"not find (?:a )?gateway",
            rb"(?:all relevant mx records point to|no mx|mx record|a/mx)",
            rb"no (?:valid )?(?:mail )?(?:servers?|mail hosts|hosts) for ",
            rb"illegal host/domain|the recipient server does not exist",
        ),
    ),
    (
        Cause.USER_UNKNOWN,
        (
            rb"(?:user|recipient|mail ?box|account|address|addressee|login|alias|person|name)s?(?: \S+){0,3} (?:is |was |are )?(?:unknown|not (?:known|found|exist|listed|recognized|recognised|here|valid)|invalid\b)",
            rb"(?:unknown|invalid|unrouteable|unroutable|bad|nonexistent|non-existent|undefined|illegal) (?:\S+ ){0,2}(?:user|recipient|mail ?box|account|address|addressee|local)",
            rb"(?:user|recipient|mail ?box|account|address|addressee|person)\S*(?: \S+){0,6} (?:does ?n[o']t|do not|don't|doesn=t|did not|may not|not) exist",
            rb"no (?:such|valid|account|mailbox|matching)(?: \S+){0,3} (?:user|recipient|mail ?box|account|address|person|here|by that name|by this name)",
            rb"no such (?:user|recipient|mailbox|person|address|local)",
            rb"no mail ?box|not our customer|not a valid (?:user|mailbox|recipient|address)",
            rb"(?:user|name) (?:is )?not (?:recogni[sz]ed|listed|local|registered)|not listed in",
            rb"(?:user|recipient|address|mail ?box)\S*(?: \S+){0,4} (?:could(?: not|n't)|cannot|can't|wasn't|not) (?:be )?(?:found|verified|located)",
            rb"doesn'?t have an? (?:\S+ ){1,2}account",
            rb"address (?:you entered |was )?(?:not|couldn't be|wasn't|could not be) found",
            rb"\brecipnotfound\b|\buserunknown\b|\bunknown[ -]user|\buser[ -]unknown|user\.? ?unknown",
            rb"nosuchuser|not a registered|invalid user|unknown recipient|unknown user|unable to find|possibly incorrect",
            rb"all recipients are invalid|not a known user|no one by that|sorry, no mailbox",
        ),
    ),
    (
        Cause.MAILBOX_DISABLED,
        (
            rb"(?:user|recipient|mail ?box|account|address|email)\S*(?: \S+){0,6} (?:is |been |was )?(?:temporarily )?(?:disabled|inactive|suspended|locked|deactivated|discontinued|expired|closed|blocked due to inactivity|not active|frozen)",
            rb"(?:disabled|inactive|suspended|deactivated|locked) (?:user|recipient|mail ?box|account|address)",
            rb"mail ?box (?:is )?(?:currently )?(?:unavailable|disabled)|not accepting (?:mail|messages)",
            rb"has moved to|no longer (?:valid|available|active|works|in use|accepts)",
        ),
    ),
    (
        Cause.POLICY,
        (
            rb"\bspam\b|\bspammer|\bunsolicited\b|\bbulk mail\b|\bvirus\b|\bmalware\b|\bphish|\bsuspicious\b",
            rb"\bblack ?list|\bblock ?list|\bdenylist|\bdnsbl\b|\brbl\b|\bspamhaus\b|\bspamcop\b|\bbanned\b",
            rb"\bblocked\b|\bpolicy\b|\bpolicies\b|\breputation\b|\bprohibited\b|\brestrict(?:ed|ion)",
            rb"\bspf\b|\bdkim\b|\bdmarc\b|reverse dns|\bptr\b|\brdns\b|authenticat|authoriz|authoris",
            rb"relay(?:ing)? (?:access )?(?:denied|not (?:allowed|permitted))|unable to relay|not allowed to relay|we do not relay|relaying",
            rb"access denied|not (?:allowed|permitted|accepted)|denied|permission|refused to accept",
            rb"(?:message|mail|content|email|sender|host|client|address|transaction)(?: \S+){0,4} (?:was )?(?:rejected|refused|rejete)",
            rb"(?:rejected|refused)(?: \S+){0,3} (?:by|due|because|for|as|message|mail|header|content)",
            rb"too many (?:recipients|messages|connections|sessions|errors)|rate ?limit|rate exceeded|\bgreylist|\bthrottl|\bspool\b",
            rb"please use the smtp server|not on the (?:allowed|sender)|poor (?:reputation)|bad (?:reputation|header)|header error",
            rb"starttls|\bencryption\b|certificate|security|invalid ip for|domain filter|\bfilter|not open to posting|not a member",
            rb"sender (?:verify|domain|address|denied)|unacceptable|forbidden|not compliant|not rfc|\btss?\d\d\b",
            rb"temporarily deferred|user complaints|complaint|suppression list|suppressed",
        ),
    ),
    (
        Cause.EXPIRED,
        (
            rb"time ?out|timed out|expired|retry time|retry time ?out|cannot send message|could not send (?:message|mail) for",
            rb"delayed|still being retried|aborted after|has been deferred|queue too long|too long|giving up|max(?:imum)? (?:retry|queue)",
            rb"socket error|not reachable|no route to host|connection refused|unreachable|couldn't connect|could not connect|cannot connect|lost connection|connection (?:was )?(?:reset|dropped|closed|failed|lost|died)",
            rb"wasn't able to establish an smtp connection|no smtp connection|hasn't been delivered|not been delivered|delivery temporarily suspended",
            rb"(?:could|can) ?not be reached|not responding|no answer|failed to connect|unable to connect|network error|network is",
        ),
    ),
    (
        Cause.SYSTEM,
        (
            rb"\bsystem (?:error|trouble|problem|config|not)|internal (?:server )?error|local (?:error|configuration)|config(?:uration)? error",
            rb"(?:command|mailer) (?:died|failed)|mail ?filter|child (?:process|crashed)|unknown mailer error|cannot (?:open|create|append|chdir)|can't (?:open|create)",
            rb"i/o error|read-only file|no such file|permission denied|disk full|out of memory|service (?:is )?(?:currently )?(?:unavailable|not available|shutting)",
            rb"syntax error|protocol error|unrecognized command|command (?:not|unrecognized|rejected)|bad sequence|data format|bad request|parameter",
            rb"unable to (?:process|open|run)|temporary (?:failure|local|error|problem)|try again later|please try|transaction failed",
            rb"mime|not supported|unsupported|8bit|smtputf8|internationali[sz]ed|conversion",
        ),
    ),
)
_BY_WORDS: Final = tuple(
    (cause, re.compile(b"|".join(phrases), re.IGNORECASE)) for cause, phrases in _PHRASES
)


def cause_of(status: str, words: bytes) -> Cause:
    """Return the cause that a status ("" where there is none) and a server's words tell; OTHER where neither does."""
    told = _by_words(words)
    if told in _PLAIN:
        return told
    by_status = _by_status(status)
    detail = status[2:]
    if by_status is Cause.OTHER or detail in _VAGUE:
        if told is not Cause.OTHER:
            return told
        if by_status is not Cause.OTHER:
            return by_status
        reply = REPLY.search(words[:MAX_WORDS])
        return _BY_REPLY.get(reply.group(), Cause.OTHER) if reply else Cause.OTHER
    return by_status


def is_vague(status: str) -> bool:
    """Whether a status leaves the cause to the words."""
    return not status or status[2:] in _VAGUE or status.endswith(".0.0")


def _by_status(status: str) -> Cause:
    detail = status[2:]
    if not detail or detail.startswith("0."):
        return Cause.OTHER
    if status.startswith("4.4."):
        return Cause.LOOP if detail == "4.6" else Cause.EXPIRED
    return _BY_STATUS.get(detail) or _BY_SUBJECT.get(detail[:1], Cause.OTHER)


def _by_words(words: bytes) -> Cause:
    flat = b" ".join(words[:MAX_WORDS].split())
    for cause, phrases in _BY_WORDS:
        if phrases.search(flat):
            return cause
    return Cause.OTHER
