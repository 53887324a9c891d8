"""The fixture does what the other server tests lean on."""

import contextlib
import poplib
import ssl
from collections.abc import Iterator

import pytest

from servers.dovecot import Dovecot
from servers.processes import living

pytestmark = pytest.mark.server

MAILS = [
    f"Subject: {number}\nMessage-ID: <{number}@a.test>\n\nBody {number}\n".encode() for number in range(12)
]
OTHERS = [mail.replace(b"Body", b"Another body") for mail in MAILS]


@contextlib.contextmanager
def session(dovecot: Dovecot, user: str) -> Iterator[poplib.POP3]:
    client = poplib.POP3(dovecot.host, dovecot.pop3_port, timeout=10)
    try:
        client.user(user)
        client.pass_(dovecot.password)
        yield client
        client.quit()
    finally:
        client.close()


def uidls(dovecot: Dovecot, user: str) -> list[str]:
    with session(dovecot, user) as client:
        return [line.decode("latin-1").partition(" ")[2] for line in client.uidl()[1]]


def fetched(dovecot: Dovecot, user: str) -> list[bytes]:
    with session(dovecot, user) as client:
        return [b"\n".join([*client.retr(number)[1], b""]) for number in range(1, len(client.list()[1]) + 1)]


@pytest.mark.parametrize("folder", ["cur", "new"])
def test_mails_are_served_in_the_order_in_which_they_were_filled(
    dovecot: Dovecot, fresh_user: str, folder: str
) -> None:
    dovecot.fill(fresh_user, MAILS[:5], folder=folder)
    dovecot.fill(fresh_user, MAILS[5:], folder=folder)
    assert fetched(dovecot, fresh_user) == MAILS
    assert dovecot.raw_mails(fresh_user) == MAILS


def test_list_gives_the_size_on_the_wire(dovecot: Dovecot, fresh_user: str) -> None:
    dovecot.fill(fresh_user, [b"Subject: x\n\none\r\ntwo\n"])
    with session(dovecot, fresh_user) as client:
        assert client.list()[1] == [b"1 24"]
        assert client.retr(1)[2] == 24


def test_an_erased_mail_is_gone_from_the_disk_and_the_others_stay(dovecot: Dovecot, fresh_user: str) -> None:
    dovecot.fill(fresh_user, MAILS)
    with session(dovecot, fresh_user) as client:
        client.dele(3)
    assert dovecot.raw_mails(fresh_user) == MAILS[:2] + MAILS[3:]
    assert dovecot.count(fresh_user) == len(MAILS) - 1


def test_change_uidls_gives_the_same_mails_new_uidls_each_time(dovecot: Dovecot, fresh_user: str) -> None:
    dovecot.fill(fresh_user, MAILS)
    seen: set[str] = set()
    for _ in range(3):
        seen.update(uidls(dovecot, fresh_user))
        dovecot.change_uidls(fresh_user)
    seen.update(uidls(dovecot, fresh_user))
    assert len(seen) == 4 * len(MAILS)
    assert fetched(dovecot, fresh_user) == MAILS


def test_uidls_are_stable_and_never_reused_by_default(dovecot: Dovecot, fresh_user: str) -> None:
    dovecot.fill(fresh_user, MAILS)
    first = uidls(dovecot, fresh_user)
    assert uidls(dovecot, fresh_user) == first
    dovecot.empty(fresh_user)
    assert uidls(dovecot, fresh_user) == []
    dovecot.fill(fresh_user, MAILS)
    assert set(first).isdisjoint(uidls(dovecot, fresh_user))
    before_rebuild = set(first) | set(uidls(dovecot, fresh_user))
    dovecot.rebuild(fresh_user, MAILS)
    assert before_rebuild.isdisjoint(uidls(dovecot, fresh_user))


@pytest.mark.parametrize("uidl_format", ["%u", "%f"])
def test_a_rebuilt_box_reuses_the_uidls_for_other_mails_where_the_format_says_so(
    dovecot: Dovecot, fresh_user: str, uidl_format: str
) -> None:
    user = dovecot.add_user(f"{fresh_user}-reuse", settings={"pop3_uidl_format": uidl_format})
    same_size = [mail.replace(b"Body", b"Ydob") for mail in MAILS]
    dovecot.fill(user, MAILS)
    first = uidls(dovecot, user)
    dovecot.rebuild(user, same_size)
    assert uidls(dovecot, user) == first
    assert fetched(dovecot, user) == same_size


def test_uidls_can_be_given_repeated_and_reordered(dovecot: Dovecot, fresh_user: str) -> None:
    given = [f"id-{number}" for number in range(len(MAILS))]
    dovecot.fill(fresh_user, MAILS, uidls=given)
    assert uidls(dovecot, fresh_user) == given
    dovecot.set_uidls(fresh_user, given[::-1])
    assert uidls(dovecot, fresh_user) == given[::-1]
    dovecot.rebuild(fresh_user, OTHERS, uidls=given)
    assert uidls(dovecot, fresh_user) == given
    assert fetched(dovecot, fresh_user) == OTHERS
    dovecot.set_uidls(fresh_user, ["same"] * len(MAILS))
    assert uidls(dovecot, fresh_user) == ["same"] * len(MAILS)


def test_a_users_own_settings_are_obeyed(dovecot: Dovecot, fresh_user: str) -> None:
    silent = dovecot.add_user(f"{fresh_user}-silent", settings={"pop3_no_flag_updates": "yes"})
    for user in (fresh_user, silent):
        dovecot.fill(user, MAILS[:1])
        fetched(dovecot, user)
    assert next((dovecot.maildir(fresh_user) / "cur").iterdir()).name.endswith(":2,S")
    assert next((dovecot.maildir(silent) / "cur").iterdir()).name.endswith(":2,")


def test_with_a_deleted_flag_an_erased_mail_is_hidden_and_stays_on_disk(
    dovecot: Dovecot, fresh_user: str
) -> None:
    settings = {"pop3_deleted_flag": "$POP3Deleted", "pop3_delete_type": "flag"}
    user = dovecot.add_user(f"{fresh_user}-hides", settings=settings)
    dovecot.fill(user, MAILS)
    with session(dovecot, user) as client:
        client.dele(1)
    assert fetched(dovecot, user) == MAILS[1:]
    assert dovecot.count(user) == len(MAILS)


def test_tls_implicit_and_stls_verify_against_the_authority(dovecot: Dovecot, fresh_user: str) -> None:
    context = ssl.create_default_context(cafile=str(dovecot.ca_file))
    for host in ("localhost", "127.0.0.1"):
        implicit = poplib.POP3_SSL(host, dovecot.pop3s_port, timeout=10, context=context)
        implicit.user(fresh_user)
        implicit.pass_(dovecot.password)
        implicit.quit()
        upgraded = poplib.POP3(host, dovecot.pop3_port, timeout=10)
        upgraded.stls(context)
        upgraded.user(fresh_user)
        upgraded.pass_(dovecot.password)
        upgraded.quit()


def test_apop_and_the_sasl_mechanisms_are_offered(dovecot: Dovecot, fresh_user: str) -> None:
    client = poplib.POP3(dovecot.host, dovecot.pop3_port, timeout=10)
    assert {"PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-1"} <= set(client.capa()["SASL"])
    assert client.apop(fresh_user, dovecot.password).startswith(b"+OK")
    client.quit()


def test_a_wrong_password_is_refused_within_a_second_every_time(dovecot: Dovecot, fresh_user: str) -> None:
    for _ in range(3):
        client = poplib.POP3(dovecot.host, dovecot.pop3_port, timeout=1)
        client.user(fresh_user)
        with pytest.raises(poplib.error_proto, match=r"\[AUTH\]"):
            client.pass_("wrong")
        client.close()


def test_an_unknown_user_is_refused_like_a_wrong_password(dovecot: Dovecot) -> None:
    client = poplib.POP3(dovecot.host, dovecot.pop3_port, timeout=5)
    client.user("nobody-here")
    with pytest.raises(poplib.error_proto, match=r"\[AUTH\]"):
        client.pass_(dovecot.password)
    client.close()


def test_many_connections_at_once_are_served(dovecot: Dovecot, fresh_user: str) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(session(dovecot, fresh_user))


def test_stop_leaves_no_process_and_no_file() -> None:
    with Dovecot(users=["carol"], settings={"pop3_deleted_flag": "$POP3Deleted"}) as server:
        master = server._process.pid
        assert living(master)
        server.fill("carol", MAILS)
        left_open = poplib.POP3(server.host, server.pop3_port, timeout=10)
        left_open.user("carol")
        left_open.pass_(server.password)
    left_open.close()
    assert not server.root.exists()
    assert living(master) == []
    server.stop()
