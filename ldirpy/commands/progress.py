"""A progress bar on a terminal, for what takes longer than a second."""

import time
from typing import Self, TextIO

PATIENCE = 1.0  # seconds before it shows
PAUSE = 0.1  # seconds between two looks of it
WIDTH = 40


class Progress:
    """While inside `with`, `note` is told of each that is done."""

    def __init__(self, total: int, where: TextIO) -> None:
        self._total = total
        self._where = where
        self._done = self._down = 0
        self._next = time.monotonic() + PATIENCE
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            self._write("\r\x1b[K")

    def note(self, done: int, down: int) -> None:
        """So many are done in all, and so many of them are down."""
        self._done, self._down = done, down
        now = time.monotonic()
        if now >= self._next and self._where.isatty():
            self._next = now + PAUSE
            self._shown = True
            self._write(f"\r\x1b[K{self}")

    def __str__(self) -> str:
        full = WIDTH * self._done // max(self._total, 1)
        bar = "#" * full + "." * (WIDTH - full)
        return f"[{bar}] {self._done} of {self._total} checked, {self._down} down"

    def _write(self, text: str) -> None:
        self._where.write(text)
        self._where.flush()
