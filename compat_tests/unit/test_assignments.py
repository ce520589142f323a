"""Who is to be checked, and what is refused."""

import pytest

from ldirpy import Config, ConfigError, Real, Virtual
from ldirpy.assignments import assign, verify

FAULTS = [
    Virtual(address="192.0.2.1", port=8080, service="nosuch", reals=[Real(address="10.0.0.1")]),
    Virtual(
        address="192.0.2.2",
        port=8080,
        checktype="connect",
        reals=[Real(address="10.0.0.1", port=80), Real(address="10.0.0.2", line=7)],
    ),
    Virtual(
        address="192.0.2.3",
        port=80,
        reals=[
            Real(address="10.0.0.1", port=80),
            Real(address="10.0.0.2", port=80, request="/http://[x/", line=9),
        ],
    ),
    Virtual(address="192.0.2.4", port=80, schedflags="nosuch", line=11),
]


@pytest.mark.parametrize("virtual", FAULTS, ids=str)
def test_verifying_is_assigning_without_the_probes(virtual: Virtual) -> None:
    """`verify` refuses what `assign` does, in the same words."""
    config = Config(virtuals=[virtual], path="a.cf")
    with pytest.raises(ConfigError) as assigned:
        assign(config)
    with pytest.raises(ConfigError) as verified:
        verify(config)

    assert verified.value.problems == assigned.value.problems


def test_a_good_one_is_verified() -> None:
    """What can be assigned is not refused."""
    servers = [Real(address=f"10.0.0.{n}", port=80) for n in range(1, 9)]
    config = Config(virtuals=[Virtual(address="192.0.2.1", port=80, reals=servers)])

    verify(config)
    assert len(assign(config).seats) == 8
