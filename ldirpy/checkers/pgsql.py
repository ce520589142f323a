"""service=pgsql: a login to PostgreSQL and a query, with psycopg's libpq.

libpq itself never blocks here, so that no thread is needed: `psycopg.pq` is its interface as it is.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import attrs
import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo
from psycopg.pq.abc import PGconn, PGresult

from ldirpy.checkers.base import Deadline
from ldirpy.checkers.sql import SqlChecker, judged, without_source
from ldirpy.checkers.stream import ready
from ldirpy.config.model import Real, Virtual
from ldirpy.errors import CheckFailed

NO_ROW_YET = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


@attrs.frozen(kw_only=True)
class PgsqlChecker(SqlChecker):
    """A login and a query; TLS if the server wants it, unverified, as with ldirectord."""

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        without_source(virtual)
        return super().from_config(virtual, real)

    async def check(self, deadline: Deadline) -> str:
        self.demand_settings()
        async with self._connection() as connection:
            connection.nonblocking = 1
            connection.send_query(self.request.encode())
            connection.set_single_row_mode()  # the first row will do
            while connection.flush():
                await ready(connection.socket, writing=True)
            while (result := await next_result(connection)) is not None:
                if result.ntuples:
                    return judged(any_row=True)
                if result.status not in NO_ROW_YET:
                    raise CheckFailed(reason(result.error_message or b"the query is no SELECT"))
            return judged(any_row=False)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[PGconn]:
        info = make_conninfo(
            hostaddr=str(self.address),
            port=self.port,
            user=self.login,
            password=self.passwd or None,
            dbname=self.database or None,
            gssencmode="disable",  # no ticket of whoever the daemon runs as
            application_name="ldirpy",
        )
        connection = pq.PGconn.connect_start(info.encode())
        try:
            while (status := connection.connect_poll()) != pq.PollingStatus.OK:
                if status == pq.PollingStatus.FAILED:
                    raise CheckFailed(reason(connection.error_message))
                await ready(connection.socket, writing=status == pq.PollingStatus.WRITING)
            yield connection
        except psycopg.OperationalError as error:
            raise CheckFailed(reason(connection.error_message)) from error
        finally:
            connection.finish()


async def next_result(connection: PGconn) -> PGresult | None:
    """The next result of a query, or None behind the last."""
    while connection.is_busy():
        await ready(connection.socket, writing=False)
        connection.consume_input()
    return connection.get_result()


def reason(message: bytes) -> str:
    """What libpq says, in the operator's words: the first line without what is known."""
    text = message.decode("utf-8", "replace").strip()
    line = text.splitlines()[0] if text else "the server closed the connection"
    for known in ("failed: ", "FATAL:", "ERROR:"):
        line = line.rpartition(known)[2].strip()
    return line.lower() if line == "Connection refused" else line
