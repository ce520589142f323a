"""service=http_proxy against peers, and through squid."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from compat_tests.checkers.peers import HERE, Reader, Writer, free_port, judged, peer, says
from compat_tests.checkers.programs import Program, folder_of, serving
from compat_tests.checkers.test_http import answer
from ldirpy.checkers.base import CheckResult
from ldirpy.checkers.http_proxy import HttpProxyChecker
from ldirpy.config.model import Real, Virtual


def checker(port: int, **options: Any) -> HttpProxyChecker:
    return HttpProxyChecker.from_config(
        Virtual(address=HERE, port=3128, service="http_proxy", **options),
        Real(address=HERE, port=port),
    )


def test_request_to_a_proxy() -> None:
    """The proxy gets the whole URL, with the URL's Host whatever virtualhost says.

    A redirect is asked of the proxy as well.
    """
    seen = []

    async def proxy(reader: Reader, writer: Writer) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        seen.append(request)
        moved = answer(b"", "Location: http://other.example.com/two", status="302 Found")
        writer.write(answer() if "/two" in request else moved)

    async def run() -> CheckResult:
        async with peer(proxy) as port:
            url = "/http://www.example.com/one?x=1"
            return await judged(checker(port, request=url, virtualhost="ignored.example.com"))

    assert asyncio.run(run()).up
    assert seen[0].startswith("GET http://www.example.com/one?x=1 HTTP/1.1\r\n")
    assert "\r\nHost: www.example.com\r\n" in seen[0]
    assert seen[1].startswith("GET http://other.example.com/two HTTP/1.1\r\n")
    assert "\r\nHost: other.example.com\r\n" in seen[1]


async def tunnelling(reader: Reader, writer: Writer) -> None:
    """A proxy that does nothing but CONNECT, to loopback."""
    port = int((await reader.readuntil(b"\r\n\r\n")).split()[1].rpartition(b":")[2])
    inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

    async def copy(source: Reader, target: Writer) -> None:
        while data := await source.read(65536):
            target.write(data)
        target.close()

    try:
        await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))
    finally:
        inner_writer.close()


def test_https_through_the_proxy() -> None:
    """An https URL is fetched through a tunnel of the proxy. Deviation: http-proxy-https."""

    async def run() -> CheckResult:
        async with peer(says(answer()), tls=True) as target, peer(tunnelling) as port:
            url = f"/https://localhost:{target}/"
            return await judged(checker(port, request=url, receive="Test Page"))

    assert asyncio.run(run()).message == "200 OK"


def test_a_proxy_that_refuses_the_tunnel() -> None:
    """A proxy that refuses to connect us is down with its answer."""

    async def run() -> CheckResult:
        async with peer(says(answer(status="403 Forbidden"))) as port:
            return await judged(checker(port, request="/https://www.example.com/"))

    assert asyncio.run(run()).message == "403 Forbidden (from the proxy)"


@pytest.mark.parametrize("request_", ["/", "/relative/page"])
def test_a_proxy_needs_an_absolute_url(request_: str) -> None:
    """A request that is no absolute URL is a configuration error.

    Deviation: http-proxy-relative.
    """
    with pytest.raises(ValueError, match="needs an absolute URL"):
        checker(3128, request=request_)


SQUID = """\
http_port 127.0.0.1:{port}
pid_filename none
cache deny all
access_log none
cache_log {folder}/cache.log
cache_store_log none
coredump_dir {folder}
acl forbidden url_regex forbidden
http_access deny forbidden
http_access allow localhost
netdb_filename none
shutdown_lifetime 0 seconds
visible_hostname localhost
via off
"""


@pytest.mark.servers
def test_squid() -> None:
    """squid is up with a page that it fetches, and down with one that it refuses or cannot get."""
    proxy, nowhere = free_port(), free_port()

    async def verdicts() -> list[str]:
        async with peer(says(answer())) as page:
            cases = [
                (f"/http://127.0.0.1:{page}/", "Test Page"),
                (f"/http://127.0.0.1:{page}/", "Sorry"),
                (f"/http://127.0.0.1:{page}/forbidden", None),
                (f"/http://127.0.0.1:{nowhere}/", None),
            ]
            return [
                (await judged(checker(proxy, request=request, receive=receive), 5)).message
                for request, receive in cases
            ]

    with folder_of("proxy") as folder:
        config = folder / "squid.conf"
        config.write_text(SQUID.format(port=proxy, folder=folder))
        command: list[str | Path] = ["squid", "--foreground", "-N", "-f", config]
        with serving(Program(command, ports=(proxy,))):
            messages = asyncio.run(verdicts())

    assert re.fullmatch(r'receive "Sorry" not found in 22 bytes: .*', messages.pop(1))
    assert messages == ["200 OK", "403 Forbidden", "503 Service Unavailable"]
