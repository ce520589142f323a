"""service=sip: a SIP server answers OPTIONS with 200."""

import re
import secrets
import socket
from typing import Self

import attrs

from ldirpy.checkers.base import Checker, Deadline
from ldirpy.checkers.endpoint import Endpoint
from ldirpy.checkers.lines import Lines
from ldirpy.checkers.stream import Stream, resending
from ldirpy.config.model import Real, Virtual
from ldirpy.errors import CheckFailed
from ldirpy.net import Protocol, host_port
from ldirpy.pattern import quoted

TRIES = 3  # datagrams sent for one request


@attrs.frozen(kw_only=True)
class SipChecker(Checker):
    """OPTIONS for the user `login`, over UDP or TCP."""

    endpoint: Endpoint
    login: str
    udp: bool

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        return cls(
            endpoint=Endpoint.of(virtual, real),
            login=virtual.login or f"ldirectord@{socket.gethostname()}",
            udp=virtual.protocol is Protocol.UDP,
        )

    async def check(self, deadline: Deadline) -> str:
        if not self.udp:
            async with self.endpoint.stream() as stream:
                await stream.send(self._options(stream))
                lines = Lines(stream)
                while (line := await lines.next()) is not None:
                    if said := verdict(line):
                        return said
                raise CheckFailed("the server closed the connection without an answer")
        async with self.endpoint.stream(kind=socket.SOCK_DGRAM) as stream:
            options = self._options(stream)
            async with resending(lambda: stream.send(options), TRIES, deadline):
                while not (said := verdict((await stream.receive()).partition(b"\n")[0])):
                    pass
                return said

    def _options(self, stream: Stream) -> bytes:
        """The request (RFC 3261, section 11), to be answered to where it comes from."""
        here = host_port(*stream.local())
        return "\r\n".join(
            (
                f"OPTIONS sip:{self.login} SIP/2.0",
                f"Via: SIP/2.0/{'UDP' if self.udp else 'TCP'} {here};branch=z9hG4bK{token()};rport",
                "Max-Forwards: 70",
                f"To: <sip:{self.login}>",
                f"From: <sip:{self.login}>;tag={token()}",
                f"Call-ID: {token()}",
                "CSeq: 1 OPTIONS",
                f"Contact: <sip:{self.login}>",
                "Accept: application/sdp",
                "Content-Length: 0",
                "",
                "",
            )
        ).encode("utf-8", "surrogateescape")


def verdict(line: bytes) -> str | None:
    """The status in `line` if it is 200; None if the final answer is yet to come.

    Raises CheckFailed for another status, and for what is not SIP.
    """
    line = line.strip()
    status = re.match(rb"SIP/2\.0 ([1-6]\d\d)\b", line)
    if status is None:
        # Blank lines may stand before an answer, headers stand in a provisional one.
        if not line or re.match(rb"[\w-]+ *:", line):
            return None
        raise CheckFailed(f"not a SIP answer: {quoted(line)}")
    said = line.removeprefix(b"SIP/2.0 ").decode("utf-8", "replace")
    if status[1].startswith(b"1"):
        return None
    if status[1] != b"200":
        raise CheckFailed(said)
    return said


def token() -> str:
    """A word that is nobody else's."""
    return secrets.token_hex(8)
