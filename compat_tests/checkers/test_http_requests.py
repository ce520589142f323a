"""What service=http and https send, where redirects lead, and how much is read."""

import asyncio
import re
from typing import Any

import pytest

from compat_tests.checkers.peers import (
    HERE,
    Reader,
    Writer,
    judged,
    peer,
    says,
    server_context,
    silent,
)
from compat_tests.checkers.test_http import answer, check, checker
from ldirpy.checkers.base import CheckResult
from ldirpy.checkers.http import HttpChecker
from ldirpy.config.model import HttpMethod, Real, Virtual


def requests_seen(page: bytes = answer(), **options: Any) -> list[str]:
    """What a check sends to a peer that answers `page`."""
    seen: list[str] = []

    async def record(reader: Reader, writer: Writer) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(page)

    result = asyncio.run(check(record, **options))
    assert result.up, result
    return seen


def test_request_as_sent() -> None:
    """Host is the bare address as with ldirectord, and the connection is not kept."""
    (request,) = requests_seen()
    lines = request.split("\r\n")

    assert lines[0] == "GET / HTTP/1.1"
    assert "Host: 127.0.0.1" in lines
    assert "Connection: close" in lines
    assert "Accept-Encoding: identity" in lines
    assert any(re.fullmatch(r"User-Agent: ldirpy/[0-9.]+", line) for line in lines)


def test_virtualhost_method_and_request() -> None:
    """virtualhost is sent as Host, HEAD as method; a request is escaped only where it must be."""
    (request,) = requests_seen(
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
        virtualhost="www.example.com",
        httpmethod=HttpMethod.HEAD,
        request="/a b?x=1&y=%20",
    )

    assert request.startswith("HEAD /a%20b?x=1&y=%20 HTTP/1.1\r\n")
    assert "\r\nHost: www.example.com\r\n" in request


def test_head_has_no_body_to_match() -> None:
    """A receive pattern and HEAD do not go together, as with ldirectord."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
    result = asyncio.run(check(says(head, then=silent), httpmethod=HttpMethod.HEAD, receive="Test"))

    assert (result.up, result.message) == (False, 'receive "Test" not found in 0 bytes: ""')


def test_full_url_is_used_as_it_stands() -> None:
    """A real server's request that is a full URL goes where it says (its name is looked up)."""

    async def run() -> list[CheckResult]:
        async with peer(says(answer())) as port:
            urls = f"/http://127.0.0.1:{port}/x", f"http://localhost:{port}/x"
            return [await judged(checker(1, request=url)) for url in urls]

    assert [result.message for result in asyncio.run(run())] == ["200 OK", "200 OK"]


def test_redirect_within_the_server_keeps_virtualhost_and_cookies() -> None:
    """A relative redirect asks the same real server for the same virtual host, with its cookie.

    Deviations: http-redirect-host, http-cookies.
    """
    seen = []

    async def redirect(reader: Reader, writer: Writer) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        seen.append(request)
        found = "Location: /two", "Set-Cookie: a=b; path=/"
        writer.write(answer() if "GET /two" in request else answer(b"", *found, status="302 Found"))

    result = asyncio.run(check(redirect, virtualhost="www.example.com", receive="Test Page"))

    assert result.up
    assert "\r\nHost: www.example.com\r\n" in seen[1]
    assert "\r\nCookie: a=b\r\n" in seen[1]


def test_redirect_elsewhere_is_followed() -> None:
    """A redirect to another host is followed there, with that host's name."""
    seen = []

    async def target(reader: Reader, writer: Writer) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(answer())

    async def run() -> CheckResult:
        async with peer(target, tls=True) as port:
            place = f"Location: https://localhost:{port}/there"
            async with peer(says(answer(b"", place, status="301 Moved"))) as first:
                found = await judged(checker(first, virtualhost="www.example.com"))
            assert f"\r\nHost: localhost:{port}\r\n" in seen[0]
            return found

    assert asyncio.run(run()).message == "200 OK"


def test_redirect_to_an_unknown_name() -> None:
    """A redirect to a name that does not resolve is down with that name."""
    place = "Location: http://nowhere.invalid/"
    result = asyncio.run(check(says(answer(b"", place, status="302 Found"))))

    assert (result.up, result.message) == (False, "nowhere.invalid: no address found")


@pytest.mark.parametrize(
    ("virtualhost", "name"),
    [("www.example.com", "www.example.com"), ("192.0.2.1", None), (None, None)],
)
def test_server_name_indication(virtualhost: str | None, name: str | None) -> None:
    """SNI is the virtual host, unless that is an address. Deviation: https-sni."""
    seen = []
    context = server_context()
    context.sni_callback = lambda _, server_name, __: seen.append(server_name)
    try:
        asyncio.run(check(says(answer()), tls=True, virtualhost=virtualhost))
    finally:
        context.sni_callback = None

    assert seen == [name]


def test_ipv6() -> None:
    """An IPv6 real server is asked with its address in brackets as Host."""
    from ipaddress import ip_address

    seen = []

    async def record(reader: Reader, writer: Writer) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(answer())

    async def run() -> CheckResult:
        async with peer(record, host="::1") as port:
            real = Real(address=ip_address("::1"), port=port)
            virtual = Virtual(address=HERE, port=80, service="http")
            return await judged(HttpChecker.from_config(virtual, real))

    assert asyncio.run(run()).up
    assert "\r\nHost: [::1]\r\n" in seen[0]


def test_equal_settings_are_the_same_check() -> None:
    """Two real servers with equal settings make equal checkers, which run once for both."""
    assert checker(80) == checker(80)
    assert hash(checker(80)) == hash(checker(80))
    assert checker(80) != checker(80, receive="x")
    assert "_made" not in repr(checker(80))


def test_a_request_that_cannot_be_sent_is_a_configuration_error() -> None:
    """A full URL without a host is refused when the configuration is read."""
    with pytest.raises(ValueError, match=r"request=http://: cannot be sent|cannot be sent"):
        checker(80, request="http:///")


def test_many_hanging_checks_use_no_threads() -> None:
    """300 checks of a silent server end together, on sockets alone."""

    async def run() -> None:
        async with peer(silent) as port:
            one = checker(port)
            results = await asyncio.gather(*(judged_loosely(one) for _ in range(300)))
            assert {result.message for result in results} == {"no answer in 1 s"}

    async def judged_loosely(one: HttpChecker) -> CheckResult:
        from ldirpy.checkers.base import run_check

        return await run_check(one, 1.0)

    asyncio.run(run())


def test_a_redirect_that_wants_its_cookie_back() -> None:
    """A page that redirects until its cookie comes back is up, and the next check starts anew."""
    seen = []

    async def gate(reader: Reader, writer: Writer) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        seen.append("\r\nCookie: known=yes\r\n" in request)
        asks = "Location: /", "Set-Cookie: known=yes"
        writer.write(answer() if seen[-1] else answer(b"", *asks, status="302 Found"))

    async def run() -> list[CheckResult]:
        async with peer(gate) as port:
            one = checker(port, receive="Test Page")
            return [await judged(one) for _ in range(2)]

    assert all(result.up for result in asyncio.run(run()))
    assert seen == [False, True] * 2


@pytest.mark.parametrize("receive", [None, "Test Page", "Sorry"])
def test_reading_stops_when_the_verdict_is_clear(receive: str | None) -> None:
    """Of a body of 100 MB little more is read than is looked at."""
    sent = 0

    async def huge(reader: Reader, writer: Writer) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\nTest Page")
        while sent < 100_000_000:
            writer.write(bytes(65536))
            await writer.drain()
            sent += 65536

    result = asyncio.run(check(huge, receive=receive))

    assert result.up is (receive != "Sorry")
    # What the kernel's buffers take is sent and never read.
    assert sent < 20_000_000
