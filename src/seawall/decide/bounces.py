"""Which bounces are set aside: floods, those about mail that was never sent from here, bounces of bounces. Pure."""

from seawall.decide.tallies import tally_key
from seawall.model.address import Address
from seawall.model.bounce import Bounce
from seawall.model.envelope import is_within
from seawall.model.verdict import Reason


def tally_keys(bounce: Bounce, recipient: Address) -> tuple[bytes, ...]:
    """Return what bounces about one original are counted by: its Message-ID, and its From with its Subject.

    A storm's copies have a Message-ID each, and one author and subject.
    """
    whose = str(recipient).lower().encode("utf-8")
    keys = []
    if bounce.original_message_id:
        keys.append(tally_key("bounce-id", whose, bounce.original_message_id.encode("utf-8", "replace")))
    if bounce.original_subject:
        subject = "".join(bounce.original_subject.lower().split())
        about = f"{bounce.original_from.lower()}\0{subject}"
        keys.append(tally_key("bounce", whose, about.encode("utf-8", "replace")))
    return tuple(keys)


def judge(bounce: Bounce, *, is_flood: bool, sent_by: tuple[str, ...]) -> tuple[Reason, str] | None:
    """Return why a bounce is set aside, None where it is not; what cannot be told speaks for it.

    `sent_by` are the hosts and domains that everything sent from here passes, empty where that is not known.
    """
    if bounce.is_about_bounce:
        return Reason.BOUNCE_OF_BOUNCE, "it is a bounce about a bounce: nobody wrote either"
    if is_flood:
        return Reason.BOUNCE_FLOOD, "one of very many bounces about one mail within a day"
    if (
        sent_by
        and bounce.original_hosts
        and not any(is_within(host, sent_by) for host in bounce.original_hosts)
    ):
        return (
            Reason.BOUNCE_FLOOD,
            f"it is about a mail that was never sent from here: it began at {bounce.original_hosts[0]}",
        )
    return None


def evidence(bounce: Bounce) -> tuple[str, ...]:
    """Return who bounced and why, a line for each; the digest counts these lines."""
    status = f" ({bounce.status})" if bounce.status else ""
    who = bounce.recipients or ("somebody",)
    return tuple(f"{recipient}: {bounce.cause.value}{status}" for recipient in who)
