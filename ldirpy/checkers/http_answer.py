"""An HTTP answer, read by the standard library's http.client as its bytes arrive.

http.client wants a blocking file. It is given what has come so far, and `_More` is raised when it
reads past that: the step is then repeated when more has come. Status and headers are parsed in
one go as soon as they are complete; of the body, each piece is read once.
"""

import http.client
import io
import socket
from typing import cast

import urllib3

from ldirpy.checkers.stream import READ_SIZE, Stream
from ldirpy.errors import CheckFailed
from ldirpy.pattern import quoted

MAX_HEAD = 256 * 1024  # bytes of status line and headers; http.client would allow 6 MiB
MAX_BODY = 1024 * 1024  # bytes of a body that are kept; caps memory (deviation: http-body-limit)


class _More(Exception):
    """http.client wants more than has come."""


class _Arrived:
    """The bytes that have come so far, as the "socket" and the file that HTTPResponse reads."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.ended = False  # the server has closed the connection
        self.at = 0

    def makefile(self, *_: object) -> "_Arrived":
        return self

    def close(self) -> None:
        """Nothing to close: the bytes are not a connection."""

    def flush(self) -> None:
        """Nothing to flush: only read from."""

    def forget(self) -> None:
        """Drop what has been read."""
        del self.data[: self.at]
        self.at = 0

    def readline(self, limit: int = READ_SIZE) -> bytes:
        end = self.data.find(b"\n", self.at, self.at + limit) + 1
        return self._taken(end - self.at if end else limit, short=not end)

    def read(self, size: int) -> bytes:
        return self._taken(size, short=True)

    def read1(self, size: int = -1) -> bytes:
        # http.client has dealt with the framing before these bytes, and notes that it has had them:
        # reading resumes here if none have come, else behind them.
        self.forget()
        if not self.data and size and not self.ended:
            raise _More
        piece = self._taken(size if size >= 0 else len(self.data), short=False)
        self.forget()
        return piece

    def _taken(self, size: int, *, short: bool) -> bytes:
        if short and len(self.data) - self.at < size and not self.ended:
            raise _More
        piece = bytes(self.data[self.at : self.at + size])
        self.at += len(piece)
        return piece


class Answer:
    """The answer to a request with `method` that has been sent on `stream`."""

    def __init__(self, stream: Stream, method: str) -> None:
        self._stream = stream
        self._method = method
        self._arrived = _Arrived()
        self.response = self._fresh()

    def _fresh(self) -> http.client.HTTPResponse:
        return http.client.HTTPResponse(cast(socket.socket, self._arrived), method=self._method)

    async def head(self) -> http.client.HTTPResponse:
        """Status and headers; raises CheckFailed for anything that is not HTTP."""
        arrived = self._arrived
        while True:
            await self._receive()
            data = arrived.data
            # The end of the headers, or a first line that shows that none will follow.
            if not (
                b"\n\r\n" in data
                or b"\n\n" in data
                or arrived.ended
                or len(data) > MAX_HEAD
                or (b"\n" in data and not data.startswith(b"HTTP/"))
            ):
                continue
            try:
                self.response.begin()
            except _More:  # so far only "100 Continue", or headers without end
                if len(data) > MAX_HEAD:
                    raise CheckFailed(f"headers of more than {MAX_HEAD:,} bytes") from None
                arrived.at = 0
                self.response = self._fresh()
            except (http.client.HTTPException, ValueError) as error:
                raise CheckFailed(self._not_http(error)) from error
            else:
                arrived.forget()
                return self.response

    async def body(self) -> bytes:
        """The body, decoded, as far as it came, at most its first MAX_BODY bytes."""
        pieces: list[bytes] = []
        size = 0
        while size < MAX_BODY:
            try:
                piece = self.response.read1()
            except _More:
                # Read again from the last place that http.client has noted.
                self._arrived.at = 0
                await self._receive()
            except http.client.HTTPException:
                break  # cut short within a chunk: what came is looked at, as ldirectord does
            else:
                if not piece:
                    break
                pieces.append(piece)
                size += len(piece)
        return self._decoded(b"".join(pieces)[:MAX_BODY])

    def _decoded(self, body: bytes) -> bytes:
        if not self.response.getheader("Content-Encoding"):
            return body
        packed = urllib3.HTTPResponse(
            io.BytesIO(body),
            urllib3.HTTPHeaderDict(self.response.msg.items()),
            preload_content=False,
        )
        try:
            return packed.read(MAX_BODY, decode_content=True)
        except urllib3.exceptions.HTTPError as error:
            coding = self.response.getheader("Content-Encoding")
            raise CheckFailed(f"the body is not {coding} as its header says") from error

    async def _receive(self) -> None:
        data = await self._stream.receive()
        if data:
            self._arrived.data += data
        else:
            self._arrived.ended = True

    def _not_http(self, error: Exception) -> str:
        data = bytes(self._arrived.data)
        if not data:
            return "the server closed the connection without an answer"
        if not data.startswith(b"HTTP/"):
            return f"not an HTTP answer: {quoted(data)}"
        return f"not a valid HTTP answer: {error or type(error).__name__}"
