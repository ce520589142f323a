"""The options of a comparison with Perl's daemon, the daemon, and what was compared."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .compare import Tally
from .oracle import Oracle

TALLIES = pytest.StashKey[dict[str, str]]()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Prints how much was compared."""
    for number, (what, counts) in enumerate(config.stash.get(TALLIES, {}).items()):
        if number == 0:
            terminalreporter.write_sep("-", "ldirpy against Perl's ldirectord")
        terminalreporter.write_line(f"{what}: {counts}")


def reported(config: pytest.Config, what: str, tally: Tally | str) -> None:
    """Note what was compared, for the summary."""
    config.stash.setdefault(TALLIES, {})[what] = str(tally)


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    """Perl's daemon, ready to judge; it is an error if it is not installed."""
    with Oracle() as ready:
        yield ready


@pytest.fixture(scope="session")
def corpus() -> Path | None:
    """A directory of configuration files that are not ours, named by LDIRPY_CORPUS."""
    named = os.environ.get("LDIRPY_CORPUS")
    return Path(named) if named else None


@pytest.fixture(scope="session")
def seed() -> int:
    """What the generated files follow from, LDIRPY_SEED."""
    return int(os.environ.get("LDIRPY_SEED", "20261124"))


@pytest.fixture(scope="session")
def count() -> int:
    """How many files are generated, LDIRPY_FILES."""
    return int(os.environ.get("LDIRPY_FILES", "3000"))
