"""Checks against real server software, with users, passwords and TLS, by IPv4 and IPv6."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from compat_tests.checkers import servers
from compat_tests.checkers.asking import result_of
from compat_tests.checkers.servers import ADMIN_DN, BASE_DN, PASSWORD, SECRET, USER
from ldirpy.net import Protocol

pytestmark = pytest.mark.servers

WRONG = "wrong-pw"
JOE = {"login": USER, "passwd": PASSWORD}
INTRUDER = {"login": USER, "passwd": WRONG}
ADMIN = {"login": ADMIN_DN, "passwd": PASSWORD}
KNOWN = {**JOE, "secret": SECRET}
UDP = {"protocol": Protocol.UDP}

Ports = dict[str, int]
Case = tuple[dict[str, Any], bool, str]

MAIL: list[Case] = [
    ({}, True, ""),
    (JOE, True, "logged in"),
    (INTRUDER, False, "login refused: "),
]
DIRECTORY: list[Case] = [
    ({"request": f"/{BASE_DN}"}, True, BASE_DN),
    ({"request": BASE_DN, "receive": "dc=ex", **ADMIN}, True, BASE_DN),
    ({"request": BASE_DN, "receive": "nowhere"}, False, 'receive "nowhere" not found'),
    ({"request": f"cn=two,{BASE_DN}"}, False, f'no entry "cn=two,{BASE_DN}": noSuchObject'),
    ({"request": "?"}, False, 'no entry "?": invalidDNSyntax'),
    ({}, True, "the root entry"),
    ({**ADMIN, "passwd": WRONG}, False, "bind refused: invalidCredentials"),
]
FILE: list[Case] = [
    ({"request": "/page.txt", "receive": "Test Page"}, True, "150 "),
    ({"request": "page.txt"}, True, "150 "),
    (
        {"request": "page.txt", "receive": "Sorry", **JOE},
        False,
        'receive "Sorry" not found',
    ),
    ({"request": "none.txt", **JOE}, False, 'no transfer: "550 '),
    ({}, True, "logged in"),
    (INTRUDER, False, 'login refused: "530 '),
]
RADIUS: list[Case] = [
    (KNOWN, True, "Access-Accept"),
    ({**KNOWN, "passwd": WRONG}, False, "Access-Reject"),
    ({**KNOWN, "secret": WRONG}, False, "no answer in "),
]
SIP: list[Case] = [
    ({}, True, "200 OK"),
    (UDP, True, "200 OK"),
    ({"login": "nobody@example.com"}, False, "404 Not Found"),
    ({"login": "nobody@example.com", **UDP}, False, "404 Not Found"),
]

V4 = ("127.0.0.1",)
BOTH = ("127.0.0.1", "::1")


@contextlib.contextmanager
def alone(name: str, server: AbstractContextManager[int]) -> Iterator[Ports]:
    """A server of one service."""
    with server as port:
        yield {name: port}


# The server, the addresses that it has, and what its services find with which options.
SERVERS: dict[str, tuple[Callable[[], AbstractContextManager[Ports]], tuple[str, ...], Any]] = {
    "dovecot": (servers.dovecot, BOTH, dict.fromkeys(("pop", "pops", "imap", "imaps"), MAIL)),
    "slapd": (servers.slapd, BOTH, dict.fromkeys(("ldap", "ldaps"), DIRECTORY)),
    "proftpd": (lambda: alone("ftp", servers.proftpd()), BOTH, {"ftp": FILE}),
    "freeradius": (lambda: alone("radius", servers.freeradius()), BOTH, {"radius": RADIUS}),
    "kamailio": (lambda: alone("sip", servers.kamailio()), BOTH, {"sip": SIP}),
    "leafnode": (lambda: alone("nntp", servers.leafnode()), V4, {"nntp": [({}, True, "200 ")]}),
}


@pytest.mark.parametrize("name", SERVERS)
def test_servers(name: str) -> None:
    """Each server is up for who knows it and down, with its reason, for who does not."""
    start, hosts, cases = SERVERS[name]
    with start() as ports:
        for service, port in ports.items():
            for options, up, message in cases[service]:
                for host in hosts:
                    result = result_of(service, port, host=host, **options)

                    assert (result.up, result.message.startswith(message)) == (up, True), result
                    assert WRONG not in result.message


def test_postfix() -> None:
    """postfix greets as smtp and submission, and takes its farewell as any simple server."""
    with servers.postfix() as port:
        for host in BOTH:
            for service in ("smtp", "submission"):
                assert result_of(service, port, host=host).message.startswith("220 mx.example.com")
            said = result_of("simpletcp", port, host=host, request="QUIT\\n", receive="^221 ")
            assert (said.up, said.message) == (True, '"221 2.0.0 Bye"')
            said = result_of("simpletcp", port, host=host, request="QUIT\\n", receive="^222 ")
            assert said.message.startswith('receive "^222 " not found in 2 lines')
