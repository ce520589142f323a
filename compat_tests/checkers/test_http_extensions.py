"""verify, cafile, httpstatus, httpheader and checksource, which only ldirpy has."""

import asyncio
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from compat_tests.checkers.certificates import Identity, identity
from compat_tests.checkers.peers import (
    HERE,
    Behaviour,
    Reader,
    Writer,
    judged,
    nothing_left,
    peer,
    says,
    server_context,
)
from compat_tests.checkers.test_http import answer
from ldirpy.checkers.base import CheckResult, run_check
from ldirpy.checkers.http import HttpChecker
from ldirpy.checkers.registry import probe_for
from ldirpy.config.model import CheckType, Real, Virtual
from ldirpy.errors import NoVerdict

NAME = "www.example.com"


def virtual(**options: Any) -> Virtual:
    return Virtual(address=HERE, port=80, **{"service": "http", **options})


async def check(behaviour: Behaviour, *, tls: bool = False, **options: Any) -> CheckResult:
    async with peer(behaviour, tls=tls) as port:
        service = virtual(service="https" if tls else "http", **options)
        return await judged(HttpChecker.from_config(service, Real(address=HERE, port=port)))


@contextmanager
def serving(shown: Identity) -> Iterator[None]:
    """While inside, TLS peers show this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.certificate, shown.key)

    def choose(connection: ssl.SSLObject, _: str | None, __: ssl.SSLContext) -> None:
        connection.context = context

    server_context().sni_callback = choose
    try:
        yield
    finally:
        server_context().sni_callback = None


# The certificate, virtualhost, and what is said of it when its authority is trusted.
CERTIFICATES = {
    "good": (identity(NAME), NAME, True, "200 OK"),
    "good wildcard": (identity("*.example.com"), NAME, True, "200 OK"),
    "good address": (identity("127.0.0.1"), None, True, "200 OK"),
    "expired": (identity(NAME, starts=-3, ends=-1), NAME, False, "certificate expired"),
    "not yet good": (
        identity(NAME, starts=2, ends=3), NAME, False,
        "certificate not trusted: certificate is not yet valid"),
    "of others": (
        identity("mail.example.com", "192.0.2.1"), NAME, False,
        "certificate is for mail.example.com, 192.0.2.1, not www.example.com"),
    "not for the address": (
        identity(NAME), None, False, "certificate is for www.example.com, not 127.0.0.1"),
    "of nobody": (
        identity(), NAME, False,
        r"certificate names no host \(subjectAltName\), and so not www.example.com"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CERTIFICATES)
def test_certificates(kind: str) -> None:
    """With verify, a certificate that is not good takes a server down, and the message says why."""
    shown, name, up, message = CERTIFICATES[kind]

    with serving(shown):
        result = asyncio.run(
            check(
                says(answer()),
                tls=True,
                verify=True,
                cafile=str(shown.certificate),
                virtualhost=name,
            )
        )

    assert result.up is up
    assert re.fullmatch(message, result.message)


@pytest.mark.parametrize("cafile", [None, str(identity(NAME).certificate)])
def test_a_stranger(cafile: str | None) -> None:
    """A certificate that neither cafile nor the system knows is not trusted."""
    with serving(identity(NAME)):
        result = asyncio.run(
            check(says(answer()), tls=True, verify=True, cafile=cafile, virtualhost=NAME)
        )

    assert (result.up, result.message) == (
        False,
        "certificate not trusted: self-signed certificate",
    )


def test_nothing_is_verified_unless_wanted() -> None:
    """Without verify an expired certificate of somebody else is as good as any."""
    with serving(CERTIFICATES["expired"][0]):
        assert asyncio.run(check(says(answer()), tls=True, virtualhost="other.example.com")).up


@pytest.mark.parametrize("content", [None, "no certificate", b"\xff\xfe"])
def test_a_cafile_that_is_none(tmp_path: Path, content: str | bytes | None) -> None:
    """A cafile that is missing, or is none, is a configuration error that names it."""
    cafile = tmp_path / "ca.pem"
    if content is not None:
        cafile.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(ValueError, match=f"cafile={cafile} (cannot be used|is not a PEM file)"):
        probe_for(
            virtual(service="https", verify=True, cafile=str(cafile)), Real(address=HERE, port=443)
        )


def test_another_cafile_is_another_check(tmp_path: Path) -> None:
    """A cafile with new content makes another check, so that a reload takes it up."""
    cafile = tmp_path / "ca.pem"
    service = virtual(service="https", verify=True, cafile=str(cafile))
    probes = []
    for shown in (identity(NAME), identity(NAME)):
        cafile.write_bytes(shown.certificate.read_bytes())
        probes += [probe_for(service, Real(address=HERE, port=443)) for _ in range(2)]

    assert probes[0] == probes[1] != probes[2] == probes[3]


@pytest.mark.parametrize(
    ("httpstatus", "status", "up"),
    [
        (((200, 299),), "302 Found", False),
        (((200, 399),), "302 Found", True),
        (((200, 200), (401, 401)), "401 Unauthorized", True),
        (((200, 200), (401, 401)), "204 No Content", False),
        (((503, 503),), "503 Service Unavailable", True),
    ],
)
def test_expected_status(httpstatus: tuple[tuple[int, int], ...], status: str, up: bool) -> None:
    """A status within httpstatus is good, and a redirect that is good is not followed."""
    result = asyncio.run(check(says(answer(status=status)), httpstatus=httpstatus))

    assert (result.up, result.message) == (up, status)


def test_headers_stay_with_the_server() -> None:
    """Further headers are sent, on redirects within the server too, but never to another."""
    seen = []

    def redirecting(place: str) -> Behaviour:
        async def behaviour(reader: Reader, writer: Writer) -> None:
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            seen.append(request)
            where = "/two" if "GET / " in request else place
            writer.write(answer(b"", f"Location: {where}", status="302 Found"))

        return behaviour

    async def record(reader: Reader, writer: Writer) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(answer())

    async def run() -> CheckResult:
        async with peer(record) as other:
            headers = (("X-Token", "s3cret"), ("User-Agent", "mine"))
            return await check(redirecting(f"http://127.0.0.1:{other}/"), httpheader=headers)

    assert asyncio.run(run()).up
    assert ["\r\nX-Token: s3cret\r\n" in request for request in seen] == [True, True, False]
    assert "\r\nUser-Agent: mine\r\n" in seen[0]


def test_headers_are_no_part_of_messages() -> None:
    """The values of further headers do not show in a checker's text: they may be secret."""
    service = virtual(httpheader=(("Authorization", "Basic c2VjcmV0"),))

    assert "c2VjcmV0" not in repr(HttpChecker.from_config(service, Real(address=HERE, port=80)))


@pytest.mark.parametrize("checktype", [CheckType.CONNECT, CheckType.NEGOTIATE])
def test_source_address(checktype: CheckType) -> None:
    """With checksource a check comes from that address, many at a time as well."""
    seen = set()

    async def record(reader: Reader, writer: Writer) -> None:
        seen.add(writer.get_extra_info("peername")[0])
        await says(answer())(reader, writer)

    async def run() -> list[CheckResult]:
        async with peer(record) as port:
            service = virtual(checktype=checktype, checksource=ip_address("127.0.0.77"))
            probe = probe_for(service, Real(address=HERE, port=port))
            assert probe is not None
            return await asyncio.gather(*(judged(probe.checker) for _ in range(20)))

    assert all(result.up for result in asyncio.run(run()))
    assert seen == {"127.0.0.77"}


@pytest.mark.parametrize("checktype", [CheckType.CONNECT, CheckType.NEGOTIATE, CheckType.PING])
def test_source_that_is_not_here(checktype: CheckType) -> None:
    """A checksource that this machine does not have says nothing about the real server."""

    async def run() -> None:
        service = virtual(checktype=checktype, checksource=ip_address("192.0.2.99"))
        probe = probe_for(service, Real(address=HERE, port=80))
        assert probe is not None
        async with nothing_left():
            with pytest.raises(NoVerdict, match=r"checksource=192\.0\.2\.99 is not an address of"):
                await run_check(probe.checker, 1)

    asyncio.run(run())


def test_source_of_the_other_family() -> None:
    """A checksource of the other IP version is a configuration error."""
    with pytest.raises(ValueError, match="another IP version"):
        probe_for(virtual(checksource=ip_address("::1")), Real(address=HERE, port=80))
