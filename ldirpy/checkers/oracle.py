"""service=oracle: a login to an Oracle database and a query, with oracledb's thin mode.

oracledb runs in a process of its own (see oracle_session), which is stopped at the time-out: there
are answers, a packet of length 0 for one, on which it would spin for ever.
"""

import json
from typing import Self
from urllib.parse import quote

import attrs
import oracledb  # noqa: F401  # that it is missing must show when the configuration is read

from ldirpy.checkers.base import Deadline
from ldirpy.checkers.external_python import command_for
from ldirpy.checkers.sql import SqlChecker, judged, without_source
from ldirpy.checkers.workers import Workers, workers_of
from ldirpy.config.model import Real, Virtual


@attrs.frozen(kw_only=True)
class OracleChecker(SqlChecker):
    """A login and a query."""

    _workers: Workers = attrs.field(init=False, eq=False, repr=False)

    @_workers.default
    def _find_workers(self) -> Workers:
        return workers_of(command_for("ldirpy.checkers.oracle_session:query"))

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        without_source(virtual)
        return super().from_config(virtual, real)

    @property
    def queue(self) -> object:
        return self._workers

    async def check(self, deadline: Deadline) -> str:
        self.demand_settings()
        settings = {
            "host": str(self.address),
            "port": self.port,
            "user": self.login,
            "password": self.passwd,
            "database": self.database,
            "request": self.request,
        }
        # Through the pipe, since everybody can see the words of a command.
        await self._workers.ask([quote(json.dumps(settings))])
        return judged(any_row=True)
