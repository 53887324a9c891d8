"""A connector with every fault that the audit looks for, each by its name on the command line; honest without one.

Run by the audit as a program of its own: stranger.py FAULT POP3_PORT SMTP_PORT MAILDIR
"""

import os
import poplib
import re
import shutil
import smtplib
import sys
import time
from pathlib import Path

ALICE = "alice@example.org"
STRANGER = "stranger@example.com"


def main(fault: str, pop3_port: int, smtp_port: int, maildir: str) -> None:
    fault, _, pipe = fault.partition(":")
    if fault == "lingers" and os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            held = os.open(pipe, os.O_WRONLY)
            os.write(held, b"here")
            time.sleep(600)
        os._exit(0)
    if fault == "destroys":
        shutil.rmtree(maildir)
    if fault == "links":
        (Path(maildir) / "new" / "link").symlink_to("/etc/hostname")
        os.mkfifo(Path(maildir) / "new" / "fifo")
    if fault == "hangs":
        time.sleep(600)
    box = poplib.POP3("127.0.0.1", pop3_port, timeout=10)
    box.user("alice")
    box.pass_("opensesame")
    count = box.stat()[0]
    for number in range(1, count + 1):
        mail = b"".join(line + b"\r\n" for line in box.retr(number)[1])
        collect(fault, mail, smtp_port, Path(maildir))
        if fault != "keeps":
            box.dele(number)
    if fault == "drops":
        os._exit(1)
    box.quit()


def collect(fault: str, mail: bytes, smtp_port: int, maildir: Path) -> None:
    if fault == "loses" and b"Subject: three" in mail:
        return
    if fault == "cuts" and b"Subject: three" in mail:
        mail = mail[: len(mail) // 2]
    if fault == "alters":
        mail = mail.replace(b"first", b"first and last")
    if fault == "hoards":
        time.sleep(len(bytearray(400 * 2**20)) / 2**20 / 10_000)
    recipients = [ALICE]
    if fault == "amplifies":
        recipients = [
            found.decode() for found in re.findall(rb"[\w.+-]+@[\w.-]+", b" ".join(addressees(mail)))
        ]
    if fault == "misdelivers":
        recipients = ["bob@example.org"]
    if fault == "bounces":
        send(smtp_port, "", [STRANGER], b"Subject: returned\r\n\r\nnobody of that name\r\n")
    if fault == "writes":
        name = f"{time.time_ns()}"
        (maildir / "tmp" / name).write_bytes(mail)
        (maildir / "tmp" / name).rename(maildir / "new" / name)
        return
    for _ in range(2 if fault == "doubles" else 1):
        send(smtp_port, "postmaster@example.org", recipients, b"Received: by stranger; now\r\n" + mail)


def addressees(mail: bytes) -> list[bytes]:
    header = mail.partition(b"\r\n\r\n")[0].replace(b"\r\n\t", b" ").replace(b"\r\n ", b" ")
    return [line for line in header.split(b"\r\n") if line.lower().startswith((b"to:", b"cc:"))]


def send(port: int, reverse_path: str, recipients: list[str], mail: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10, local_hostname="stranger.example.org") as hop:
        hop.sendmail(reverse_path, recipients, mail)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
