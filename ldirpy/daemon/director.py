"""The director: the one owner of the state.

Probes report verdicts, the operator asks for a reload, a stop, or for maintenance; all of it
arrives in one inbox and is handled by one task, so there are no locks and no races. What to do is
decided by pure functions (health, desired, reconcile); the table is kept by a TableKeeper, and
whoever wants to know what happened listens to the events.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import attrs

from ldirpy.assignments import Assignments, Seat, assign
from ldirpy.checkers.base import CheckResult
from ldirpy.checkers.registry import Probe
from ldirpy.config.model import Config, DirectorState, Real, Virtual
from ldirpy.daemon import wording
from ldirpy.daemon.events import Adopted, Audience, Judged, Listener, Standing, StateChanged
from ldirpy.daemon.journal import journal
from ldirpy.daemon.keeping import RETRY_INTERVAL, TableKeeper, Touched, Want
from ldirpy.daemon.probing import CheckDone, first_delays, probe_forever
from ldirpy.desired import dest_id, service_id, wanted
from ldirpy.errors import IpvsError
from ldirpy.health import Change, Event, Health, step
from ldirpy.ipvs.model import IpvsTable, ServiceId, Table

log = logging.getLogger("ldirpy")


@attrs.frozen
class _Reload:
    config: Config
    assigned: Assignments


@attrs.frozen
class _Maintenance:
    out: Callable[[Virtual, Real], bool]


@attrs.frozen
class _Retry:
    """Try again to settle the services whose operations the kernel refused."""


@attrs.frozen(eq=False)
class _Mark:
    """Tell that everything before this has been handled."""

    reached: asyncio.Future[None]


@attrs.frozen
class _Stop:
    pass


_Message = CheckDone | _Reload | _Maintenance | _Retry | _Mark | _Stop


class Director:
    """Keeps a table right for a configuration until it is told to stop.

    `listeners` hear of everything that happens, after the log. `on_change`, if given, is called
    with the whole table after each time it was changed. With `keep_weights` the run goes on where
    another one with this configuration was cut off: weights that the table has stay as they are.

    Raises ConfigError for a configuration that cannot be carried out.
    """

    def __init__(
        self,
        config: Config,
        table: IpvsTable,
        *,
        listeners: Iterable[Listener] = (),
        on_change: Callable[[Table], None] | None = None,
        keep_weights: bool = False,
    ) -> None:
        self.config = config
        self._keep_weights = keep_weights
        self.state = DirectorState.STARTING
        self._assigned: Assignments = assign(config)
        self._seats: dict[ServiceId, tuple[Seat, ...]] = {}
        self._health: dict[Seat, Health] = {}
        self._probes: dict[Probe, asyncio.Task[None]] = {}
        self._awaited: set[Probe] = set()  # whose first verdict is outstanding
        self._verdicts: dict[Probe, CheckResult] = {}  # the last of each running probe
        self._requested: _Reload | None = None  # the last reload that was asked for
        self._out: Callable[[Virtual, Real], bool] = lambda virtual, real: False
        self._held: frozenset[Seat] = frozenset()  # the seats that `_out` is true of
        self._inbox: asyncio.Queue[_Message] = asyncio.Queue()
        self._tell = Audience((journal, *listeners))
        self._table = TableKeeper(
            table, tell=self._tell, retry=lambda: self._put(_Retry()), on_change=on_change
        )

    # -- what others call --------------------------------------------------------------------

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Start, and keep the table right until `stop` is called.

        `ready` is called when the table has been adopted and the first checks are on their way.
        Raises IpvsError if the table cannot even be read at the start.
        """
        try:
            await self._adopt(await self._table.read(list(self._assigned.virtuals)), old=None)
            ready()
            while await self._handle(await self._messages()):
                pass
            self._go_on(DirectorState.STOPPING)
            await self._end_probes(list(self._probes))
            virtuals = self._assigned.virtuals.items()
            await self._table.clean({key: v for key, v in virtuals if v.cleanstop}, self._up)
        finally:
            await self._end_probes(list(self._probes))
            await self._table.close()

    def reload(self, config: Config) -> None:
        """Go on with another configuration; checks and servers that did not change go on.

        Raises ConfigError, and goes on as before, for one that cannot be carried out.
        """
        self._requested = _Reload(config, assign(config))
        self._put(self._requested)

    def hold(self, out: Callable[[Virtual, Real], bool]) -> None:
        """Take the real servers that `out` is true of out for maintenance, and let the others in.

        The first go down at once, without a check; the others as soon as a check passes.
        """
        self._put(_Maintenance(out))

    def stop(self) -> None:
        """End `run`: clean the table of the virtual services that have cleanstop, and return."""
        self._put(_Stop())

    async def answer(self) -> None:
        """Return when everything that was asked for until now has been handled."""
        mark = _Mark(asyncio.get_running_loop().create_future())
        self._put(mark)
        await mark.reached

    def health(self) -> dict[tuple[Virtual, Real], Health]:
        """A snapshot of what is known about each real server of each virtual service."""
        return {
            (self._assigned.virtuals[seat.service], seat.real): health
            for seat, health in self._health.items()
        }

    # -- the inbox ---------------------------------------------------------------------------

    def _put(self, message: _Message) -> None:
        self._inbox.put_nowait(message)

    async def _messages(self) -> list[_Message]:
        """All that has arrived, at least one: what falls together is applied together."""
        messages = [await self._inbox.get()]
        while not self._inbox.empty():
            messages.append(self._inbox.get_nowait())
        return messages

    async def _handle(self, messages: Sequence[_Message]) -> bool:
        """Act on messages; false when they end the run."""
        touched: Touched = {}
        for message in messages:
            match message:
                case CheckDone():
                    self._verdict(message, touched)
                case _Maintenance(out):
                    self._out = out
                    self._held_now(touched)
                case _Reload():
                    before = self._health
                    if await self._reload(message):
                        touched.clear()
                        self._held_now(touched)
                        self._judge_new(before, touched)
                case _Mark():
                    pass  # answered below
                case _Retry():
                    pass  # acted on below, after the reloads that came with it
                case _Stop():
                    return False
        if _Retry() in messages:
            self._table.retried()
            for key in self._table.unsettled:
                touched.setdefault(key, set())
        if touched:
            await self._settle(touched)
        if not self._awaited:
            self._go_on(DirectorState.RUNNING)
        for message in messages:
            if isinstance(message, _Mark) and not message.reached.done():
                message.reached.set_result(None)
        return True

    async def _reload(self, message: _Reload) -> bool:
        """Adopt another configuration; false, and later once more, if the table cannot be read."""
        if message is not self._requested:
            return False  # a later one has been asked for
        try:
            actual = await self._table.read([*message.assigned.virtuals, *self._assigned.virtuals])
        except IpvsError as error:
            log.error("%s", error)
            asyncio.get_running_loop().call_later(RETRY_INTERVAL, self._put, message)
            return False
        old, self.config, self._assigned = self._assigned, message.config, message.assigned
        self._go_on(DirectorState.RELOADING)
        await self._adopt(actual, old=old)
        return True

    def _go_on(self, state: DirectorState) -> None:
        if state is not self.state:
            self.state = state
            self._tell(StateChanged(state))

    # -- verdicts ----------------------------------------------------------------------------

    def _verdict(self, done: CheckDone, touched: Touched) -> None:
        """Take in what a probe found, for every seat it decides on."""
        self._awaited.discard(done.probe)
        if done.probe in self._probes and done.result is not None:
            self._verdicts[done.probe] = done.result
        # A probe that a reload took away may still have had its word in the inbox.
        for seat in self._assigned.seats.get(done.probe, ()):
            if seat in self._held:
                self._judge(seat, Event.MAINTENANCE, wording.IN_MAINTENANCE, touched)
            elif done.result is not None:
                self._judge_by(seat, done.result, touched)

    def _judge_new(self, before: Mapping[Seat, Health], touched: Touched) -> None:
        """Give seats that are new the last verdict of a probe that has been running for others."""
        for probe, result in self._verdicts.items():
            for seat in self._assigned.seats[probe]:
                if seat not in before and seat not in self._held:
                    self._judge_by(seat, result, touched)

    def _judge_by(self, seat: Seat, result: CheckResult, touched: Touched) -> None:
        event = Event.PASSED if result.up else Event.FAILED
        self._judge(seat, event, result.message, touched)

    def _judge(self, seat: Seat, event: Event, message: str, touched: Touched) -> None:
        """Note in `touched` the dest whose place in the table an event changes."""
        virtual = self._assigned.virtuals[seat.service]
        health, change = step(self._health[seat], event, failurecount=virtual.failurecount)
        self._health[seat] = health
        moved = change in (Change.WENT_UP, Change.WENT_DOWN)
        # A quiesced server that somebody removed is put back while it is in maintenance.
        again = event is Event.MAINTENANCE and virtual.quiescent and self.config.readdquiescent
        if moved or again:
            touched.setdefault(seat.service, set()).add(dest_id(virtual, seat.real))
        self._tell(
            Judged(
                virtual=virtual,
                real=seat.real,
                event=event,
                message=message,
                change=change,
                failures=health.failures,
            )
        )

    def _held_now(self, touched: Touched) -> None:
        """Find out anew who is out for maintenance; those who were not go down at once."""
        before = self._held
        self._held = self._find_held()
        for seat in self._health:
            if seat in self._held and seat not in before:
                self._judge(seat, Event.MAINTENANCE, wording.IN_MAINTENANCE, touched)

    def _find_held(self) -> frozenset[Seat]:
        virtuals = self._assigned.virtuals
        return frozenset(
            seat for seat in self._health if self._out(virtuals[seat.service], seat.real)
        )

    # -- the table ---------------------------------------------------------------------------

    async def _adopt(self, actual: Table, *, old: Assignments | None) -> None:
        """Make the table and the probes those of the configuration: start and reload alike."""
        new = self._assigned
        self._tell(Adopted(self.config))
        before = old.virtuals if old else {}
        gone = {key: v for key, v in before.items() if key not in new.virtuals}
        self._seats = {
            key: tuple(Seat(key, real) for real in virtual.reals)
            for key, virtual in new.virtuals.items()
        }
        self._health = {
            seat: self._health.get(seat) or self._seeded(seat, new.virtuals[key], actual)
            for key, seats in self._seats.items()
            for seat in seats
        }
        wants = [self._want(virtual, readd=True) for virtual in new.virtuals.values()]
        if self._keep_weights:
            wants = [want.keeping_weights(actual) for want in wants]
            self._keep_weights = False  # a reload sets them
        await self._table.adopt(wants, gone.values(), actual)
        self._tell_standing(new.virtuals)
        await self._end_probes([probe for probe in self._probes if probe not in new.seats])
        self._start_probes([probe for probe in new.seats if probe not in self._probes])

    def _seeded(self, seat: Seat, virtual: Virtual, actual: Table) -> Health:
        """The health of a server nothing is known of yet: what the kernel serves counts as up."""
        entry = actual.get(seat.service)
        dest = entry.dests.get(dest_id(virtual, seat.real)) if entry else None
        # Without quiescent= the daemon that was cut off never left a weight of 0 behind.
        drained = self._keep_weights and not virtual.quiescent
        return Health.seeded(dest.weight if dest else None, drained=drained)

    async def _settle(self, touched: Touched) -> None:
        """Bring the dests in `touched` to where their health wants them, and nothing else."""
        for key, dests in touched.items():
            virtual = self._assigned.virtuals[key]
            if virtual.fallback is not None:
                dests.add(dest_id(virtual, virtual.fallback))
        virtuals = {key: self._assigned.virtuals[key] for key in touched}
        wants = {key: self._want(virtual, readd=False) for key, virtual in virtuals.items()}
        await self._table.settle(wants, touched)
        self._tell_standing(touched)

    def _want(self, virtual: Virtual, *, readd: bool) -> Want:
        again = self.config.readdquiescent
        up = set(self._up(virtual))
        return Want(virtual, wanted(virtual, up, readd=readd, readdquiescent=again))

    def _up(self, virtual: Virtual) -> Collection[Real]:
        """The real servers of a virtual service that are up, in the configuration's order."""
        seats = self._seats[service_id(virtual)]
        return [seat.real for seat in seats if self._health[seat].up]

    def _tell_standing(self, services: Iterable[ServiceId]) -> None:
        for key in services:
            up = any(self._health[seat].up for seat in self._seats[key])
            self._tell(Standing(virtual=self._assigned.virtuals[key], up=up))

    # -- the probes --------------------------------------------------------------------------

    def _start_probes(self, probes: Sequence[Probe]) -> None:
        shortest = min((probe.interval for probe in probes), default=0.0)
        for probe, delay in zip(probes, first_delays(len(probes), shortest), strict=True):
            loop = probe_forever(probe, self._put, delay=delay, idle=self._idle)
            self._probes[probe] = asyncio.create_task(loop)
            self._awaited.add(probe)

    def _idle(self, probe: Probe) -> bool:
        """Whether nobody wants to know what a probe would find."""
        return self._held.issuperset(self._assigned.seats.get(probe, ()))

    async def _end_probes(self, probes: Iterable[Probe]) -> None:
        tasks = [self._probes.pop(probe) for probe in probes]
        self._awaited.intersection_update(self._probes)
        self._verdicts = {p: result for p, result in self._verdicts.items() if p in self._probes}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
