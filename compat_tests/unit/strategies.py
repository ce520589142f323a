"""Hypothesis strategies for virtual services and the state of their real servers."""

import ipaddress
from collections.abc import Callable

import hypothesis.strategies as st

from ldirpy.config.model import Real, Virtual
from ldirpy.net import Family, Forward, Protocol

ports = st.sampled_from([0, 80, 81, 8080])
schedulers = st.sampled_from(["rr", "wrr", "wlc", "sh"])


def addresses(family: Family) -> st.SearchStrategy[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """A few addresses, so that collisions happen."""
    base = "192.0.2." if family is Family.IPV4 else "2001:db8::"
    return st.integers(1, 6).map(lambda n: ipaddress.ip_address(f"{base}{n}"))


def reals(family: Family) -> st.SearchStrategy[Real]:
    """Real servers of all forwarding methods, weights and thresholds."""
    return st.builds(
        lambda address, port, forward, weight, low, more: Real(
            address=address,
            port=port,
            forward=forward,
            weight=weight,
            l_threshold=low,
            u_threshold=low + more,
        ),
        addresses(family),
        ports,
        st.sampled_from(Forward),
        st.integers(0, 5),
        st.sampled_from([0, 0, 3]),
        st.sampled_from([0, 0, 4]),
    )


@st.composite
def virtuals(draw: Callable[[st.SearchStrategy[object]], object]) -> Virtual:
    """Virtual services of every kind, with up to five real servers."""
    take: Callable[..., object] = draw
    family = take(st.sampled_from(Family))
    assert isinstance(family, Family)
    common = {
        "family": family,
        "reals": take(st.lists(reals(family), max_size=5)),
        "fallback": take(st.none() | reals(family).map(_plain)),
        "scheduler": take(schedulers),
        "quiescent": take(st.booleans()),
        "persistent": take(st.none() | st.integers(1, 1000)),
        "ops": take(st.booleans()),
    }
    if take(st.booleans()):
        mark = take(st.integers(1, 3))
        return Virtual(protocol=Protocol.FWM, fwmark=mark, **common)  # type: ignore[arg-type]
    return Virtual(
        protocol=take(st.sampled_from([Protocol.TCP, Protocol.UDP])),  # type: ignore[arg-type]
        address=take(addresses(family)),  # type: ignore[arg-type]
        port=take(st.sampled_from([80, 81])),  # type: ignore[arg-type]
        **common,  # type: ignore[arg-type]
    )


def _plain(real: Real) -> Real:
    return Real(address=real.address, port=real.port, forward=real.forward)
