"""A mailbox's address (RFC 5321 §4.1.2), parsed once at the border."""

import re
from dataclasses import dataclass
from typing import Self

import idna

_LOCAL_PART = re.compile(r"[^\x00-\x20\x7f<>()\[\]\\,;:@\"]{1,64}")
_DOMAIN = re.compile(
    r"(?=.{1,255}\Z)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*"
)


def domain_in_a_labels(text: str) -> str:
    """Return a domain in lower-case A-label form (RFC 5890); raises ValueError where it is none."""
    folded = text.strip().rstrip(".").lower()
    if not folded.isascii():
        try:
            folded = idna.encode(folded, uts46=True).decode("ascii")
        except idna.IDNAError as problem:
            raise ValueError(f"{text!r} is not a domain: {problem}") from problem
    if not _DOMAIN.fullmatch(folded):
        raise ValueError(f"{text!r} is not a domain")
    return folded


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Address:
    """A mailbox address: the local part as written, the domain in A-labels and lower case."""

    local_part: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `local-part@domain`; raises ValueError with a plain sentence where it is none.

        Quoted local parts and address literals are not accepted: no mailbox here needs them.
        """
        local_part, at, domain = text.strip().rpartition("@")
        if not at:
            raise ValueError(f"{text!r} is not an address: it has no @")
        if not _LOCAL_PART.fullmatch(local_part) or local_part.startswith(".") or local_part.endswith("."):
            raise ValueError(f"{text!r} is not an address: its local part cannot be used")
        return cls(local_part=local_part, domain=domain_in_a_labels(domain))

    def is_alike(self, own: "Address") -> bool:
        """Whether this is `own` but for the case of its local part and a `+tag` (RFC 5233)."""
        local_part, wanted = self.local_part.casefold(), own.local_part.casefold()
        return self.domain == own.domain and wanted in {local_part, local_part.partition("+")[0]}

    def without_prefix(self, prefix: str) -> "Address":
        """Take off what qmail's virtualdomains puts before a local part; without case, as qmail compares."""
        if len(self.local_part) > len(prefix) and self.local_part.lower().startswith(prefix.lower()):
            return Address(local_part=self.local_part[len(prefix) :], domain=self.domain)
        return self

    def __str__(self) -> str:
        return f"{self.local_part}@{self.domain}"
