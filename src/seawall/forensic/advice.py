"""What to tell a suspect: the program at fault as far as it shows, what to change there, and what else it may be.

Owns the sentences, by species. Sources: Microsoft KB 835734 for the connector of 2003; the peers' own manuals.
"""

from typing import Final

from seawall.forensic.case import Case
from seawall.model.trace import Species

CONNECTOR_2003: Final = "Windows Small Business Server 2003, POP3 connector"


def product_of(case: Case) -> str | None:
    """Return the program that made the copies, None where it does not show."""
    if any(copy.is_pickup_resubmission and copy.marked_recipients for copy in case.made):
        return CONNECTOR_2003
    for copy in case.made:
        for step in copy.way.steps[copy.way.believed :]:
            if step.domain == case.domain and step.stop > step.start:
                hop = copy.hops[step.start]
                if hop.product:
                    return f"{hop.product} {hop.version}".strip()
                break
    return None


def advice_for(species: Species, product: str | None) -> str:
    """Return what the suspect's postmaster should do, now and then for good."""
    if product == CONNECTOR_2003:
        return (
            "Stop the service 'Microsoft Connector for POP3 Mailboxes', empty the queue and the pickup folder, then install "
            "update 835734 before it starts again."
        )
    return _ADVICE[species]


def innocent_explanation(species: Species) -> str:
    """Return what else could look like this."""
    return _INNOCENT[species]


def first_response(species: Species) -> str:
    """Return what who is under the storm should do first."""
    return _FIRST_RESPONSE[species]


_HOLD: Final = "Let your server hold or refuse further copies (Seawall's guard does), and call the suspects' postmasters: don't answer the copies, and don't write to the list."
_FIRST_RESPONSE: Final = {
    Species.CONNECTOR: _HOLD,
    Species.REMAILER: _HOLD,
    Species.MULTIDROP: "Stop the program that fetches this mailbox; delete the copies once it has been set right.",
    Species.REDOWNLOAD: "Stop the program that fetches this mailbox: each poll brings the same mail again. Nothing comes from outside.",
    Species.FORWARDING_LOOP: "Have one of the two forwards taken out. The mail ends by itself when a server counts too many hops.",
    Species.ROUTING_LOOP: "Mail to this domain does not arrive: tell its postmaster, and hold it in your queue until he has answered.",
    Species.RULE_LOOP: "Have the inbox rule switched off.",
    Species.LIST_LOOP: "Ask the list's owner to hold the list and to remove the subscriber; leave the list's mail unanswered.",
    Species.REPLY_ALL: "Let nobody answer to all, not even to ask for silence. Restrict who may send to the list or the group, and say so once, from there.",
    Species.RECALL: "Switch off recalls at your server, or let it drop their reports; delete the reports.",
    Species.AUTORESPONDERS: "Switch off one of the two automatic replies; that ends it.",
    Species.TICKET_LOOP: "Let the ticket system ignore mail with an empty envelope sender; close the tickets that it opened.",
    Species.BACKSCATTER: "Refuse reports about mail that you did not send; the mail they are about was sent by somebody else in your name.",
    Species.RETRY: "Ask the postmaster of the sending server to take the mail out of his queue. Look whether your own server answers after the final dot in time.",
    Species.REPLAY: "Ask the postmaster of the sending server to hold his queue. The mails are genuine and old: file them, answer none.",
    Species.UNEXPLAINED: "File the copies and look at the evidence: no one can be named by it.",
}

_ADVICE: Final = {
    Species.CONNECTOR: (
        "Stop the program that fetches mail by POP3 and hold the outgoing queue; then make it deliver to the configured mailbox "
        "alone, never to the addresses in To and Cc."
    ),
    Species.REMAILER: (
        "Stop the gateway and hold its outgoing queue. Then give it its recipients from the envelope, or one configured "
        "mailbox: it takes them from To and Cc now (RFC 5321 §3.8)."
    ),
    Species.MULTIDROP: (
        "Stop the collector. Give each box one mailbox, or a multidrop box an envelope field that the provider writes; never To and Cc."
    ),
    Species.REDOWNLOAD: (
        "Stop the collector and see why it does not remember what it has fetched: a full disk, a lost state file, or no UIDL."
    ),
    Species.FORWARDING_LOOP: "Take out one of the two forwards that point at each other, and empty the queue.",
    Species.ROUTING_LOOP: "See which host each of the two servers sends this domain's mail to: they name each other.",
    Species.RULE_LOOP: "Switch off the inbox rule that forwards or redirects, for the mailbox that the copies name.",
    Species.LIST_LOOP: "Take the subscriber that posts the list's mail back off the list, and hold the list until its gateway is stopped.",
    Species.AUTORESPONDERS: (
        "Switch off the automatic reply. It answers automatic mail: it must not (RFC 3834 §2), nor answer one sender twice a day."
    ),
    Species.TICKET_LOOP: "Make the ticket system ignore mail with an empty envelope sender or Auto-Submitted.",
    Species.REPLY_ALL: "Restrict who may write to all of these addresses at once, and tell those who wrote once, from there.",
    Species.RECALL: "Recall no mail that left the organisation: elsewhere each recall is one more mail.",
    Species.BACKSCATTER: (
        "Refuse mail for unknown recipients in the dialogue (RFC 5321 §6.2) instead of reporting it to whoever its sender seems to be."
    ),
    Species.RETRY: (
        "Look into the queue and the log of the outgoing server: it does not take the receiver's answer for a success. Take the mail out of the queue."
    ),
    Species.REPLAY: "Hold the outgoing queue: old mail is in it, as from a restored backup. Remove what was sent before.",
    Species.UNEXPLAINED: "Look into the queue and the log of the server for this mail, and hold it there until it is known why it leaves again.",
}
_INNOCENT: Final = {
    Species.CONNECTOR: "Somebody may have answered a copy: the marker stays in a reply, and then names the server and not who replied.",
    Species.REMAILER: "A person may have sent the mail on by hand, or a list of theirs may have.",
    Species.MULTIDROP: "One mail to several addresses that lie in one mailbox comes once for each.",
    Species.REDOWNLOAD: "The mailbox may have been restored or merged with its own copy.",
    Species.FORWARDING_LOOP: "One person's forward is ordinary; it takes two to make a loop, and the other one may be the newer.",
    Species.ROUTING_LOOP: "A server that takes mail in and hands it on for a domain passes it by design; the other one may send it back by mistake.",
    Species.RULE_LOOP: "The mark is a line that anybody can write, and the rule may be right and the other one's wrong.",
    Species.REPLY_ALL: "People wrote these mails, and nobody's server is at fault.",
    Species.RECALL: "The mail's author asked for it; programs did as they were told.",
    Species.AUTORESPONDERS: "Somebody may have sent many mails that deserved an answer each, or people may have used the same words.",
    Species.TICKET_LOOP: "A report is a mail that anybody can write; look in the ticket system whether it wrote these answers.",
    Species.BACKSCATTER: "The mail may have been sent by a provider in the domain's order, whose servers are not known here.",
    Species.LIST_LOOP: "The list may have sent the mail twice by itself, or the subscriber may have answered with all of it.",
    Species.RETRY: "The receiver may have taken the mail and lost its answer: then the sender had to try again.",
    Species.REPLAY: "The mails may have waited until now because their receivers could not be reached.",
    Species.UNEXPLAINED: "The copies may have been asked for, as by a list or a person.",
}
