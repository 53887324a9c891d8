"""People and their software: absence notices, full mailboxes, redirections, answers to all."""

from collections import Counter
from pathlib import Path

from seawall.lab.fields import split, values
from seawall.lab.internet.bounds import End
from unit.lab.internet.staging import SENDER, crowd, maildir, played

PAIR = '[[organisation]]\ndomain = "alpha.test"\nusers = ["anna", "berta", "carla"]\n'


def habit(user: str, does: str, rest: str = "") -> str:
    return f'[[habit]]\nuser = "{user}@alpha.test"\ndoes = "{does}"\n{rest}\n'


def letter(to: str, author: str = "secretary@sailing.test") -> str:
    return f'[[mail]]\nfrom = "{author}"\nto = ["{to}"]\n'


def test_two_rude_autoresponders_answer_each_other_until_a_bound_stops_them(tmp_path: Path) -> None:
    text = "[bounds]\nmails = 60\n" + PAIR + habit("anna", "answer-rudely") + habit("berta", "answer-rudely")
    outcome = played(tmp_path, text + letter("berta@alpha.test", "anna@alpha.test"))
    assert outcome.end is End.MAILS
    assert outcome.journal.generations == Counter(range(60))


def test_two_polite_ones_tell_a_sender_once_and_never_each_other(tmp_path: Path) -> None:
    text = SENDER + PAIR + habit("anna", "answer") + habit("berta", "answer")
    again = letter("anna@alpha.test") + 'at = "1h"\n'
    outcome = played(
        tmp_path, text + letter("anna@alpha.test") + again + letter("berta@alpha.test", "anna@alpha.test")
    )
    assert outcome.end is End.QUIET
    (notice,) = maildir(tmp_path, "secretary@sailing.test")
    assert notice.startswith(b"Return-Path: <>\n")
    assert b"\nAuto-Submitted: auto-replied\n" in notice
    # Berta's notice, which Anna's software leaves alone.
    assert len(maildir(tmp_path, "anna@alpha.test")) == 3
    assert len(maildir(tmp_path, "berta@alpha.test")) == 1


def test_a_polite_one_tells_no_list_and_nobody_who_did_not_name_its_owner(tmp_path: Path) -> None:
    text = SENDER + PAIR + habit("anna", "answer") + '[[list]]\naddress = "crew@lists.test"\n'
    played(tmp_path, text + letter("crew@lists.test"))
    (own,) = maildir(tmp_path, "secretary@sailing.test")
    assert b"Out of office" not in own


def test_a_full_mailbox_is_told_to_the_sender_as_a_bounce_by_rfc_3464(tmp_path: Path) -> None:
    played(tmp_path, SENDER + PAIR + habit("anna", "full") + letter("anna@alpha.test"))
    assert maildir(tmp_path, "anna@alpha.test") == []
    (told,) = maildir(tmp_path, "secretary@sailing.test")
    assert told.startswith(b"Return-Path: <>\n")
    assert b"\nFinal-Recipient: rfc822; anna@alpha.test\nAction: failed\nStatus: 5.2.2\n" in told
    assert b"\nMessage-ID: <secretary.genuine.1@sailing.test>\n" in told


def test_a_bounce_that_cannot_be_delivered_makes_no_other(tmp_path: Path) -> None:
    text = SENDER + PAIR + letter("nobody@alpha.test", "ghost@sailing.test")
    outcome = played(tmp_path, text)
    assert outcome.end is End.QUIET
    assert outcome.journal.bounces.total() == 1
    assert '"event": "dropped"' in (tmp_path / "out/timeline.jsonl").read_text()


def test_a_domain_that_nobody_serves_is_a_bounce(tmp_path: Path) -> None:
    played(tmp_path, SENDER + letter("anna@elsewhere.test"))
    (told,) = maildir(tmp_path, "secretary@sailing.test")
    assert b"\nStatus: 5.1.2\n" in told


def test_a_redirected_mail_keeps_its_sender_and_shows_both_addresses(tmp_path: Path) -> None:
    text = SENDER + PAIR + habit("anna", "forward", 'to = "carla@alpha.test"') + letter("anna@alpha.test")
    played(tmp_path, text)
    (mail,) = maildir(tmp_path, "carla@alpha.test")
    assert mail.startswith(b"Return-Path: <secretary@sailing.test>\n")
    delivered_to = list(values(split(mail)[0], b"delivered-to"))
    assert delivered_to == ["carla@alpha.test", "anna@alpha.test"]
    assert maildir(tmp_path, "anna@alpha.test") == []


def test_two_redirections_that_make_a_loop_end_by_the_second_delivered_to(tmp_path: Path) -> None:
    text = SENDER + PAIR + habit("anna", "forward", 'to = "berta@alpha.test"')
    text += habit("berta", "forward", 'to = "anna@alpha.test"')
    outcome = played(tmp_path, text + letter("anna@alpha.test"))
    assert outcome.end is End.QUIET
    assert outcome.mails < 10


def test_who_answers_to_all_does_so_once_a_thread_and_quotes_it(tmp_path: Path) -> None:
    text = SENDER + PAIR + crowd(2) + habit("anna", "reply-all") + habit("berta", "reply-all")
    outcome = played(tmp_path, text + '[[mail]]\nfrom = "secretary@sailing.test"\n')
    assert outcome.end is End.QUIET
    _, *answers = maildir(tmp_path, "office@member1.example")
    assert len(answers) == 2
    assert b"\nSubject: Re: Summer regatta" in answers[0]
    assert b"\nIn-Reply-To: <secretary.genuine.1@sailing.test>\n" in answers[0]
    assert b"\n> Dear members,\n" in answers[0]


def test_who_answers_to_every_copy_meets_another_one_and_a_bound(tmp_path: Path) -> None:
    text = "[bounds]\nmails = 500\n" + SENDER + PAIR
    text += habit("anna", "reply-all-always") + habit("berta", "reply-all-always")
    outcome = played(tmp_path, text + '[[mail]]\nfrom = "secretary@sailing.test"\n')
    assert outcome.end is End.MAILS
