"""Thousands of failing checks of every kind in this process, and what is left of them.

The peers run in a process of their own, so that what is counted is the checks' alone.
"""

import asyncio
import contextlib
import gc
import itertools
import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import attrs
import pytest

from compat_tests.checkers.peers import (
    HERE,
    Behaviour,
    Reader,
    Writer,
    black_hole,
    closes,
    drips,
    free_port,
    garbage,
    garbage_lines,
    resets,
    silent,
)
from ldirpy.checkers.base import Checker, run_check
from ldirpy.checkers.registry import SERVICES, probe_for
from ldirpy.config.model import CheckType, Real, Virtual
from ldirpy.net import Protocol

TIMEOUT = 0.5  # seconds of a check
SIDE_BY_SIDE = 100  # checks
PAGE = resource.getpagesize()

BEHAVIOURS: dict[str, Behaviour] = {
    "silent": silent,
    "closes": closes,
    "resets": resets,
    "garbage": garbage,
    "garbage lines": garbage_lines,
    "drips": drips(b"220 ready\r\n"),
}
UDP_SERVICES = ("dns", "radius", "sip")
REQUESTS = dict.fromkeys(("mysql", "oracle", "pgsql"), "SELECT 1") | {
    "dns": "www.example.com",
    "http_proxy": "http://www.example.com/",
    "ldap": "dc=example",
    "ldaps": "dc=example",
}
SCRIPTS = {
    CheckType.EXTERNAL: ["exit 1", "exec sleep 60", "kill -9 $$"],
    CheckType.EXTERNAL_PERL: ["exit 1;", "die 'no';", "sleep 60;", "not Perl (;"],
}
FUNCTIONS = """
import os, time
def raises(*_): raise ValueError
def hangs(*_): time.sleep(60)
def dies(*_): os.abort()
"""


@attrs.frozen
class Usage:
    """What a process holds."""

    threads: int
    descriptors: int
    children: int
    memory: float  # MiB resident

    @classmethod
    def now(cls) -> "Usage":
        """That of this process, without its rubbish."""
        gc.collect()
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> "Usage":
        process = Path(f"/proc/{pid}")
        threads = list((process / "task").iterdir())
        children = [(thread / "children").read_text().split() for thread in threads]
        return cls(
            threads=len(threads),
            descriptors=len(os.listdir(process / "fd")),
            children=sum(map(len, children)),
            memory=int((process / "statm").read_text().split()[1]) * PAGE / 2**20,
        )

    def larger(self, other: "Usage") -> "Usage":
        """The larger of each."""
        pairs = zip(attrs.astuple(self), attrs.astuple(other), strict=True)
        return Usage(*(max(pair) for pair in pairs))


@contextlib.contextmanager
def failing(folder: Path) -> Iterator[dict[str, Checker]]:
    """Checkers of every kind that can only fail, by what they are."""
    with contextlib.ExitStack() as stack:
        ports = {
            **stack.enter_context(peers()),
            "swallows": stack.enter_context(black_hole()),
            "refuses": free_port(),
        }
        quiet = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        quiet.bind(("127.0.0.1", 0))
        datagrams = {"silent": quiet.getsockname()[1], "refuses": ports["refuses"]}
        found = {}
        for service in sorted(set(SERVICES) - {"none"}):
            for name, port in ports.items():
                found[f"{service}, {name}"] = _checker(port, service=service)
        for service, (name, port) in itertools.product(UDP_SERVICES, datagrams.items()):
            found[f"{service} over udp, {name}"] = _checker(
                port, service=service, protocol=Protocol.UDP
            )
        found["connect, refuses"] = _checker(ports["refuses"], checktype=CheckType.CONNECT)
        found["connect, swallows"] = _checker(ports["swallows"], checktype=CheckType.CONNECT)
        # A link-local address without its link cannot be reached at all.
        found["ping"] = _checker(0, checktype=CheckType.PING, real="fe80::1")
        for checktype, texts in SCRIPTS.items():
            for number, text in enumerate(texts):
                path = folder / f"{checktype.value}-{number}"
                path.write_text(text)
                path.chmod(0o755)
                found[f"{checktype.value}, {text}"] = _checker(
                    1, checktype=checktype, checkcommand=str(path)
                )
        (folder / "soaking.py").write_text(FUNCTIONS)
        stack.enter_context(pytest.MonkeyPatch.context()).setenv("PYTHONPATH", str(folder))
        for function in ("raises", "hangs", "dies", "missing"):
            found[f"external-python, {function}"] = _checker(
                1, checktype=CheckType.EXTERNAL_PYTHON, checkcommand=f"soaking:{function}"
            )
        yield found


def _checker(port: int, *, real: str = "127.0.0.1", **options: Any) -> Checker:
    settings: dict[str, Any] = {
        "login": "tester",
        "passwd": "s3cret",
        "secret": "s3cret",
        "database": "tests",
        "receive": "never said",
        "request": REQUESTS.get(options.get("service", ""), "page"),
    }
    virtual = Virtual(address=HERE, port=80, **(settings | options))
    probe = probe_for(virtual, Real(address=ip_address(real), port=port))
    assert probe is not None
    return probe.checker


async def soak(checkers: dict[str, Checker], count: int) -> dict[str, set[str]]:
    """Run `count` checks, all kinds by turns; the messages of each kind.

    Raises AssertionError for a check that does not fail, or that lasts too long.
    """
    messages: dict[str, set[str]] = {name: set() for name in checkers}
    places = asyncio.Semaphore(SIDE_BY_SIDE)

    async def one(name: str) -> None:
        async with places:
            result = await run_check(checkers[name], TIMEOUT)
        assert not result.up, (name, result)
        messages[name].add(result.message)

    async with asyncio.TaskGroup() as group:
        for name in itertools.islice(itertools.cycle(checkers), count):
            group.create_task(one(name))
    return messages


@contextlib.contextmanager
def peers() -> Iterator[dict[str, int]]:
    """The ports of servers with each of BEHAVIOURS, in a process of their own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "compat_tests.checkers.soak"],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.communicate()


async def serve() -> None:
    """Print the ports and serve until standard input ends."""
    ports = {}
    for name, behaviour in BEHAVIOURS.items():

        async def treated(reader: Reader, writer: Writer, how: Behaviour = behaviour) -> None:
            with contextlib.suppress(OSError, TimeoutError, asyncio.CancelledError):
                async with asyncio.timeout(2 * TIMEOUT):
                    await how(reader, writer)
            writer.transport.abort()

        server = await asyncio.start_server(treated, "0.0.0.0", 0, backlog=1024)
        ports[name] = server.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
