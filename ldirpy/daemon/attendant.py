"""Who attends to the running director: its starter, its children, its service manager.

The director in the foreground calls these as it goes through its life; a plain Attendant does
nothing, as when a script runs a director.
"""

import logging
import os
from collections.abc import Awaitable, Callable, Sequence

from ldirpy.config.model import Config
from ldirpy.daemon import children, notify

log = logging.getLogger("ldirpy")


class Attendant:
    """Attends to nothing."""

    how = f"with pid: {os.getpid()}"  # what the log says of the start

    def ready(self) -> None:
        """The table has been adopted, and signals are heeded."""

    def reloading(self) -> None:
        """The configuration is about to be read again."""

    def reloaded(self, config: Config | None) -> None:
        """It has been; None if the old one stays in force."""

    def stopping(self) -> None:
        """A signal ends the director."""

    async def watch(self, answer: Callable[[], Awaitable[None]]) -> None:
        """Runs as long as the director does, which lives while `answer` returns."""


class ServiceAttendant(Attendant):
    """Tells its starter and the service manager, and takes the instances of `execute` along.

    `in_force` is called with each configuration that a reload puts into force.
    """

    def __init__(
        self,
        config: Config,
        *,
        how: str,
        child_options: Sequence[str],
        on_ready: Sequence[Callable[[], None]],
        in_force: Callable[[Config], None],
    ) -> None:
        self.how = how
        self._child_options = child_options
        self._on_ready = on_ready
        self._in_force = in_force
        self._execute = config.execute
        self._text = _summary(config)

    def ready(self) -> None:
        for call in self._on_ready:
            call()
        notify.ready(self._text)
        children.follow((), self._execute, self._child_options)

    def reloading(self) -> None:
        notify.reloading()

    def reloaded(self, config: Config | None) -> None:
        if config is not None:
            for warning in config.warnings:
                log.warning("%s", warning.as_ldirectord("Warning", os.getpid()))
            self._in_force(config)
            children.follow(self._execute, config.execute, self._child_options)
            self._execute, self._text = config.execute, _summary(config)
        notify.ready(self._text)

    def stopping(self) -> None:
        notify.stopping()
        children.follow(self._execute, ())
        self._execute = ()

    async def watch(self, answer: Callable[[], Awaitable[None]]) -> None:
        await notify.keep_alive(answer)


def _summary(config: Config) -> str:
    servers = sum(len(virtual.reals) for virtual in config.virtuals)
    return f"{len(config.virtuals)} virtual services, {servers} real servers"
