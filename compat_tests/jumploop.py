"""An event loop whose clock jumps: when all tasks sleep, it is at once the next one's time.

An hour of checks passes in milliseconds and always the same way. Not for code that uses threads:
the clock would not wait for them.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Answer = TypeVar("Answer")

FOREVER = 3600.0  # seconds that pass when nothing at all is planned


class _JumpSelector(selectors.DefaultSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Never wait: what is ready now, else let the time pass."""
        ready = super().select(0)
        if not ready:
            self.now += FOREVER if timeout is None else max(timeout, 0.0)
        return ready


class JumpLoop(asyncio.SelectorEventLoop):
    """See the module."""

    def __init__(self) -> None:
        self._jump = _JumpSelector()
        super().__init__(self._jump)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._jump.now


def run_jumping(main: Coroutine[Any, Any, Answer]) -> Answer:
    """Like asyncio.run, in jumping time."""
    with asyncio.Runner(loop_factory=JumpLoop) as runner:
        return runner.run(main)
