"""checktype=connect: a real server is up when it accepts a TCP connection."""

import attrs

from ldirpy.checkers.base import Checker, Deadline, check_port
from ldirpy.checkers.ping import PingChecker
from ldirpy.checkers.stream import Stream
from ldirpy.config.model import Real, Virtual
from ldirpy.net import Address, Protocol


@attrs.frozen(kw_only=True)
class ConnectChecker(Checker):
    """A TCP connection, closed as soon as it stands."""

    address: Address
    port: int
    source: Address | None = None

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Checker:
        """A connect check, or for a UDP service a ping: there is nothing to connect to."""
        if virtual.protocol is Protocol.UDP:
            return PingChecker.from_config(virtual, real)
        return cls(address=real.address, port=check_port(virtual, real), source=virtual.checksource)

    async def check(self, deadline: Deadline) -> str:
        async with Stream(self.address, self.port, source=self.source):
            return "connected"
