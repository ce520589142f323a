"""One loop for each probe: check, report, pause, again.

Each probe has its own clock, so one that hangs delays nobody but itself.
"""

import asyncio
import logging
import random
from collections.abc import Callable

import attrs

from ldirpy.checkers.base import CheckResult, run_check
from ldirpy.checkers.registry import Probe
from ldirpy.errors import NoVerdict
from ldirpy.health import Turn

log = logging.getLogger("ldirpy")

# First checks start at least this far apart on average, in seconds: a thousand of them within
# the first second, but never later than one interval.
FIRST_CHECK_SPACING = 0.001


@attrs.frozen
class CheckDone:
    """A verdict, with the probe that reached it; None if its turn passed without one."""

    probe: Probe
    result: CheckResult | None


async def probe_forever(
    probe: Probe,
    report: Callable[[CheckDone], None],
    *,
    delay: float,
    idle: Callable[[Probe], bool],
) -> None:
    """Check after `delay` seconds, and then each time `probe.interval` seconds after the last end.

    While `idle` is true of the probe it does not check.

    A check that this machine could not carry out at all (no descriptor left, say) gives no verdict:
    it says nothing about the real server.
    """
    await asyncio.sleep(delay)
    turn = Turn()
    while True:
        result = None
        try:
            if not idle(probe):
                result = await _check(probe, turn)
                turn = turn.after(result.up, every=probe.every)
        except NoVerdict as error:
            log.error("Check not possible: %s", error)
        report(CheckDone(probe, result))
        await asyncio.sleep(probe.interval)


async def _check(probe: Probe, turn: Turn) -> CheckResult:
    checker, timeout = probe.checker, probe.timeout
    if probe.negotiate is not None and turn.negotiate:
        checker, timeout = probe.negotiate, probe.negotiate_timeout
    try:
        return await run_check(checker, timeout)
    except NoVerdict:
        raise
    except Exception as error:
        # A fault in the checker itself. The server may be well, but nothing has shown it.
        log.exception("Fault in the checker %s", type(checker).__name__)
        return CheckResult(up=False, message=f"fault in the checker: {error!r}", seconds=0.0)


def first_delays(count: int, interval: float) -> list[float]:
    """When the first checks of `count` probes start, in seconds from now, in random order."""
    spacing = min(FIRST_CHECK_SPACING, interval / max(count, 1))
    delays = [number * spacing for number in range(count)]
    # So that the servers of one virtual service, neighbours in the file, are spread as well.
    random.shuffle(delays)
    return delays
