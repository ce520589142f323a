"""The daemon as a process: its lock, its pid file, its table, and its end."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ldirpy.assignments import verify
from ldirpy.config.model import Config
from ldirpy.daemon import foreground
from ldirpy.daemon.attendant import ServiceAttendant
from ldirpy.daemon.instance import Instance
from ldirpy.desired import fingerprint
from ldirpy.errors import LdirpyError
from ldirpy.ipvs.model import IpvsTable

log = logging.getLogger("ldirpy")


def serve(
    path: str,
    config: Config,
    instance: Instance,
    *,
    pid_file: bool,
    table: IpvsTable,
    how: str,
    child_options: Sequence[str] = (),
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Keep a table right until a signal ends it; `how` is what the log says of the start.

    Instances of `execute` are started with `child_options`.
    `on_ready` is called once, when the table has been adopted and signals are heeded; with
    `pid_file` the pid is noted from then on. Raises what keeps it from starting: AlreadyRunning,
    IpvsError, ConfigError, OSError.
    """
    verify(config)
    _be_called_ldirectord()
    lock = instance.lock()
    where = os.path.abspath(path)  # the current directory is left, and a reload is still to find it
    os.chdir("/")

    # If the last one to keep this very table was cut off, this one goes on where it ended.
    table_wanted = fingerprint(config)
    keep_weights = instance.noted() == table_wanted
    attendant = ServiceAttendant(
        config,
        how=how,
        child_options=child_options,
        on_ready=[
            *([instance.write_pid] if pid_file else []),
            lambda: instance.note(table_wanted),
            on_ready,
        ],
        in_force=lambda reloaded: instance.note(fingerprint(reloaded)),
    )
    try:
        with _told():
            asyncio.run(
                foreground.run(where, config, table, attendant=attendant, keep_weights=keep_weights)
            )
        instance.note("")
    finally:
        if pid_file:
            instance.remove_pid()
        os.close(lock)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """See to it that the log has what ended the daemon: it has no terminal for a traceback."""
    try:
        yield
    except (LdirpyError, OSError) as error:
        log.critical("ldirpy ends: %s", error)
        raise
    except Exception as error:
        log.critical("ldirpy ends: %s", error, exc_info=True)
        raise


def _be_called_ldirectord() -> None:
    """Take the name of Perl's daemon, for `pidof`, `ps -C` and those who use them."""
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text("ldirectord")
