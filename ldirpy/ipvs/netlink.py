"""The kernel's IPVS table over generic netlink; the only module that knows pyroute2.

What pyroute2 0.9 leaves to its caller is done here and proven on a real kernel by
compat_tests/ipvs:

- its helper classes fill in defaults and lose fields when they read, so messages are written and
  read attribute by attribute;
- its verb "update" deletes; "set" changes;
- the kernel wants a netmask with every service, for IPv6 the prefix length as an integer, which
  pyroute2 only takes in the guise of an IPv4 address;
- its synchronous socket runs an event loop of its own, so it must be opened and used in a thread
  without a running one: the director gives it one.
"""

import errno
import socket
import sys
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

import attrs
from pyroute2 import IPVS, AsyncIPVS
from pyroute2.netlink.exceptions import NetlinkError

from ldirpy.errors import IpvsError
from ldirpy.ipvs.model import (
    AddDest,
    AddService,
    DeleteDest,
    DeleteService,
    Dest,
    DestId,
    EditDest,
    EditService,
    Entry,
    Flag,
    ForwardMethod,
    Operation,
    Service,
    ServiceId,
    Table,
)
from ldirpy.ipvs.refusals import DENIED, NO_IPVS, refusal
from ldirpy.net import Family, Protocol

_ALL_FLAGS = 0xFFFFFFFF  # the mask: every flag of the message is meant
_HASHED = 0x2  # set by the kernel on every service it has, no setting of the owner
_ABSENT = (errno.ESRCH, errno.ENOENT)


class KernelTable:
    """The IPVS table of the network namespace that this process is in.

    Calls wait for the kernel; make all of them in one thread that runs no event loop.
    """

    blocks = True

    def __init__(self) -> None:
        self._socket: Any = None

    def read(self, only: Iterable[ServiceId] | None = None) -> Table:
        """The table, or of the services named in `only` those that exist.

        Raises IpvsError if the kernel has no IPVS or access is denied.
        """
        services = self._services() if only is None else self._named(only)
        return {service.id: self._entry(service) for service in services}

    def apply(self, operations: Iterable[Operation]) -> None:
        """Carry out operations in their order; raises IpvsError at the first one refused."""
        kernel = self._kernel()
        for operation in operations:
            try:
                _send(kernel, operation)
            except NetlinkError as error:
                raise refusal(operation, error.code) from error

    def close(self) -> None:
        """Close the netlink socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _services(self) -> list[Service]:
        return [_service(answer) for answer in self._ask("service", "dump")]

    def _named(self, only: Iterable[ServiceId]) -> Iterable[Service]:
        self._kernel()  # a kernel without IPVS is not one without the service
        for key in only:
            try:
                answers = self._ask("service", "get", _ServiceMessage(key))
            except IpvsError as error:
                if error.errno in _ABSENT:
                    continue
                raise
            yield from (_service(answer) for answer in answers)

    def _entry(self, service: Service) -> Entry:
        answers = self._ask("dest", "dump", _ServiceMessage(service.id))
        dests = (_dest(answer, service.id.family) for answer in answers)
        return Entry(service=service, dests={dest.id: dest for dest in dests})

    def _ask(self, what: str, *words: Any) -> list[Any]:
        try:
            return list(getattr(self._kernel(), what)(*words))
        except NetlinkError as error:
            if error.code in (errno.EPERM, errno.EACCES):
                raise IpvsError(DENIED, errno=error.code) from error
            raise IpvsError(
                f"cannot read the kernel's IPVS table: {error}", errno=error.code
            ) from error

    def _kernel(self) -> Any:
        if self._socket is None:
            # A socket that failed to open cannot be tried again: it would look open.
            try:
                self._socket = _QuietIpvs()
            except NetlinkError as error:
                reason = NO_IPVS if error.code == errno.ENOENT else str(error)
                raise IpvsError(reason, errno=error.code) from error
            except OSError as error:
                raise IpvsError(f"cannot open netlink: {error}", errno=error.errno or 0) from error
        return self._socket


class _QuietAsyncIpvs(AsyncIPVS):
    """pyroute2's socket, which else would log what our exceptions say."""

    module_err_level = "debug"


class _QuietIpvs(IPVS):
    async_class = _QuietAsyncIpvs


def _send(kernel: Any, operation: Operation) -> None:
    match operation:
        case AddService(service):
            kernel.service("add", _ServiceMessage(service.id, service))
        case EditService(service):
            kernel.service("set", _ServiceMessage(service.id, service))
        case DeleteService(id):
            kernel.service("del", _ServiceMessage(id))
        case AddDest(service_id, dest):
            kernel.dest("add", _ServiceMessage(service_id), _DestMessage(dest.id, dest))
        case EditDest(service_id, dest):
            kernel.dest("set", _ServiceMessage(service_id), _DestMessage(dest.id, dest))
        case DeleteDest(service_id, id):
            kernel.dest("del", _ServiceMessage(service_id), _DestMessage(id))


@attrs.frozen
class _ServiceMessage:
    """A service as pyroute2 writes it into a message."""

    id: ServiceId
    service: Service | None = None

    def dump_key(self) -> dict[str, Any]:
        key: list[tuple[str, Any]] = [("IPVS_SVC_ATTR_AF", int(self.id.family))]
        if self.id.address is None:
            key.append(("IPVS_SVC_ATTR_FWMARK", self.id.fwmark))
        else:
            key += [
                ("IPVS_SVC_ATTR_PROTOCOL", self.id.protocol.number),
                ("IPVS_SVC_ATTR_ADDR", str(self.id.address)),
                ("IPVS_SVC_ATTR_PORT", self.id.port),
            ]
        return {"attrs": key}

    def dump_nla(self) -> dict[str, Any]:
        message = self.dump_key()
        if (service := self.service) is not None:
            message["attrs"] += [
                ("IPVS_SVC_ATTR_SCHED_NAME", service.scheduler),
                ("IPVS_SVC_ATTR_FLAGS", {"flags": int(service.flags), "mask": _ALL_FLAGS}),
                ("IPVS_SVC_ATTR_TIMEOUT", service.timeout),
                ("IPVS_SVC_ATTR_NETMASK", _netmask(self.id.family, service.prefix)),
            ]
        return message


@attrs.frozen
class _DestMessage:
    """A dest as pyroute2 writes it into a message."""

    id: DestId
    dest: Dest | None = None

    def dump_nla(self) -> dict[str, Any]:
        message: list[tuple[str, Any]] = [
            ("IPVS_DEST_ATTR_ADDR_FAMILY", int(Family.of(self.id.address))),
            ("IPVS_DEST_ATTR_ADDR", str(self.id.address)),
            ("IPVS_DEST_ATTR_PORT", self.id.port),
        ]
        if (dest := self.dest) is not None:
            message += [
                ("IPVS_DEST_ATTR_FWD_METHOD", int(dest.forward)),
                ("IPVS_DEST_ATTR_WEIGHT", dest.weight & 0xFFFFFFFF),  # an int to the kernel
                ("IPVS_DEST_ATTR_U_THRESH", dest.upper),
                ("IPVS_DEST_ATTR_L_THRESH", dest.lower),
                ("IPVS_DEST_ATTR_TUN_TYPE", 0),  # plain IP in IP
                ("IPVS_DEST_ATTR_TUN_PORT", 0),
                ("IPVS_DEST_ATTR_TUN_FLAGS", 0),
            ]
        return {"attrs": message}


def _service(answer: Any) -> Service:
    found = answer.get_attr("IPVS_CMD_ATTR_SERVICE")
    family = Family(found.get_attr("IPVS_SVC_ATTR_AF"))
    if mark := found.get_attr("IPVS_SVC_ATTR_FWMARK") or 0:
        key = ServiceId(Protocol.FWM, family, fwmark=mark)
    else:
        number = found.get_attr("IPVS_SVC_ATTR_PROTOCOL")
        key = ServiceId(
            Protocol.UDP if number == socket.IPPROTO_UDP else Protocol.TCP,
            family,
            ip_address(found.get_attr("IPVS_SVC_ATTR_ADDR")),
            found.get_attr("IPVS_SVC_ATTR_PORT"),
        )
    flags = Flag(found.get_attr("IPVS_SVC_ATTR_FLAGS")["flags"] & ~_HASHED)
    persistent = Flag.PERSISTENT in flags
    return Service(
        id=key,
        scheduler=found.get_attr("IPVS_SVC_ATTR_SCHED_NAME"),
        flags=flags,
        # Without persistence both are without effect, and left over from former settings.
        timeout=found.get_attr("IPVS_SVC_ATTR_TIMEOUT") if persistent else 0,
        prefix=_prefix(family, found.get_attr("IPVS_SVC_ATTR_NETMASK")) if persistent else None,
    )


def _dest(answer: Any, family: Family) -> Dest:
    found = answer.get_attr("IPVS_CMD_ATTR_DEST")
    address = ip_address(found.get_attr("IPVS_DEST_ATTR_ADDR"))
    return Dest(
        id=DestId(address, found.get_attr("IPVS_DEST_ATTR_PORT")),
        forward=ForwardMethod(found.get_attr("IPVS_DEST_ATTR_FWD_METHOD")),
        weight=found.get_attr("IPVS_DEST_ATTR_WEIGHT"),
        upper=found.get_attr("IPVS_DEST_ATTR_U_THRESH") or 0,
        lower=found.get_attr("IPVS_DEST_ATTR_L_THRESH") or 0,
    )


def _netmask(family: Family, prefix: int | None) -> str:
    """The NETMASK attribute as pyroute2's type for it (ip4addr) must be given it."""
    assert prefix is not None
    if family is Family.IPV6:
        return socket.inet_ntoa(prefix.to_bytes(4, sys.byteorder))
    return socket.inet_ntoa((0xFFFFFFFF << (32 - prefix) & 0xFFFFFFFF).to_bytes(4, "big"))


def _prefix(family: Family, netmask: str) -> int:
    packed = socket.inet_aton(netmask)
    if family is Family.IPV6:
        return int.from_bytes(packed, sys.byteorder)
    return int.from_bytes(packed, "big").bit_count()
