"""Servers in each condition, and what ldirpy makes of them."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import cast

from compat_tests.checkers import servers
from compat_tests.checkers.peers import (
    GRACE,
    Behaviour,
    Reader,
    Writer,
    black_hole,
    free_port,
    listening,
    resets,
    says,
    silent,
)
from compat_tests.checkers.programs import Program, folder_of, serving
from compat_tests.checkers.test_http_proxy import SQUID
from compat_tests.checkers.test_sql import mariadb, postgresql
from compat_tests.matrix.cells import Service
from compat_tests.matrix.perl import Seen
from ldirpy import loads
from ldirpy.checkers.base import run_check
from ldirpy.checkers.registry import Probe, probe_for

DRIP = 0.3  # seconds between the bytes of a server that drips


@contextlib.contextmanager
def real_servers() -> Iterator[dict[str, int]]:
    """All the real server software: the port of each row of the matrix."""
    with contextlib.ExitStack() as stack:
        started = stack.enter_context
        web, mail, directory = (
            started(servers.nginx()),
            started(servers.dovecot()),
            started(servers.slapd()),
        )
        smtp, ftp, names, sip = (
            started(servers.postfix()),
            started(servers.proftpd()),
            started(servers.named()),
            started(servers.kamailio()),
        )
        folder, proxy = started(folder_of("proxy")), free_port()
        (folder / "squid.conf").write_text(SQUID.format(port=proxy, folder=folder))
        command = ["squid", "--foreground", "-N", "-f", str(folder / "squid.conf")]
        started(serving(Program(command, ports=(proxy,))))
        yield {
            **web,
            **mail,
            **directory,
            "connect": web["http"],
            "http_proxy": proxy,
            "ftp": ftp,
            "ftp without receive": ftp,
            "smtp": smtp,
            "submission": smtp,
            "simpletcp": smtp,
            "nntp": started(servers.leafnode()),
            "dns": names,
            "dns over TCP": names,
            "sip": sip,
            "sip over TCP": sip,
            "radius": started(servers.freeradius()),
            "mysql": started(mariadb()),
            "pgsql": started(postgresql()),
        }


def probe_of(section: str) -> Probe:
    """ldirpy's probe of the one real server of a virtual service."""
    (virtual,) = loads(section).virtuals
    probe = probe_for(virtual, virtual.reals[0])
    assert probe is not None
    return probe


async def seen_by_ldirpy(section: str) -> Seen:
    """What ldirpy makes of that real server."""
    probe = probe_of(section)
    result = await run_check(probe.checker, probe.timeout)
    if result.seconds > probe.timeout + GRACE:  # a busy machine is not at fault twice
        result = await run_check(probe.checker, probe.timeout)
    return Seen("up" if result.up else "down", result.seconds, result.message)


@contextlib.asynccontextmanager
async def server_of(service: Service, condition: str, ports: dict[str, int]) -> AsyncIterator[int]:
    """The port of a server of this service in this condition; `ports` are the real ones'."""
    if condition in ("healthy", "wrong answer", "wrong password"):
        yield ports[service.name]
    elif condition == "refused":
        yield free_port()
    elif condition == "black hole":
        with black_hole() as port:
            yield port
    elif service.udp:
        async with _datagrams(garbage=condition == "garbage") as port:
            yield port
    else:
        behaviours: dict[str, Behaviour] = {
            "silent": silent,
            "drip": _drips(service.start),
            "garbage": _garbage,
            "reset": resets,
            "broken TLS": says(b"this is not TLS\r\n", then=silent, first=True),
        }
        tls = service.tls and condition != "broken TLS"
        async with listening(behaviours[condition], tls=tls) as port:
            yield port


def _drips(text: bytes) -> Behaviour:
    async def behaviour(reader: Reader, writer: Writer) -> None:
        while True:
            for at in range(len(text)):
                writer.write(text[at : at + 1])
                await writer.drain()
                await asyncio.sleep(DRIP)

    return behaviour


async def _garbage(reader: Reader, writer: Writer) -> None:
    while True:
        writer.write(b"\x00\xff garbage\r\n" * 400)
        await writer.drain()
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def _datagrams(*, garbage: bool) -> AsyncIterator[int]:
    """A UDP port that takes datagrams and says nothing, or nonsense."""

    class Answers(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast(asyncio.DatagramTransport, transport)

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            if garbage:
                self.transport.sendto(b"\x00\xff garbage\r\n" * 10, addr)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        Answers, local_addr=("127.0.0.1", 0), family=socket.AF_INET
    )
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()
