"""A connection of a check: TCP, TLS or UDP on a non-blocking socket, no thread and no buffers.

asyncio's own transports and streams carry flow control, pauses and read-ahead that a check never
needs, and cost more than the check itself. Here is one socket, waited for with the loop's readers
and writers; whoever is cancelled while waiting leaves the `async with` and closes it.
"""

import asyncio
import contextlib
import errno
import ipaddress
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Self, TypeVar

from ldirpy.checkers.base import Deadline
from ldirpy.checkers.tls import Trust, demand_name, is_literal, reason_of, tls_context
from ldirpy.errors import CheckFailed, NoVerdict
from ldirpy.net import Address

READ_SIZE = 65536  # bytes asked for at a time
# linux/in.h; Python knows it from 3.12 on. The port is then chosen by connect, and one can serve
# for many real servers.
IP_BIND_ADDRESS_NO_PORT = 24

T = TypeVar("T")


class Stream:
    """A connection to `address`, open inside `async with`; with `tls`, after the handshake.

    `server_name` is what TLS sends as SNI; an address literal is not sent (RFC 6066, section 3).
    With `trust` the server's certificate is verified, for `server_name` or else for the address.
    `source` is the address of this machine that the connection comes from.
    With `kind` SOCK_DGRAM what is sent and received are datagrams, only to and from `address`, and
    a port that is closed there shows as "connection refused".
    """

    __slots__ = (
        *("_released", "_sock", "_source", "_target", "_tls_name", "_trust"),
        "_wants_tls",
    )

    def __init__(
        self,
        address: Address,
        port: int,
        *,
        tls: bool = False,
        server_name: str | None = None,
        trust: Trust | None = None,
        source: Address | None = None,
        kind: int = socket.SOCK_STREAM,
        protocol: int = 0,
    ) -> None:
        self._target = (str(address), port)
        self._wants_tls = tls
        self._tls_name = server_name
        self._trust = trust
        self._source = source
        self._released = False
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        self._sock = socket.socket(family, kind | socket.SOCK_NONBLOCK, protocol)

    async def __aenter__(self) -> Self:
        try:
            if self._source is not None:
                bind(self._sock, self._source)
            code = self._sock.connect_ex(self._target)
            if code == errno.EINPROGRESS:
                await ready(self._sock.fileno(), writing=True)
                code = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code))
            if self._wants_tls:
                await self.start_tls(self._tls_name)
        except BaseException:
            self._sock.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self._released:
            self._sock.close()

    async def readable(self) -> None:
        """Wait until something has come."""
        await ready(self._sock.fileno(), writing=False)

    def end(self) -> None:
        """Tell the server that nothing more will be sent; it may still answer."""
        self._sock.shutdown(socket.SHUT_WR)

    def local(self) -> tuple[Address, int]:
        """The address and the port on this side."""
        host, port = self._sock.getsockname()[:2]
        return ipaddress.ip_address(host), port

    def release(self) -> socket.socket:
        """The socket, which from now on is the caller's to close."""
        self._released = True
        return self._sock

    async def start_tls(self, server_name: str | None = None) -> None:
        """Speak TLS from here on; raises CheckFailed for a certificate that `trust` refuses."""
        secured = tls_context(self._trust).wrap_socket(
            self._sock,
            do_handshake_on_connect=False,
            server_hostname=server_name if server_name and not is_literal(server_name) else None,
        )
        self._sock = secured
        try:
            await self._retried(secured.do_handshake)
        except ssl.SSLEOFError:
            raise CheckFailed("TLS: the server closed the connection in the handshake") from None
        except ssl.SSLCertVerificationError as error:
            raise CheckFailed(reason_of(error)) from error
        except ssl.SSLError as error:
            raise CheckFailed(f"TLS: {reason_of(error)}") from error
        except ConnectionResetError:
            raise CheckFailed("TLS: the server reset the connection in the handshake") from None
        if self._trust is not None:
            demand_name(secured, server_name or self._target[0])

    async def send(self, data: bytes) -> None:
        """Send all of `data`."""
        rest = memoryview(data)
        while rest:
            rest = rest[await self._retried(self._send_some, rest) :]

    async def receive(self, size: int = READ_SIZE) -> bytes:
        """Some bytes, at most `size`, as soon as there are any; none at the server's end."""
        if not isinstance(self._sock, ssl.SSLSocket):
            await ready(self._sock.fileno(), writing=False)
        try:
            return await self._retried(self._sock.recv, size)
        except ssl.SSLError as error:
            raise CheckFailed(f"TLS: {reason_of(error)}") from error

    def _send_some(self, data: memoryview) -> int:
        try:
            return self._sock.send(data)
        except BlockingIOError:
            raise ssl.SSLWantWriteError from None

    async def _retried(self, step: Callable[..., T], *arguments: object) -> T:
        """Do `step` as soon as the socket lets it."""
        while True:
            try:
                return step(*arguments)
            except (BlockingIOError, ssl.SSLWantReadError):
                await ready(self._sock.fileno(), writing=False)
            except ssl.SSLWantWriteError:
                await ready(self._sock.fileno(), writing=True)


def bind(sock: socket.socket, source: Address) -> None:
    """Have `sock` connect from `source`; raises NoVerdict if this machine does not have it."""
    if sock.type == socket.SOCK_STREAM:
        sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    try:
        sock.bind((str(source), 0))
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL:
            raise
        raise NoVerdict(f"checksource={source} is not an address of this machine") from error


async def ready(descriptor: int, *, writing: bool) -> None:
    """Wait until `descriptor` can be read, or written."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    if writing:
        loop.add_writer(descriptor, _done, future)
    else:
        loop.add_reader(descriptor, _done, future)
    try:
        await future
    finally:
        if writing:
            loop.remove_writer(descriptor)
        else:
            loop.remove_reader(descriptor)


def _done(future: asyncio.Future[None]) -> None:
    # The loop may call twice before the waiting task has run.
    if not future.done():
        future.set_result(None)


@contextlib.asynccontextmanager
async def resending(
    send: Callable[[], Awaitable[None]], tries: int, deadline: Deadline
) -> AsyncIterator[None]:
    """While inside, do `send` at once and again, `tries` times evenly spread over the deadline."""
    pause = deadline.left() / tries

    async def again() -> None:
        for _ in range(tries - 1):
            await asyncio.sleep(pause)
            # What went wrong with it shows to whoever receives.
            with contextlib.suppress(OSError):
                await send()

    await send()
    task = asyncio.get_running_loop().create_task(again()) if tries > 1 else None
    try:
        yield
    finally:
        if task:
            task.cancel()
            await asyncio.wait([task])
