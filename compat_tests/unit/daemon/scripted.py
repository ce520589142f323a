"""A checker that acts out a script, through the same door as every other one."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import Self

import attrs

from ldirpy.checkers.base import Checker, Deadline
from ldirpy.config.model import Real, Virtual
from ldirpy.errors import CheckFailed
from ldirpy.net import Address


class Stage:
    """What the servers do, and when they were looked at (seconds of the loop's clock)."""

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.hanging: set[str] = set()
        self.broken: set[str] = set()
        self.checks: dict[str, list[float]] = defaultdict(list)

    def fail(self, addresses: Iterable[str]) -> None:
        """These are down from now on, all others up."""
        self.down = set(addresses)


stage = Stage()


@attrs.frozen(kw_only=True)
class ScriptedChecker(Checker):
    """Does what the stage says of its address."""

    address: Address
    port: int

    @classmethod
    def from_config(cls, virtual: Virtual, real: Real) -> Self:
        if virtual.request == "/refuse":
            raise ValueError("service=scripted: it will not")
        return cls(address=real.address, port=real.port)

    async def check(self, deadline: Deadline) -> str:
        name = str(self.address)
        stage.checks[name].append(asyncio.get_running_loop().time())
        if name in stage.hanging:
            await asyncio.sleep(1e9)
        if name in stage.broken:
            raise RuntimeError("a fault of the checker's own")
        if name in stage.down:
            raise CheckFailed("down by script")
        return "up by script"
