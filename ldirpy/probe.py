"""Check real servers once, without a daemon."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from ldirpy.assignments import Seat
from ldirpy.checkers.base import CheckResult, run_check
from ldirpy.checkers.registry import Probe, probe_for
from ldirpy.config.model import Real, Virtual
from ldirpy.errors import NoVerdict
from ldirpy.ipvs.model import ServiceId

AT_A_TIME = 2000  # checks; each that waits holds a descriptor
LOOK_EVERY = 0.1  # seconds between two reports on what is done


def probe(virtual: Virtual, real: Real) -> CheckResult:
    """Run the check that `virtual` asks for on `real`, once, and say what it found.

    With checktype=N that is the negotiate check; with checktype=off nothing is checked and the
    real server counts as down. It takes at most the virtual service's time-out.

    Raises ValueError if ldirpy cannot check such a service. Not for use in a running event loop.
    """
    found = probe_for(virtual, real)
    if found is None:
        return CheckResult(up=False, message="not checked: checktype=off", seconds=0.0)
    return asyncio.run(run_once(found))


async def run_once(found: Probe) -> CheckResult:
    """Run one check; with checktype=N the negotiate check."""
    if found.negotiate is not None:
        return await run_check(found.negotiate, found.negotiate_timeout)
    return await run_check(found.checker, found.timeout)


async def probe_all(
    seats: Mapping[Probe, Sequence[Seat]], note: Callable[[int, int], None]
) -> dict[tuple[ServiceId, Real], CheckResult | NoVerdict]:
    """Run all probes side by side, each once; `note` hears now and then how many seats are judged.

    It is told the number of all, and of those that are down.
    """
    places = asyncio.Semaphore(AT_A_TIME)
    found: dict[tuple[ServiceId, Real], CheckResult | NoVerdict] = {}

    async def one(which: Probe, whose: Sequence[Seat]) -> None:
        async with places:
            result = await _outcome(which)
        found.update({(seat.service, seat.real): result for seat in whose})

    tasks = {asyncio.create_task(one(which, whose)) for which, whose in seats.items()}
    while tasks:
        done, tasks = await asyncio.wait(tasks, timeout=LOOK_EVERY)
        for task in done:
            task.result()
        note(len(found), sum(not _is_up(result) for result in found.values()))
    return found


async def _outcome(which: Probe) -> CheckResult | NoVerdict:
    try:
        return await run_once(which)
    except NoVerdict as error:
        return error
    except Exception as error:  # a fault in a checker, which may be another's
        return CheckResult(up=False, message=f"fault in the checker: {error!r}", seconds=0.0)


def _is_up(result: CheckResult | NoVerdict) -> bool:
    return isinstance(result, CheckResult) and result.up
