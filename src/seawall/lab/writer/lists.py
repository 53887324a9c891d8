"""What a mailing list's program does to a mail before it sends it to everybody.

Owns the fields of Mailman, Majordomo and ECARTIS. Refuses to know the subscribers.
"""

import re
from dataclasses import replace
from datetime import datetime
from typing import Final

from seawall.lab.copywriter import MailingList, through_list
from seawall.lab.writer.cast import Forum
from seawall.lab.writer.mail import Mail
from seawall.lab.writer.refolded import by_python, refolded

_FIELD_END: Final = re.compile(rb"\r\n(?![ \t])")
_OF_THE_WAY: Final = frozenset(
    {
        b"return-path",
        b"sender",
        b"errors-to",
        b"precedence",
        b"list-id",
        b"list-post",
        b"list-unsubscribe",
        b"x-beenthere",
        b"x-mailman-version",
        b"delivered-to",
        b"x-original-to",
    }
)
"""Fields that a list's program writes anew."""


_PYTHON_3: Final = 2019
"""About when Mailman's lists moved to its third version, which folds anew."""


def expanded(mail: Mail, forum: Forum, *, at: datetime, position: int) -> Mail:
    """Return the mail as the list sends it out; `at` is the list's server's time."""
    if forum.software == "ecartis":
        return _by_ecartis(mail, forum, at, position)
    header = [field for field in mail.header if field.partition(b":")[0].lower() not in _OF_THE_WAY]
    address, domain = forum.address, forum.organisation.domain
    subject = next((n for n, field in enumerate(header) if field.lower().startswith(b"subject:")), None)
    tag = f"[{forum.name.capitalize()}] ".encode()
    if subject is not None and tag not in header[subject]:
        header[subject] = header[subject].replace(b": ", b": " + tag, 1)
    identity = f"{forum.name}.{domain}"
    below = [
        f"X-BeenThere: {address}",
        "X-Mailman-Version: 2.1.9",
        "Precedence: list",
        f"List-Id: <{identity}>",
        f"List-Unsubscribe: <http://{domain}/mailman/listinfo/{forum.name}>,\r\n\t<mailto:{forum.name}-request@{domain}?subject=unsubscribe>",
        f"List-Post: <mailto:{address}>",
        f"Sender: {forum.name}-bounces@{domain}",
        f"Errors-To: {forum.name}-bounces@{domain}",
    ]
    if forum.software == "majordomo":
        below = [
            f"Sender: owner-{forum.name}@{domain}",
            "Precedence: bulk",
            f"List-ID: <{identity}>",
            f"X-Mailing-List:\t{address}",
        ]
    if at.year >= _PYTHON_3 and forum.software == "mailman":
        header = list(refolded(header, by_python))
    return replace(mail, header=(*header, *(field.encode() for field in below)))


def _by_ecartis(mail: Mail, forum: Forum, at: datetime, position: int) -> Mail:
    """Return it as `copywriter.through_list` makes it, of which the topmost Received is the hop that took it in."""
    first = next(n for n, field in enumerate(mail.header) if field.startswith(b"Received:"))
    rest = replace(mail, header=(*mail.header[:first], *mail.header[first + 1 :]))
    host = forum.organisation.domain
    described = MailingList(name=forum.name, host=host, command="/home/ecartis/ecartis")
    octets = through_list(rest.octets(), described, mail.header[first], at=at, position=position)
    header, _, body = octets.partition(b"\r\n\r\n")
    # The topmost line is the list's own server's; it is counted with the hop that took the mail in.
    *stops, last = mail.stops
    counted = (*stops, replace(last, received=last.received + 1))
    return replace(mail, header=tuple(_FIELD_END.split(header)), body=body, stops=counted)
