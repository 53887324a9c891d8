"""A progress bar on stderr, where that is a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, int, int], None]


@contextmanager
def bar() -> Iterator[Progress | None]:
    """Yield what shows how many of how many mails an account has; None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 - keeps --help quick
    from rich.progress import MofNCompleteColumn, TaskID, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as RichProgress  # noqa: PLC0415

    tasks: dict[str, TaskID] = {}
    columns = (*RichProgress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as shown:

        def advance(account: str, done: int, total: int) -> None:
            if account not in tasks:
                tasks[account] = shown.add_task(account, total=total)
            shown.update(tasks[account], completed=done, total=total)

        yield advance
