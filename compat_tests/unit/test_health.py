"""The state machine of a real server, against its rules."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ldirpy.health import Change, Event, Health, Phase, Turn, step

UP, DOWN = Phase.UP, Phase.DOWN

events = st.lists(st.sampled_from(Event), max_size=40)
counts = st.integers(1, 5)


@pytest.mark.parametrize(
    ("before", "event", "after", "change"),
    [
        (Health(UP), Event.PASSED, Health(UP), Change.NONE),
        (Health(UP, 2), Event.PASSED, Health(UP), Change.SOFT_FAILURES_RESET),
        (Health(UP), Event.FAILED, Health(UP, 1), Change.SOFT_FAILURE),
        (Health(UP, 2), Event.FAILED, Health(DOWN), Change.WENT_DOWN),
        (Health(UP), Event.MAINTENANCE, Health(DOWN), Change.WENT_DOWN),
        (Health(DOWN), Event.PASSED, Health(UP), Change.WENT_UP),
        (Health(DOWN), Event.FAILED, Health(DOWN), Change.NONE),
        (Health(DOWN), Event.MAINTENANCE, Health(DOWN), Change.NONE),
    ],
)
def test_each_row(before: Health, event: Event, after: Health, change: Change) -> None:
    """With failurecount=3 every state and event leads where the table of rules says."""
    assert step(before, event, failurecount=3) == (after, change)


def test_without_failurecount_the_first_failure_counts() -> None:
    """With failurecount=1 a single failed check takes a server down."""
    assert step(Health(UP), Event.FAILED, failurecount=1) == (Health(DOWN), Change.WENT_DOWN)


@given(events, counts)
def test_down_only_after_enough_failures_in_a_row(run: list[Event], failurecount: int) -> None:
    """A server is down just if its last failurecount checks failed, or maintenance, or never up."""
    health = Health.seeded(1)
    expected_up, in_a_row = True, 0
    for event in run:
        health, _ = step(health, event, failurecount=failurecount)
        in_a_row = in_a_row + 1 if event is Event.FAILED else 0
        if event is Event.PASSED:
            expected_up = True
        elif event is Event.MAINTENANCE or in_a_row >= failurecount:
            expected_up = False
        if expected_up is False and event is not Event.PASSED:
            in_a_row = 0

        assert health.up is expected_up


@given(events, counts, st.sampled_from([None, 0, 1, 7]))
def test_changes_alternate(run: list[Event], failurecount: int, weight: int | None) -> None:
    """Going up and going down take turns, beginning with what the kernel's weight left open."""
    health = Health.seeded(weight)
    expected = Change.WENT_DOWN if health.up else Change.WENT_UP
    for event in run:
        health, change = step(health, event, failurecount=failurecount)
        if change in (Change.WENT_UP, Change.WENT_DOWN):
            assert change is expected
            assert health.failures == 0
            expected = Change.WENT_UP if change is Change.WENT_DOWN else Change.WENT_DOWN
        assert 0 <= health.failures < failurecount


@pytest.mark.parametrize(("weight", "up"), [(None, False), (0, False), (1, True), (65535, True)])
def test_seeded_from_the_kernel(weight: int | None, up: bool) -> None:
    """At start a server is up if the kernel serves it with a weight above 0."""
    assert Health.seeded(weight).up is up


def test_combined_checks_take_turns() -> None:
    """With checktype=2 a negotiate check that passed is followed by two connects."""
    turn, kinds = Turn(), []
    for _ in range(7):
        kinds.append("negotiate" if turn.negotiate else "connect")
        turn = turn.after(True, every=2)

    assert kinds == ["negotiate", "connect", "connect"] * 2 + ["negotiate"]


def test_combined_negotiates_after_a_failure() -> None:
    """With checktype=N the check after a failed connect or negotiate is a negotiate."""
    after_negotiate = Turn().after(True, every=3)
    assert not after_negotiate.negotiate
    assert after_negotiate.after(False, every=3).negotiate
    assert Turn().after(False, every=3).negotiate
