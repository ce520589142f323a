"""The one writer of the table: carries out what is planned, and comes back to what was refused.

Between changes nothing is written, so a weight that somebody set by hand stays.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import attrs

from ldirpy.config.model import Real, Virtual
from ldirpy.daemon import wording
from ldirpy.daemon.events import Listener, ServerMoved, ServiceMoved
from ldirpy.desired import WantedService, service_id
from ldirpy.errors import IpvsError
from ldirpy.ipvs.model import (
    AddService,
    DeleteService,
    DestId,
    EditService,
    IpvsTable,
    Operation,
    ServiceId,
    Table,
)
from ldirpy.reconcile import forget, keeping_weights, plan_dests, plan_service

log = logging.getLogger("ldirpy")

Answer = TypeVar("Answer")

# The dests of each service whose place in the table may have to change.
Touched = dict[ServiceId, set[DestId]]

RETRY_INTERVAL = 5.0  # seconds until the table is tried again after the kernel refused something


@attrs.frozen
class Want:
    """A virtual service and what the table should hold for it."""

    virtual: Virtual
    service: WantedService

    def keeping_weights(self, actual: Table) -> "Want":
        """The same, but with the weights that the table has for the servers that are up."""
        entry = actual.get(self.service.service.id)
        return Want(self.virtual, keeping_weights(self.service, entry))


class TableKeeper:
    """Brings a table to what is wanted; `tell` hears of each operation that was carried out.

    `on_change`, if given, is called with the whole table after each time it was changed. `retry` is
    called some time after the kernel refused something, when `unsettled` should be settled again.
    """

    def __init__(
        self,
        table: IpvsTable,
        *,
        tell: Listener,
        retry: Callable[[], None],
        on_change: Callable[[Table], None] | None = None,
    ) -> None:
        self._table = table
        self._tell = tell
        self._on_change = on_change
        self._retry = retry
        self._timer: asyncio.TimerHandle | None = None
        # Services whose last operations the kernel refused, and what was said of that already.
        self.unsettled: set[ServiceId] = set()
        self._told: set[str] = set()
        self._writer = ThreadPoolExecutor(1, "ldirpy-ipvs") if table.blocks else None

    async def read(self, only: Sequence[ServiceId]) -> Table:
        """What the table holds of some services; raises IpvsError if it cannot be read."""
        return await self._in_writer(self._table.read, only)

    async def adopt(self, wants: Iterable[Want], gone: Iterable[Virtual], actual: Table) -> None:
        """Make the whole of some services as wanted, and remove those that are `gone`."""
        self.unsettled.clear()
        self._told.clear()
        changed = False
        for virtual in gone:
            changed |= await self._apply(virtual, None, forget([service_id(virtual)], actual))
        for want in wants:
            planned = plan_service(want.service, actual.get(want.service.service.id))
            changed |= await self._apply(want.virtual, want.service, planned)
        await self._changed(changed)

    async def settle(self, wants: Mapping[ServiceId, Want], touched: Touched) -> None:
        """Bring the dests in `touched` to what is wanted of them, and nothing else."""
        try:
            actual = await self.read(list(touched))
        except IpvsError as error:
            for key in touched:
                self._refused(key, error)
            return
        changed = False
        for key, dests in touched.items():
            want, there = wants[key], actual.get(key)
            if there is None or key in self.unsettled:  # made anew, or not as it was left
                planned = plan_service(want.service, there)
            else:
                planned = plan_dests(want.service, there, dests)
            changed |= await self._apply(want.virtual, want.service, planned)
        await self._changed(changed)
        if not self.unsettled:
            self._told.clear()

    async def clean(
        self, stopped: Mapping[ServiceId, Virtual], up: Callable[[Virtual], Collection[Real]]
    ) -> None:
        """Take virtual services out of the table, those of them that are in it."""
        try:
            actual = await self.read(list(stopped))
        except IpvsError as error:
            log.error("%s", error)
            return
        for key, virtual in stopped.items():
            if key not in actual:
                continue
            try:
                await self._in_writer(self._table.apply, [DeleteService(key)])
            except IpvsError as error:
                log.error("%s", error)
                continue
            for line in wording.purged_server_lines(virtual, up(virtual)):
                self._tell(ServerMoved(virtual=virtual, text=line))
            self._tell(ServiceMoved(virtual=virtual, text=wording.purged_service_line(virtual)))
        await self._changed(bool(actual))

    def retried(self) -> None:
        """The retry that was asked for is being acted on: the next refusal asks for another."""
        self._timer = None

    async def close(self) -> None:
        """Give back the table."""
        if self._timer is not None:
            self._timer.cancel()
        await self._in_writer(self._table.close)
        if self._writer:
            self._writer.shutdown(wait=False)

    async def _apply(
        self, virtual: Virtual, want: WantedService | None, operations: Sequence[Operation]
    ) -> bool:
        """Carry out what was planned for one virtual service; whether there was anything.

        What the kernel refuses does not keep the rest from being done.
        """
        key = service_id(virtual)
        self.unsettled.discard(key)
        if not operations:
            return False
        for operation, error in await self._in_writer(_carry_out, self._table, operations):
            if error is not None:
                self._refused(key, error)
                continue
            line = wording.operation_line(virtual, operation, want)
            if isinstance(operation, AddService | EditService | DeleteService):
                self._tell(ServiceMoved(virtual=virtual, text=line))
            else:
                self._tell(ServerMoved(virtual=virtual, text=line))
        return True

    def _refused(self, key: ServiceId, error: IpvsError) -> None:
        """Say once what the kernel refused, and have the service tried again a little later."""
        if str(error) not in self._told:
            log.error("%s", error)
        self._told.add(str(error))
        self.unsettled.add(key)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(RETRY_INTERVAL, self._retry)

    async def _changed(self, changed: bool) -> None:
        if changed and self._on_change is not None:
            self._on_change(await self._in_writer(self._table.read))

    async def _in_writer(self, call: Callable[..., Answer], *words: object) -> Answer:
        """Call the table where it may wait: in the writer's thread, if it waits at all."""
        if self._writer is None:
            return call(*words)
        return await asyncio.get_running_loop().run_in_executor(self._writer, call, *words)


def _carry_out(
    table: IpvsTable, operations: Sequence[Operation]
) -> list[tuple[Operation, IpvsError | None]]:
    """Apply each operation, whatever becomes of the others; what was refused with its error."""
    outcomes: list[tuple[Operation, IpvsError | None]] = []
    for operation in operations:
        try:
            table.apply([operation])
        except IpvsError as error:
            outcomes.append((operation, error))
            if isinstance(operation, AddService):
                break  # without the service there is no place for its dests
        else:
            outcomes.append((operation, None))
    return outcomes
