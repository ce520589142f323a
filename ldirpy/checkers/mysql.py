"""service=mysql: a login to MySQL or MariaDB and a query, with PyMySQL."""

import contextlib
from typing import cast

import attrs
import pymysql

from ldirpy.checkers.base import BlockingChecker, Deadline
from ldirpy.checkers.sql import SqlChecker, judged
from ldirpy.checkers.timed import TimedSocket
from ldirpy.errors import CheckFailed, NoVerdict


@attrs.frozen(kw_only=True)
class MysqlChecker(BlockingChecker, SqlChecker):
    """A login and a query, without TLS, as with ldirectord."""

    def check_blocking(self, deadline: Deadline) -> str:
        self.demand_settings()
        with TimedSocket(self.address, self.port, deadline, source=self.source) as sock:
            try:
                return self._asked(sock)
            except (CheckFailed, NoVerdict, TimeoutError):
                raise
            except pymysql.MySQLError as error:
                deadline.left()
                raise CheckFailed(str(error.args[-1] if error.args else error)) from error
            except Exception as error:
                # Garbage makes the library fail in any way.
                deadline.left()
                raise CheckFailed(f"not a MySQL answer ({type(error).__name__})") from error

    def _asked(self, sock: TimedSocket) -> str:
        connection = pymysql.Connection(
            host=str(self.address),
            user=self.login,
            password=self.passwd,
            database=self.database or None,
            autocommit=None,  # the server's own: one question less
            ssl_disabled=True,
            defer_connect=True,
        )
        connection.connect(sock)
        with connection, connection.cursor() as cursor:
            # One row says it all. What only speaks the protocol may not know of this.
            with contextlib.suppress(pymysql.MySQLError):
                cursor.execute("SET SESSION sql_select_limit = 1")
            return judged(any_row=cast(int, cursor.execute(self.request)) > 0)
