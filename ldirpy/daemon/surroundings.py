"""What goes on around a director: mails, monitor files, the operator's programs, watched files."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from ldirpy.daemon.alerting import Alerts, Mailer
from ldirpy.daemon.director import Director
from ldirpy.daemon.events import Listener
from ldirpy.daemon.hooks import FallbackCommands
from ldirpy.daemon.maintaining import Maintenance
from ldirpy.daemon.monitor import MonitorFiles
from ldirpy.daemon.watching import ConfigWatch

log = logging.getLogger("ldirpy")


class Surroundings:
    """All of it, wired together."""

    def __init__(self) -> None:
        self._mailer = Mailer()
        self._monitor_files = MonitorFiles()
        self._fallback_commands = FallbackCommands()
        self._maintenance: Maintenance | None = None
        self.listeners: tuple[Listener, ...] = (
            self._monitor_files,
            Alerts(self._mailer),
            self._fallback_commands,
        )

    async def prepare(self, director: Director) -> None:
        """What must be known before the director's first check."""
        self._maintenance = Maintenance(director)
        await self._maintenance.prepare()

    async def watch(
        self,
        director: Director,
        path: str | os.PathLike[str],
        reload: Callable[[], Awaitable[None]],
    ) -> None:
        """Watch the configuration file and, as prepared, the maintenance directory; for ever."""
        assert self._maintenance is not None
        file = ConfigWatch(os.fspath(path), lambda: director.config, reload)
        await asyncio.gather(
            _faults_told("watching the configuration file", file.watch()),
            _faults_told("watching maintenancedir", self._maintenance.watch()),
        )

    async def close(self) -> None:
        """Finish what is under way, each within a bound of its own."""
        await asyncio.gather(self._mailer.close(), self._fallback_commands.close())
        await asyncio.to_thread(self._monitor_files.close)


async def _faults_told(what: str, work: Coroutine[Any, Any, None]) -> None:
    """A fault in one of these must not pass in silence, nor end the other."""
    try:
        await work
    except Exception:
        log.exception("Fault in %s", what)
