"""What the tests of the director share: servers with numbers, a table that notes, a director."""

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator, Callable, Iterable
from ipaddress import ip_address
from typing import Any

import attrs

from ldirpy.config.model import Config, Real, Virtual
from ldirpy.daemon.director import Director
from ldirpy.daemon.events import Listener
from ldirpy.errors import IpvsError
from ldirpy.ipvs.memory import MemoryTable
from ldirpy.ipvs.model import Operation, ServiceId, Table
from ldirpy.net import Forward

VIP = ip_address("198.51.100.1")


def real(number: int, **settings: Any) -> Real:
    return Real(
        address=ip_address(f"192.0.2.{number}"),
        port=80,
        forward=Forward.MASQ,
        **settings,
    )


def virtual(numbers: Iterable[int] = (1, 2), **settings: Any) -> Virtual:
    base = Virtual(
        address=VIP,
        port=80,
        service="scripted",
        reals=[real(n) for n in numbers],
        fallback=real(99),
        checkinterval=10,
        negotiatetimeout=5,
    )
    return attrs.evolve(base, **settings)


WEB = virtual()


def serving(table: MemoryTable, port: int = 80) -> dict[int, int]:
    """The last byte of each dest's address with its weight, for the service on this port."""
    for key, entry in table.read().items():
        if key.port == port:
            return {
                int(str(dest.id.address).rpartition(".")[2]): dest.weight
                for dest in entry.dests.values()
            }
    raise AssertionError(f"no service on port {port}")


class StrictTable(MemoryTable):
    """Notes every operation, and refuses what it is told to refuse, as the kernel might."""

    def __init__(self, table: Table | None = None) -> None:
        super().__init__(table)
        self.operations: list[Operation] = []
        self.refuse: Callable[[Operation], bool] = lambda operation: False
        self.mute = False

    def read(self, only: Iterable[ServiceId] | None = None) -> Table:
        if self.mute:
            raise IpvsError("IPVS does not answer")
        return super().read(only)

    def apply(self, operations: Iterable[Operation]) -> None:
        for operation in operations:
            if self.refuse(operation):
                raise IpvsError("the kernel will not", errno=errno.EINVAL)
            super().apply([operation])
            self.operations.append(operation)


@contextlib.asynccontextmanager
async def directing(
    config: Config, table: MemoryTable, listeners: Iterable[Listener] = ()
) -> AsyncIterator[Director]:
    director = Director(config, table, listeners=listeners)
    task = asyncio.create_task(director.run())
    try:
        yield director
    finally:
        director.stop()
        await task
