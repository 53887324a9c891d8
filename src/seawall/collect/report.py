"""What a poll did, for the log, the terminal and the exit code."""

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Report:
    """What a poll did. `problem` is empty where it went well; `troubled` counts mails that could not be brought."""

    account: str
    listed: int = 0
    known: int = 0
    delivered: int = 0
    held: int = 0
    filed: int = 0
    left: int = 0
    erased: int = 0
    troubled: int = 0
    problem: str = ""
    code: str = ""
    is_stopped: bool = False
    login_delay: float = 0.0
    deliveries: list[tuple[str, str]] = field(default_factory=list)

    @property
    def went_well(self) -> bool:
        """Whether the account was polled and every mail that was asked for came."""
        return not self.problem and not self.troubled

    def as_document(self) -> dict[str, object]:
        """Return it for JSON."""
        names = (
            "account",
            "listed",
            "known",
            "delivered",
            "held",
            "filed",
            "left",
            "erased",
            "troubled",
            "problem",
        )
        return {name: getattr(self, name) for name in names}
