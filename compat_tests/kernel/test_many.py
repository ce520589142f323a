"""Many real servers in a real kernel."""

from pathlib import Path
from typing import Any

import pytest

from .run import SOFTWARE
from .uml import PROGRAMS, require_programs, run_in_kernel

pytestmark = pytest.mark.kernel

MOST_MAILS = 10
LONGEST_PAUSE = 12.0  # seconds between two checks at an interval of one; a mail takes longer


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    """What the script reported."""
    require_programs(PROGRAMS | SOFTWARE)
    run = run_in_kernel(Path(__file__).with_name("many.py"), timeout=900)
    assert run.status == 0, run.output
    return run.results


def test_a_reload_says_only_what_changed(
    lines: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """One weight changed of a thousand servers is one operation for the kernel."""
    thousand = lines[0]
    changes = _changes(thousand["said"])
    with capsys.disabled():
        print(
            f"\nreload of {thousand['servers']} real servers, one weight changed: {changes} in"
            f" {thousand['seconds_to_reload']:.1f} s (start: {thousand['seconds_to_start']:.1f} s)"
        )
    assert changes == {"SET_DEST": 1}


def test_a_start_adds_each_once(lines: list[dict[str, Any]]) -> None:
    """A start over an empty table adds every server once, and nothing twice."""
    assert _changes(lines[0]["said_at_start"]) == {
        "NEW_SERVICE": 1,
        "NEW_DEST": lines[0]["servers"],
    }


def test_a_stop_leaves_nothing(lines: list[dict[str, Any]]) -> None:
    """After the stop the table is empty."""
    assert lines[0]["left"] == 0


def test_a_rack_that_dies(lines: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    """200 servers that die at once cost a few mails, and no check waits for one of them."""
    rack = lines[1]
    before, after = rack["rhythm_before"], rack["rhythm_after"]
    with capsys.disabled():
        print(
            f"\n{rack['rack']} real servers dead at once: {rack['mails']} mails that tell of"
            f" {rack['told']}, all out of the table after {rack['seconds_to_out']:.1f} s; pauses"
            f" between checks before: {_shown(before)}, after: {_shown(after)}"
        )
    assert rack["mails_before"] == 0
    assert rack["told"] == rack["rack"]
    assert rack["mails"] <= MOST_MAILS
    assert len(before) >= 2
    assert len(after) >= 2
    assert max(before + after) < LONGEST_PAUSE


def _changes(said: dict[str, int]) -> dict[str, int]:
    """Without the commands that only read."""
    return {name: count for name, count in said.items() if not name.startswith("GET_")}


def _shown(pauses: list[float]) -> str:
    return f"{len(pauses)} of {min(pauses):.1f} to {max(pauses):.1f} s" if pauses else "none"
