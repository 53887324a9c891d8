from pathlib import Path

import pytest

from seawall.forensic.sources.bounds import PEEK
from seawall.forensic.sources.kinds import Kind, kind_of

CORPUS = Path(__file__).parents[5] / "shared" / "corpus"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"From a@b Thu Jul 18 10:52:39 2005\nSubject: x\n\n", Kind.MBOX),
        (b"\xef\xbb\xbfFrom -\nSubject: x\n\n", Kind.MBOX),
        (b"Subject: x\r\n\r\nbody", Kind.MAIL),
        (b"Received: from a by b\nX-Odd: 1\n\n", Kind.MAIL),
        (b"X-Spam: " + b"y" * 5000 + b"\nFrom: a@b\n\n", Kind.MAIL),
        (b"name: x\nversion: 1\n\nfrom: here\n", Kind.UNKNOWN),
        (b"Dear all,\nSubject: x\n", Kind.UNKNOWN),
        (b"\x00" * 100, Kind.UNKNOWN),
        (b"", Kind.ASIDE),
        (b" \n", Kind.ASIDE),
        (b'{"source": "x"}', Kind.ASIDE),
        (b"ab" * 32 + b"  messages/1.eml\n", Kind.ASIDE),
        (b"\x1f\x8b\x08\x00", Kind.GZIP),
        (b"\x28\xb5\x2f\xfd", Kind.ZSTD),
        (b"BZh91AY", Kind.BZIP2),
        (b"PK\x03\x04", Kind.ZIP),
        (b"a.eml".ljust(257, b"\0") + b"ustar\x0000", Kind.TAR),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.OUTLOOK),
        (b"!BDN", Kind.PST),
        (b"PAR1", Kind.FACTS),
    ],
)
def test_a_file_s_kind_is_told_by_its_first_octets(head: bytes, kind: Kind) -> None:
    assert kind_of(head) is kind


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of real mail is not beside this checkout")
def test_of_all_real_mails_only_those_with_bare_cr_and_one_smtp_dialogue_are_told_for_none() -> None:
    kinds = {
        path.name: kind_of(path.read_bytes()[:PEEK])
        for path in CORPUS.glob("*/messages/*")
        if path.stat().st_size
    }
    assert len(kinds) > 4000
    others = {name for name, kind in kinds.items() if kind not in (Kind.MAIL, Kind.MBOX)}
    assert {name for name in others if "__maildir__mac__" not in name} == {"00207__t__data__spam__bsmtp"}
