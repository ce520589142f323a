"""service=ftp: a user gets in and can fetch a file, whose text decides."""

import contextlib
import ftplib
import socket
from typing import Self

import attrs

from ldirpy.checkers.base import pattern_of, request_of
from ldirpy.checkers.dialogue import DialogueChecker, Line, told
from ldirpy.checkers.endpoint import Endpoint
from ldirpy.checkers.lines import MAX_ANSWER
from ldirpy.config.model import Real, Virtual
from ldirpy.errors import CheckFailed
from ldirpy.net import Family
from ldirpy.pattern import demand

ENCODING = "latin-1"  # of replies and commands: every byte is a character


@attrs.frozen(kw_only=True)
class FtpChecker(DialogueChecker):
    """A login; in `/`, the file `request` by a passive transfer; without a request no file."""

    login: str
    passwd: str = attrs.field(repr=False)
    request: str = ""
    receive: str | None = None

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        """The checker of `real`; raises ValueError for a receive without a file to find it in.

        As in ldirectord, without login and passwd it is the anonymous user.
        """
        request, receive = (request_of(virtual, real) or "").strip("/"), pattern_of(virtual, real)
        if receive is not None and not request:
            raise ValueError('receive needs a file to look into: set request="FILE"')
        return cls(
            endpoint=Endpoint.of(virtual, real),
            login=as_sent(virtual.login or "anonymous"),
            passwd=as_sent(virtual.passwd or f"ldirectord@{socket.gethostname()}"),
            request=as_sent(request),
            receive=receive,
        )

    def talk(self, line: Line) -> str:
        try:
            client = _client(line, Family.of(self.endpoint.address))
        except ftplib.Error as error:
            raise CheckFailed(f"no FTP greeting: {told(error)}") from error
        try:
            client.login(self.login, self.passwd)
        except ftplib.Error as error:
            raise CheckFailed(f"login refused: {told(error, self.passwd)}") from error
        try:
            client.cwd("/")
            client.voidcmd("TYPE I")
            if not self.request:
                return "logged in"
            said = self._fetch(client, line)
        except (ftplib.Error, ValueError) as error:
            raise CheckFailed(f"no transfer: {told(error)}") from error
        # The verdict is clear: whether the server has a word for the end does not matter.
        with contextlib.suppress(CheckFailed, OSError):
            line.sendall(b"QUIT\r\n")
        return said

    def _fetch(self, client: ftplib.FTP, line: Line) -> str:
        # As ldirpy connects to the real server's address, whatever the reply says, this works
        # through gateways and cannot be sent elsewhere.
        _, port = client.makepasv()
        with line.beside(port) as data:
            reply = client.sendcmd(f"RETR /{self.request}")
            if not reply.startswith("1"):
                raise ftplib.error_reply(reply)
            content = bytearray(data.recv(MAX_ANSWER))
            while self.receive is not None and len(content) < MAX_ANSWER:
                more = data.recv(MAX_ANSWER)
                if not more:
                    break
                content += more
        demand(self.receive, bytes(content))
        return reply


def as_sent(text: str) -> str:
    """`text` so that its bytes in the configuration are those that ftplib sends."""
    return text.encode("utf-8", "surrogateescape").decode(ENCODING)


def _client(line: Line, family: Family) -> ftplib.FTP:
    """ftplib's client on a line that is there already, after the greeting."""
    client = ftplib.FTP(encoding=ENCODING)
    client.sock = line.as_socket()
    client.af = family
    client.file = line.makefile("r", encoding=client.encoding)
    client.welcome = client.getresp()
    return client
