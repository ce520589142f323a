"""What happened, in the words of ldirectord's log, which people's monitoring looks for."""

from ldirpy.assignments import Seat
from ldirpy.config.model import Virtual
from ldirpy.desired import dest_id
from ldirpy.health import Change, Health
from ldirpy.ipvs.model import (
    AddDest,
    AddService,
    DeleteDest,
    DeleteService,
    DestId,
    EditDest,
    EditService,
    Entry,
    Operation,
)

STARTING = "Starting Linux Director v{version} {how}"
RELOADING = "Reloading Linux Director Daemon config on signal"
TERMINATED = "Linux Director Daemon terminated on signal: {signal}"
OLD_ONE_STAYS = "The old configuration stays in force"


def operation_line(virtual: Virtual, operation: Operation, before: Entry | None) -> str:
    """The log line for an operation on a virtual service; `before` is what the table held."""
    match operation:
        case AddService():
            return f"Added virtual server: {virtual}"
        case EditService():
            return f"Changed virtual server: {virtual}"
        case DeleteService():
            return f"Purged virtual server (stop): {virtual}"
        case AddDest(_, dest) if dest.weight == 0 and not _is_fallback(virtual, dest.id):
            return f"Quiescent {_server(virtual, dest.id)} (Weight set to 0)"
        case AddDest(_, dest):
            return f"Added {_server(virtual, dest.id)} (Weight set to {dest.weight})"
        case EditDest(_, dest) if dest.weight == 0:
            return f"Quiescent {_server(virtual, dest.id)} (Weight set to 0)"
        case EditDest(_, dest):
            there = before.dests.get(dest.id) if before else None
            verb = "Restored" if there and there.weight == 0 else "Changed"
            return f"{verb} {_server(virtual, dest.id)} (Weight set to {dest.weight})"
        case DeleteDest(_, id) if _is_named(virtual, id):
            return f"Deleted {_server(virtual, id)}"
        case DeleteDest(_, id):
            return f"Purged real server (start): {id} ({virtual})"


def stop_lines(virtual: Virtual, entry: Entry) -> list[str]:
    """The log lines for a virtual service that is taken out of the table at the end."""
    purged = [f"Purged real server (stop): {id} ({virtual})" for id in entry.dests]
    return [*purged, f"Purged virtual server (stop): {virtual}"]


def change_line(virtual: Virtual, seat: Seat, change: Change, health: Health) -> str | None:
    """The log line for a change of health that leaves the table alone; None if there is none."""
    where = f"{seat.real} ({virtual.protocol.value}:{virtual})"
    if change is Change.SOFT_FAILURE:
        return f"Soft failure real server: {where} failure {health.failures}/{virtual.failurecount}"
    if change is Change.SOFT_FAILURES_RESET:
        return f"Resetting soft failure count: {where}"
    return None


def _is_named(virtual: Virtual, id: DestId) -> bool:
    return _is_fallback(virtual, id) or any(dest_id(virtual, real) == id for real in virtual.reals)


def _is_fallback(virtual: Virtual, id: DestId) -> bool:
    return virtual.fallback is not None and dest_id(virtual, virtual.fallback) == id


def _server(virtual: Virtual, id: DestId) -> str:
    kind = "fallback server" if _is_fallback(virtual, id) else "real server"
    return f"{kind}: {id} ({virtual})"
