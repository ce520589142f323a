"""Watches the maintenance directory: one listing a second for all real servers.

Names are looked up once for each configuration, not for each look at the directory.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Iterable

from ldirpy.config.model import Config
from ldirpy.daemon.director import Director
from ldirpy.daemon.threads import in_thread
from ldirpy.maintenance import is_out
from ldirpy.net import Address

log = logging.getLogger("ldirpy")

LOOK_INTERVAL = 1.0  # seconds between two looks at the directory
NAMES_WAIT = 2.0  # seconds that the start waits for names at the most
LOOKUPS = 8  # reverse lookups at a time: each that fails may take the resolver's 10 s and more


class Maintenance:
    """Tells the director who is out; `names` and `host_name` ask the world, and may block."""

    def __init__(
        self,
        director: Director,
        *,
        names: Callable[[str], Iterable[str]] = os.listdir,
        host_name: Callable[[Address], str | None] | None = None,
    ) -> None:
        self._director = director
        self._names = names
        self._host_name = host_name or reverse_lookup
        self._host_names: dict[Address, str] = {}
        self._config: Config | None = None
        self._lookups: asyncio.Task[None] | None = None
        self._told: tuple[frozenset[str], dict[Address, str]] = (frozenset(), {})
        self._trouble = ""

    async def prepare(self) -> None:
        """Tell the director, before its first check, who is out; waits for names a short time."""
        self._follow()
        if self._lookups is not None:
            await asyncio.wait([self._lookups], timeout=NAMES_WAIT)
        await self._tell()

    async def watch(self) -> None:
        """Look each second, for ever."""
        try:
            while True:
                self._follow()
                await self._tell()
                await asyncio.sleep(LOOK_INTERVAL)
        finally:
            if self._lookups is not None:
                self._lookups.cancel()

    def _follow(self) -> None:
        """Look up the names of a configuration that is new."""
        if self._config is self._director.config:
            return
        self._config = self._director.config
        if self._lookups is not None:
            self._lookups.cancel()
        self._lookups = None
        if self._config.maintenancedir:
            self._lookups = asyncio.create_task(self._look_up(self._config))

    async def _tell(self) -> None:
        now = (await self._look(), dict(self._host_names))
        if now != self._told:
            self._director.hold(is_out(*now))
            self._told = now

    async def _look(self) -> frozenset[str]:
        directory = self._config and self._config.maintenancedir
        if not directory:
            return frozenset()
        try:
            names = frozenset(await in_thread(lambda: self._names(directory)))
        except OSError as error:
            self._say(f"maintenancedir: {directory}: {error.strerror}")
            return frozenset()
        self._say("")
        return names

    def _say(self, trouble: str) -> None:
        """Log what is wrong with the directory, once."""
        if trouble and trouble != self._trouble:
            log.error("%s", trouble)
        self._trouble = trouble

    async def _look_up(self, config: Config) -> None:
        """Find the names of all real servers; those known before stay until there is an answer."""
        places = asyncio.Semaphore(LOOKUPS)
        addresses = {real.address for virtual in config.virtuals for real in virtual.reals}

        async def look_up(address: Address) -> None:
            async with places:
                name = await in_thread(lambda: self._host_name(address))
            if name:
                self._host_names[address] = name

        await asyncio.gather(*map(look_up, addresses))


def reverse_lookup(address: Address) -> str | None:
    """The name of an address, if it has one."""
    try:
        name = socket.getnameinfo((str(address), 0), socket.NI_NAMEREQD)[0]
    except OSError:
        return None
    return name.partition("%")[0]
