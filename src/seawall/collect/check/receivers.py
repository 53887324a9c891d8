"""Who could receive the mail of an account."""

from seawall.model.account import Account
from seawall.model.address import Address
from seawall.model.envelope import Mailboxes, Multidrop


def receivers(account: Account, mailboxes: Mailboxes) -> tuple[Address, ...]:
    """Return every recipient that an account could name, in order: one, or all mailboxes and `unknown`."""
    if isinstance(account.to, Address):
        return (account.to,)
    return tuple(sorted(mailboxes.everyone | {account.to.unknown}))


def named_by(text: str, account: Account, mailboxes: Mailboxes) -> Address | None:
    """Return the recipient that an address in a mail's Delivered-To means, None where it means none of them.

    A single mailbox's own address counts without case, as a next hop compares; in multidrop so do the
    mailboxes' other addresses: where one stands in a mail, the mailbox's own will stand in the next.
    """
    try:
        address = Address.parse(text)
    except ValueError:
        return None
    if isinstance(account.to, Multidrop):
        return mailboxes.find(address)
    return account.to if str(address).lower() == str(account.to).lower() else None
