import pytest

from seawall.errors import Misconfigured
from seawall.forensic.sources.imap import modified_utf7
from seawall.forensic.sources.url import is_url, read_url
from seawall.model.account import Tls


def test_a_mailbox_s_url_names_server_user_and_folder() -> None:
    box = read_url("imaps://bob%40x.test@mail.x.test/Archive%20%26/2005", "ca.pem")
    assert (box.user, box.folder, box.is_imap) == ("bob@x.test", "Archive &/2005", True)
    assert (box.server.host, box.server.port, box.server.tls) == ("mail.x.test", 993, Tls.IMPLICIT)
    assert box.server.ca_file == "ca.pem"


def test_without_a_folder_it_is_the_inbox_and_ports_are_the_registered_ones() -> None:
    assert read_url("imaps://bob@x.test", None).folder == "INBOX"
    assert read_url("pops://bob@x.test", None).server.port == 995
    assert read_url("pop3://bob@127.0.0.1", None).server.port == 110
    assert read_url("imap://bob@localhost:10143", None).server.port == 10143


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("pops://bob:hunter2@x.test", "password must not stand"),
        ("pop3://bob@x.test", "use pops://"),
        ("imap://bob@10.0.0.1", "use imaps://"),
        ("https://bob@x.test", "is no source"),
        ("pops://x.test", "USER@HOST"),
        ("pops://bob@", "USER@HOST"),
        ("pops://bob@x.test/Folder", "no folders"),
        ("pops://bob@x.test:pop", "port"),
        ("imaps://bob%0d%0aA1@x.test", "printable"),
        ("imaps://bob@x.test/a%0ab", "printable"),
        ("imaps://bob@x.test/a?b", "neither"),
    ],
)
def test_a_url_that_is_none_is_told_without_its_password(source: str, says: str) -> None:
    with pytest.raises(Misconfigured, match=says) as told:
        read_url(source, None)
    assert "hunter2" not in str(told.value)


def test_a_path_is_no_url() -> None:
    assert not is_url("mail/box")
    assert not is_url("C:/mail")
    assert is_url("imaps://x")


def test_a_folder_s_name_is_encoded_as_imap_has_it() -> None:
    # RFC 3501 §5.1.3
    assert modified_utf7("~peter/mail/台北/日本語") == "~peter/mail/&U,BTFw-/&ZeVnLIqe-"
    assert modified_utf7("Q&A") == "Q&-A"
