"""Programs of the operator that the daemon calls: fallbackcommand and callback.

Each runs in a process group of its own, under a time limit, and what it writes goes to the log. The
director does not wait for it; the calls of one virtual service run one after the other.
"""

import asyncio
import contextlib
import logging
import os
import shlex
import signal
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import attrs

from ldirpy.config.model import Virtual
from ldirpy.daemon.events import Adopted, DirectorEvent, Standing
from ldirpy.desired import service_id
from ldirpy.ipvs.model import ServiceId

log = logging.getLogger("ldirpy")

HOOK_TIMEOUT = 60.0  # seconds that one call may take
GRACE = 2.0  # seconds between TERM and KILL for one that takes longer
CLOSE_TIMEOUT = 5.0  # seconds that the end of the daemon waits for calls that run

# What the shell would act on. Quotes alone need none: they only hold words together.
_SHELL = frozenset("|&;<>()$`\\*?[]#~={}!%\n")

Run = Callable[[Sequence[str]], Coroutine[Any, Any, None]]


def command_words(text: str, arguments: Sequence[str]) -> list[str]:
    """The words of a call of `text` with `arguments`.

    Without shell syntax in the text there is no shell; with it the arguments still reach the
    command as they are, and are not read by the shell.
    """
    if _SHELL.isdisjoint(text):
        with contextlib.suppress(ValueError):  # a quote that does not close is the shell's to tell
            return [*shlex.split(text), *arguments]
    return ["/bin/sh", "-c", f'{text} "$@"', "sh", *arguments]


async def run_hook(words: Sequence[str]) -> None:
    """Run a program to its end or its time limit, and log what it wrote and what went wrong."""
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        log.error("system(%s) failed: %s", shlex.join(words), getattr(error, "strerror", error))
        return
    assert process.stdout is not None
    reading = asyncio.create_task(_log_lines(process.stdout))
    try:
        async with asyncio.timeout(HOOK_TIMEOUT):
            status = await process.wait()
            if status:
                what = f"signal {-status}" if status < 0 else f"exit status {status}"
                log.error("system(%s) failed: %s", shlex.join(words), what)
    except TimeoutError:
        log.error("system(%s) failed: no end in %g s", shlex.join(words), HOOK_TIMEOUT)
    finally:
        if process.returncode is None:
            await _end(process)
        # What it has left running may hold the pipe open; nobody waits for that.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                await reading
        reading.cancel()


async def _end(process: asyncio.subprocess.Process) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await process.wait()


async def _log_lines(stream: asyncio.StreamReader) -> None:
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # longer than the reader's limit: the rest of it is not of use
            continue
        if not line:
            return
        text = line.decode("utf-8", "replace").rstrip()
        log.info("%s", "".join(char if char.isprintable() else " " for char in text))


@attrs.define
class _Chain:
    """The calls of one virtual service; `told` is the last word that was sent on its way."""

    told: bool | None = None
    last: "asyncio.Task[None] | None" = None


class FallbackCommands:
    """A listener that calls `fallbackcommand start|stop VIP:PORT PROTOCOL` on each change.

    At start and for a virtual service that is new, the state is told once as it is.
    """

    def __init__(self, run: Run = run_hook) -> None:
        self._run = run
        self._chains: dict[ServiceId, _Chain] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, event: DirectorEvent) -> None:
        match event:
            case Adopted(config):
                keys = {service_id(virtual) for virtual in config.virtuals}
                self._chains = {key: c for key, c in self._chains.items() if key in keys}
            case Standing(virtual=virtual, up=up):
                chain = self._chains.setdefault(service_id(virtual), _Chain())
                if chain.told is not up:
                    chain.told = up
                    self._call(chain, virtual, "stop" if up else "start")

    def _call(self, chain: _Chain, virtual: Virtual, word: str) -> None:
        if not virtual.fallbackcommand:
            return
        words = command_words(virtual.fallbackcommand, [word, str(virtual), virtual.protocol.value])
        chain.last = asyncio.create_task(self._after(chain.last, words))
        self._tasks.add(chain.last)
        chain.last.add_done_callback(self._tasks.discard)

    async def _after(self, before: "asyncio.Task[None] | None", words: Sequence[str]) -> None:
        if before is not None:
            await asyncio.wait([before])
        await self._run(words)

    async def close(self) -> None:
        """Wait for the calls that run, for a bounded time; then end them."""
        if not self._tasks:
            return
        _, pending = await asyncio.wait(self._tasks, timeout=CLOSE_TIMEOUT)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
