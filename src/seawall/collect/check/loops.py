"""Whether the mails of an account would be taken for loops at its destination (RFC 9228 §4).

Postfix's local(8) fails a mail whose Delivered-To names the recipient already: "mail forwarding loop". An
ISP that writes the local address there makes every mail of the account look like that.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from seawall.collect.check.finding import Notes, named
from seawall.collect.check.receivers import named_by
from seawall.facts.message import read_message
from seawall.model.account import Account, sees_loops
from seawall.model.envelope import EnvelopeName, Mailboxes, Multidrop

DELIVERED_TO: Final = EnvelopeName.parse("Delivered-To")
_NO_KEY: Final = bytes(32)
"""Marks are not asked for here."""
_ADVICE: Final = (
    "Postfix's local(8) would bounce that as a mail forwarding loop, so Seawall holds it (would-loop): "
    'use kind = "lmtp", or say ignores_delivered_to = true if its final delivery does not look at Delivered-To'
)


def about_loops(account: Account, mailboxes: Mailboxes, tops: Sequence[bytes], notes: Notes) -> None:
    """Note a problem where the account's mails, whose headers `tops` are, would loop at its destination."""
    if not sees_loops(account.destination):
        return
    where = f"destination {account.destination.name} is SMTP"
    to = account.to
    if isinstance(to, Multidrop) and to.envelope == DELIVERED_TO and not to.strip_prefix:
        notes.problem(
            f"{where}, and the envelope is Delivered-To: every mail names its recipient there. {_ADVICE}"
        )
        return
    naming: Counter[str] = Counter()
    mails = 0
    for top in tops:
        facts = read_message(top, len(top), _NO_KEY)
        found = {text for text in facts.delivered_to if named_by(text, account, mailboxes) is not None}
        naming.update(found)
        mails += bool(found)
    if mails:
        notes.problem(
            f"{where}, and of {len(tops)} mails {mails} have a Delivered-To that names who is to receive it "
            f"({named(sorted(naming))}). {_ADVICE}"
        )
    elif tops:
        notes.found(
            f"{where}, and no Delivered-To of {len(tops)} mails names a recipient: none would loop there"
        )
