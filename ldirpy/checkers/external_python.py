"""checktype=external-python: a Python function decides (ldirpy's own).

`checkcommand="package.module:function"` is called as `function(vip, vport, rip, rport)`, with
addresses as text and ports as numbers; for a firewall mark its number and 0. Up is None or anything
true; down is anything false, or an exception, whose text is the message. It runs in a process of
its own, which is stopped at the time-out.
"""

import re
import sys
from pathlib import Path
from typing import Self

import attrs

from ldirpy.checkers.base import Checker, Deadline
from ldirpy.checkers.external import arguments_for
from ldirpy.checkers.workers import Workers, workers_of
from ldirpy.config.model import Real, Virtual

WORKER = Path(__file__).with_name("external_python_worker.py")
FUNCTION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def command_for(function: str) -> tuple[str, ...]:
    """The command of a worker that calls `function`."""
    # -P: nothing is imported from wherever the daemon was started.
    return (sys.executable, "-P", str(WORKER), function)


@attrs.frozen(kw_only=True)
class ExternalPythonChecker(Checker):
    """One call of `function`, which is imported when the first check starts."""

    function: str
    arguments: tuple[str, ...]
    _workers: Workers = attrs.field(init=False, eq=False, repr=False)

    @_workers.default
    def _find_workers(self) -> Workers:
        return workers_of(command_for(self.function))

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        """The checker of `real`; raises ValueError unless checkcommand names a function."""
        function = virtual.checkcommand
        if not FUNCTION.fullmatch(function):
            raise ValueError(
                f"checktype=external-python needs a function, "
                f'checkcommand="package.module:function", not {function}'
            )
        vip, vport, rip, rport = arguments_for(virtual, real)
        arguments = (vip.strip("[]"), vport, rip.strip("[]"), rport)
        return cls(function=function, arguments=arguments)

    @property
    def queue(self) -> object:
        return self._workers

    async def check(self, deadline: Deadline) -> str:
        await self._workers.ask(self.arguments)
        return "the function said so"
