"""A mail's bytes → what stands between DATA and the reply: line ends made safe, dots stuffed, the end marked.

RFC 5321 §4.5.2 (transparency) and §2.3.8 (CR and LF only together). What a POP3 server sent may
hold CR and LF alone, and a next hop may take either for a line's end: LF "." LF inside a mail then
ends it, and its rest is read as commands (SMTP smuggling, CVE-2023-51764). So LF alone becomes
CRLF, and CR alone a space, as Postfix does (cleanup_replace_stray_cr_lf): it makes no line that
was not there, and no early end of the header. Every other octet passes, NUL too.
"""

from typing import Final

END: Final = b".\r\n"


class Transparent:
    """The encoder of one mail; pieces go in and come out, whatever their borders."""

    def __init__(self) -> None:
        self._held_back = b""
        self._at_line_start = True

    def encode(self, piece: bytes) -> bytes:
        """Return the next octets to send; a CR at the end waits for what follows it."""
        data = self._held_back + piece if self._held_back else piece
        self._held_back = b""
        if data.endswith(b"\r"):
            data, self._held_back = data[:-1], b"\r"
        if not data:
            return b""
        line_ends = data.count(b"\r\n")
        if line_ends != data.count(b"\n") or line_ends != data.count(b"\r"):
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b" ").replace(b"\n", b"\r\n")
        if b"\n." in data:
            data = data.replace(b"\n.", b"\n..")
        if self._at_line_start and data.startswith(b"."):
            data = b"." + data
        self._at_line_start = data.endswith(b"\n")
        return data

    def end(self) -> bytes:
        """Return what completes the last line and ends the mail."""
        last = b" " if self._held_back else b""
        is_open = bool(last) or not self._at_line_start
        self._held_back = b""
        return last + (b"\r\n" if is_open else b"") + END
