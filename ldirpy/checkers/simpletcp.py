"""service=simpletcp: a server answers a request with a line that receive matches."""

from typing import Self

import attrs

from ldirpy.checkers.base import Checker, Deadline, pattern_of, request_of
from ldirpy.checkers.endpoint import Endpoint
from ldirpy.checkers.lines import Lines
from ldirpy.config.model import Real, Virtual
from ldirpy.errors import CheckFailed
from ldirpy.pattern import found, quoted


@attrs.frozen(kw_only=True)
class SimpleTcpChecker(Checker):
    """`request` and the end of the sending side; any line will do without a `receive`."""

    endpoint: Endpoint
    request: bytes = b""
    receive: str | None = None

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        """The checker of `real`; in its request, `\\n` stands for a line feed."""
        request = (request_of(virtual, real) or "").removeprefix("/").replace("\\n", "\n")
        return cls(
            endpoint=Endpoint.of(virtual, real),
            request=request.encode("utf-8", "surrogateescape"),
            receive=pattern_of(virtual, real),
        )

    async def check(self, deadline: Deadline) -> str:
        async with self.endpoint.stream() as stream:
            await stream.send(self.request)
            stream.end()
            lines, count, last = Lines(stream), 0, b""
            while (line := await lines.next()) is not None:
                if self.receive is None or found(self.receive, line + b"\n"):
                    return quoted(line)
                count, last = count + 1, line
        if not count:
            raise CheckFailed("the server closed the connection without an answer")
        raise CheckFailed(
            f'receive "{self.receive}" not found in {count} lines, the last is {quoted(last)}'
        )
