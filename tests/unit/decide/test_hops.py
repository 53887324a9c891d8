import pytest

from seawall.decide.hops import MIN_SAMPLES, HopSample, learn, sample
from seawall.facts.envelope import read_candidates
from seawall.model.address import Address
from seawall.model.envelope import EnvelopeName, Mailboxes

MAILBOXES = Mailboxes.build({Address.parse("alice@example.org"): ()})
STORE = "Received: from mx by store.isp.example; x\n"
MX = "Received: from a by mx.isp.example; x\n"
OUT = "Received: from b by mail.sender.example; x\n"
ORIGINAL = "X-Original-To: alice@example.org\n"
BOX = "Delivered-To: office@isp.example\n"
ISP = ("isp.example",)


def top(header: str, strip_prefix: str = "") -> HopSample:
    return sample(read_candidates(header.encode()), MAILBOXES, strip_prefix)


def same(header: str) -> list[HopSample]:
    return [top(header)] * MIN_SAMPLES


def test_fewer_than_five_mails_do_not_suffice() -> None:
    advice = learn(same(ORIGINAL + MX)[1:], ISP)
    assert (advice.envelope, advice.isp_hops) == (None, 0)
    assert advice.sentences == ("4 mails do not suffice to tell whose hops stand on top: it takes 5",)


def test_the_field_that_names_listed_mailboxes_and_the_hops_of_the_isp_are_proposed() -> None:
    advice = learn(same(BOX + STORE + ORIGINAL + MX + OUT), ISP)
    assert advice.envelope == EnvelopeName.parse("X-Original-To")
    assert (advice.isp, advice.isp_hops) == (ISP, 2)
    assert advice.sentences == (
        "the first 2 hops of each of 5 mails are by hosts of isp.example",
        "Delivered-To is in 5 of 5 mails, above hop 1 in 5; where it can be trusted it names a listed mailbox in 0",
        "X-Original-To is in 5 of 5 mails, above hop 2 in 5; where it can be trusted it names a listed mailbox in 5",
        "propose envelope = 'X-Original-To' with isp_hops = 2",
    )


def test_only_so_many_hops_are_proposed_as_every_mail_has() -> None:
    advice = learn([*same(ORIGINAL + STORE + MX + OUT), top(ORIGINAL + STORE + OUT)], ISP)
    assert advice.isp_hops == 1


def test_a_field_below_the_border_is_not_proposed() -> None:
    advice = learn(same(MX + ORIGINAL + OUT), ISP)
    assert advice.envelope is None
    assert (
        advice.sentences[-1]
        == "no field names a listed mailbox where it could be trusted: this box tells no envelope"
    )


def test_of_two_fields_the_one_in_more_mails_is_proposed() -> None:
    delivered = "Delivered-To: alice@example.org\n"
    advice = learn([*same(delivered + ORIGINAL + MX), top(delivered + MX)], ISP)
    assert advice.envelope == EnvelopeName.parse("Delivered-To")
    assert learn(same(delivered + ORIGINAL + MX), ISP).envelope == EnvelopeName.parse("X-Original-To")


def test_qmails_prefix_is_taken_off() -> None:
    samples = [top("Delivered-To: office-alice@example.org\n" + MX, "office-")] * MIN_SAMPLES
    assert learn(samples, ISP).envelope == EnvelopeName.parse("Delivered-To")


@pytest.mark.parametrize(
    ("configured", "sentence"),
    [
        (2, "isp_hops = 2 fits"),
        (1, "isp_hops = 1 is safe, and 2 would do: fields between the two are not trusted"),
        (3, "isp_hops = 3 is too many: mails with 2 hops of the ISP would be held"),
    ],
)
def test_what_is_configured_is_judged(configured: int, sentence: str) -> None:
    assert sentence in learn(same(ORIGINAL + STORE + MX + OUT), ISP, configured).sentences


@pytest.mark.parametrize(
    ("hosts", "isp"),
    [
        (["mx1.isp.example", "mx2.isp.example"], ("isp.example",)),
        (["store.isp.example"], ("isp.example",)),
        (["a.in.isp.example", "b.out.isp.example"], ("isp.example",)),
        (["mail.isp.co.uk"], ("isp.co.uk",)),
        (["isp.co.uk"], ("isp.co.uk",)),
        (["mx.web.de"], ("web.de",)),
        (["a.co.uk", "b.co.uk"], ()),
        (["isp.example"], ("isp.example",)),
        (["mx.isp.example", "mx.other.example"], ()),
        (["192.0.2.1"], ()),
        (["localhost"], ()),
    ],
)
def test_without_configured_domains_the_common_one_is_proposed(
    hosts: list[str], isp: tuple[str, ...]
) -> None:
    samples = [top(f"{ORIGINAL}Received: from a by {host}; x\n") for host in hosts] * MIN_SAMPLES
    advice = learn(samples)
    assert advice.isp == isp
    assert advice.isp_hops == (1 if isp else 0)


def test_a_mail_that_another_host_topped_is_told() -> None:
    advice = learn([*same(ORIGINAL + MX), top(OUT)], ISP)
    assert advice.isp_hops == 0
    assert (
        advice.sentences[0]
        == "not every mail has a host of isp.example at its top: one has mail.sender.example"
    )


def test_mails_without_any_hop_give_advice_too() -> None:
    assert learn(same(ORIGINAL)).isp_hops == 0
    assert learn(same(""), ISP, 1).envelope is None
