"""Which files take which real server out."""

from ipaddress import ip_address
from typing import Any

import pytest

from ldirpy.config.model import Real, Virtual
from ldirpy.maintenance import is_out
from ldirpy.net import Family, Forward

V4 = Virtual(address=ip_address("198.51.100.1"), port=80)
V6 = Virtual(address=ip_address("2001:db8::1"), port=80, family=Family.IPV6)


def real(address: str, port: int = 8080, **settings: Any) -> Real:
    return Real(address=ip_address(address), port=port, **settings)


FOUR = real("192.0.2.1", forward=Forward.MASQ)
NAMES = {FOUR.address: "web1.example.com"}


@pytest.mark.parametrize(
    "file",
    [
        *("192.0.2.1", "192.0.2.1:8080", "web1", "web1:8080"),
        *("web1.example.com", "web1.example.com:8080"),
    ],
)
def test_each_name_takes_it_out(file: str) -> None:
    """The address, the full name and the first label, each with and without the port."""
    assert is_out([file, "unrelated"], NAMES)(V4, FOUR)
    assert not is_out(["unrelated"], NAMES)(V4, FOUR)
    assert not is_out([file], NAMES)(V4, real("192.0.2.9"))


@pytest.mark.parametrize(
    "file", ["192.0.2.1:80", "192.0.2.10", "web1.example", "WEB1", "web1.example.com:81", ""]
)
def test_what_is_only_like_a_name_does_not(file: str) -> None:
    """Another port, a longer address, a part of a name."""
    assert not is_out([file], NAMES)(V4, FOUR)


def test_an_ipv6_address_is_in_brackets() -> None:
    """With a port and without one."""
    six = real("2001:db8::9", forward=Forward.MASQ)
    assert is_out(["[2001:db8::9]"], {})(V6, six)
    assert is_out(["[2001:db8::9]:8080"], {})(V6, six)
    assert not is_out(["2001:db8::9"], {})(V6, six)


def test_the_port_of_a_routed_server() -> None:
    """A gate server answers to its own port and to the one the kernel's table shows."""
    routed = real("192.0.2.1", port=0, forward=Forward.GATE)
    assert is_out(["192.0.2.1:0"], {})(V4, routed)
    assert is_out(["192.0.2.1:80"], {})(V4, routed)
