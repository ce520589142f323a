"""The IPVS table as values, the operations on it, and the port that carries them out.

Words here are the kernel's: a *service* is ldirectord's virtual service, a *dest* (destination)
its real server. Whatever reads a table hands it over in this normal form: no flag that the kernel
sets for itself, forwarding method LOCAL for a dest on this machine.
"""

import enum
from collections.abc import Iterable, Mapping
from typing import Protocol as Interface

import attrs

from ldirpy.net import Address, Family, Protocol, host_port


class ForwardMethod(enum.IntEnum):
    """How packets go to a dest, with the kernel's numbers (include/uapi/linux/ip_vs.h)."""

    MASQ = 0
    LOCAL = 1
    TUNNEL = 2
    ROUTE = 3
    BYPASS = 4

    @property
    def label(self) -> str:
        """The word `ipvsadm -L` shows."""
        return {0: "Masq", 1: "Local", 2: "Tunnel", 3: "Route", 4: "Bypass"}[self.value]


class Flag(enum.IntFlag):
    """Flags of a service that its owner may set (include/uapi/linux/ip_vs.h)."""

    NONE = 0
    PERSISTENT = 0x0001
    ONEPACKET = 0x0004
    SCHED1 = 0x0008
    SCHED2 = 0x0010
    SCHED3 = 0x0020


@attrs.frozen
class ServiceId:
    """What tells one service from another: protocol, address and port, or mark and family."""

    protocol: Protocol
    family: Family
    address: Address | None = None
    port: int = 0
    fwmark: int = 0

    def __str__(self) -> str:
        if self.address is None:
            return f"FWM {self.fwmark}" + (" IPv6" if self.family is Family.IPV6 else "")
        return f"{self.protocol.value.upper()} {host_port(self.address, self.port)}"


@attrs.frozen
class DestId:
    """What tells one dest of a service from another."""

    address: Address
    port: int

    def __str__(self) -> str:
        return host_port(self.address, self.port)


@attrs.frozen(kw_only=True)
class Service:
    """A service's settings. `timeout` is that of persistence in seconds, 0 without it."""

    id: ServiceId
    scheduler: str
    flags: Flag = Flag.NONE
    timeout: int = 0
    prefix: int | None = None  # netmask of persistence as a prefix length; None: the whole address

    def __attrs_post_init__(self) -> None:
        full = 32 if self.id.family is Family.IPV4 else 128
        if self.prefix is None:
            object.__setattr__(self, "prefix", full)


@attrs.frozen(kw_only=True)
class Dest:
    """A dest's settings. Thresholds are numbers of connections, 0 for none."""

    id: DestId
    forward: ForwardMethod
    weight: int
    upper: int = 0
    lower: int = 0


@attrs.frozen(kw_only=True)
class Entry:
    """A service with its dests, in the order the kernel lists them."""

    service: Service
    dests: Mapping[DestId, Dest] = attrs.field(factory=dict)


Table = Mapping[ServiceId, Entry]


@attrs.frozen
class AddService:
    service: Service


@attrs.frozen
class EditService:
    service: Service


@attrs.frozen
class DeleteService:
    id: ServiceId


@attrs.frozen
class AddDest:
    service: ServiceId
    dest: Dest


@attrs.frozen
class EditDest:
    service: ServiceId
    dest: Dest


@attrs.frozen
class DeleteDest:
    service: ServiceId
    id: DestId


Operation = AddService | EditService | DeleteService | AddDest | EditDest | DeleteDest


def service_of(operation: Operation) -> ServiceId:
    """The service that an operation is about."""
    match operation:
        case AddService(service) | EditService(service):
            return service.id
        case DeleteService(id):
            return id
        case AddDest(service_id, _) | EditDest(service_id, _) | DeleteDest(service_id, _):
            return service_id


class IpvsTable(Interface):
    """The port: all that ldirpy asks of an IPVS.

    Both methods may wait for the kernel, so the director calls them off its event loop, and from
    one thread at a time, if `blocks` is true.
    """

    blocks: bool

    def read(self, only: Iterable[ServiceId] | None = None) -> Table:
        """The table, or of the services named in `only` those that exist.

        Raises IpvsError if the kernel has no IPVS or access is denied.
        """

    def apply(self, operations: Iterable[Operation]) -> None:
        """Carry out operations in their order.

        Raises IpvsError at the first one refused, and leaves those after it undone.
        """

    def close(self) -> None:
        """Give back what the table holds of the system; a later call is an error."""
