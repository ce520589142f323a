"""Matching in a process of its own, which can be ended when it takes too long.

PCRE2 cannot be interrupted from outside, and its own limit counts from each place in the data anew.
The process is started when it is first needed, serves one match after the other, and ends when its
standard input does.

A request is two lengths, of the pattern and of the data, and then both; the answer is one byte.
"""

import os
import select
import struct
import subprocess
import sys
import threading
from typing import Any

DEADLINE = 0.25  # seconds for one match; the director waits for it

FOUND, MISSING, GIVEN_UP = b"1", b"0", b"!"
_HEAD = struct.Struct("!II")


class Overrun(Exception):
    """A match that was ended because it took too long."""


class Matcher:
    """The process; safe to share between threads, which take turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def found(self, pattern: bytes, data: bytes) -> bool:
        """Whether the pattern, in PCRE2's words, matches in `data`; raises Overrun."""
        with self._lock:
            answer = self._ask(pattern, data)
            if answer == b"":  # it has ended, by an OOM killer perhaps: another one
                self._end()
                answer = self._ask(pattern, data)
        if answer not in (FOUND, MISSING):
            raise Overrun
        return answer == FOUND

    def close(self) -> None:
        """End the process; the next match starts another one."""
        with self._lock:
            self._end()

    def _ask(self, pattern: bytes, data: bytes) -> bytes:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(_HEAD.pack(len(pattern), len(data)) + pattern + data)
            process.stdin.flush()
        except BrokenPipeError:
            return b""
        waiting = select.poll()  # select() knows no descriptor above 1023
        waiting.register(process.stdout, select.POLLIN)
        if not waiting.poll(DEADLINE * 1000):
            self._end()
            raise Overrun
        return os.read(process.stdout.fileno(), 1)

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            self._process = subprocess.Popen(
                # -P: nothing is imported from wherever the daemon was started.
                [sys.executable, "-P", "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # what is typed at a terminal is for the director
            )
            # Its start is no part of the first match.
            assert self._process.stdout is not None
            os.read(self._process.stdout.fileno(), 1)
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def serve() -> None:
    """The process's side: answer until standard input ends."""
    import pcre2

    compiled: dict[bytes, Any] = {}
    source, answers = sys.stdin.buffer, sys.stdout.buffer
    answers.write(FOUND)
    answers.flush()
    while head := source.read(_HEAD.size):
        lengths = _HEAD.unpack(head)
        pattern, data = source.read(lengths[0]), source.read(lengths[1])
        if pattern not in compiled:
            compiled[pattern] = pcre2.compile(pattern)
        try:
            answer = FOUND if compiled[pattern].search(data) else MISSING
        except pcre2.LibraryError:
            answer = GIVEN_UP
        answers.write(answer)
        answers.flush()


if __name__ == "__main__":
    serve()
