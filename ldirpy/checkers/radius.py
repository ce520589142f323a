"""service=radius: a RADIUS server accepts a user. pyrad makes and reads the packets."""

import functools
import io
import secrets
import socket
from typing import Self

import attrs
from pyrad import packet
from pyrad.dictionary import Dictionary

from ldirpy.checkers.base import Checker, Deadline
from ldirpy.checkers.endpoint import Endpoint
from ldirpy.checkers.stream import resending
from ldirpy.config.model import Real, Virtual
from ldirpy.errors import CheckFailed

TRIES = 3  # datagrams sent for one request
MAX_NAME = 253  # bytes (RFC 2865, section 5)
MAX_PASSWORD = 128  # bytes (RFC 2865, section 5.2)
# The attributes of RFC 2865 that are sent, and the one of RFC 3579 that signs.
ATTRIBUTES = """
ATTRIBUTE User-Name 1 string
ATTRIBUTE User-Password 2 string
ATTRIBUTE NAS-Identifier 32 string
ATTRIBUTE Message-Authenticator 80 octets
"""
ANSWERS = {packet.AccessReject: "Access-Reject", packet.AccessChallenge: "Access-Challenge"}


@attrs.frozen(kw_only=True)
class RadiusChecker(Checker):
    """An Access-Request, sent anew until it is answered."""

    endpoint: Endpoint
    login: str
    passwd: str = attrs.field(repr=False)
    secret: str = attrs.field(repr=False)

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        """The checker of `real`; raises ValueError for a login or passwd that is too long."""
        for name, text, most in (
            ("login", virtual.login, MAX_NAME),
            ("passwd", virtual.passwd, MAX_PASSWORD),
        ):
            if len(bytes_of(text)) > most:
                raise ValueError(f"{name} is longer than RADIUS allows, {most} bytes")
        return cls(
            endpoint=Endpoint.of(virtual, real),
            login=virtual.login,
            passwd=virtual.passwd,
            secret=virtual.secret,
        )

    async def check(self, deadline: Deadline) -> str:
        login, passwd, secret = map(bytes_of, (self.login, self.passwd, self.secret))
        request = packet.AuthPacket(id=secrets.randbelow(256), secret=secret, dict=dictionary())
        request["User-Name"] = login
        request["User-Password"] = request.PwCrypt(passwd)
        request["NAS-Identifier"] = socket.gethostname()
        request.add_message_authenticator()
        wire = request.RequestPacket()
        async with (
            self.endpoint.stream(kind=socket.SOCK_DGRAM) as stream,
            resending(lambda: stream.send(wire), TRIES, deadline),
        ):
            # What is not signed with our secret is no answer; a server that has another one is
            # silent as a rule.
            while (code := answered(request, await stream.receive())) is None:
                pass
        if code != packet.AccessAccept:
            raise CheckFailed(ANSWERS.get(code, f"RADIUS code {code}"))
        return "Access-Accept"


def bytes_of(text: str) -> bytes:
    """The bytes that `text` has in the configuration."""
    return text.encode("utf-8", "surrogateescape")


def answered(request: packet.AuthPacket, wire: bytes) -> int | None:
    """The code of the answer in `wire`; None if it is not one, signed with the secret."""
    try:
        answer = request.CreateReply(packet=wire)
        return answer.code if request.VerifyReply(answer, wire) else None
    except (packet.PacketError, ValueError, LookupError):
        return None


@functools.cache
def dictionary() -> Dictionary:
    """pyrad's form of ATTRIBUTES."""
    return Dictionary(io.StringIO(ATTRIBUTES))
