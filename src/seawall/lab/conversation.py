"""The server's side of one POP3 connection, without I/O: a command line in, a reply out.

Owns the states, the commands (RFC 1939, RFC 2449, RFC 2595 §4, RFC 5034) and what of a `Behaviour`
changes a reply's text. Refuses to know sockets, and where and how fast the octets go.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from seawall.lab.behaviour import Behaviour, Endless
from seawall.lab.box import Box, StoredMail
from seawall.lab.sasl import Exchange, NotProved, exchange

LONGEST_NUMBER: Final = 9
ALL_LINES: Final = 10**6
"""TOP of so many lines is RETR by another name."""
MASK: Final = "********"
CAPABILITIES: Final = ("TOP", "USER", "UIDL", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE")


class After(Enum):
    """What happens once a reply is sent."""

    GO_ON = auto()
    SECURE = auto()
    CLOSE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The octets to send, what they answer, and what comes after; `endless` goes on behind `data`."""

    verb: str
    number: int | None
    data: bytes
    endless: Endless | None = None
    after: After = After.GO_ON


class Conversation:
    """One connection. `boxes` maps a user to a password and a box; `hear` is told each command, masked."""

    def __init__(
        self,
        boxes: Mapping[str, tuple[str, Box]],
        behaviour: Behaviour,
        *,
        offers_tls: bool,
        hear: Callable[[str], None],
    ) -> None:
        self._boxes = boxes
        self._behaviour = behaviour
        self._offers_tls = offers_tls and "STLS" not in behaviour.lacks
        self._hear = hear
        self._user = ""
        self._exchange: Exchange | None = None
        self._box: Box | None = None
        self._mails: dict[int, StoredMail] = {}
        self._marked: set[int] = set()
        self._read: set[int] = set()
        self._after = After.GO_ON
        self._before_login: Mapping[str, Callable[[bytes], bytes]] = {
            "CAPA": self._capa,
            "STLS": self._stls,
            "USER": self._name,
            "PASS": self._pass,
            "APOP": self._apop,
            "AUTH": self._auth,
            "QUIT": self._quit,
        }
        self._after_login: Mapping[str, Callable[[bytes], bytes]] = {
            "CAPA": self._capa,
            "STAT": self._stat,
            "LIST": self._list,
            "UIDL": self._uidl,
            "TOP": self._top,
            "RETR": self._retr,
            "DELE": self._dele,
            "RSET": self._rset,
            "NOOP": self._noop,
            "QUIT": self._quit,
        }

    def greeting(self) -> Reply:
        """Return the first reply, which no command asked for (RFC 1939 §4)."""
        timestamp = self._behaviour.timestamp
        words = b"the toy ISP is ready" + (b" " + timestamp if timestamp else b"")
        return self._reply("GREETING", None, lambda: self._ok(words))

    def answer(self, line: bytes) -> Reply:
        """Return the reply to a line, whose line end is already off."""
        if self._exchange is not None:
            self._note(MASK)
            return self._reply("AUTH", None, lambda: self._proceed(line))
        word, _, rest = line.partition(b" ")
        verb = word.decode("latin-1").upper()
        self._note(_masked(verb, rest))
        table = self._before_login if self._box is None else self._after_login
        act = table.get(verb)
        if act is None or verb in self._behaviour.lacks:
            return self._reply(verb, None, lambda: self._err("I do not know that command, or not now"))
        number = _number(rest)
        if verb == "TOP" and (_number(rest.partition(b" ")[2]) or 0) >= ALL_LINES:
            # fetchmail reads a mail like this; what is hostile about RETR is so about it.
            verb = "RETR"
        if number in self._mails:
            # What is hostile about a mail stays so when its number changes.
            number = self._mails[number].serial
            if verb == "RETR" and self._box is not None:
                self._box.retrievals[number] += 1
        return self._reply(verb, number, lambda: act(rest))

    def secured(self) -> None:
        """Say that TLS has begun: what was said before it is forgotten (RFC 2595 §4)."""
        self._offers_tls = False
        self._user = ""

    def end(self) -> None:
        """Say that the connection is gone, however it went."""
        if self._behaviour.drop_erases:
            self._update()
        self._release()

    def _reply(self, verb: str, number: int | None, make: Callable[[], bytes]) -> Reply:
        behaviour = self._behaviour
        said = behaviour.replies.get((verb, number), behaviour.replies.get((verb, None)))
        if said is not None and verb == "QUIT":
            make()
        data = make() if said is None else said.head if isinstance(said, Endless) else said
        if behaviour.before or behaviour.behind:
            data = (
                behaviour.before.get((verb, number), behaviour.before.get((verb, None), b""))
                + data
                + behaviour.behind.get((verb, number), behaviour.behind.get((verb, None), b""))
            )
        after, self._after = self._after, After.GO_ON
        endless = said if isinstance(said, Endless) else None
        return Reply(verb=verb, number=number, data=data, endless=endless, after=after)

    def _note(self, said: str) -> None:
        self._hear(said)
        if self._box is not None:
            self._box.commands.append(said)

    def _ok(self, words: bytes = b"") -> bytes:
        return b"+OK" + (b" " + words if words else b"") + self._behaviour.line_end

    def _err(self, words: str, code: str = "") -> bytes:
        announced = "AUTH-RESP-CODE" if code == "AUTH" else "RESP-CODES"
        if code and announced not in self._behaviour.lacks:
            words = f"[{code}] {words}"
        return b"-ERR " + words.encode("ascii") + self._behaviour.line_end

    def _listed(self, words: bytes, lines: Iterable[bytes]) -> bytes:
        return b"".join((self._ok(words), *(line + b"\r\n" for line in lines), b".\r\n"))

    def _capa(self, _: bytes) -> bytes:
        lacks, offered = self._behaviour.lacks, list(CAPABILITIES)
        if self._behaviour.sasl and "AUTH" not in lacks:
            offered.append("SASL " + " ".join(self._behaviour.sasl))
        if self._behaviour.expire is not None:
            offered.append(f"EXPIRE {self._behaviour.expire}")
        if self._behaviour.login_delay is not None:
            offered.append(f"LOGIN-DELAY {self._behaviour.login_delay}")
        if self._offers_tls and self._box is None:
            offered.append("STLS")
        names = (name.encode("ascii") for name in offered if name.split(" ")[0] not in lacks)
        return self._listed(b"what I can do", names)

    def _stls(self, _: bytes) -> bytes:
        if not self._offers_tls:
            return self._err("TLS is not offered, or has begun already")
        self._after = After.SECURE
        return self._ok(b"begin TLS")

    def _name(self, rest: bytes) -> bytes:
        self._user = rest.decode("utf-8", "replace")
        return self._ok(b"and the password?")

    def _pass(self, rest: bytes) -> bytes:
        user, self._user = self._user, ""
        if not user:
            return self._err("USER comes first")
        # A password may hold spaces, so the whole rest of the line is it (RFC 1939 §7).
        if user in self._boxes and self._boxes[user][0] == rest.decode("utf-8", "replace"):
            return self._log_in(user)
        return self._err("user or password is wrong", "AUTH")

    def _apop(self, rest: bytes) -> bytes:
        if self._behaviour.timestamp is None:
            return self._err("APOP is not offered")
        user, _, digest = rest.decode("utf-8", "replace").partition(" ")
        if user in self._boxes:
            # MD5 is what RFC 1939 §7 defines.
            said = self._behaviour.timestamp + self._boxes[user][0].encode()
            if hashlib.md5(said, usedforsecurity=False).hexdigest() == digest:
                return self._log_in(user)
        return self._err("user or digest is wrong", "AUTH")

    def _auth(self, rest: bytes) -> bytes:
        mechanism, _, initial = rest.decode("latin-1").partition(" ")
        if mechanism.upper() not in self._behaviour.sasl:
            return self._err("that mechanism is not offered")
        passwords = {user: password for user, (password, _) in self._boxes.items()}
        self._exchange = exchange(mechanism.upper(), passwords)
        next(self._exchange)
        if not initial:
            return b"+ \r\n"
        # A lone "=" is an empty initial response (RFC 5034 §4).
        return self._proceed(b"" if initial == "=" else initial.encode("latin-1"))

    def _proceed(self, line: bytes) -> bytes:
        running, self._exchange = self._exchange, None
        if running is None or line == b"*":
            return self._err("AUTH was cancelled")
        try:
            challenge = running.send(base64.b64decode(line, validate=True))
        except StopIteration as proved:
            return self._log_in(str(proved.value))
        except (NotProved, binascii.Error):
            return self._err("the client did not prove itself", "AUTH")
        self._exchange = running
        return b"+ " + base64.b64encode(challenge) + b"\r\n"

    def _log_in(self, user: str) -> bytes:
        box = self._boxes[user][1]
        if not box.lock():
            return self._err("another session has that box", "IN-USE")
        self._box = box
        box.sessions += 1
        box.commands.append(f"(login of {user})")
        number = 0
        for mail in box.mails:
            number += 1
            while number in self._behaviour.gaps:
                number += 1
            self._mails[number] = mail
        return self._ok(b"%d mails" % len(self._mails))

    def _present(self) -> Iterable[tuple[int, StoredMail]]:
        return ((number, mail) for number, mail in self._mails.items() if number not in self._marked)

    def _stat(self, _: bytes) -> bytes:
        sizes = [len(mail.raw) for _, mail in self._present()]
        return self._ok(b"%d %d" % (len(sizes), sum(sizes)))

    def _list(self, rest: bytes) -> bytes:
        return self._listing("LIST", rest, self._size)

    def _uidl(self, rest: bytes) -> bytes:
        told = self._behaviour.uidls
        return self._listing("UIDL", rest, lambda mail: told.get(mail.serial, told.get(None, mail.uidl)))

    def _size(self, mail: StoredMail) -> bytes:
        told = self._behaviour.sizes
        return told.get(mail.serial, told.get(None, b"%d" % len(mail.raw)))

    def _listing(self, verb: str, rest: bytes, value: Callable[[StoredMail], bytes]) -> bytes:
        if rest:
            number = _number(rest)
            mail = self._mail(number)
            if number is None or mail is None:
                return self._err("there is no such mail")
            return self._ok((b"%d " % number + value(mail)).rstrip(b" "))
        lines = (
            (b"%d " % number + value(mail)).rstrip(b" ")
            for number, mail in self._present()
            if (verb, mail.serial) not in self._behaviour.unlisted
        )
        return self._listed(b"", lines)

    def _mail(self, number: int | None) -> StoredMail | None:
        return None if number is None or number in self._marked else self._mails.get(number)

    def _top(self, rest: bytes) -> bytes:
        mail = self._mail(_number(rest))
        lines = _number(rest.partition(b" ")[2])
        if mail is None or lines is None:
            return self._err("there is no such mail, or no number of lines")
        return self._ok() + self._content(_top(mail.raw, lines))

    def _retr(self, rest: bytes) -> bytes:
        number = _number(rest)
        mail = self._mail(number)
        if number is None or mail is None:
            return self._err("there is no such mail")
        self._read.add(number)
        return self._ok(self._size(mail) + b" octets") + self._content(mail.raw)

    def _content(self, raw: bytes) -> bytes:
        if self._behaviour.stuffs_dots and b"." in raw:
            raw = raw.replace(b"\r\n.", b"\r\n..")
            raw = b"." + raw if raw.startswith(b".") else raw
        return raw + (b".\r\n" if raw.endswith(b"\r\n") or not raw else b"\r\n.\r\n")

    def _dele(self, rest: bytes) -> bytes:
        number = _number(rest)
        if number is None or self._mail(number) is None:
            return self._err("there is no such mail")
        self._marked.add(number)
        return self._ok()

    def _rset(self, _: bytes) -> bytes:
        self._marked.clear()
        return self._ok()

    def _noop(self, _: bytes) -> bytes:
        return self._ok()

    def _quit(self, _: bytes) -> bytes:
        self._after = After.CLOSE
        if self._behaviour.quit_erases:
            self._update()
        # Whoever has read this reply may log in again at once.
        self._release()
        return self._ok(b"bye")

    def _update(self) -> None:
        if self._box is not None:
            gone = self._marked | (self._read if self._behaviour.erases_retrieved else set())
            self._box.erase({self._mails[number].serial for number in gone})

    def _release(self) -> None:
        if self._box is not None:
            self._box.unlock()
        self._box = None


def _number(rest: bytes) -> int | None:
    word = rest.partition(b" ")[0]
    return int(word) if word.isdigit() and len(word) <= LONGEST_NUMBER else None


def _masked(verb: str, rest: bytes) -> str:
    words = rest.decode("latin-1")
    if verb == "PASS":
        words = MASK
    elif verb in {"APOP", "AUTH"} and " " in words:
        words = f"{words.partition(' ')[0]} {MASK}"
    return f"{verb} {words}".rstrip(" ")


def _top(raw: bytes, lines: int) -> bytes:
    """Return the header, the empty line and the first `lines` lines of the body (RFC 1939 §7)."""
    end = (b"\r\n" + raw).find(b"\r\n\r\n")
    if end < 0:
        return raw
    body = raw[end + 2 :].split(b"\r\n", lines)
    if len(body) <= lines:
        return raw
    return raw[: end + 2] + b"".join(line + b"\r\n" for line in body[:lines])
