"""From what is wanted and what is there to the operations that lead from one to the other.

Pure functions. Their order is what keeps clients served: a service comes before its dests, what is
added or edited before what is deleted, so that the fallback is in before the last real server is
out and the other way round.
"""

from collections.abc import Collection, Iterable

import attrs

from ldirpy.desired import WantedService
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
    ForwardMethod,
    Operation,
    ServiceId,
    Table,
)


def plan(desired: Iterable[WantedService], actual: Table) -> tuple[Operation, ...]:
    """All operations that make `actual` hold what is desired: those of a start or a reload.

    Dests that the configuration does not name are removed from the services it names; services
    it does not name are left alone. After these operations the plan is empty.
    """
    operations: list[Operation] = []
    for want in desired:
        operations += plan_service(want, actual.get(want.service.id))
    return tuple(operations)


def plan_service(want: WantedService, actual: Entry | None) -> tuple[Operation, ...]:
    """The whole plan for one service; `actual` is None if the kernel does not have it."""
    if actual is None:
        added = [AddDest(want.service.id, dest) for dest in want.dests.values()]
        return (AddService(want.service), *added)
    operations: list[Operation] = []
    if want.service != actual.service:
        operations.append(EditService(want.service))
    strangers = [key for key in actual.dests if key not in want.known]
    operations += plan_dests(want, actual, want.known)
    operations += [DeleteDest(want.service.id, key) for key in strangers]
    return tuple(operations)


def plan_dests(
    want: WantedService, actual: Entry, touched: Collection[DestId]
) -> tuple[Operation, ...]:
    """The operations for the dests in `touched` only: those of a change of health.

    What is not touched stays as it is, a weight that somebody set by hand for one.
    """
    service = want.service.id
    changed: list[Operation] = []
    for key, dest in want.dests.items():
        if key not in touched:
            continue
        there = actual.dests.get(key)
        if there is None:
            if want.readd or key not in want.quiesced:
                changed.append(AddDest(service, dest))
        elif not same_dest(dest, there):
            changed.append(EditDest(service, dest))
    gone = [key for key in actual.dests if key in touched and key not in want.dests]
    return (*changed, *(DeleteDest(service, key) for key in gone))


def keeping_weights(want: WantedService, actual: Entry | None) -> WantedService:
    """What is wanted, but with the weights that the table has for the servers that are up.

    For a daemon that goes on where another one with this configuration was cut off: what was set
    by hand since then stays until the server's state changes or the configuration is reloaded.
    """
    found = actual.dests if actual else {}
    dests = {
        key: attrs.evolve(dest, weight=found[key].weight)
        if key in found and key not in want.quiesced
        else dest
        for key, dest in want.dests.items()
    }
    return attrs.evolve(want, dests=dests)


def forget(gone: Iterable[ServiceId], actual: Table) -> tuple[Operation, ...]:
    """Remove services that are no longer wanted at all, those of them that exist."""
    return tuple(DeleteService(key) for key in gone if key in actual)


def same_dest(wanted: Dest, found: Dest) -> bool:
    """Whether a dest needs no edit.

    The kernel reports a dest whose address is the director's own as LOCAL, whatever method it
    was given: to edit it for that would be to edit it for ever.
    """
    local = found.forward is ForwardMethod.LOCAL
    return (wanted.weight, wanted.upper, wanted.lower) == (
        found.weight,
        found.upper,
        found.lower,
    ) and (local or wanted.forward is found.forward)
