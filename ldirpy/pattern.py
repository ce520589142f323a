"""The Perl regular expressions of `receive=`, matched on bytes by PCRE2.

A match is bounded, since the director waits for it. PCRE2's own limit counts steps from each place
in the data anew, so it bounds a match in little data; what has more, and is not simple, goes to a
process that is ended when it takes too long (`pattern_process`).
"""

import functools
import re
from typing import Any

import attrs

from ldirpy.errors import CheckFailed
from ldirpy.pattern_dialect import Refused, Translation
from ldirpy.pattern_process import Matcher, Overrun

# The most that is matched in this process: with so many steps at each of so many places the worst
# that was found took 0.05 s.
LONGEST_HERE = 1024  # bytes
STEPS_HERE = 20_000
# What can make a match take longer than its data is long: repeats, references and calls.
_REPEATS = re.compile(rb"[*+{]|\(\?|\\[1-9gkX]")
_MATCHER = Matcher()
MAX_SHOWN = 60  # bytes of an answer that are quoted in a message


class PatternError(ValueError):
    """A pattern that cannot be compiled; `position` is the byte where it goes wrong, from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@attrs.frozen
class _Compiled:
    """A pattern for this process, and its text for the other one."""

    here: Any
    text: bytes
    quick: bool  # its time grows with the data's length and no faster


@functools.lru_cache(maxsize=4096)
def _compiled(pattern: str) -> _Compiled:
    # Imported here: a configuration without receive= never needs the engine.
    import pcre2

    try:
        translation = Translation(pattern.encode("utf-8", "surrogateescape"))
    except Refused as error:
        raise PatternError(str(error), error.position) from None
    text = translation.pattern
    try:
        pcre2.compile(text)
    except pcre2.PatternError as error:
        # Perl lets several groups have one name.
        if "two named subpatterns" not in str(error):
            where, _, what = (
                str(error).removeprefix("compilation failed at position ").partition("; ")
            )
            position = translation.original(int(where)) if where.isdigit() else 0
            raise PatternError(what or str(error), position) from None
        text = b"(?J)" + text
    try:
        here = pcre2.compile(b"(*LIMIT_MATCH=%d)" % STEPS_HERE + text)
    except pcre2.PatternError as error:
        raise PatternError(str(error), 0) from None
    return _Compiled(here, text, _REPEATS.search(text) is None)


def validate(pattern: str) -> None:
    """Raise PatternError unless `pattern` is a regular expression that can be used."""
    _compiled(pattern)


def found(pattern: str, data: bytes) -> bool:
    """Whether `pattern` matches anywhere in `data`.

    Raises CheckFailed if the match was given up because it takes too long.
    """
    import pcre2

    compiled = _compiled(pattern)
    if compiled.quick or len(data) <= LONGEST_HERE:
        try:
            return compiled.here.search(data) is not None
        except pcre2.LibraryError:
            pass  # the other process has more time for it
    try:
        return _MATCHER.found(compiled.text, data)
    except Overrun:
        raise CheckFailed(
            f'receive "{pattern}": the match in {len(data):,} bytes was given up, it takes too long'
        ) from None


def demand(pattern: str | None, data: bytes) -> None:
    """Raise CheckFailed, quoting the answer, unless `pattern` is None or matches in `data`."""
    if pattern is not None and not found(pattern, data):
        raise CheckFailed(f'receive "{pattern}" not found in {len(data):,} bytes: {quoted(data)}')


def quoted(data: bytes) -> str:
    """The first bytes of an answer as one line of printable text in quotes."""
    text = data[:MAX_SHOWN].decode("utf-8", "replace")
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return f'"{line}{"..." if len(data) > MAX_SHOWN else ""}"'
