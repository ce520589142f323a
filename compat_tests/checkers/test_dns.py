"""service=dns against BIND, and against peers that misbehave."""

import asyncio
import socket
import time
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest

from compat_tests.checkers.peers import (
    HERE,
    Behaviour,
    closes,
    drips,
    free_port,
    garbage,
    judged,
    nothing_left,
    peer,
    resets,
    silent,
)
from compat_tests.checkers.programs import Program, folder_of, serving
from ldirpy.checkers.base import CheckResult
from ldirpy.checkers.dns import DnsChecker
from ldirpy.config.model import Real, Virtual
from ldirpy.net import Protocol

CONFIG = """\
options {{
    directory "{folder}"; pid-file none; session-keyfile "{folder}/session.key";
    listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 port {port} {{ ::1; }};
    recursion no; allow-query {{ any; }}; dnssec-validation no; notify no;
}};
controls {{ }};
zone "example.com" {{ type primary; file "example"; }};
zone "2.0.192.in-addr.arpa" {{ type primary; file "reverse"; }};
zone "8.b.d.0.1.0.0.2.ip6.arpa" {{ type primary; file "reverse6"; }};
"""
HEAD = "$TTL 60\n@ SOA ns.example.com. root.example.com. 1 60 60 60 60\n@ NS ns.example.com.\n"
ZONES = {
    "example": HEAD
    + "ns A 192.0.2.53\nwww A 192.0.2.1\nwww A 192.0.2.2\nsix AAAA 2001:db8::1\n"
    + "alias CNAME www\ntext TXT hello\n"
    + "".join(f"many A 192.0.2.{number}\n" for number in range(1, 91)),
    "reverse": HEAD + "1 PTR www.example.com.\n",
    "reverse6": HEAD + "1.0.0.0" + ".0" * 20 + " PTR six.example.com.\n",
}


@pytest.fixture(scope="module")
def bind() -> Iterator[int]:
    """The port of a name server for the zones above."""
    port = free_port()
    with folder_of("bind") as folder:
        (folder / "named.conf").write_text(CONFIG.format(folder=folder, port=port))
        for name, text in ZONES.items():
            (folder / name).write_text(text)
        command = ["named", "-f", "-u", "bind", "-c", f"{folder}/named.conf"]
        with serving(Program(command, ports=[port])):
            # It listens before it has read its zones.
            ready = checker(port, Protocol.TCP, request="many.example.com")
            for _ in range(100):
                if asyncio.run(judged(ready)).up:
                    break
                time.sleep(0.05)
            yield port


def checker(
    port: int, protocol: Protocol, *, real: str = "127.0.0.1", **options: Any
) -> DnsChecker:
    virtual = Virtual(address=HERE, port=53, service="dns", protocol=protocol, **options)
    return DnsChecker.from_config(virtual, Real(address=ip_address(real), port=port))


QUERIES: list[tuple[dict[str, Any], bool, str]] = [
    ({"request": "www.example.com"}, True, "192.0.2.1, 192.0.2.2"),
    ({"request": "/www.example.com", "receive": r"^192\.0\.2\.2$"}, True, "192.0.2.1, 192.0.2.2"),
    ({"request": "WWW.example.com."}, True, "192.0.2.1, 192.0.2.2"),
    ({"request": "www.example.com", "real": "::1"}, True, "192.0.2.1, 192.0.2.2"),
    ({"request": "alias.example.com"}, True, "192.0.2.1, 192.0.2.2"),
    ({"request": "six.example.com"}, True, "2001:db8::1"),
    ({"request": "192.0.2.1", "receive": "www"}, True, "www.example.com."),
    ({"request": "2001:db8::1"}, True, "six.example.com."),
    ({"request": "many.example.com", "receive": r"\.90$"}, True, "192.0.2."),
    ({"request": "www.example.com", "receive": "192.0.3"}, False,
     'receive "192.0.3" not found in 192.0.2.1, 192.0.2.2'),
    ({"request": "none.example.com"}, False, "NXDOMAIN for none.example.com."),
    ({"request": "text.example.com"}, False, "no record of text.example.com."),
    ({"request": "192.0.2.99"}, False, "NXDOMAIN for 99.2.0.192.in-addr.arpa."),
    ({"request": "www.example.org"}, False, "REFUSED for www.example.org."),
]  # fmt: skip


@pytest.mark.servers
@pytest.mark.parametrize("protocol", [Protocol.UDP, Protocol.TCP], ids=lambda one: one.value)
def test_bind(bind: int, protocol: Protocol) -> None:
    """BIND is up with a record of the name, and that matches receive, over either transport.

    An answer that is too large for UDP is fetched over TCP.
    """

    async def run() -> list[CheckResult]:
        async with nothing_left():
            return [
                await judged(checker(bind, protocol, **options), 5) for options, _, _ in QUERIES
            ]

    results = asyncio.run(run())

    for result, (options, up, message) in zip(results, QUERIES, strict=True):
        # The order of the records is the server's own.
        said = ", ".join(sorted(result.message.split(", "))) if up else result.message
        if "many" in options["request"]:
            said = said[: len(message)]
        if not up and "receive" in options:
            said = said.replace("192.0.2.2, 192.0.2.1", "192.0.2.1, 192.0.2.2")
        assert (result.up, said) == (up, message), options


FAULTS: dict[str, tuple[Behaviour, str]] = {
    "silent": (silent, "no answer in 1 s"),
    "closes": (closes, "the server closed the connection without an answer"),
    "resets": (resets, "connection reset by the server"),
    "garbage": (garbage, "not an answer to the query"),
    "drips": (drips(b"\x40\x00"), "no answer in 1 s"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_over_tcp_peers_that_misbehave(fault: str) -> None:
    """A server that says nothing, or nonsense, over TCP is down in time."""
    behaviour, message = FAULTS[fault]

    async def run() -> CheckResult:
        async with peer(behaviour) as port:
            return await judged(checker(port, Protocol.TCP, request="www.example.com"))

    result = asyncio.run(run())

    assert not result.up
    assert result.message in (message, "connection reset by the server")


class Noise(asyncio.DatagramProtocol):
    """A server that answers each datagram with `answers`, and counts them."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = answers
        self.seen = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.seen += 1
        for answer in self.answers:
            self.transport.sendto(answer or data, address)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "answers", [(), (b"noise",), (b"",), (bytes(600),)], ids=["silent", "noise", "echo", "zeros"]
)
def test_over_udp_peers_that_misbehave(answers: tuple[bytes, ...]) -> None:
    """What is no answer to the query is passed over; the query is sent three times in all."""

    async def run() -> tuple[CheckResult, int]:
        loop = asyncio.get_running_loop()
        transport, noise = await loop.create_datagram_endpoint(
            lambda: Noise(*answers), local_addr=("127.0.0.1", 0)
        )
        port = transport.get_extra_info("sockname")[1]
        try:
            return await judged(checker(port, Protocol.UDP, request="example.com")), noise.seen
        finally:
            transport.close()

    result, seen = asyncio.run(run())

    assert (result.up, result.message) == (False, "no answer in 1 s")
    assert seen == 3


def test_refused_over_udp() -> None:
    """A port that is closed is told at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    result = asyncio.run(judged(checker(port, Protocol.UDP, request="example.com")))

    assert (result.up, result.message) == (False, "connection refused")
    assert result.seconds < 0.5


def test_a_request_that_is_no_name() -> None:
    """A request that cannot be a name is a configuration error."""
    with pytest.raises(ValueError, match="is not a domain name"):
        checker(53, Protocol.UDP, request="a..b")
