"""checktype=external-perl: a Perl script decides, compiled once and then called each time.

It gets the arguments and gives the exit status of checktype=external.
"""

import shutil
from pathlib import Path
from typing import Self

import attrs

from ldirpy.checkers.base import Checker, Deadline
from ldirpy.checkers.external import arguments_for
from ldirpy.checkers.workers import Workers, workers_of
from ldirpy.config.model import Real, Virtual

WORKER = Path(__file__).with_name("external_perl_worker.pl")


@attrs.frozen(kw_only=True)
class ExternalPerlChecker(Checker):
    """One call of `script`; `changed` is when the file was, so that a reload takes it up."""

    script: str
    arguments: tuple[str, ...]
    changed: int = 0
    _perl: str = attrs.field(default="perl", eq=False, repr=False)
    _workers: Workers = attrs.field(init=False, eq=False, repr=False)

    @_workers.default
    def _find_workers(self) -> Workers:
        return workers_of((self._perl, str(WORKER), self.script), self.changed)

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        """The checker of `real`; raises ValueError if there is no perl."""
        perl = shutil.which("perl")
        if perl is None:
            raise ValueError("checktype=external-perl needs perl, which is not installed")
        script = virtual.checkcommand
        try:
            changed = Path(script).stat().st_mtime_ns
        except OSError:
            changed = 0  # as with ldirectord the real servers are down, until it is there
        return cls(
            script=script, arguments=arguments_for(virtual, real), changed=changed, perl=perl
        )

    @property
    def queue(self) -> object:
        return self._workers

    async def check(self, deadline: Deadline) -> str:
        await self._workers.ask(self.arguments)
        return "exit status 0"
