"""Patterns in answers: what takes too long is given up, and nothing else is disturbed."""

import time

import pytest

from ldirpy import pattern
from ldirpy.errors import CheckFailed
from ldirpy.pattern_process import Matcher, Overrun

PAGE = b"a" * (1 << 20)
BOUND = 10.0  # seconds; 0.25 and the start of a process, on a machine that is busy


@pytest.mark.parametrize("receive", [".*.*.*.*.*.*x", "(.)(.*)\\1\\2\\1x"])
def test_a_match_that_hangs_is_given_up(receive: str) -> None:
    """The check fails in a fraction of a second, and the next match is as good as ever."""
    start = time.monotonic()
    with pytest.raises(CheckFailed, match="takes too long"):
        pattern.found(receive, PAGE)

    assert time.monotonic() - start < BOUND
    assert pattern.found("a+$", PAGE)


@pytest.mark.parametrize(
    ("receive", "data", "found"),
    [
        ("(a+)+b", b"a" * 40 + b"c", False),
        ("OK", PAGE + b"OK", True),
        ("OK web[0-9]+", PAGE + b"OK web17", True),
        ("(?<n>a)|(?<n>b)", PAGE, True),
    ],
)
def test_here_or_in_the_other_process(receive: str, data: bytes, found: bool) -> None:
    """Where a match is done makes no difference to what it finds."""
    assert pattern.found(receive, data) is found


def test_a_process_that_was_killed_is_replaced() -> None:
    """A match after that is done by another one."""
    matcher = Matcher()
    assert matcher.found(b"a", b"a")
    with pytest.raises(Overrun):
        matcher.found(b".*.*.*.*.*.*x", PAGE)

    assert matcher.found(b"a", b"a")
    matcher.close()
