"""What happened, in the words of ldirectord's log, which people's monitoring looks for."""

from collections.abc import Collection

from ldirpy.config.model import Real, Virtual
from ldirpy.desired import WantedService, dest_id
from ldirpy.health import Change
from ldirpy.ipvs.model import (
    AddDest,
    AddService,
    DeleteDest,
    DeleteService,
    DestId,
    EditDest,
    EditService,
    Operation,
)

STARTING = "Starting Linux Director v{version} {how}"
RELOADING = "Reloading Linux Director Daemon config on signal"
TERMINATED = "Linux Director Daemon terminated on signal: {signal}"
OLD_ONE_STAYS = "The old configuration stays in force"
FILE_CHANGED = "Configuration file '{path}' has changed on disk"
REREAD = " - reread new configuration"
IGNORED = " - ignore new configuration"
IN_MAINTENANCE = "Server in maintenance"  # what the monitor file says in place of a check's result


def operation_line(virtual: Virtual, operation: Operation, want: WantedService | None) -> str:
    """The log line for an operation that led to `want`, or (None) away with the whole service."""
    match operation:
        case AddService():
            return f"Added virtual server: {virtual}"
        case EditService():
            return f"Changed virtual server: {virtual}"
        case DeleteService():
            return f"Purged virtual server (start): {virtual}"
        case AddDest(_, dest) | EditDest(_, dest):
            added = isinstance(operation, AddDest)
            if want and dest.id in want.quiesced:
                verb = "Readd Quiescent" if added and want.readdquiescent else "Quiescent"
            else:
                verb = "Added" if added else "Restored"
            return f"{verb} {_server(virtual, want, dest.id)} (Weight set to {dest.weight})"
        case DeleteDest(_, id):
            if want and id not in want.known:
                return f"Purged real server (start): {id} ({virtual})"
            return f"Deleted {_server(virtual, want, id)}"


def purged_service_line(virtual: Virtual) -> str:
    """The log line for a virtual service that is taken out of the table at the end."""
    return f"Purged virtual server (stop): {virtual}"


def purged_server_lines(virtual: Virtual, up: Collection[Real]) -> list[str]:
    """The log lines for the real servers that go with it: those that served."""
    return [f"Purged real server (stop): {real} ({virtual})" for real in up]


def change_line(virtual: Virtual, real: Real, change: Change, failures: int) -> str | None:
    """The log line for a change of health beside those of the table; None if there is none."""
    where = f"{real} ({virtual.protocol.value}:{virtual})"
    if change is Change.SOFT_FAILURE:
        return f"Soft failure real server: {where} failure {failures}/{virtual.failurecount}"
    if change in (Change.SOFT_FAILURES_RESET, Change.WENT_UP):
        return f"Resetting soft failure count: {where}"
    return None


def reason_line(virtual: Virtual, real: Real, message: str) -> str:
    """Why a check failed: ldirpy's own line."""
    return f"Check failed: {real} ({virtual.protocol.value}:{virtual}): {message}"


def inaccessible(virtual: Virtual, real: Real) -> str:
    """The subject of the mail that repeats while a real server stays down."""
    return f"Inaccessible real server: {real} ({virtual})"


def _server(virtual: Virtual, want: WantedService | None, id: DestId) -> str:
    """A dest under the name that the configuration gives it."""
    if virtual.fallback is not None and dest_id(virtual, virtual.fallback) == id:
        return f"fallback server: {virtual.fallback} ({virtual})"
    return f"real server: {want.known.get(id, id) if want else id} ({virtual})"
