"""service=pop and pops: a POP3 server greets and, with login set, lets that user in."""

import contextlib
import poplib
import re
from typing import Self

import attrs

from ldirpy.checkers.dialogue import DialogueChecker, Line, told
from ldirpy.checkers.endpoint import Endpoint
from ldirpy.config.model import Real, Virtual
from ldirpy.errors import CheckFailed


@attrs.frozen(kw_only=True)
class PopChecker(DialogueChecker):
    """A greeting; with a `login`, APOP where the greeting offers it, else USER and PASS; QUIT."""

    login: str = ""
    passwd: str = attrs.field(default="", repr=False)

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        endpoint = Endpoint.of(virtual, real, tls=virtual.service == "pops")
        return cls(endpoint=endpoint, login=virtual.login, passwd=virtual.passwd)

    def talk(self, line: Line) -> str:
        try:
            client = _Client(line)
        except poplib.error_proto as error:
            raise CheckFailed(f"no greeting of +OK but {told(error)}") from error
        if self.login:
            self._log_in(client)
        # The verdict is clear: whether the server has a word for the end does not matter.
        with contextlib.suppress(CheckFailed, OSError):
            line.sendall(b"QUIT\r\n")
        return "logged in" if self.login else client.welcome.decode("utf-8", "replace")

    def _log_in(self, client: "_Client") -> None:
        if re.search(rb"<[^<>]+>", client.welcome):
            with contextlib.suppress(poplib.error_proto):
                client.apop(self.login, self.passwd)
                return
        try:
            client.user(self.login)
            client.pass_(self.passwd)
        except poplib.error_proto as error:
            raise CheckFailed(f"login refused: {told(error, self.passwd)}") from error


class _Client(poplib.POP3):
    """poplib's client on a line that is there already."""

    def __init__(self, line: Line) -> None:
        self._line = line
        super().__init__("")

    def _create_socket(self, timeout: object) -> object:
        return self._line
