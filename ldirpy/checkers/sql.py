"""What the checks of databases share: a login, a query, and that it returns a row."""

from abc import abstractmethod
from typing import Self

import attrs

from ldirpy.checkers.base import Checker, Deadline, check_port, request_of
from ldirpy.config.model import Real, Virtual
from ldirpy.errors import CheckFailed
from ldirpy.net import Address


@attrs.frozen(kw_only=True)
class SqlChecker(Checker):
    """A login and the query `request`, which must return a row. receive= has no part in it."""

    service: str
    address: Address
    port: int
    login: str
    passwd: str = attrs.field(repr=False)
    database: str
    request: str
    source: Address | None = None

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        return cls(
            service=virtual.service,
            address=real.address,
            port=check_port(virtual, real),
            login=virtual.login,
            passwd=virtual.passwd,
            database=virtual.database,
            request=(request_of(virtual, real) or "").removeprefix("/"),
            source=virtual.checksource,
        )

    @abstractmethod
    async def check(self, deadline: Deadline) -> str: ...

    def demand_settings(self) -> None:
        """Raise CheckFailed, as ldirectord has the server down, without a login and a query."""
        missing = [name for name in ("login", "request") if not getattr(self, name)]
        if missing:
            raise CheckFailed(f"service={self.service} needs {' and '.join(missing)}")


def judged(*, any_row: bool) -> str:
    """The verdict on a query's result."""
    if not any_row:
        raise CheckFailed("the query returned no row")
    return "the query returned a row"


def without_source(virtual: Virtual) -> None:
    """Raise ValueError for a checksource that the client library cannot use."""
    if virtual.checksource is not None:
        raise ValueError(f"checksource has no effect on service={virtual.service}: leave it out")
