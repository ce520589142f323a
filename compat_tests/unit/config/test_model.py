"""The model in a script: what may be written, what follows from it, and what is refused."""

import re
from ipaddress import ip_address
from typing import Any

import attrs
import pytest

from ldirpy import CheckType, Config, Family, Forward, HttpMethod, Protocol, Real, Virtual
from ldirpy.config.model import DirectorState

HERE = "192.0.2.1"


def test_text_will_do() -> None:
    """Addresses and words may be given as text."""
    short = Virtual(
        address=HERE, port=80, protocol="udp", checktype="connect", httpmethod="head",
        emailalert="a@example.com", emailalertstatus=["stopping"], checksource="192.0.2.8",
        reals=[Real(address="10.0.0.1", forward="masq", weight=2)],
        httpstatus=[200, (300, 399)], httpheader={"X-Check": "1"},
    )  # fmt: skip
    long = Virtual(
        address=ip_address(HERE), port=80, protocol=Protocol.UDP, family=Family.IPV4,
        checktype=CheckType.CONNECT, httpmethod=HttpMethod.HEAD, emailalert=("a@example.com",),
        emailalertstatus=frozenset([DirectorState.STOPPING]), checksource=ip_address("192.0.2.8"),
        reals=(Real(address=ip_address("10.0.0.1"), forward=Forward.MASQ, weight=2),),
        httpstatus=((200, 200), (300, 399)), httpheader=(("X-Check", "1"),),
    )  # fmt: skip

    assert short == long


@pytest.mark.parametrize(
    ("given", "protocol", "family", "service"),
    [
        ({"address": HERE, "port": 80}, Protocol.TCP, Family.IPV4, "http"),
        ({"address": HERE, "port": 53}, Protocol.UDP, Family.IPV4, "dns"),
        ({"address": "2001:db8::1", "port": 8080}, Protocol.TCP, Family.IPV6, "none"),
        ({"fwmark": 1}, Protocol.FWM, Family.IPV4, "none"),
        ({"fwmark": 1, "reals": [Real(address="2001:db8::2")]}, Protocol.FWM, Family.IPV6, "none"),
        (
            {"fwmark": 1, "fallback": Real(address="2001:db8::2")},
            Protocol.FWM,
            Family.IPV6,
            "none",
        ),
    ],
)
def test_what_follows(
    given: dict[str, Any], protocol: Protocol, family: Family, service: str
) -> None:
    """Protocol, family and service follow from the address, the port and the mark."""
    virtual = Virtual(**given)

    assert (virtual.protocol, virtual.family, virtual.service) == (protocol, family, service)


def test_a_request_has_a_slash_and_a_fallback_a_port() -> None:
    """A script need not know what ldirectord adds."""
    virtual = Virtual(address=HERE, port=80, request="a.html", fallback=Real(address="127.0.0.1"))

    assert virtual.request == "/a.html"
    assert virtual.fallback == Real(address="127.0.0.1", port=80)


REAL = {"address": "10.0.0.1"}
VIRTUAL = {"address": HERE, "port": 80}


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        (Real, {"address": "10.0.0.300"}, "address: must be an IPv4 or IPv6 address, not '10.0"),
        (Real, {"address": "fe80::1%eth0"}, "address: must be an IPv4 or IPv6 address, not 'fe80"),
        (Real, {**REAL, "port": 65536}, "port: must be a whole number from 0 to 65535, not 65536"),
        (Real, {**REAL, "weight": -1}, "weight: must be a whole number, not -1"),
        (Real, {**REAL, "weight": True}, "weight: must be a whole number, not True"),
        (Real, {**REAL, "forward": "nat"}, "forward: must be one of gate, masq, ipip, not 'nat'"),
        (Virtual, {}, "either an address and port, or a fwmark"),
        (Virtual, {**VIRTUAL, "fwmark": 1}, "either an address and port, or a fwmark"),
        (Virtual, {"fwmark": 0}, "fwmark: must be a whole number from 1 to 4294967295, not 0"),
        (Virtual, {"fwmark": 1, "protocol": "tcp"}, "protocol fwm goes with a fwmark"),
        (Virtual, {**VIRTUAL, "protocol": "sctp"}, "protocol: must be one of tcp, udp, fwm"),
        (Virtual, {**VIRTUAL, "checktype": "http"}, "checktype: must be one of connect, external"),
        (Virtual, {**VIRTUAL, "checktype": "combined"}, "connects_per_negotiate: must be above 0"),
        (Virtual, {**VIRTUAL, "checktimeout": 0}, "checktimeout: must be a whole number of 1 or"),
        (Virtual, {**VIRTUAL, "checkinterval": "10"}, "checkinterval: must be a whole number of 1"),
        (Virtual, {**VIRTUAL, "quiescent": "no"}, "quiescent: must be True or False, not 'no'"),
        (Virtual, {**VIRTUAL, "netmask": "255.255.0"}, "netmask: must be a dotted quad, or 1 to"),
        (Virtual, {**VIRTUAL, "reals": ["10.0.0.1"]}, "reals: must be a Real, not '10.0.0.1'"),
        (Virtual, {**VIRTUAL, "fallback": "10.0.0.1"}, "fallback: must be a Real, not"),
        (
            Virtual,
            {**VIRTUAL, "reals": [Real(address="2001:db8::1")]},
            "[2001:db8::1]:0 is not an address of family IPV4, as 192.0.2.1:80 is",
        ),
        (Virtual, {**VIRTUAL, "httpstatus": [(299, 200)]}, "httpstatus: must be codes from 100"),
        (Virtual, {**VIRTUAL, "httpstatus": "200"}, "httpstatus: must be codes from 100"),
        (Virtual, {**VIRTUAL, "httpheader": ["X"]}, "httpheader: must be pairs of name and value"),
        (Virtual, {**VIRTUAL, "httpheader": {"X": "a\nb"}}, "httpheader: must be a header that"),
        (Virtual, {**VIRTUAL, "emailalertstatus": ["up"]}, "emailalertstatus: must be one of"),
        (Virtual, {**VIRTUAL, "passwd": 7}, "passwd: must be a text, not ***"),
        (Config, {"virtuals": ["web"]}, "virtuals: must be a Virtual, not 'web'"),
        (
            Config,
            {"fallback6": Real(address="10.0.0.1")},
            "fallback6: must be an IPv6 server, not '10.0.0.1",
        ),
        (Config, {"checkcount": 0}, "checkcount: must be a whole number of 1 or more, not 0"),
        (
            Virtual,
            {**VIRTUAL, "scheduler": ""},
            "scheduler: must be a text that is not empty, not ''",
        ),
    ],
)
def test_what_is_refused(kind: type, given: dict[str, Any], words: str) -> None:
    """The message names the field, what it must be, and what was given."""
    with pytest.raises(ValueError, match=re.escape(words)):
        kind(**given)


def test_it_is_immutable() -> None:
    """Nothing can be assigned; attrs.evolve makes another."""
    virtual = Virtual(address=HERE, port=80)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        virtual.port = 81  # type: ignore[misc]

    assert attrs.evolve(virtual, port=81).port == 81


def test_a_password_is_not_shown() -> None:
    """The repr of a virtual service has no passwd and no secret."""
    virtual = Virtual(address=HERE, port=80, login="joe", passwd="hush", secret="psst")

    assert "hush" not in repr(virtual)
    assert "psst" not in repr(virtual)
