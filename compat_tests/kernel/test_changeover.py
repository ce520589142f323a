"""From Perl's ldirectord to ldirpy and back, under load: no client notices."""

from pathlib import Path
from typing import Any

import pytest

from .run import SOFTWARE
from .uml import PROGRAMS, require_programs, run_in_kernel

pytestmark = pytest.mark.kernel

SCRIPT = Path(__file__).with_name("changeover.py")
PHASES = ["Perl's ldirectord runs", "takeover", "reload", "kill -9", "start"]
PHASES += ["back to Perl's ldirectord"]
FEWEST = 40  # requests to each virtual service in each phase


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    """What the script reported."""
    require_programs(PROGRAMS | SOFTWARE)
    run = run_in_kernel(SCRIPT, timeout=1200)
    trouble = [line["trouble"] for line in run.results if "trouble" in line]
    assert not trouble, trouble[0]
    assert run.status == 0, run.output
    return run.results


@pytest.fixture(scope="module")
def phases(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The reports of the phases."""
    return [line for line in lines if "phase" in line]


@pytest.fixture(scope="module")
def clients(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """What the clients saw in all."""
    (clients,) = (line for line in lines if "clients" in line)
    return clients


def test_each_daemon_has_its_turn(phases: list[dict[str, Any]]) -> None:
    """After each step the daemon runs that should, and the clients were busy."""
    assert [phase["phase"] for phase in phases] == PHASES
    assert [phase["found"] for phase in phases] == [phase["expected"] for phase in phases]
    assert all(count >= FEWEST for phase in phases for count in phase["requests"].values())


def test_no_client_notices(
    clients: dict[str, Any], phases: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """No request fails, no connection is reset, every download comes whole."""
    with capsys.disabled():
        print()
        for phase in phases:
            print(f"{phase['phase']}: {sum(phase['requests'].values())} requests")
        print(
            f"in all {sum(clients['clients'].values())} requests and {len(clients['whole'])} of"
            f" {len(clients['downloads'])} downloads, {len(clients['failures'])} failed or reset"
        )
    assert clients["failures"] == []
    assert sorted(clients["whole"]) == sorted(clients["downloads"])


def test_persistence_is_kept(clients: dict[str, Any]) -> None:
    """The client of a persistent virtual service has one real server all the time."""
    assert len(clients["answering"]["persistent"]) == 1
    assert clients["answering"]["nat"] == ["rs1", "rs2", "rs3"]


def test_only_the_reload_touches_the_table(clients: dict[str, Any]) -> None:
    """The table never has another state than those before and after the reload."""
    first, *others = clients["states"]
    after = {**first, "TCP 172.16.0.100:80": {"rs1": 1, "rs2": 3, "rs3": 1}}
    assert others == [after]
