"""service=nntp: a news server greets with a code of 2xx."""

from typing import Self

import attrs

from ldirpy.checkers.base import Checker, Deadline
from ldirpy.checkers.endpoint import Endpoint
from ldirpy.checkers.lines import Lines
from ldirpy.config.model import Real, Virtual
from ldirpy.errors import CheckFailed
from ldirpy.pattern import quoted


@attrs.frozen(kw_only=True)
class NntpChecker(Checker):
    """A greeting (RFC 3977, section 5.1), QUIT."""

    endpoint: Endpoint

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        return cls(endpoint=Endpoint.of(virtual, real))

    async def check(self, deadline: Deadline) -> str:
        async with self.endpoint.stream() as stream:
            greeting = await Lines(stream).next()
            if greeting is None:
                raise CheckFailed("the server closed the connection without a greeting")
            if not greeting.startswith(b"2"):
                raise CheckFailed(f"no greeting of 2xx but {quoted(greeting)}")
            await stream.send(b"QUIT\r\n")
            return greeting.decode("utf-8", "replace").strip()
