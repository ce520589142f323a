"""The director: the one owner of the state and the only writer of the table.

Probes report verdicts, the operator asks for a reload or a stop; all of it arrives in one inbox and
is handled by one task, so there are no locks and no races. What to do is decided by pure functions
(health, desired, reconcile); here it is only carried out, and told to the log.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import attrs

from ldirpy.assignments import Assignments, Seat, assign
from ldirpy.checkers.registry import Probe
from ldirpy.config.model import Config, Real, Virtual
from ldirpy.daemon import wording
from ldirpy.daemon.probing import CheckDone, first_delays, probe_forever
from ldirpy.desired import WantedService, dest_id, service_id, wanted
from ldirpy.errors import IpvsError
from ldirpy.health import Change, Event, Health, step
from ldirpy.ipvs.model import (
    AddService,
    DeleteService,
    DestId,
    IpvsTable,
    Operation,
    ServiceId,
    Table,
)
from ldirpy.reconcile import forget, plan_dests, plan_service

log = logging.getLogger("ldirpy")

Answer = TypeVar("Answer")

RETRY_INTERVAL = 5.0  # seconds until the table is tried again after the kernel refused something


@attrs.frozen
class _Reload:
    config: Config
    assigned: Assignments


@attrs.frozen
class _Retry:
    """Try again to settle the services whose operations the kernel refused."""


@attrs.frozen
class _Stop:
    pass


_Message = CheckDone | _Reload | _Retry | _Stop


class Director:
    """Keeps a table right for a configuration until it is told to stop.

    `on_change`, if given, is called with the whole table after each time it was changed.

    Raises ConfigError for a configuration that cannot be carried out.
    """

    def __init__(
        self,
        config: Config,
        table: IpvsTable,
        *,
        on_change: Callable[[Table], None] | None = None,
    ) -> None:
        self.config = config
        self._table = table
        self._on_change = on_change
        self._assigned: Assignments = assign(config)
        self._health: dict[Seat, Health] = {}
        self._probes: dict[Probe, asyncio.Task[None]] = {}
        self._inbox: asyncio.Queue[_Message] = asyncio.Queue()
        # Services whose last operations the kernel refused, and what was said of that already.
        self._unsettled: set[ServiceId] = set()
        self._told: set[str] = set()
        self._retry: asyncio.TimerHandle | None = None
        self._writer = ThreadPoolExecutor(1, "ldirpy-ipvs") if table.blocks else None

    # -- what others call --------------------------------------------------------------------

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Start, and keep the table right until `stop` is called.

        `ready` is called when the table has been adopted and the first checks are on their way.
        Raises IpvsError if the table cannot even be read at the start.
        """
        try:
            await self._adopt(self._assigned, old=None)
            ready()
            while await self._handle(await self._messages()):
                pass
            await self._end_probes(list(self._probes))
            await self._clean()
        finally:
            await self._end_probes(list(self._probes))
            await self._in_writer(self._table.close)
            if self._writer:
                self._writer.shutdown(wait=False)

    def reload(self, config: Config) -> None:
        """Go on with another configuration; checks and servers that did not change go on.

        Raises ConfigError, and goes on as before, for one that cannot be carried out.
        """
        self._inbox.put_nowait(_Reload(config, assign(config)))

    def stop(self) -> None:
        """End `run`: clean the table of the virtual services that have cleanstop, and return."""
        self._inbox.put_nowait(_Stop())

    def health(self) -> dict[tuple[Virtual, Real], Health]:
        """A snapshot of what is known about each real server of each virtual service."""
        return {
            (self._assigned.virtuals[seat.service], seat.real): health
            for seat, health in self._health.items()
        }

    # -- the inbox ---------------------------------------------------------------------------

    async def _messages(self) -> list[_Message]:
        """All that has arrived, at least one: what falls together is applied together."""
        messages = [await self._inbox.get()]
        while not self._inbox.empty():
            messages.append(self._inbox.get_nowait())
        return messages

    async def _handle(self, messages: Sequence[_Message]) -> bool:
        """Act on messages; false when they end the run."""
        touched: dict[ServiceId, set[DestId]] = {}
        for message in messages:
            match message:
                case CheckDone():
                    self._judge(message, touched)
                case _Reload(config, assigned):
                    old = self._assigned
                    self.config, self._assigned = config, assigned
                    touched.clear()
                    await self._adopt(self._assigned, old=old)
                case _Retry():
                    pass  # acted on below, after the reloads that came with it
                case _Stop():
                    return False
        if _Retry() in messages:
            self._retry = None
            for key in self._unsettled:
                touched.setdefault(key, set())
        if touched:
            await self._settle(touched)
        if not self._unsettled:
            self._told.clear()
        return True

    def _judge(self, done: CheckDone, touched: dict[ServiceId, set[DestId]]) -> None:
        """Take in a verdict; note in `touched` the dests whose place in the table it changes."""
        event = Event.PASSED if done.result.up else Event.FAILED
        # A probe that a reload took away may still have had its word in the inbox.
        for seat in self._assigned.seats.get(done.probe, ()):
            virtual = self._assigned.virtuals[seat.service]
            health, change = step(self._health[seat], event, failurecount=virtual.failurecount)
            self._health[seat] = health
            log.debug("Checked %s (%s): %s", seat.real, virtual, done.result.message)
            if change in (Change.WENT_UP, Change.WENT_DOWN):
                log.info(
                    "%s real server: %s (%s): %s",
                    "Up" if health.up else "Down",
                    seat.real,
                    virtual,
                    done.result.message,
                )
                dests = touched.setdefault(seat.service, set())
                dests.add(dest_id(virtual, seat.real))
            elif line := wording.change_line(virtual, seat, change, health):
                log.info("%s: %s", line, done.result.message)

    # -- the table ---------------------------------------------------------------------------

    async def _adopt(self, new: Assignments, *, old: Assignments | None) -> None:
        """Make the table and the probes those of a configuration: start and reload alike."""
        gone = [key for key in (old.virtuals if old else ()) if key not in new.virtuals]
        actual = await self._in_writer(self._table.read, [*new.virtuals, *gone])
        self._health = {
            seat: self._health.get(seat) or _seeded(seat, virtual, actual)
            for key, virtual in new.virtuals.items()
            for seat in (Seat(key, real) for real in virtual.reals)
        }
        self._unsettled.clear()
        self._told.clear()
        changed = False
        for key in gone:
            assert old is not None
            changed |= await self._apply(old.virtuals[key], forget([key], actual), actual)
        for key, virtual in new.virtuals.items():
            want = self._wanted(virtual, readd=True)
            changed |= await self._apply(virtual, plan_service(want, actual.get(key)), actual)
        await self._changed(changed)
        await self._end_probes([probe for probe in self._probes if probe not in new.seats])
        self._start_probes([probe for probe in new.seats if probe not in self._probes])

    async def _settle(self, touched: dict[ServiceId, set[DestId]]) -> None:
        """Bring the dests in `touched` to where their health wants them, and nothing else."""
        try:
            actual = await self._in_writer(self._table.read, list(touched))
        except IpvsError as error:
            for key in touched:
                self._refused(key, error)
            return
        changed = False
        for key, dests in touched.items():
            virtual = self._assigned.virtuals[key]
            want = self._wanted(virtual, readd=self.config.readdquiescent)
            if virtual.fallback is not None:
                dests.add(dest_id(virtual, virtual.fallback))
            there = actual.get(key)
            if there is None or key in self._unsettled:  # made anew, or not as it was left
                operations = plan_service(want, there)
            else:
                operations = plan_dests(want, there, dests)
            changed |= await self._apply(virtual, operations, actual)
        await self._changed(changed)

    def _wanted(self, virtual: Virtual, *, readd: bool) -> WantedService:
        key = service_id(virtual)
        up = {real for real in virtual.reals if self._health[Seat(key, real)].up}
        return wanted(virtual, up, readd=readd)

    async def _apply(
        self, virtual: Virtual, operations: Sequence[Operation], actual: Table
    ) -> bool:
        """Carry out what was planned for one virtual service; whether there was anything.

        What the kernel refuses does not keep the rest from being done.
        """
        key = service_id(virtual)
        self._unsettled.discard(key)
        if not operations:
            return False
        for operation, error in await self._in_writer(_carry_out, self._table, operations):
            if error is None:
                log.info(wording.operation_line(virtual, operation, actual.get(key)))
            else:
                self._refused(key, error)
        return True

    def _refused(self, key: ServiceId, error: IpvsError) -> None:
        """Say once what the kernel refused, and try the service again a little later."""
        if str(error) not in self._told:
            log.error("%s", error)
        self._told.add(str(error))
        self._unsettled.add(key)
        if self._retry is None:
            self._retry = asyncio.get_running_loop().call_later(
                RETRY_INTERVAL, self._inbox.put_nowait, _Retry()
            )

    async def _clean(self) -> None:
        """Take the virtual services with cleanstop out of the table."""
        stopped = [v for v in self._assigned.virtuals.values() if v.cleanstop]
        try:
            actual = await self._in_writer(self._table.read, [service_id(v) for v in stopped])
        except IpvsError as error:
            log.error("%s", error)
            return
        for virtual in stopped:
            entry = actual.get(service_id(virtual))
            if entry is None:
                continue
            try:
                await self._in_writer(self._table.apply, [DeleteService(entry.service.id)])
            except IpvsError as error:
                log.error("%s", error)
            else:
                for line in wording.stop_lines(virtual, entry):
                    log.info(line)
        await self._changed(bool(actual))

    async def _changed(self, changed: bool) -> None:
        if changed and self._on_change is not None:
            self._on_change(await self._in_writer(self._table.read))

    async def _in_writer(self, call: Callable[..., Answer], *words: object) -> Answer:
        """Call the table where it may wait: in the writer's thread, if it waits at all."""
        if self._writer is None:
            return call(*words)
        return await asyncio.get_running_loop().run_in_executor(self._writer, call, *words)

    # -- the probes --------------------------------------------------------------------------

    def _start_probes(self, probes: Sequence[Probe]) -> None:
        shortest = min((probe.interval for probe in probes), default=0.0)
        for probe, delay in zip(probes, first_delays(len(probes), shortest), strict=True):
            loop = probe_forever(probe, self._inbox.put_nowait, delay=delay)
            self._probes[probe] = asyncio.create_task(loop)

    async def _end_probes(self, probes: Iterable[Probe]) -> None:
        tasks = [self._probes.pop(probe) for probe in probes]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


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


def _seeded(seat: Seat, virtual: Virtual, actual: Table) -> Health:
    """The health of a server nothing is known of yet: what the kernel serves counts as up."""
    entry = actual.get(seat.service)
    dest = entry.dests.get(dest_id(virtual, seat.real)) if entry else None
    return Health.seeded(dest.weight if dest else None)
