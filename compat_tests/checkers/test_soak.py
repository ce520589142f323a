"""Failing checks by the hundred leave nothing behind; see benchmarks/soak.py for thousands."""

import asyncio
from pathlib import Path

from compat_tests.checkers.soak import Usage, failing, soak
from ldirpy.checkers.base import POOL_SIZE

WARM = 2  # rounds of every kind until pools, caches and workers are what they will be
GROWTH = 24.0  # MiB that a process may come by on the way; a leak of 20 KiB a check would be more
MOST_THREADS = POOL_SIZE + 4  # the pool of blocking checks, this one, and those of asyncio


# Workers of the Perl scripts and Python functions are kept, as many as were needed at a time.
MOST_WORKERS = 8 * POOL_SIZE
THEIR_DESCRIPTORS = 4


def without_workers(usage: Usage) -> int:
    """The descriptors that are not a worker's."""
    return usage.descriptors - THEIR_DESCRIPTORS * usage.children


def test_failing_checks_leave_nothing(tmp_path: Path) -> None:
    """After hundreds of failing checks of every kind the process is no larger than before."""

    async def run(rounds: int) -> Usage:
        await soak(checkers, rounds * len(checkers))
        return Usage.now()

    async def both() -> tuple[Usage, Usage]:
        return await run(WARM), await run(8)

    with failing(tmp_path) as checkers:
        before, after = asyncio.run(both())

    assert after.threads <= MOST_THREADS
    assert without_workers(after) <= without_workers(before) + 2
    assert after.children <= MOST_WORKERS
    assert after.memory <= before.memory + GROWTH
