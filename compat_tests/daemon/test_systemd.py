"""The unit under a real systemd: notification, watchdog, reload, and what it takes away."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

INSIDE = Path(__file__).with_name("systemd_inside.py")

CAP_NET_ADMIN, CAP_NET_RAW = 12, 13  # <linux/capability.h>
BOTH = f"{1 << CAP_NET_ADMIN | 1 << CAP_NET_RAW:016x}"

Steps = dict[str, dict[str, Any]]

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def steps() -> Steps:
    """What systemd showed after each step."""
    done = subprocess.run(
        [sys.executable, str(INSIDE)], capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    return {record["step"]: record for record in records}


def test_start_and_stop(steps: Steps) -> None:
    """The unit is active when the table is adopted, and stops by itself; the pid file says so."""
    for step in (steps["start"], steps["start again"]):
        assert (step["code"], step["state"]) == (0, "active")
        assert step["text"] == "1 virtual services, 1 real servers"
        assert "Starting Linux Director" in step["log"]
        assert step["pid_files"] == ["/run/ldirectord.site.cf.pid"]
    stop = steps["stop"]
    assert (stop["code"], stop["state"], stop["result"]) == (0, "inactive", "success")
    assert stop["pid_files"] == []


def test_reload(steps: Steps) -> None:
    """A reload that is refused fails for systemctl too, and the service goes on."""
    assert (steps["reload"]["code"], steps["reload"]["state"]) == (0, "active")
    broken = steps["reload of a broken file"]
    assert (broken["code"], broken["state"], broken["restarts"]) == (1, "active", "0")
    assert "reading file /run/trial/site.cf at line" in broken["log"]


def test_watchdog(steps: Steps) -> None:
    """A daemon that hangs is ended and started anew."""
    hung = steps["hung"]
    assert (hung["state"], hung["restarts"]) == ("active", "1")


def test_left_for_another(steps: Steps) -> None:
    """SIGUSR2, as of `ldirpy takeover --back`, ends it, and systemd does not start it again."""
    assert (steps["SIGUSR2"]["state"], steps["SIGUSR2"]["result"]) == ("inactive", "success")


def test_an_error_at_the_start(steps: Steps) -> None:
    """A configuration with an error fails the start, and systemd does not try again and again."""
    step = steps["start of a broken file"]
    assert (step["code"], step["state"], step["restarts"]) == (1, "failed", "0")
    assert "reading file /run/trial/site.cf at line" in step["log"]


@pytest.mark.parametrize(("name", "uid"), [("start", 0), ("start, not root", 1)])
def test_privileges(steps: Steps, name: str, uid: int) -> None:
    """It has two capabilities and cannot get more, as root or as another user."""
    step = steps[name]
    assert (step["code"], step["state"]) == (0, "active")
    assert step["uid"] == str(uid)
    assert (step["capabilities"], step["no_new_privileges"]) == (BOTH, "1")
    place = "/run" if uid == 0 else "/run/ldirpy"
    assert step["pid_files"] == [f"{place}/ldirectord.site.cf.pid"]
