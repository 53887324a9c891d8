"""A mailbox's own side, told from a few of its mails."""

from seawall.forensic.reader import Reader, read_reader
from unit.forensic.written import BOB, SENDERS, direct, ordinary, received, rows


def read(mails: list[bytes]) -> Reader:
    return read_reader(rows(mails), lambda _: "")


def test_what_all_mails_come_through_is_the_readers_own() -> None:
    assert read(ordinary()) == Reader(steps=1, owner=BOB, domain="reader.example", cuts=False)


def test_a_provider_that_hands_all_mail_to_the_readers_server_is_on_the_readers_side() -> None:
    def by_provider(one: bytes) -> bytes:
        line = received("mail.reader.example", "box.provider.example", after=5000, queue="P", to=BOB)
        return f"Received: {line}\n".encode() + one.replace(b"mx.reader.example", b"box.provider.example")

    assert read([by_provider(one) for one in ordinary()]).steps == 2


def test_one_mail_or_one_senders_alone_tell_nothing_of_further_servers() -> None:
    assert read(ordinary()[:1]) == Reader()
    same = [direct(after=float(number), subject=f"Matter {number}") for number in range(6)]
    assert read(same).steps == 1


def test_a_server_that_removes_the_lines_below_is_known_by_that() -> None:
    cut = [one.replace(b"\nReceived: by out.", b"\nX-Was: by out.") for one in ordinary()]
    assert read(cut).cuts
    assert not read(ordinary()).cuts


def test_a_mailbox_for_many_has_no_owner() -> None:
    mails = [
        direct(f"u{number}@reader.example", sender=sender, after=float(number))
        for number, sender in enumerate(SENDERS)
    ]
    found = read(mails)
    assert (found.owner, found.domain) == ("", "reader.example")


def test_mails_without_any_line_tell_nothing() -> None:
    assert read([b"From: a@sea.example\n\nx\n"] * 5) == Reader()
    assert read([]) == Reader()
    assert read([*ordinary(), b"Received: (a note)\nFrom: a@sea.example\n\nx\n"]) == read(ordinary())
