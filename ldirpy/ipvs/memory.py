"""An IPVS table in memory that is as strict as the kernel.

It is for rehearsals and for tests; the same contract tests run against it and against a real
kernel. `applied` says what each operation means.
"""

import errno
from collections.abc import Iterable, Mapping

import attrs

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
    Operation,
    Service,
    ServiceId,
    Table,
    service_of,
)
from ldirpy.ipvs.refusals import refusal

# The schedulers of Linux 6.1 (net/netfilter/ipvs/Kconfig); the kernel loads their modules itself.
SCHEDULERS = frozenset(
    ["dh", "fo", "lblc", "lblcr", "lc", "mh", "nq", "ovf", "rr", "sed", "sh", "twos", "wlc", "wrr"]
)


class MemoryTable:
    """An IPVS table that lives and dies with the process."""

    blocks = False

    def __init__(self, table: Table | None = None) -> None:
        self._table: Table = dict(table or {})

    def read(self, only: Iterable[ServiceId] | None = None) -> Table:
        """The table, or of the services named in `only` those that exist."""
        if only is None:
            return self._table
        return {key: self._table[key] for key in only if key in self._table}

    def apply(self, operations: Iterable[Operation]) -> None:
        """Carry out operations in their order; raises IpvsError at the first one refused."""
        for operation in operations:
            self._table = applied(self._table, operation)

    def close(self) -> None:
        """There is nothing to give back."""


def applied(table: Table, operation: Operation) -> Table:
    """The table after an operation; raises IpvsError if the kernel would refuse it."""
    match operation:
        case AddService(service):
            if service.id in table:
                raise refusal(operation, errno.EEXIST)
            _known_scheduler(operation, service)
            return {**table, service.id: Entry(service=service)}
        case EditService(service):
            _known_scheduler(operation, service)
            return _with(table, operation, attrs.evolve(_entry(table, operation), service=service))
        case DeleteService(id):
            _entry(table, operation)
            return {key: entry for key, entry in table.items() if key != id}
        case AddDest(_, dest) | EditDest(_, dest):
            entry = _entry(table, operation)
            exists = dest.id in entry.dests
            if exists == isinstance(operation, AddDest):
                raise refusal(operation, errno.EEXIST if exists else errno.ENOENT)
            if dest.weight < 0 or dest.lower > dest.upper > 0 or dest.lower > dest.upper:
                raise refusal(operation, errno.ERANGE)
            return _with(table, operation, _with_dests(entry, {**entry.dests, dest.id: dest}))
        case DeleteDest(_, id):
            entry = _entry(table, operation)
            if id not in entry.dests:
                raise refusal(operation, errno.ENOENT)
            rest = {key: dest for key, dest in entry.dests.items() if key != id}
            return _with(table, operation, _with_dests(entry, rest))


def _entry(table: Table, operation: Operation) -> Entry:
    if (key := service_of(operation)) not in table:
        raise refusal(operation, errno.ESRCH)
    return table[key]


def _with(table: Table, operation: Operation, entry: Entry) -> Table:
    return {**table, service_of(operation): entry}


def _with_dests(entry: Entry, dests: Mapping[DestId, Dest]) -> Entry:
    return attrs.evolve(entry, dests=dests)


def _known_scheduler(operation: Operation, service: Service) -> None:
    if service.scheduler not in SCHEDULERS:
        raise refusal(operation, errno.ENOENT)
