"""A socket for client libraries that block: none of its calls lasts beyond the deadline.

The time-outs of such libraries are for each read or write, so that a server which sends a byte now
and then holds them for ever. This socket takes what is left of the whole check's time instead.
"""

import io
import socket
from typing import Any

from ldirpy.checkers.base import Deadline
from ldirpy.checkers.stream import bind
from ldirpy.net import Address


class TimedSocket(socket.socket):
    """A TCP connection to `address`. It raises CheckFailed or TimeoutError at the deadline."""

    def __init__(
        self, address: Address, port: int, deadline: Deadline, *, source: Address | None = None
    ) -> None:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        super().__init__(family, socket.SOCK_STREAM)
        self._deadline = deadline
        try:
            if source is not None:
                bind(self, source)
            super().settimeout(deadline.left())
            self.connect((str(address), port))
        except BaseException:
            self.close()
            raise

    def settimeout(self, value: float | None) -> None:
        """The library's own idea, which does not matter."""

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:  # type: ignore[override]
        """A file to read from; one that is still open does not keep the socket from closing."""
        return io.BufferedReader(socket.SocketIO(self, "r"))

    def recv(self, *arguments: Any) -> bytes:
        self._hurry()
        return super().recv(*arguments)

    def recv_into(self, *arguments: Any) -> int:
        self._hurry()
        return super().recv_into(*arguments)

    def send(self, *arguments: Any) -> int:
        self._hurry()
        return super().send(*arguments)

    def sendall(self, *arguments: Any) -> None:
        self._hurry()
        super().sendall(*arguments)

    def _hurry(self) -> None:
        super().settimeout(self._deadline.left())
