import asyncio
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.deliver.command import DEFERRED, REFUSED, Command, UnsafeValue, arguments, outcome
from seawall.deliver.program import Ended
from seawall.deliver.transfer import Carrier, Transfer
from seawall.errors import Misconfigured, Temporary
from seawall.model.address import Address
from seawall.model.mail import MemoryContent
from seawall.model.outcome import Accepted, Deferred, Refused
from unit.deliver.carried import MAIL, TOP, Diary, carried, outcome_of, python, shell, transfer

LONG = 600.0


def command(*argv: str, patience: float = LONG, at_once: int = 1) -> Carrier:
    return Command(argv, patience=patience, at_once=at_once)


# ── what the program gets ───────────────────────────────────────────────────────────────


async def test_a_mail_is_piped_in_with_its_trace_and_lf_line_ends(tmp_path: Path) -> None:
    save = shell(tmp_path, 'cat > "$1"')
    mail = b"a\r\n.\r\nb\rc\nd\r\n\r"
    found = await outcome_of(command(save, str(tmp_path / "got")), transfer(content=MemoryContent(mail)))
    assert found == Accepted("exit 0")
    assert (tmp_path / "got").read_bytes() == b"Delivered-To: alice@example.org\na\n.\nb\rc\nd\n\r"


async def test_a_line_end_that_two_chunks_share_is_one_and_no_chunk_ends_the_mail(tmp_path: Path) -> None:
    class Chunked(MemoryContent):
        def chunks(self) -> Iterator[bytes]:
            yield b""
            yield from (self.data[at : at + 1] for at in range(len(self.data)))

    save = shell(tmp_path, 'cat > "$1"')
    await outcome_of(command(save, str(tmp_path / "got")), transfer(content=Chunked(b"a\r\n\r\nb\r\r\n")))
    assert (tmp_path / "got").read_bytes() == TOP.replace(b"\r\n", b"\n") + b"a\n\nb\r\n"


async def test_a_large_mail_comes_whole(tmp_path: Path) -> None:
    class Large(MemoryContent):
        def chunks(self) -> Iterator[bytes]:
            for _ in range(200):
                yield self.data

    count = shell(tmp_path, "wc -c")
    line = b"x" * 98 + b"\r\n"
    found = await outcome_of(command(count), transfer(content=Large(line * 1000)))
    assert found == Accepted(str(200 * 1000 * 99 + len(TOP) - 1))


async def test_placeholders_are_filled_and_everything_else_stays(tmp_path: Path) -> None:
    tell = shell(tmp_path, 'printf \'%s|\' "$@" "$SENDER" "$RECIPIENT"')
    argv = (tell, "-f", "{sender}", "{user}+{domain}", "{recipient}", "{other}", "{}", "--to={user}")
    found = await outcome_of(command(*argv), transfer(sender="{user}@x.test"))
    assert found == Accepted(
        "-f|{user}@x.test|alice+example.org|alice@example.org|{other}|{}|--to=alice|{user}@x.test|alice@example.org|"
    )


async def test_the_null_reverse_path_does_not_swallow_the_next_argument(tmp_path: Path) -> None:
    tell = shell(tmp_path, "printf '%s|' \"$@\"")
    found = await outcome_of(command(tell, "-f{sender}", "{recipient}"), transfer(sender=""))
    assert found == Accepted("-fMAILER-DAEMON|alice@example.org|")


async def test_the_environment_holds_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_SECRET", "hunter2")
    tell = python(tmp_path, "print(*sorted(os.environ), os.getcwd())")
    assert await outcome_of(command(tell), transfer()) == Accepted(
        "HOME LANG LOGNAME PATH RECIPIENT SENDER USER /"
    )


# ── no value becomes an option or another argument ──────────────────────────────────────


@pytest.mark.parametrize(
    ("sender", "recipient", "why"),
    [
        ("-oQ/tmp@x.test", "alice@example.org", "would be taken for an option"),
        ("a\nb@x.test", "alice@example.org", "control characters"),
        ("a\0b@x.test", "alice@example.org", "control characters"),
        ("\x9bm@x.test", "alice@example.org", "control characters"),
        ("\udc80@x.test", "alice@example.org", "control characters"),
        ("x" * 1001, "alice@example.org", "more than 1000"),
        ("bob@x.test", "-alice@example.org", "would be taken for an option"),
    ],
)
async def test_an_unsafe_value_is_refused_and_nothing_is_run(
    sender: str, recipient: str, why: str, tmp_path: Path
) -> None:
    touch = shell(tmp_path, f"touch {tmp_path}/ran")
    diary = await carried(
        command(touch, "{sender}", "{recipient}"), transfer(sender=sender, recipient=recipient)
    )
    found = diary.outcomes["1"]
    assert isinstance(found, Refused)
    assert why in found.words
    assert diary.lines == [("close", "1")]
    assert not (tmp_path / "ran").exists()


TEMPLATES = st.lists(
    st.one_of(
        st.sampled_from(
            ["{sender}", "{user}", "{recipient}", "{domain}", "-f{sender}", "x{user}", "--", "-v"]
        ),
        st.lists(st.sampled_from(["{sender}", "{user}", "{", "}", "-", "a", "{x}"]), max_size=5).map("".join),
    ),
    max_size=6,
)


USER = "-r{sender}"


def is_option(argument: str) -> bool:
    return argument.startswith("-")


@given(TEMPLATES, st.text(max_size=30) | st.sampled_from(["-x", "--", "{user}", "{sender}", ""]))
def test_no_value_becomes_an_option_or_another_argument(templates: list[str], sender: str) -> None:
    one = Transfer(
        delivery_id="1",
        recipient=Address(local_part=USER, domain="x.test"),
        reverse_path=sender,
        top=b"",
        content=MemoryContent(b""),
    )
    try:
        filled = arguments(("program", *templates), one)
    except UnsafeValue:
        return
    assert len(filled) == 1 + len(templates)
    assert filled[0] == "program"
    for template, argument in zip(templates, filled[1:], strict=True):
        assert is_option(argument) <= is_option(template)
        assert argument == once(template, sender or "MAILER-DAEMON")


def once(template: str, sender: str) -> str:
    """Fill a template by cutting it at its placeholders, so that no value is looked at again."""
    values = {"{sender}": sender, "{user}": USER, "{recipient}": f"{USER}@x.test", "{domain}": "x.test"}
    first = min((at, name) for name in values if (at := (template + name).index(name)) >= 0)
    at, name = first
    if at >= len(template):
        return template
    return template[:at] + values[name] + once(template[at + len(name) :], sender)


@pytest.mark.parametrize(
    "argv",
    [(), ("",), ("/bin/{user}",), ("/bin/true", "-{user}"), ("/bin/true", "--{sender}=1"), ("/bin/a\0",)],
)
def test_a_command_in_which_a_value_would_choose_the_program_or_an_option_is_misconfigured(
    argv: tuple[str, ...],
) -> None:
    with pytest.raises(Misconfigured):
        Command(argv, patience=LONG)


# ── what its end means ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (0, Accepted),
        (1, Deferred),
        (64, Deferred),
        (65, Refused),
        (66, Deferred),
        (67, Refused),
        (68, Refused),
        (69, Refused),
        (70, Deferred),
        (71, Deferred),
        (72, Deferred),
        (73, Deferred),
        (74, Deferred),
        (75, Deferred),
        (76, Refused),
        (77, Refused),
        (78, Deferred),
        (79, Deferred),
        (99, Deferred),
        (127, Deferred),
        (255, Deferred),
    ],
)
async def test_an_exit_code_says_what_became_of_the_mail(code: int, kind: type, tmp_path: Path) -> None:
    found = await outcome_of(command(shell(tmp_path, f"echo because; exit {code}")), transfer())
    assert isinstance(found, kind)
    assert "because" in found.words


def test_every_code_of_sysexits_is_in_one_of_the_tables() -> None:
    assert not REFUSED.keys() & DEFERRED.keys()
    assert sorted({*REFUSED, *DEFERRED}) == list(range(64, 79))
    assert outcome(Ended(code=67, said=b"", complained=b"")) == Refused(
        "exit 67 (EX_NOUSER, the recipient is unknown)"
    )


async def test_a_program_that_a_signal_ends_is_deferred(tmp_path: Path) -> None:
    assert await outcome_of(command(shell(tmp_path, "kill -9 $$")), transfer()) == Deferred(
        "ended by signal 9"
    )


async def test_words_are_the_first_line_escaped_and_short(tmp_path: Path) -> None:
    loud = python(tmp_path, r"sys.stderr.write('\x1b[31m' + 'x' * 9000 + '\nsecond\n'); sys.exit(67)")
    found = await outcome_of(command(loud), transfer())
    assert isinstance(found, Refused)
    assert r"\x1b[31mxxx" in found.words
    assert len(found.words) < 300


async def test_a_program_that_cannot_be_started_defers_each_mail(tmp_path: Path) -> None:
    diary = await carried(command(str(tmp_path / "none")), transfer("1"), transfer("2"))
    assert all("cannot be run" in found.words for found in diary.outcomes.values())
    assert {type(found) for found in diary.outcomes.values()} == {Deferred}


def highest_descriptor() -> int:
    return max(int(path.name) for path in Path("/proc/self/fd").iterdir())


async def test_without_descriptors_a_mail_is_deferred_and_none_is_lost(tmp_path: Path) -> None:
    runs = command(shell(tmp_path, "exit 0"))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    in_use = highest_descriptor()
    for spare in range(1, 9):
        resource.setrlimit(resource.RLIMIT_NOFILE, (in_use + spare, before[1]))
        try:
            found = await outcome_of(runs, transfer())
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert isinstance(found, Accepted) or "Too many open files" in found.words
    assert highest_descriptor() <= in_use


async def test_a_mail_that_cannot_be_read_is_never_taken_for_whole(tmp_path: Path) -> None:
    class Broken(MemoryContent):
        def chunks(self) -> Iterator[bytes]:
            yield self.data
            raise Temporary("a mail cannot be read back from the disk: Input/output error")

    save = shell(tmp_path, f"cat > {tmp_path}/got && touch {tmp_path}/whole")
    found = await outcome_of(command(save), transfer(content=Broken(MAIL)))
    assert found == Deferred("a mail cannot be read back from the disk: Input/output error")
    assert not (tmp_path / "whole").exists()


# ── programs that misbehave ─────────────────────────────────────────────────────────────


class Endless(MemoryContent):
    def chunks(self) -> Iterator[bytes]:
        while True:
            yield self.data


@pytest.mark.parametrize("text", ["exit 0", "exec <&-; exit 0", "head -c 10 >/dev/null; exit 0"])
async def test_a_program_may_leave_its_stdin_unread(text: str, tmp_path: Path) -> None:
    found = await outcome_of(command(shell(tmp_path, text)), transfer(content=Endless(b"x" * 10**5)))
    assert found == Accepted("exit 0")


async def test_what_a_program_leaves_behind_is_not_waited_for(tmp_path: Path) -> None:
    """Its child keeps all three pipes open."""
    leaves = shell(tmp_path, "tail -f /dev/null & echo $$; exit 0")
    found = await outcome_of(command(leaves), transfer(content=Endless(b"x" * 10**5)))
    assert isinstance(found, Accepted)
    os.killpg(int(found.words), signal.SIGKILL)


async def test_a_program_that_writes_without_end_and_takes_too_long_is_killed_with_its_children(
    tmp_path: Path,
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    # The child holds the fifo open for writing: its end is the end of file here.
    yes = shell(tmp_path, f"exec 3> {fifo}; yes >&2 & yes")
    try:
        found = await outcome_of(command(yes, patience=0.5), transfer())
        assert isinstance(found, Deferred)
        assert "was killed" in found.words
        os.set_blocking(reader, True)
        assert os.read(reader, 1) == b""
    finally:
        os.close(reader)


async def test_cancelling_kills_the_program_and_leaves_the_transfer_in_doubt(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    started = asyncio.Event()
    asyncio.get_running_loop().add_reader(reader, started.set)
    hangs = shell(tmp_path, f"exec 3> {fifo}; echo >&3; cat >/dev/null; exec tail -f /dev/null")
    diary = Diary()
    work = asyncio.ensure_future(command(hangs).carry([transfer()], diary))
    await started.wait()
    asyncio.get_running_loop().remove_reader(reader)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert diary.lines == [("offer", "1")]
    os.set_blocking(reader, True)
    assert os.read(reader, 10) == b"\n"
    assert os.read(reader, 10) == b""
    os.close(reader)


# ── several mails, and the probe ────────────────────────────────────────────────────────


async def test_each_mail_is_offered_before_it_is_run_and_one_failure_concerns_no_other(
    tmp_path: Path,
) -> None:
    picky = shell(tmp_path, 'test "$1" = bob && exit 67; exit 0')
    diary = await carried(
        command(picky, "{user}"),
        *(transfer(name, recipient=f"{name}@example.org") for name in ("alice", "bob", "carol")),
    )
    assert diary.lines == [(what, name) for name in ("alice", "bob", "carol") for what in ("offer", "close")]
    assert [type(found) for found in diary.outcomes.values()] == [Accepted, Refused, Accepted]


async def test_as_many_run_together_as_are_asked_for(tmp_path: Path) -> None:
    """Each of two programs ends only once the other runs."""
    for name in ("a", "b"):
        os.mkfifo(tmp_path / name)
    meet = shell(
        tmp_path,
        f'if [ "$1" = a ]; then echo > {tmp_path}/a; read x < {tmp_path}/b\n'
        f"else read x < {tmp_path}/a; echo > {tmp_path}/b; fi",
    )
    diary = await carried(
        command(meet, "{user}", at_once=2),
        *(transfer(name, recipient=f"{name}@example.org") for name in ("a", "b")),
    )
    assert list(diary.outcomes.values()) == [Accepted("exit 0")] * 2


async def test_an_error_of_the_diary_ends_the_carrying_as_itself(tmp_path: Path) -> None:
    class Full(Diary):
        async def offer(self, delivery_id: str) -> None:
            raise Temporary(f"the ledger cannot be told of {delivery_id}")

    with pytest.raises(Temporary, match="cannot be told of 1"):
        await command(shell(tmp_path, "exit 0"), at_once=2).carry([transfer("1"), transfer("2")], Full())


async def test_the_probe_finds_a_program_by_path_and_by_name_and_nothing_else(tmp_path: Path) -> None:
    await command("sh").probe()
    await command(shell(tmp_path, "exit 1")).probe()
    (tmp_path / "text").write_text("no program")
    for name in ("./script", str(tmp_path / "none"), str(tmp_path / "text"), "seawall-no-such-program"):
        with pytest.raises(Misconfigured):
            await command(name).probe()


def test_a_signal_number_is_told() -> None:
    assert outcome(Ended(code=-signal.SIGTERM, said=b"", complained=b"x")) == Deferred(
        "ended by signal 15: x"
    )
