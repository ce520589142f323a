"""Processes that are kept to run a check script again and again.

A worker compiles or imports its script when it starts, and says so. Then it is given one line of
arguments at a time and answers with one line: an exit status and, if that is not 0, a text. While
one hangs, others are started; the one that hangs is stopped at its check's time-out.
"""

import os
import weakref
from collections.abc import Sequence
from typing import Self

from ldirpy.checkers.child import Child
from ldirpy.checkers.external import ending
from ldirpy.errors import CheckFailed

MAX_ANSWER = 4096  # bytes of a line; it is written at once (PIPE_BUF)


class Worker:
    """One process with its pipes."""

    def __init__(self, command: Sequence[str]) -> None:
        """Start it; `command` gets the number of the descriptor for its answers as last word."""
        theirs, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        # Whatever happens, no descriptor stays.
        self._close = weakref.finalize(self, _closed, self._orders, self._answers)
        try:
            self._child = Child([*command, str(answers)], stdin=theirs, keep=answers)
        finally:
            os.close(theirs)
            os.close(answers)

    @classmethod
    async def ready(cls, command: Sequence[str]) -> Self:
        """A worker that has read its script; raises CheckFailed if that is no good."""
        worker = cls(command)
        try:
            await worker._answer()
        except BaseException:
            await worker.stop()
            raise
        return worker

    @property
    def ended(self) -> bool:
        """Whether the process is no more."""
        return self._child.ended

    async def ask(self, arguments: Sequence[str]) -> None:
        """Run the script once; raises CheckFailed unless it says that all is well."""
        self._child.said()  # of another check
        os.write(self._orders, " ".join(arguments).encode() + b"\n")
        await self._answer()

    async def stop(self) -> None:
        """End the process, and what it has started."""
        try:
            await self._child.stop()
        finally:
            self._close()

    async def _answer(self) -> None:
        ended = await self._child.exited(self._answers)
        answer = os.read(self._answers, MAX_ANSWER) if ended is None else b""
        if not answer:
            # It has closed its end, or has gone.
            status = await self._child.exited()
            said = self._child.said()
            raise CheckFailed(said or f"the script has ended its worker ({ending(status or 0)})")
        status_text, _, text = answer.decode("utf-8", "replace").strip().partition(" ")
        if status_text != "0":
            raise CheckFailed(text or self._child.said() or f"exit status {status_text}")


class Workers:
    """The workers of one script; the eldest that is idle is asked first.

    So, as long as checks come back, one of them does all the work, one check after the other.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._idle: list[tuple[int, Worker]] = []
        self._started = 0

    async def ask(self, arguments: Sequence[str]) -> None:
        """Have one of them run the script once; raises CheckFailed unless all is well."""
        number, worker = await self._taken()
        try:
            await worker.ask(arguments)
        except CheckFailed:
            if worker.ended:
                await worker.stop()
                raise
            self._give_back(number, worker)
            raise
        except BaseException:
            await worker.stop()
            raise
        self._give_back(number, worker)

    async def _taken(self) -> tuple[int, Worker]:
        while self._idle:
            number, worker = self._idle.pop(0)
            if not worker.ended:
                return number, worker
            await worker.stop()
        self._started += 1
        return self._started, await Worker.ready(self._command)

    def _give_back(self, number: int, worker: Worker) -> None:
        self._idle.append((number, worker))
        self._idle.sort(key=lambda pair: pair[0])


# By script, as long as there is a checker that uses it.
_all: "weakref.WeakValueDictionary[tuple[str, ...], Workers]" = weakref.WeakValueDictionary()


def workers_of(command: Sequence[str], *version: object) -> Workers:
    """The workers that run `command`; those of another version of its script are others."""
    key = (*command, *map(str, version))
    found = _all.get(key)
    if found is None:
        found = _all[key] = Workers(command)
    return found


def _closed(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
