"""Checks of line protocols against peers that behave, and that do not."""

import asyncio
import re
import socket
from typing import Any

import pytest

from compat_tests.checkers.asking import checker
from compat_tests.checkers.peers import (
    Behaviour,
    Reader,
    Writer,
    black_hole,
    closes,
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
from ldirpy.checkers.base import POOL_SIZE, CheckResult, run_check

SERVICES = "ftp imap imaps ldap ldaps nntp pop pops simpletcp sip smtp submission".split()


def check(behaviour: Behaviour, service: str, **options: Any) -> CheckResult:
    """The result of a check of a peer, in time and with nothing left over."""

    async def run() -> CheckResult:
        async with peer(behaviour, tls=service in ("imaps", "ldaps", "pops")) as port:
            return await judged(checker(service, port, **options))

    return asyncio.run(run())


FAULTS: dict[str, tuple[Behaviour, str]] = {
    "silent": (silent, "no answer in 1 s"),
    "closes": (closes, "the server closed the connection.*|connection reset by the server"),
    "resets": (resets, "connection reset by the server|the server closed the connection.*"),
    "garbage": (garbage, ".+"),
    "garbage lines": (garbage_lines, ".+"),
    "drips": (drips(b"2" * 100), "no answer in 1 s|not .*|no .*"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("service", SERVICES)
def test_faults(service: str, fault: str) -> None:
    """A server that misbehaves is down in time, with what it did as the message."""
    behaviour, message = FAULTS[fault]
    result = check(behaviour, service, login="joe", passwd="x", receive="never", request="/a")

    assert not result.up
    assert re.fullmatch(message, result.message), result.message


@pytest.mark.parametrize("service", SERVICES)
def test_refused_and_swallowed(service: str) -> None:
    """A port that refuses is told at once, one that swallows packets at the time-out."""
    refused = asyncio.run(judged(checker(service, free_port())))
    with black_hole() as port:
        swallowed = asyncio.run(judged(checker(service, port)))

    assert (refused.up, refused.message) == (False, "connection refused")
    assert (swallowed.up, swallowed.message) == (False, "no answer in 1 s")


@pytest.mark.parametrize("service", ["imaps", "ldaps", "pops"])
@pytest.mark.parametrize("fault", ["silent", "resets", "garbage", "closes"])
def test_broken_tls(service: str, fault: str) -> None:
    """A server whose TLS handshake fails is down with the reason, or at the time-out."""

    async def run() -> CheckResult:
        async with peer(FAULTS[fault][0]) as port:
            return await judged(checker(service, port))

    result = asyncio.run(run())

    assert not result.up
    assert result.message == "no answer in 1 s" or result.message.startswith("TLS: ")


def talks(*answers: bytes) -> Behaviour:
    """Greets with the first of `answers`, and gives one more for each thing it is told."""

    async def behaviour(reader: Reader, writer: Writer) -> None:
        for answer in answers:
            writer.write(answer)
            await writer.drain()
            await reader.read(65536)

    return behaviour


JOE = {"login": "joe", "passwd": "sesame"}
CAPABLE = b"* CAPABILITY IMAP4rev1\r\n"

# What a server says, what is asked of it, and the verdict with its message.
ANSWERS: dict[str, tuple[str, Behaviour, dict[str, Any], bool, str]] = {
    "smtp": ("smtp", talks(b"220 mx\r\n", b"250 mx\r\n"), {}, True, "220 mx"),
    "smtp without EHLO": (
        "smtp", talks(b"220-a\r\n220 b\r\n", b"500 no\r\n", b"250 mx\r\n"), {}, True, "220 a"),
    "smtp closed": ("smtp", talks(b"554 go away\r\n"), {}, False,
                    'no greeting of 220 but "554 go away"'),
    "smtp without HELO": (
        "smtp", talks(b"220 mx\r\n", b"500 no\r\n", b"504 never\r\n"), {}, False,
        'HELO refused: "504 never"'),
    "smtp, gone after EHLO": ("smtp", talks(b"220 mx\r\n"), {}, False,
                              "the server closed the connection"),
    "smtp, another protocol": ("smtp", talks(b"SSH-2.0-x\r\n"), {}, False,
                               'no greeting of 220 but "... 2.0-x"'),
    "pop": ("pop", talks(b"+OK hi\r\n"), {}, True, r"\+OK hi"),
    "pop, -ERR": ("pop", talks(b"-ERR busy\r\n"), {}, False, 'no greeting of .OK but "-ERR busy"'),
    "pop, login": ("pop", talks(b"+OK hi\r\n", b"+OK\r\n", b"+OK\r\n"), JOE, True, "logged in"),
    "pop, APOP": ("pop", talks(b"+OK <1@x>\r\n", b"+OK\r\n"), JOE, True, "logged in"),
    "pop, APOP refused": (
        "pop", talks(b"+OK <1@x>\r\n", b"-ERR\r\n", b"+OK\r\n", b"+OK\r\n"), JOE, True,
        "logged in"),
    "pop, password repeated": (
        "pop", talks(b"+OK hi\r\n", b"+OK\r\n", b"-ERR sesame is wrong\r\n"), JOE, False,
        r'login refused: "-ERR \*\*\* is wrong"'),
    "imap, BYE": ("imap", talks(b"* BYE full\r\n"), {}, False, "no IMAP greeting.*"),
    "imap, no answer to CAPABILITY": ("imap", talks(b"* OK hi\r\n"), {}, False,
                                      "the server closed the connection"),
    "imap, a literal without end": (
        "imap", talks(b"* OK {9999999999999}\r\n"), {}, False,
        "an answer of more than 1,048,576 bytes"),
    "nntp": ("nntp", talks(b"201 hi\r\n"), {}, True, "201 hi"),
    "nntp, 400": ("nntp", talks(b"400 no\r\n"), {}, False, 'no greeting of 2xx but "400 no"'),
    "ftp": ("ftp", talks(b"220 hi\r\n", b"230 in\r\n", b"250\r\n", b"200\r\n"), {}, True,
            "logged in"),
    "ftp, 421": ("ftp", talks(b"421 full\r\n"), {}, False, 'no FTP greeting: "421 full"'),
    "ftp, login": ("ftp", talks(b"220 hi\r\n", b"530 not sesame\r\n"), JOE, False,
                   r'login refused: "530 not \*\*\*"'),
    "sip": ("sip", says(b"SIP/2.0 200 Fine\r\n\r\n"), {}, True, "200 Fine"),
    "sip, provisional": (
        "sip", says(b"SIP/2.0 100 Trying\r\nVia: x\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n"), {}, True,
        "200 OK"),
    "sip, 404": ("sip", says(b"SIP/2.0 404 Not Found\r\n\r\n"), {}, False, "404 Not Found"),
    "simpletcp": ("simpletcp", says(b"pong\n"), {}, True, '"pong"'),
    "simpletcp, second line": ("simpletcp", says(b"a\nb", b"c\n"), {"receive": "^bc$"}, True,
                               '"bc"'),
    "simpletcp, wrong": ("simpletcp", says(b"a\nb\n"), {"receive": "x"}, False,
                         'receive "x" not found in 2 lines, the last is "b"'),
    "simpletcp, across lines": ("simpletcp", says(b"a\nb\n"), {"receive": "(?s)a.b"}, False,
                                'receive ".*" not found in 2 lines, the last is "b"'),
    "simpletcp, silent end": ("simpletcp", says(), {}, False,
                              "the server closed the connection without an answer"),
}  # fmt: skip


@pytest.mark.parametrize("case", ANSWERS)
def test_answers(case: str) -> None:
    """Each answer of a server gets its verdict and a message in the operator's words."""
    service, behaviour, options, up, message = ANSWERS[case]
    result = check(behaviour, service, **options)

    assert (result.up, bool(re.fullmatch(message, result.message))) == (up, True), result.message


def test_simpletcp_request() -> None:
    """The request goes without its slash, `\\n` as a line feed, and the sending side is closed."""
    seen = []

    async def record(reader: Reader, writer: Writer) -> None:
        seen.append(await reader.read())
        writer.write(b"ok\n")

    assert check(record, "simpletcp", request="/PING\\nQUIT\\n").up
    assert seen == [b"PING\nQUIT\n"]


def test_more_hanging_checks_than_threads() -> None:
    """Checks that wait for a thread of the pool are not down for it: their clocks stand still."""

    async def slow(reader: Reader, writer: Writer) -> None:
        writer.write(b"220 mx\r\n")
        await reader.readline()
        await asyncio.sleep(0.3)
        writer.write(b"250 mx\r\n")
        await reader.readline()

    async def run() -> set[str]:
        async with peer(slow) as port:
            one = checker("smtp", port)
            results = await asyncio.gather(*(run_check(one, 0.8) for _ in range(5 * POOL_SIZE)))
            return {result.message for result in results}

    assert asyncio.run(run()) == {"220 mx"}


@pytest.mark.parametrize("passwd", ["pä€ss", 'p"\\ss', "p\udcffss"])
@pytest.mark.parametrize("service", ["ftp", "imap", "pop"])
def test_unusual_credentials(service: str, passwd: str) -> None:
    """Whatever a password is made of, it can be sent or not, and is not told."""
    yes = {
        "ftp": (b"220 hi\r\n", b"331 pw\r\n", b"530 no\r\n"),
        "imap": (b"* OK [X]\r\n",),
        "pop": (b"+OK hi\r\n", b"+OK\r\n", b"-ERR no\r\n"),
    }[service]
    result = check(talks(*yes), service, login="jö e", passwd=passwd)

    assert not result.up
    assert passwd not in result.message


def test_ldap_credentials() -> None:
    """What LDAP cannot carry is a configuration error, which does not show it."""
    with pytest.raises(ValueError, match=r"^login, passwd or request cannot be sent over LDAP$"):
        checker("ldap", 1, login="joe", passwd="p\udcff")
    checker("ldap", 1, login="jö", passwd="pä€")


def test_radius_credentials() -> None:
    """A password of any bytes can be sent; one that RADIUS cannot carry is refused at once."""

    async def run() -> CheckResult:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            return await judged(
                checker("radius", port, login="jö", passwd="p\udcff", secret="s\udcff")
            )

    assert asyncio.run(run()).message == "no answer in 1 s"
    with pytest.raises(ValueError, match="passwd is longer than RADIUS allows, 128 bytes"):
        checker("radius", 1, login="joe", passwd="x" * 129, secret="s")


async def imap_for_joe(reader: Reader, writer: Writer) -> None:
    """An IMAP server that knows one user, whose name and password need quoting."""
    writer.write(b"* OK hi\r\n")
    while line := await reader.readline():
        word = line.split()[0]
        if b"CAPABILITY" in line:
            writer.write(CAPABLE + word + b" OK done\r\n")
        elif line == word + ' LOGIN "jö e" "p\\"ä"\r\n'.encode():
            writer.write(word + b" OK in\r\n")
        else:
            writer.write(word + b" NO no\r\n")


def test_imap_quotes_credentials() -> None:
    """A name and a password with blanks and quotes reach an IMAP server as they are."""
    assert check(imap_for_joe, "imap", login="jö e", passwd='p"ä').message == "logged in"
    assert not check(imap_for_joe, "imap", login="jö e", passwd="other").up
