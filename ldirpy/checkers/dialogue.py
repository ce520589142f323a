"""Checks by client libraries that block, over a connection that asyncio has made.

Connecting, TLS and the wait for a server's greeting cost no thread: only the talk that follows is
had in one. There the library is given a `Line` in place of a socket, because its own time-outs are
for each read: a server that sends one byte a second would hold the thread for hours.
"""

import contextlib
import functools
import io
import socket
import ssl
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, Self, cast, final

import attrs

from ldirpy.checkers.base import Checker, Deadline, describe, free_thread, in_thread
from ldirpy.checkers.endpoint import Endpoint
from ldirpy.checkers.lines import MAX_ANSWER, too_long
from ldirpy.checkers.tls import reason_of
from ldirpy.errors import CheckFailed
from ldirpy.pattern import quoted


class Line:
    """A connection with the methods of a socket that clients use; no wait outlasts `deadline`.

    It ends with CheckFailed, which no client takes for an error of its own, when the time is over,
    when the server closes it (unless `may_end`), or when more than MAX_ANSWER bytes have come.
    """

    def __init__(
        self, sock: socket.socket, host: str, deadline: Deadline, *, may_end: bool = False
    ) -> None:
        self._sock = sock
        self._host = host
        self._deadline = deadline
        self._may_end = may_end
        self._received = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def as_socket(self) -> socket.socket:
        """Itself, under the type that clients want."""
        return cast(socket.socket, self)

    def beside(self, port: int) -> "Line":
        """A second connection between the two machines, to another port, for data up to its end."""
        with self._in_time():
            sock = socket.create_connection(
                (self._host, port), self._deadline.left(), (self._sock.getsockname()[0], 0)
            )
        return Line(sock, self._host, self._deadline, may_end=True)

    def recv(self, size: int) -> bytes:
        if self._received >= MAX_ANSWER:
            raise too_long()
        with self._in_time():
            data = self._sock.recv(min(size, MAX_ANSWER))
        if not data and not self._may_end:
            raise CheckFailed("the server closed the connection")
        self._received += len(data)
        return data

    def sendall(self, data: bytes) -> None:
        with self._in_time():
            self._sock.sendall(data)

    def makefile(self, mode: str, *_: object, encoding: str | None = None) -> Any:
        reader = _Reader(_Raw(self))
        return reader if "b" in mode else io.TextIOWrapper(reader, encoding=encoding)

    def getpeername(self) -> tuple[str, int]:
        """The server's address, even when the connection is gone; no client wants the port."""
        return self._host, 0

    def shutdown(self, how: int) -> None:
        """Nothing to do: `close` follows."""

    def close(self) -> None:
        self._sock.close()

    @contextlib.contextmanager
    def _in_time(self) -> Iterator[None]:
        """Hold one call to the deadline, and put its failure into words."""
        self._sock.settimeout(self._deadline.left())
        try:
            yield
        except TimeoutError:
            raise self._deadline.missed() from None
        except ssl.SSLEOFError:
            raise CheckFailed("the server closed the connection") from None
        except ssl.SSLError as error:
            raise CheckFailed(f"TLS: {reason_of(error)}") from error
        except ConnectionError as error:
            raise CheckFailed(describe(error)) from error


class _Raw(io.RawIOBase):
    """The bytes of a line for the buffers of `io`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._line.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Reader(io.BufferedReader):
    def read(self, size: int | None = -1) -> bytes:
        # Room for all of it would be taken at once, on the word of the server (imaplib).
        if size is not None and size > MAX_ANSWER:
            raise too_long()
        return super().read(size)


@attrs.frozen(kw_only=True)
class DialogueChecker(Checker):
    """A check whose `talk` blocks; the server, at `endpoint`, is the one that speaks first."""

    endpoint: Endpoint

    @abstractmethod
    def talk(self, line: Line) -> str:
        """Check once, in a thread; return one line on what was seen, or raise CheckFailed."""

    @final
    async def check(self, deadline: Deadline) -> str:
        async with self.endpoint.stream() as stream:
            await stream.readable()
            async with free_thread(deadline):
                # From here on the thread closes it, whether or not it is still waited for.
                line = Line(stream.release(), str(self.endpoint.address), deadline)
                return await in_thread(functools.partial(self._talk, line))

    def _talk(self, line: Line) -> str:
        with line:
            try:
                return self.talk(line)
            except UnicodeError:
                # The error itself would show what could not be sent.
                raise CheckFailed("login or passwd cannot be sent: not UTF-8") from None


def told(answer: bytes | str | Exception, *secrets: str) -> str:
    """What a server answered, in quotes and without `secrets`, which it may have repeated."""
    if isinstance(answer, Exception):
        answer = answer.args[0] if answer.args else type(answer).__name__
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    return quoted(text.encode("utf-8", "replace"))
