"""service=http and https against peers that behave, and that do not."""

import asyncio
import gzip
import re
from pathlib import Path

import pytest

from compat_tests.checkers.peers import (
    HERE,
    Behaviour,
    Reader,
    Writer,
    black_hole,
    certificate_files,
    drips,
    free_port,
    garbage,
    garbage_lines,
    judged,
    peer,
    resets,
    says,
    silent,
)
from compat_tests.checkers.programs import Program, serving
from ldirpy.checkers.base import CheckResult
from ldirpy.checkers.http import HttpChecker
from ldirpy.config.model import HttpMethod, Real, Virtual

PAGE = b"<html>Test Page</html>"


def answer(body: bytes = PAGE, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def checker(port: int, scheme: str = "http", **options: object) -> HttpChecker:
    virtual = {
        key: options.pop(key) for key in ("httpmethod", "virtualhost", "receive") if key in options
    }
    return HttpChecker.from_config(
        Virtual(address=HERE, port=80, service=scheme, **virtual),  # type: ignore[arg-type]
        Real(address=HERE, port=port, **options),  # type: ignore[arg-type]
    )


async def check(behaviour: Behaviour, *, tls: bool = False, **options: object) -> CheckResult:
    async with peer(behaviour, tls=tls) as port:
        return await judged(checker(port, "https" if tls else "http", **options))


async def stalls_then_closes(reader: Reader, writer: Writer) -> None:
    await reader.read(100)
    await asyncio.sleep(0.2)


async def huge(reader: Reader, writer: Writer) -> None:
    await reader.read(65536)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n" + PAGE)
    for _ in range(1600):
        writer.write(b"x" * 65536)
        await writer.drain()


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PACKED = gzip.compress(PAGE)

# What a server sends, what is asked of it, and the verdict with its message.
ANSWERS: dict[str, tuple[Behaviour, str | None, bool, str]] = {
    "page": (says(answer()), "Test Page", True, "200 OK"),
    "page, no receive": (says(answer()), None, True, "200 OK"),
    "page, byte by byte": (
        says(*(bytes([b]) for b in answer())), "Test Page", True, "200 OK"),
    "wrong page": (
        says(answer(b"<html>Sorry</html>")), "Test Page", False,
        'receive "Test Page" not found in 18 bytes: "<html>Sorry</html>"'),
    "pattern at the end": (says(answer(b"OK\n")), "OK$", True, "200 OK"),
    "pattern not at the end": (says(answer(b"OK"), b"not"), "OK$", True, "200 OK"),
    "503": (says(answer(status="503 Service Unavailable")), None, False,
            "503 Service Unavailable"),
    "404 with the text": (says(answer(status="404 Not Found")), "Test Page", False,
                          "404 Not Found"),
    "204": (says(b"HTTP/1.1 204 No Content\r\n\r\n"), None, True, "204 No Content"),
    "no reason": (says(b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"), None, True, "200"),
    "100 first": (
        says(b"HTTP/1.1 100 Continue\r\n\r\n", answer()), "Test Page", True, "200 OK"),
    "chunked": (
        says(CHUNKED + b"5\r\n<Test\r\n", b"6", b"\r\n Page>", b"\r", b"\n0\r\n", b"\r\n",
             then=silent), "Test Page>$", True, "200 OK"),
    "chunked with trailers": (
        says(CHUNKED + b"9;x=y\r\nTest Page\r\n0\r\nA: ", b"b\r\n\r\n", then=silent),
        "Test Page", True, "200 OK"),
    "chunked, cut short": (
        says(CHUNKED + b"9\r\nTest Page\r\n8\r\nabc"), "Sorry", False,
        'receive "Sorry" not found in 12 bytes: "Test Pageabc"'),
    "chunked, no number": (
        says(CHUNKED + b"9\r\nTest Page\r\nzzz\r\n", then=silent), "Sorry", False,
        'receive "Sorry" not found in 9 bytes: "Test Page"'),
    "HTTP/1.0 until close": (
        says(b"HTTP/1.0 200 OK\r\n\r\n", PAGE), "Test Page", True, "200 OK"),
    "line ends without carriage return": (
        says(b"HTTP/1.1 200 OK\nContent-Length: 22\n\n" + PAGE, then=silent), "Test Page", True,
        "200 OK"),
    "cut short, with the text": (
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + PAGE), "Test Page", True,
        "200 OK"),
    "gzip": (says(answer(PACKED, "Content-Encoding: gzip")), "Test Page", True, "200 OK"),
    "not gzip": (
        says(answer(b"no", "Content-Encoding: gzip")), "Test Page", False,
        "the body is not gzip as its header says"),
    "gzip bomb": (
        says(answer(gzip.compress(PAGE + bytes(50_000_000)), "Content-Encoding: gzip")),
        "Test Page", True, "200 OK"),
    "100 MB": (huge, "Test Page", True, "200 OK"),
    "100 MB, no text": (huge, "Sorry", False,
                        r'receive "Sorry" not found in 1,048,576 bytes: "<html>.*'),
    "100 MB, no receive": (huge, None, True, "200 OK"),
    "silent": (silent, None, False, "no answer in 1 s"),
    "closes": (stalls_then_closes, None, False,
               "the server closed the connection without an answer"),
    "resets": (resets, None, False, "connection reset by the server"),
    "garbage": (garbage, "garbage", False, r"headers of more than 262,144 bytes|not .* HTTP .*"),
    "garbage lines": (garbage_lines, "garbage", False, 'not an HTTP answer: "garbage.*'),
    "another protocol": (
        says(b"SSH-2.0-OpenSSH_9.2\r\n", then=silent), None, False,
        'not an HTTP answer: "SSH-2.0-OpenSSH_9.2"'),
    "headers without end": (
        says(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200), None, False,
        "not a valid HTTP answer: got more than 100 headers"),
    "a header without end": (
        says(b"HTTP/1.1 200 OK\r\nA: ", then=garbage), None, False,
        "not a valid HTTP answer: .*|headers of more.*"),
    "drips its headers": (drips(answer()), None, False, "no answer in 1 s"),
    "drips its body": (
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", then=drips(PAGE)), "Test Page",
        False, "no answer in 1 s"),
    "silent in the body, no receive": (
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", then=silent), None, True,
        "200 OK"),
    "resets in the body": (
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", then=resets), "Test Page",
        False, "connection reset by the server"),
    "redirect to nowhere": (
        says(answer(b"", "Location: http://[", status="302 Found")), None, False,
        "302 Found, with a redirect that is not a URL: .*"),
    "redirect to another scheme": (
        says(answer(b"", "Location: ftp://x/", status="302 Found")), None, False,
        "302 Found, with a redirect that is not a URL: .*"),
    "redirect without a place": (says(answer(status="302 Found")), None, False, "302 Found"),
    "redirect loop": (
        says(answer(b"", "Location: /", status="302 Found")), None, False,
        r"too many redirects \(more than 7\)"),
}  # fmt: skip


# Python's ssl shows a reset as the end of the connection: the same verdict in other words.
OVER_TLS: dict[str, tuple[Behaviour, str | None, bool, str]] = {
    "resets": (resets, None, False, "the server closed the connection without an answer"),
    "resets in the body": (*ANSWERS["resets in the body"][:3],
                           'receive "Test Page" not found in 0 bytes: ""'),
}  # fmt: skip


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_every_answer_gets_its_verdict(tls: bool) -> None:
    """Every answer, and every way not to answer, gets its verdict and message within the time."""

    expected = {**ANSWERS, **OVER_TLS} if tls else ANSWERS

    async def verdicts() -> dict[str, CheckResult]:
        names = list(expected)
        results = []
        for name in names:
            behaviour, receive, _, _ = expected[name]
            results.append(await check(behaviour, tls=tls, receive=receive))
        return dict(zip(names, results, strict=True))

    results = asyncio.run(verdicts())

    wrong = {
        name: result
        for name, result in results.items()
        if result.up is not expected[name][2] or not re.fullmatch(expected[name][3], result.message)
    }
    assert not wrong


def test_refused_and_swallowed() -> None:
    """A port that refuses is told at once, one that swallows packets at the time-out."""
    refused = asyncio.run(judged(checker(free_port())))
    with black_hole() as port:
        swallowed = asyncio.run(judged(checker(port)))

    assert (refused.up, refused.message) == (False, "connection refused")
    assert (swallowed.up, swallowed.message) == (False, "no answer in 1 s")


TLS_FAULTS = {
    "silent": (silent, "no answer in 1 s"),
    "plain text": (says(b"HTTP/1.1 400 Bad\r\n\r\n"), "TLS: .*"),
    "closes": (says(), "TLS: .*"),
    "resets": (resets, "TLS: the server reset the connection in the handshake"),
    "drips": (drips(b"\x16\x03\x03\x00\xff"), "no answer in 1 s"),
    "garbage": (garbage, "TLS: .*"),
}


@pytest.mark.parametrize("fault", TLS_FAULTS)
def test_broken_tls(fault: str) -> None:
    """A server whose TLS handshake fails is down with OpenSSL's reason, or at the time-out."""
    behaviour, message = TLS_FAULTS[fault]

    async def run() -> CheckResult:
        async with peer(behaviour) as port:
            return await judged(checker(port, "https"))

    result = asyncio.run(run())

    assert not result.up
    assert re.fullmatch(message, result.message)


@pytest.mark.servers
def test_nginx(tmp_path: Path) -> None:
    """nginx with and without TLS is up with its page, and down with another one's text."""
    certificate, key = certificate_files()
    plain, tls = free_port(), free_port()
    (tmp_path / "index.html").write_bytes(PAGE * 500)
    (tmp_path / "nginx.conf").write_text(
        f"""daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log; user root;
        events {{ }}
        http {{
          access_log off; gzip on;
          client_body_temp_path {tmp_path}/a; proxy_temp_path {tmp_path}/b;
          fastcgi_temp_path {tmp_path}/c; uwsgi_temp_path {tmp_path}/d;
          scgi_temp_path {tmp_path}/e;
          server {{
            listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl; root {tmp_path};
            ssl_certificate {certificate}; ssl_certificate_key {key};
            location /moved {{ absolute_redirect off; return 302 /; }}
            location /gone {{ return 410; }}
          }}
        }}"""
    )

    with serving(Program(["nginx", "-c", tmp_path / "nginx.conf"], ports=(plain, tls))):
        for scheme, port in (("http", plain), ("https", tls)):
            cases: list[tuple[dict[str, object], str]] = [
                ({"receive": "Test Page"}, "200 OK"),
                ({"receive": "Sorry"}, 'receive "Sorry" not found in 11,000 bytes: "<html>.*'),
                ({"httpmethod": HttpMethod.HEAD}, "200 OK"),
                ({"request": "/moved", "receive": "Test Page"}, "200 OK"),
                ({"request": "/gone"}, "410 Gone"),
            ]
            for options, message in cases:
                result = asyncio.run(judged(checker(port, scheme, **options), 5))
                assert re.fullmatch(message, result.message)
