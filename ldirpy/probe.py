"""Check one real server once, without a daemon."""

import asyncio

from ldirpy.checkers.base import CheckResult, run_check
from ldirpy.checkers.registry import probe_for
from ldirpy.config.model import Real, Virtual


def probe(virtual: Virtual, real: Real) -> CheckResult:
    """Run the check that `virtual` asks for on `real`, once, and say what it found.

    With checktype=N that is the negotiate check; with checktype=off nothing is checked and the
    real server counts as down. It takes at most the virtual service's time-out.

    Raises ValueError if ldirpy cannot check such a service. Not for use in a running event loop.
    """
    found = probe_for(virtual, real)
    if found is None:
        return CheckResult(up=False, message="not checked: checktype=off", seconds=0.0)
    checker, timeout = found.checker, found.timeout
    if found.negotiate is not None:
        checker, timeout = found.negotiate, found.negotiate_timeout
    return asyncio.run(run_check(checker, timeout))
