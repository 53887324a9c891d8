"""A password that does not show itself, and where one comes from."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """A password or token: never in a repr, a log, a URL or a process list."""

    reveal: str = field(repr=False)

    def __str__(self) -> str:
        return "********"


@dataclass(frozen=True, slots=True)
class PasswordFile:
    """The first line of a file is the password."""

    path: str


@dataclass(frozen=True, slots=True)
class PasswordCommand:
    """The first line that a command prints is the password; it is run without a shell."""

    argv: tuple[str, ...]


SecretSource = PasswordFile | PasswordCommand
