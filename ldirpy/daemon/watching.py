"""Watches the configuration file: autoreload and callback.

A change is a changed mtime with a changed digest. It is looked at again before it counts, so that a
file which is just being written is not read half.
"""

import asyncio
import hashlib
import logging
import os
from collections.abc import Awaitable, Callable

from ldirpy.config.model import Config
from ldirpy.daemon import wording
from ldirpy.daemon.hooks import Run, run_hook
from ldirpy.daemon.threads import in_thread

log = logging.getLogger("ldirpy")

LOOK_INTERVAL = 1.0  # seconds between two looks at the file


class ConfigWatch:
    """Looks at the file each second; `config` tells the configuration in force.

    `reload` reads the file again, and logs what is wrong with it.
    """

    def __init__(
        self,
        path: str,
        config: Callable[[], Config],
        reload: Callable[[], Awaitable[None]],
        *,
        run: Run = run_hook,
    ) -> None:
        self._path = path
        self._config = config
        self._reload = reload
        self._run = run
        self._calls: set[asyncio.Task[None]] = set()

    async def watch(self) -> None:
        """Look for ever."""
        known = settled = await in_thread(self._stamp)
        digest = await in_thread(self._digest)
        while True:
            await asyncio.sleep(LOOK_INTERVAL)
            config = self._config()
            if not (config.autoreload or config.callback):
                # The file is not followed; from where it stands it will be, if a reload says so.
                known = settled = None
                continue
            stamp = await in_thread(self._stamp)
            if known is None:
                known, digest = stamp, await in_thread(self._digest)
            elif stamp is not None and stamp != known and stamp == settled:
                now = await in_thread(self._digest)
                if now is not None:
                    known, changed, digest = stamp, now != digest, now
                    if changed:
                        await self._changed()
            settled = stamp

    async def _changed(self) -> None:
        config = self._config()
        log.info("%s", wording.FILE_CHANGED.format(path=self._path))
        if config.autoreload:
            log.info("%s", wording.REREAD)
            await self._reload()
        else:
            log.info("%s", wording.IGNORED)
        if config.callback and os.access(config.callback, os.X_OK):
            call = asyncio.create_task(self._run([config.callback, self._path]))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    def _stamp(self) -> tuple[int, int, int] | None:
        """What changes when the file does; None while there is none."""
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _digest(self) -> bytes | None:
        try:
            with open(self._path, "rb") as file:
                return hashlib.file_digest(file, "sha256").digest()
        except OSError:
            return None
