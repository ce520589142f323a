"""Pacemaker's resource agents and heartbeat's ResourceManager, the real ones, run ldirpy."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

INSIDE = Path(__file__).with_name("cluster_inside.py")
UNSHARE = "unshare --net --mount --pid --fork --mount-proc".split()

pytestmark = pytest.mark.servers


def outcomes(what: str) -> list[dict[str, Any]]:
    """What the programs said, one after another."""
    done = subprocess.run(
        [*UNSHARE, sys.executable, str(INSIDE), what], capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("whose", ["own", "clusterlabs"])
def test_ocf_tester(whose: str) -> None:
    """ocf-tester passes our agent, and ClusterLabs' one with `ldirectord=` pointing at ldirpy."""
    [verdict] = outcomes(whose)

    assert verdict["code"] == 0, verdict["output"]
    assert "passed all tests" in verdict["output"]


def test_heartbeat() -> None:
    """ResourceManager finds ldirpy stopped, starts it, finds it running, and stops it for good."""
    listed, *steps = outcomes("heartbeat")

    assert listed["output"] == "ldirpy::site.cf\n"
    seen = [(step["words"][0], step["pid_file"]) for step in steps]
    assert seen == [
        ("status", False),
        ("takegroup", True),
        ("status", True),
        ("takegroup", True),
        ("givegroup", False),
        ("givegroup", False),
    ]
    assert all(step["code"] == 0 for step in steps if step["words"][0] != "status")
    assert "running" not in steps[0]["output"]
    assert "is running with pid" in steps[2]["output"]
