"""The Perl regular expressions of `receive=`, matched on bytes by PCRE2.

PCRE2 gives a match up that backtracks too much: 10 million steps, a fraction of a second. It counts
from each place in the answer anew, so a pattern that runs on at every place of a long answer
(`.*.*.*x` over a MiB without a line end) is not bounded by that.
"""

import functools
from typing import Any

from ldirpy.errors import CheckFailed
from ldirpy.pattern_dialect import Refused, Translation

MAX_SHOWN = 60  # bytes of an answer that are quoted in a message


class PatternError(ValueError):
    """A pattern that cannot be compiled; `position` is the byte where it goes wrong, from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@functools.lru_cache(maxsize=4096)
def _compiled(pattern: str) -> Any:
    # Imported here: a configuration without receive= never needs the engine.
    import pcre2

    try:
        translation = Translation(pattern.encode("utf-8", "surrogateescape"))
    except Refused as error:
        raise PatternError(str(error), error.position) from None
    text = translation.pattern
    try:
        try:
            return pcre2.compile(text)
        except pcre2.PatternError as error:
            # Perl lets several groups have one name.
            if "two named subpatterns" not in str(error):
                raise
            return pcre2.compile(b"(?J)" + text)
    except pcre2.PatternError as error:
        where, _, what = str(error).removeprefix("compilation failed at position ").partition("; ")
        position = translation.original(int(where)) if where.isdigit() else 0
        raise PatternError(what or str(error), position) from None


def validate(pattern: str) -> None:
    """Raise PatternError unless `pattern` is a regular expression that can be used."""
    _compiled(pattern)


def found(pattern: str, data: bytes) -> bool:
    """Whether `pattern` matches anywhere in `data`.

    Raises CheckFailed if the match was given up because it takes too many steps.
    """
    import pcre2

    try:
        return _compiled(pattern).search(data) is not None
    except pcre2.LibraryError as error:
        raise CheckFailed(f'receive "{pattern}": the match was given up: {error}') from error


def demand(pattern: str | None, data: bytes) -> None:
    """Raise CheckFailed, quoting the answer, unless `pattern` is None or matches in `data`."""
    if pattern is not None and not found(pattern, data):
        raise CheckFailed(f'receive "{pattern}" not found in {len(data):,} bytes: {quoted(data)}')


def quoted(data: bytes) -> str:
    """The first bytes of an answer as one line of printable text in quotes."""
    text = data[:MAX_SHOWN].decode("utf-8", "replace")
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return f'"{line}{"..." if len(data) > MAX_SHOWN else ""}"'
