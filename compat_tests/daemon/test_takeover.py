"""Perl's ldirectord to ldirpy and back, on a real table, with a death in between."""

from pathlib import Path
from typing import Any

import pytest

from compat_tests.kernel.uml import PROGRAMS, require_programs, run_in_kernel

INSIDE = Path(__file__).with_name("takeover_inside.py")

TABLE = """\
-A -t 192.0.2.1:80 -s wrr -p 600
-a -t 192.0.2.1:80 -r 192.0.2.2:80 -m -w 3
-a -t 192.0.2.1:80 -r 192.0.2.3:80 -m -w 5
-A -t 192.0.2.1:81 -s wrr
-a -t 192.0.2.1:81 -r 192.0.2.2:81 -g -w 0
"""

# Between these steps an operator has set a weight by hand.
BY_HAND = TABLE.replace("-w 3", "-w 2")
SET_BY_HAND = {
    "takeover", "ldirpy runs", "killed", "start again", "started again", "takeover again",
    "perl's status", "broken",
}  # fmt: skip

Steps = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def steps() -> Steps:
    """What was seen after each step."""
    require_programs({**PROGRAMS, "ldirectord": "ldirectord"})
    done = run_in_kernel(INSIDE, timeout=300)
    assert done.status == 0, done.output
    return {record["step"]: record for record in done.results}


@pytest.mark.kernel
def test_the_table_never_moves(steps: Steps) -> None:
    """Through takeover, kill -9, start and the way back the table stays, a weight by hand too."""
    assert len(steps) == 12
    assert {name: step["table"] for name, step in steps.items() if name != "stop"} == {
        name: BY_HAND if name in SET_BY_HAND else TABLE for name in steps if name != "stop"
    }
    assert steps["stop"]["table"] == ""


@pytest.mark.kernel
def test_one_daemon_at_a_time(steps: Steps) -> None:
    """Perl's daemon and its children are gone when ldirpy goes on, and ldirpy when Perl does."""
    perl, ours = (
        "/usr/sbin/ldirectord /run/site.cf start",
        "-m ldirpy.ldirectord /run/site.cf start",
    )

    def running(step: str) -> set[str]:
        return {
            "perl" if line.endswith(perl) else "ldirpy" if line.endswith(ours) else line
            for line in steps[step]["processes"]
        }

    children = {"ldirectord tcp:192.0.2.1:80", "ldirectord tcp:192.0.2.1:81"}
    assert running("perl runs") == {"perl", *children}
    assert running("takeover") == {"ldirpy"}
    assert running("killed") == set()
    assert running("started again") == {"ldirpy"}
    assert running("perl runs again") == {"perl"}
    assert running("stop") == set()


@pytest.mark.kernel
def test_what_is_said(steps: Steps) -> None:
    """Each way tells what it did; a configuration with an error is refused before anything is."""
    assert steps["takeover"]["output"] == (
        "Ended ldirectord for /run/site.cf, pid N, with SIGKILL: it did not clean up\n"
        "The new daemon for /run/site.cf is running with pid N\n"
        "The kernel's table is unchanged, 7 lines\n"
    )
    assert steps["takeover again"]["output"] == "ldirpy runs for /run/site.cf already\n"
    assert steps["perl's status"]["code"] == 0
    assert steps["back"]["output"] == (
        "Ended ldirpy for /run/site.cf, pid N, with SIGUSR2: it did not clean up\n"
        "The new daemon for /run/site.cf is running with pid N\n"
        "The kernel's table is unchanged, 7 lines\n"
    )
    assert steps["broken"]["code"] == 2
    assert steps["broken"]["output"].endswith("Nothing was changed.\n")
    assert (steps["stop"]["code"], steps["stop"]["pid_file"]) == (0, False)
