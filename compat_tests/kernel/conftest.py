"""Boots the kernels of a run once, for all scenarios that the run has selected."""

from typing import Any

import pytest

from .run import Run, Verdict, play

PLAYED = pytest.StashKey[Run]()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Prints how many tables of both directors were compared."""
    played = config.stash.get(PLAYED, None)
    if played is not None:
        terminalreporter.write_sep("-", "both directors in a kernel")
        terminalreporter.write_line(
            f"compared {played.compared} tables and {played.texts} texts of both directors' logs"
            f" ({' and '.join(played.daemons)}) in {played.seconds:.0f} s"
        )


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest) -> Run:
    """What both daemons did in all selected scenarios."""
    names = [
        str(item.callspec.params["name"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == "test_scenario"
    ]
    everything = any(
        isinstance(item, pytest.Function) and item.originalname == "test_enough_tables_compared"
        for item in request.session.items
    )
    played = play(None if everything else sorted(set(names)))
    request.config.stash[PLAYED] = played
    return played


@pytest.fixture
def verdict(run: Run, name: str) -> Verdict:
    """What became of the scenario called name."""
    return run.verdict(name)
