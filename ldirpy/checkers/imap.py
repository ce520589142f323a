"""service=imap and imaps: an IMAP server greets and, with login set, lets that user in."""

import contextlib
import imaplib
from typing import Self

import attrs

from ldirpy.checkers.dialogue import DialogueChecker, Line, told
from ldirpy.checkers.endpoint import Endpoint
from ldirpy.config.model import Real, Virtual
from ldirpy.errors import CheckFailed


@attrs.frozen(kw_only=True)
class ImapChecker(DialogueChecker):
    """A greeting and the server's capabilities; with a `login`, LOGIN; LOGOUT."""

    login: str = ""
    passwd: str = attrs.field(default="", repr=False)

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        endpoint = Endpoint.of(virtual, real, tls=virtual.service == "imaps")
        return cls(endpoint=endpoint, login=virtual.login, passwd=virtual.passwd)

    def talk(self, line: Line) -> str:
        try:
            client = _Client(line)
        except imaplib.IMAP4.error as error:
            said = f": {told(error)}" if error.args[0] else ""
            raise CheckFailed(f"no IMAP greeting{said}") from error
        try:
            # A server may greet with PREAUTH: then there is nobody to log in.
            if self.login and client.state == "NONAUTH":
                client.login(_quoted(self.login), self.passwd)
        except imaplib.IMAP4.error as error:
            raise CheckFailed(f"login refused: {told(error, self.passwd)}") from error
        # The verdict is clear: whether the server has a word for the end does not matter.
        with contextlib.suppress(CheckFailed, OSError):
            line.sendall(b"bye LOGOUT\r\n")
        return "logged in" if self.login else "greeted"


class _Client(imaplib.IMAP4):
    """imaplib's client on a line that is there already."""

    def __init__(self, line: Line) -> None:
        self._line = line
        super().__init__()
        self._encoding = "utf-8"  # of login and passwd; else only ASCII could be sent

    def _create_socket(self, timeout: object) -> object:
        return self._line


def _quoted(text: str) -> str:
    """A quoted string (RFC 3501, section 4.3); imaplib makes one of the password only."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
