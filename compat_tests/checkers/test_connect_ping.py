"""checktype=connect and ping: answers, refusals, and replies that are dropped."""

import asyncio
import subprocess
import sys
from ipaddress import ip_address

import pytest

from compat_tests.checkers.peers import HERE, black_hole, closes, free_port, judged, peer
from ldirpy.checkers.base import CheckResult
from ldirpy.checkers.connect import ConnectChecker
from ldirpy.checkers.ping import PingChecker, checksum, echo
from ldirpy.checkers.registry import probe_for
from ldirpy.config.model import CheckType, Real, Virtual
from ldirpy.net import Protocol

HERE_TOO = ip_address("::1")


def test_connect() -> None:
    """A server that accepts is up over IPv4 and IPv6, whatever it does then."""

    async def run() -> list[CheckResult]:
        results = []
        for host, address in (("127.0.0.1", HERE), ("::1", HERE_TOO)):
            async with peer(closes, host=host) as port:
                results.append(await judged(ConnectChecker(address=address, port=port)))
        return results

    assert [(one.up, one.message) for one in asyncio.run(run())] == [(True, "connected")] * 2


def test_connect_fails() -> None:
    """One that refuses is down at once, one that swallows packets at the time-out."""
    refused = asyncio.run(judged(ConnectChecker(address=HERE, port=free_port())))
    with black_hole() as port:
        swallowed = asyncio.run(judged(ConnectChecker(address=HERE, port=port)))

    assert (refused.up, refused.message) == (False, "connection refused")
    assert (swallowed.up, swallowed.message) == (False, "no answer in 1 s")
    assert refused.seconds < 0.5 < swallowed.seconds


@pytest.mark.parametrize(
    ("checkport", "port", "service", "expected"),
    [(8080, 80, "http", 8080), (None, 81, "http", 81), (None, 0, "http", 80)],
)
def test_the_port_that_is_checked(
    checkport: int | None, port: int, service: str, expected: int
) -> None:
    """checkport comes first, then the real server's port, then the service's standard one."""
    virtual = Virtual(address=HERE, port=1, service=service, checkport=checkport)

    assert ConnectChecker.from_config(virtual, Real(address=HERE, port=port)) == ConnectChecker(
        address=HERE, port=expected
    )


def test_connect_of_a_udp_service_is_a_ping() -> None:
    """There is nothing to connect to: a UDP service is checked by ping, as with ldirectord."""
    virtual = Virtual(
        address=HERE, port=53, protocol=Protocol.UDP, checktype=CheckType.CONNECT, checkcount=3
    )
    probe = probe_for(virtual, Real(address=HERE, port=53))

    assert probe is not None
    assert probe.checker == PingChecker(address=HERE, tries=3)


@pytest.mark.parametrize("address", [HERE, HERE_TOO], ids=str)
def test_ping(address: object) -> None:
    """An echo that is answered is up, over IPv4 and IPv6; many at a time do not mix."""
    assert isinstance(address, type(HERE) | type(HERE_TOO))

    async def run() -> list[CheckResult]:
        one = PingChecker(address=address)
        return await asyncio.gather(*(judged(one) for _ in range(20)))

    assert {(one.up, one.message) for one in asyncio.run(run())} == {(True, "echo answered")}


def test_echo_request() -> None:
    """An IPv4 request carries a checksum that makes the sum of all words 0 (RFC 1071)."""
    request = echo(HERE, bytes(range(16)))

    assert request[:2] == b"\x08\x00"
    assert checksum(request) == 0


# Run in a network namespace of its own, where the kernel can be told not to answer.
ALONE = """
import asyncio, sys, threading, time
from ipaddress import ip_address
from ldirpy.checkers.base import run_check
from ldirpy.checkers.ping import PingChecker

def answer(yes):
    for family, name in (("ipv4", "icmp_echo_ignore_all"), ("ipv6/icmp", "echo_ignore_all")):
        with open(f"/proc/sys/net/{family}/{name}", "w") as switch:
            switch.write("0" if yes else "1")

def result(address, tries, timeout):
    found = asyncio.run(run_check(PingChecker(address=ip_address(address), tries=tries), timeout))
    print(found.up, found.message, round(found.seconds, 1), sep="|")

for address in ("127.0.0.1", "::1"):
    answer(False)
    result(address, 1, 0.5)
    threading.Timer(0.3, answer, [True]).start()
    result(address, 4, 1.0)
    result("198.51.100.1" if "." in address else "2001:db8::1", 1, 0.5)
"""


def test_replies_that_are_dropped() -> None:
    """Without a reply a server is down at the time-out; checkcount tries again before that."""
    alone = 'ip link set lo up && exec "$0" -c "$1"'
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", alone, sys.executable, ALONE],
        capture_output=True,
        text=True,
        check=True,
    )

    once = [
        "False|no answer in 0.5 s|0.5",
        "True|echo answered|0.5",
        "False|network is unreachable|0.0",
    ]
    assert done.stdout.splitlines() == once * 2
