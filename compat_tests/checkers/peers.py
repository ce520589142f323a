"""Small peers on loopback that misbehave in every way a server can, and a judge of checks."""

import asyncio
import contextlib
import functools
import gc
import os
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from ipaddress import ip_address
from pathlib import Path

from ldirpy.checkers.base import Checker, CheckResult, run_check

HERE = ip_address("127.0.0.1")
TIMEOUT = 1.0  # seconds that checks of peers get
GRACE = 0.3  # seconds after the time-out by which every check must have ended

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Behaviour = Callable[[Reader, Writer], Coroutine[None, None, None]]


async def judged(checker: Checker, timeout: float = TIMEOUT) -> CheckResult:
    """The result of one check, which must have ended in time.

    One that has not is tried again: a machine that was busy elsewhere for a moment is not at fault
    twice.
    """
    for _ in range(2):
        started = time.monotonic()
        result = await run_check(checker, timeout)
        spent = time.monotonic() - started
        if spent < timeout + GRACE:
            return result
    raise AssertionError(f"the check took {spent:.2f} s, its time-out is {timeout:g} s")


@contextlib.asynccontextmanager
async def nothing_left() -> AsyncIterator[None]:
    """What is run inside must leave no descriptor and no busy thread behind."""
    before = descriptors(), busy_threads()
    yield
    gc.collect()  # workers end with the last checker that could use them
    for _ in range(100):
        if (left := (descriptors(), busy_threads())) <= before:
            break
        await asyncio.sleep(0.01)
    assert left <= before, "descriptors or threads were left over"


def descriptors() -> int:
    """How many descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))


def busy_threads() -> int:
    """The threads of this process; asyncio and the pool of blocking checks keep idle ones."""
    kept = ("asyncio_", "ldirpy-check")
    return sum(not thread.name.startswith(kept) for thread in threading.enumerate())


@contextlib.asynccontextmanager
async def peer(
    behaviour: Behaviour, *, host: str = "127.0.0.1", tls: bool = False
) -> AsyncIterator[int]:
    """A server that treats every connection to the port, which is yielded, with `behaviour`.

    What is done inside must leave nothing behind.
    """
    async with nothing_left(), listening(behaviour, host=host, tls=tls) as port:
        yield port


@contextlib.asynccontextmanager
async def listening(
    behaviour: Behaviour, *, host: str = "127.0.0.1", tls: bool = False
) -> AsyncIterator[int]:
    """The same server, with others beside it."""
    tasks: set[asyncio.Task[None] | None] = set()

    async def serve(reader: Reader, writer: Writer) -> None:
        task = asyncio.current_task()
        tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await behaviour(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, host, 0, ssl=server_context() if tls else None)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        # Whoever is on the way in is let in: asyncio loses what it has accepted, but not yet given
        # a transport, when the server is closed.
        for _ in range(10):
            await asyncio.sleep(0.001)
        server.close()
        for task in filter(None, list(tasks)):
            task.cancel()
        await asyncio.sleep(0.01)


def free_port() -> int:
    """A TCP port of loopback on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """A port whose SYNs are swallowed: its queue of connections is full."""
    with wide_listener("127.0.0.1", deaf=True) as port:
        yield port


@contextlib.contextmanager
def wide_listener(address: str = "0.0.0.0", *, deaf: bool = False) -> Iterator[int]:
    """A port, of every address of loopback, that accepts or, if it is deaf, swallows packets."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((address, 0))
        listener.listen(0 if deaf else 1024)
        port: int = listener.getsockname()[1]
        for _ in range(3 if deaf else 0):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        time.sleep(0.05)
        yield port


@functools.cache
def server_context() -> ssl.SSLContext:
    """TLS of a server with a certificate that nobody trusts."""
    certificate, key = certificate_files()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@functools.cache
def certificate_files() -> tuple[Path, Path]:
    """A self-signed certificate and its key, made once per run."""
    folder = Path(tempfile.mkdtemp(prefix="ldirpy-tests-"))
    certificate, key = folder / "cert.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    subprocess.run(
        [*command.split(), "-subj", "/CN=test", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    folder.chmod(0o755)
    return certificate, key


# Behaviours that need no protocol.


async def silent(reader: Reader, writer: Writer) -> None:
    await asyncio.sleep(60)


async def closes(reader: Reader, writer: Writer) -> None:
    """Closes as soon as it is connected."""


async def garbage(reader: Reader, writer: Writer) -> None:
    while True:
        writer.write(b"\x00\xff garbage " * 400)
        await writer.drain()


async def garbage_lines(reader: Reader, writer: Writer) -> None:
    while True:
        writer.write(b"garbage\r\n" * 400)
        await writer.drain()


async def resets(reader: Reader, writer: Writer) -> None:
    """Resets the connection once the client has said something, or has waited 0.1 s."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            await reader.read(10)
    reset(writer)


def reset(writer: Writer) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def drips(text: bytes) -> Behaviour:
    """Sends `text`, for ever, one byte every 50 ms."""

    async def behaviour(reader: Reader, writer: Writer) -> None:
        while True:
            for at in range(len(text)):
                writer.write(text[at : at + 1])
                await writer.drain()
                await asyncio.sleep(0.05)

    return behaviour


def says(*chunks: bytes, then: Behaviour = closes, first: bool = False) -> Behaviour:
    """Reads a request (unless `first`: speaks at once), sends `chunks`, goes on with `then`."""

    async def behaviour(reader: Reader, writer: Writer) -> None:
        if not first:
            await reader.read(65536)
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(0)
        await then(reader, writer)

    return behaviour
