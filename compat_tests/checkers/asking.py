"""A check of a server on loopback, as a configuration would have it."""

import asyncio
from ipaddress import ip_address
from typing import Any

from compat_tests.checkers.peers import judged
from ldirpy.checkers.base import Checker, CheckResult
from ldirpy.checkers.registry import probe_for
from ldirpy.config.model import Real, Virtual
from ldirpy.net import Family


def checker(service: str, port: int, *, host: str = "127.0.0.1", **options: Any) -> Checker:
    """The checker that a virtual service with these options has for its real server."""
    address = ip_address(host)
    virtual = Virtual(
        address=address,
        port=1,
        family=Family.of(address),
        service=service,
        **options,
    )
    probe = probe_for(virtual, Real(address=address, port=port))
    assert probe is not None
    return probe.checker


def result_of(service: str, port: int, **options: Any) -> CheckResult:
    """What that checker finds, within 5 s."""
    return asyncio.run(judged(checker(service, port, **options), 5))
