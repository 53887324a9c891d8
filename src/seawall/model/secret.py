"""A password that does not show itself, and where one comes from."""

import base64
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """A password or token: never in a repr, a log, a URL or a process list."""

    reveal: str = field(repr=False)

    def __str__(self) -> str:
        return "********"

    def hidden_in(self, text: str, user: str) -> str:
        """Return what a server said at the log-in of `user` with the secret taken out: some repeat what they were sent."""
        forms = (self.reveal, _base64(self.reveal), _base64(f"\0{user}\0{self.reveal}"))
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, "********")
        return text


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


@dataclass(frozen=True, slots=True)
class PasswordFile:
    """The first line of a file is the password."""

    path: str


@dataclass(frozen=True, slots=True)
class PasswordCommand:
    """The first line that a command prints is the password; it is run without a shell."""

    argv: tuple[str, ...]


SecretSource = PasswordFile | PasswordCommand
