from seawall.lab.box import Box


def test_a_mail_gets_a_uidl_of_its_own_unless_it_is_given_one() -> None:
    box = Box([b"a", b"b"])
    box.add(b"c", b"given")
    uidls = [mail.uidl for mail in box.mails]
    assert len(set(uidls)) == 3
    assert uidls[2] == b"given"


def test_erased_mails_are_gone_and_remembered() -> None:
    box = Box([b"a", b"b", b"c"])
    box.erase({box.mails[1].serial})
    assert box.raws == (b"a", b"c")
    assert [mail.raw for mail in box.erased] == [b"b"]


def test_renumbering_gives_every_mail_a_uidl_that_was_never_used() -> None:
    box = Box([b"a", b"b"])
    before = {mail.uidl for mail in box.mails}
    box.renumber_uidls()
    box.renumber_uidls()
    assert before.isdisjoint(mail.uidl for mail in box.mails)
    assert box.raws == (b"a", b"b")
    assert [mail.serial for mail in box.mails] == [1, 2]


def test_a_rebuilt_box_gives_used_uidls_to_other_mails() -> None:
    box = Box([b"a", b"b"])
    before = [mail.uidl for mail in box.mails]
    box.rebuild([b"x", b"y"])
    assert [mail.uidl for mail in box.mails] == before
    assert box.raws == (b"x", b"y")
    assert [mail.serial for mail in box.mails] == [3, 4]


def test_rotated_uidls_name_other_mails() -> None:
    box = Box([b"a", b"b", b"c"])
    first, second, third = (mail.uidl for mail in box.mails)
    box.rotate_uidls()
    assert [mail.uidl for mail in box.mails] == [third, first, second]


def test_restored_mails_come_back_behind_the_others_with_their_uidls() -> None:
    box = Box([b"a", b"b"])
    uidl = box.mails[0].uidl
    box.erase({1})
    box.restore_erased()
    assert box.raws == (b"b", b"a")
    assert box.mails[1].uidl == uidl
    assert box.erased == []


def test_a_locked_box_is_not_locked_again() -> None:
    box = Box()
    assert box.lock()
    assert not box.lock()
    box.unlock()
    assert box.lock()
