"""The director as a process in the foreground: its signals, its log, the limits it needs."""

import asyncio
import logging
import os
import resource
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from ldirpy._version import __version__
from ldirpy.config.load import load
from ldirpy.config.model import Config
from ldirpy.daemon import wording
from ldirpy.daemon.attendant import Attendant
from ldirpy.daemon.director import Director
from ldirpy.daemon.surroundings import Surroundings
from ldirpy.errors import ConfigError
from ldirpy.ipvs.model import IpvsTable, Table

log = logging.getLogger("ldirpy")


async def run(
    path: str | os.PathLike[str],
    config: Config,
    table: IpvsTable,
    *,
    on_change: Callable[[Table], None] | None = None,
    attendant: Attendant | None = None,
    keep_weights: bool = False,
) -> None:
    """Direct until SIGTERM, SIGINT or SIGQUIT; SIGHUP reads `path` again.

    `keep_weights` is the director's. Raises ConfigError for a configuration that cannot be carried
    out, and IpvsError if the kernel's table cannot be read.
    """
    allow_many_sockets()
    around = Surroundings()
    director = Director(
        config,
        table,
        listeners=around.listeners,
        on_change=on_change,
        keep_weights=keep_weights,
    )
    attendant = attendant or Attendant()
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[None]] = set()
    stopped_by: list[str] = []

    def stop(name: str) -> None:
        stopped_by.append(name)
        attendant.stopping()
        director.stop()

    def reread() -> Coroutine[Any, Any, None]:
        return _reload(director, path, attendant)

    def reload() -> None:
        log.info(wording.RELOADING)
        task = loop.create_task(reread())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        loop.add_signal_handler(number, stop, number.name.removeprefix("SIG"))
    loop.add_signal_handler(signal.SIGHUP, reload)
    log.info(wording.STARTING.format(version=__version__, how=attendant.how))
    watch = loop.create_task(attendant.watch(director.answer))
    await around.prepare(director)
    look = loop.create_task(around.watch(director, path, reread))
    try:
        await director.run(attendant.ready)
    finally:
        watch.cancel()
        look.cancel()
        await around.close()
    for name in stopped_by[:1]:
        log.info(wording.TERMINATED.format(signal=name))


async def _reload(director: Director, path: str | os.PathLike[str], attendant: Attendant) -> None:
    """Read the file off the loop, where names may be looked up; keep the old one on any error."""
    attendant.reloading()
    config: Config | None = None
    try:
        config = await asyncio.to_thread(load, path)
        director.reload(config)
    except (ConfigError, OSError) as error:
        config = None
        _tell(path, error)
        log.error(wording.OLD_ONE_STAYS)
    else:
        await director.answer()
    attendant.reloaded(config)


def _tell(path: str | os.PathLike[str], error: ConfigError | OSError) -> None:
    """Say in ldirectord's form what is wrong with the file."""
    if isinstance(error, ConfigError):
        for problem in error.problems:
            log.error("%s", problem.as_ldirectord("Error", os.getpid()))
    else:
        log.error("Error [%d]: can not open file %s: %s", os.getpid(), path, error.strerror)


def allow_many_sockets() -> None:
    """Lift the soft limit on descriptors to the hard one: a check that waits costs a socket."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
