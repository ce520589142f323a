"""A stage for scripted servers."""

import pytest

from compat_tests.unit.daemon import scripted
from compat_tests.unit.daemon.stories import StrictTable
from ldirpy.checkers import registry


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> scripted.Stage:
    """An empty stage; `service="scripted"` checks what it says."""
    where = f"{scripted.__name__}:ScriptedChecker"
    monkeypatch.setattr(registry, "SERVICES", {**registry.SERVICES, "scripted": where})
    monkeypatch.setattr(scripted, "stage", scripted.Stage())
    return scripted.stage


@pytest.fixture
def table() -> StrictTable:
    """An empty table that notes what is done to it."""
    return StrictTable()
