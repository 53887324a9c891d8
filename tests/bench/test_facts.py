from pathlib import Path

from facts import HOPS, RECEIVED, Set, six_hops
from seawall.facts.section import divide


def test_the_made_mails_have_six_received_each_and_no_line_twice() -> None:
    line = b"Received: from a.example (a.example [192.0.2.%d]) by b.example\n\twith SMTP id x%d; 24 Nov 2026 08:00:00 -0000\n"
    mails = tuple(
        b"".join(line % (hop, number) for hop in range(9)) + b"Subject: a\n\nbody\n" for number in range(20)
    )
    made = six_hops(Set(title="", mails=mails, paths=(Path(),)))
    lines = [found for mail in made.mails for found in RECEIVED.findall(divide(mail)[0])]
    assert len(lines) == HOPS * len(mails) == len(set(lines))
    assert all(mail.endswith(b"Subject: a\n\nbody\n") for mail in made.mails)
