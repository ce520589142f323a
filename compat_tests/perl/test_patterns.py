"""What a `receive` pattern finds, Perl itself against ldirpy."""

import subprocess
from pathlib import Path

import pytest

from ldirpy import pattern

from .conftest import reported
from .patterns import TABLE

pytestmark = pytest.mark.perl

PROGRAM = Path(__file__).with_name("match.pl")
# docs/deviations.md, "corners-of-patterns".
CORNERS = {"^*", "a{3,2}", "(?u)\\w", "(?p)a", "\\p{IsAlpha}", "\\x{100}", "a(*THEN)b|ac"}


def perl(cases: list[tuple[str, bytes]]) -> list[str]:
    """Perl's word on each case: 1, 0 or error."""
    lines = "".join(f"{receive.encode().hex()},{data.hex()}\n" for receive, data in cases)
    done = subprocess.run(
        ["perl", str(PROGRAM)], input=lines, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.split()


def own(receive: str, data: bytes) -> str:
    """ldirpy's word on a case."""
    try:
        pattern.validate(receive)
    except pattern.PatternError:
        return "error"
    return "1" if pattern.found(receive, data) else "0"


def test_patterns(request: pytest.FixtureRequest) -> None:
    """Every pattern finds the same in the same bytes, or is refused by both."""
    cases = [(receive, data) for receive, subjects in TABLE for data in subjects]
    differing = [
        (receive, data, theirs)
        for (receive, data), theirs in zip(cases, perl(cases), strict=True)
        if own(receive, data) != theirs
    ]
    counts = f"{len(TABLE)} patterns, {len(cases)} matches, {len(differing)} differ by name"
    reported(request.config, "receive patterns", counts)

    assert len(TABLE) >= 150
    assert [case for case in differing if case[0] not in CORNERS] == []
    assert {case[0] for case in differing} == CORNERS


@pytest.mark.parametrize(
    ("receive", "position"),
    [
        ("ab(", 3),
        ("é[z-a]", 6),
        ("\\x{41}[z-a]", 10),
        ("ab(*UCP)", 4),
        ("a\\x{100}", 1),
        ("a(?C1)", 3),
    ],
)
def test_the_place_of_a_fault(receive: str, position: int) -> None:
    """A pattern that cannot be compiled tells the byte where it goes wrong."""
    with pytest.raises(pattern.PatternError) as caught:
        pattern.validate(receive)

    assert caught.value.position == position
