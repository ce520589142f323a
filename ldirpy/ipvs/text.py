"""A table as text, in the form of `ipvsadm -L -n`, which operators read at a glance."""

import socket
from collections.abc import Iterator

from ldirpy.ipvs.model import Entry, Flag, Service, Table
from ldirpy.net import Family

_HEADER = """\
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight"""


def listing(table: Table) -> str:
    """The services with their dests; connections are not shown, as no table in memory has any."""
    return "\n".join([_HEADER, *(line for entry in table.values() for line in _entry(entry))])


def _entry(entry: Entry) -> Iterator[str]:
    yield " ".join([_name(entry.service), entry.service.scheduler, *_flags(entry.service)])
    for dest in entry.dests.values():
        yield f"  -> {dest.id!s:<28} {dest.forward.label:<7} {dest.weight}"


def _name(service: Service) -> str:
    protocol, _, rest = str(service.id).partition(" ")
    return f"{protocol:<4} {rest}"


def _flags(service: Service) -> Iterator[str]:
    if Flag.PERSISTENT in service.flags:
        yield f"persistent {service.timeout}"
        if service.id.family is Family.IPV4 and service.prefix != 32:
            bits = 0xFFFFFFFF << (32 - (service.prefix or 0)) & 0xFFFFFFFF
            yield f"mask {socket.inet_ntoa(bits.to_bytes(4, 'big'))}"
        elif service.id.family is Family.IPV6 and service.prefix != 128:
            yield f"mask {service.prefix}"
    if Flag.ONEPACKET in service.flags:
        yield "ops"
    numbers = {1: Flag.SCHED1, 2: Flag.SCHED2, 3: Flag.SCHED3}
    if words := [f"flag-{n}" for n, flag in numbers.items() if flag in service.flags]:
        yield f"({','.join(words)})"
