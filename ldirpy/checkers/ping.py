"""checktype=ping: an ICMP echo is answered.

The kernel's ICMP datagram sockets need no privilege, but the group of the process must be in
net.ipv4.ping_group_range (icmp(7)); otherwise raw sockets are used, which need CAP_NET_RAW.
"""

import os
import socket
from typing import Self

import attrs

from ldirpy.checkers.base import Checker, Deadline
from ldirpy.checkers.stream import Stream, resending
from ldirpy.config.model import Real, Virtual
from ldirpy.errors import CheckFailed
from ldirpy.net import Address

TOKEN_SIZE = 16  # random bytes by which an echo is known as ours, whatever id the kernel gave it
NOT_ALLOWED = (
    "ping is not allowed here: give the process CAP_NET_RAW, "
    "or its group a place in net.ipv4.ping_group_range"
)


@attrs.frozen(kw_only=True)
class PingChecker(Checker):
    """Up to `tries` echo requests, spread over the time-out."""

    address: Address
    tries: int = 1
    source: Address | None = None

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        return cls(address=real.address, tries=virtual.checkcount, source=virtual.checksource)

    async def check(self, deadline: Deadline) -> str:
        token = os.urandom(TOKEN_SIZE)
        request = echo(self.address, token)
        async with (
            self._stream() as stream,
            resending(lambda: stream.send(request), self.tries, deadline),
        ):
            while not self._answers(await stream.receive(), token):
                pass
        return "echo answered"

    def _stream(self) -> Stream:
        v4 = self.address.version == 4
        protocol = socket.IPPROTO_ICMP if v4 else socket.IPPROTO_ICMPV6
        for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
            try:
                return Stream(self.address, 0, kind=kind, protocol=protocol, source=self.source)
            except PermissionError:
                continue
        raise CheckFailed(NOT_ALLOWED)

    def _answers(self, packet: bytes, token: bytes) -> bool:
        """Whether `packet` is the reply to our request; a raw IPv4 socket adds the IP header."""
        if self.address.version == 6:
            return packet[:1] == b"\x81" and packet[8:] == token
        if packet[:1] and packet[0] >> 4 == 4:
            packet = packet[(packet[0] & 15) * 4 :]
        return packet[:1] == b"\x00" and packet[8:] == token


def echo(address: Address, token: bytes) -> bytes:
    """An echo request (RFC 792, RFC 4443); the kernel fills in the checksum of ICMPv6."""
    kind = 8 if address.version == 4 else 128
    identifier = token[:2]  # a datagram socket puts its own there
    unsummed = bytes((kind, 0, 0, 0)) + identifier + b"\x00\x01" + token
    return unsummed[:2] + checksum(unsummed).to_bytes(2, "big") + unsummed[4:]


def checksum(data: bytes) -> int:
    """The Internet checksum of an even number of bytes (RFC 1071)."""
    total = sum(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
