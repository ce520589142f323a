"""Where a check connects to, and how: what most checkers take from a configuration."""

import socket
from typing import Self

import attrs

from ldirpy.checkers.base import check_port
from ldirpy.checkers.stream import Stream
from ldirpy.checkers.tls import Trust
from ldirpy.config.model import Real, Virtual
from ldirpy.net import Address


@attrs.frozen(kw_only=True)
class Endpoint:
    """A port of a real server; with `tls` it speaks TLS from the first byte on."""

    address: Address
    port: int
    tls: bool = False
    trust: Trust | None = None
    source: Address | None = None

    @classmethod
    def of(cls, virtual: Virtual, real: Real, *, tls: bool = False) -> Self:
        """The port of `real` that `virtual` wants checked; raises ValueError if there is none."""
        return cls(
            address=real.address,
            port=check_port(virtual, real),
            tls=tls,
            trust=Trust.from_config(virtual) if tls else None,
            source=virtual.checksource,
        )

    def stream(self, *, kind: int = socket.SOCK_STREAM) -> Stream:
        """A connection to it, to be entered."""
        return Stream(
            self.address, self.port, tls=self.tls, trust=self.trust, source=self.source, kind=kind
        )
