"""A child process of a check: in a group of its own, waited for without a thread.

Its end shows on a pidfd, which the loop waits for like a socket. What it writes on standard error
is read as it comes, so that it never blocks, and only the beginning is kept.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import weakref
from collections.abc import Sequence
from typing import Self

MAX_OUTPUT = 4096  # bytes of standard error that are kept
MAX_LINE = 200  # characters of it that a message quotes
GRACE = 0.15  # seconds between TERM and KILL; checks must be over 0.3 s after their time-out
READ_SIZE = 65536


class Child:
    """A running process; inside `async with`, at the end of which its whole group is gone.

    If it has ended by itself, what it has started in the background is left alone.
    """

    def __init__(self, command: Sequence[str], *, stdin: int | None = None, keep: int = -1) -> None:
        """Start `command`, without a shell; `keep` is a descriptor that it inherits.

        Raises OSError if it cannot be started.
        """
        self._errors, theirs = os.pipe()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=subprocess.DEVNULL,
                stderr=theirs,
                start_new_session=True,
                pass_fds=() if keep < 0 else (keep,),
            )
        except BaseException:
            os.close(self._errors)
            raise
        finally:
            os.close(theirs)
        os.set_blocking(self._errors, False)
        self._end = os.pidfd_open(self._process.pid)
        self._said = bytearray()
        self._silent = False  # standard error is closed
        # Whoever forgets a child, or ends with one, does not leave it behind.
        self._release = weakref.finalize(self, _released, self._process, self._errors, self._end)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def ended(self) -> bool:
        """Whether the process is no more."""
        return self._process.poll() is not None

    async def exited(self, answer: int = -1) -> int | None:
        """The exit status, negative for a signal; None if `answer` can be read before."""
        while True:
            watched = {self._end, answer} | ({self._errors} if not self._silent else set())
            ready = await readable(watched - {-1})
            self._listen()
            if answer in ready:
                return None
            if self._end in ready:
                return self._process.wait()

    async def stop(self) -> None:
        """TERM to the group, then KILL, unless the process has ended; forget it."""
        try:
            if self._process.returncode is None:
                await self._end_group()
        finally:
            self._release()

    async def _end_group(self) -> None:
        _signal(self._process, signal.SIGTERM)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GRACE):
                    await readable({self._end})
        finally:
            # Not reaped yet, so that the group's number still is its own.
            _signal(self._process, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE / 3):
                await readable({self._end})
                self._process.wait()

    def said(self) -> str:
        """The first line on standard error so far, printable and short; then forget it all."""
        self._listen()
        text = self._said.decode("utf-8", "replace").strip()
        self._said.clear()
        line = text.splitlines()[0] if text else ""
        return "".join(char if char.isprintable() else " " for char in line)[:MAX_LINE]

    def _listen(self) -> None:
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._errors, READ_SIZE)
            self._silent = not data
            self._said += data[: MAX_OUTPUT - len(self._said)]


async def readable(descriptors: set[int]) -> set[int]:
    """Those of `descriptors` that can be read, as soon as one can."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()
    ready: set[int] = set()

    def note(descriptor: int) -> None:
        ready.add(descriptor)
        if not future.done():
            future.set_result(None)

    for descriptor in descriptors:
        loop.add_reader(descriptor, note, descriptor)
    try:
        await future
    finally:
        for descriptor in descriptors:
            loop.remove_reader(descriptor)
    return ready


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    # ldirpy may not signal what has changed its user.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _released(process: "subprocess.Popen[bytes]", *descriptors: int) -> None:
    if process.poll() is None:
        _signal(process, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
    for descriptor in descriptors:
        os.close(descriptor)
