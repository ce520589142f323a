"""The table of commands and states, for both daemons."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

UNSHARE = "unshare --net --mount --pid --fork --mount-proc".split()
INSIDE = Path(__file__).with_name("commands_inside.py")

STATES = "stopped running stale foreign broken running-broken".split()
COMMANDS = 7
# Whose commands meet whose daemon, and in which states.
PLAYS = {
    ("perl", "perl"): STATES,
    ("ldirpy", "ldirpy"): STATES,
    ("perl", "ldirpy"): ["running"],
    ("ldirpy", "perl"): ["running"],
}

Cases = dict[tuple[str, str], dict[str, Any]]


def play(whose: tuple[str, str]) -> Cases:
    """Give all commands in all states, in namespaces of their own."""
    done = subprocess.run(
        [*UNSHARE, sys.executable, str(INSIDE), *whose, *PLAYS[whose]],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    return {(record.pop("state"), record.pop("command")): record for record in records}


@pytest.fixture(scope="module")
def cases() -> dict[tuple[str, str], Cases]:
    """What each command did, by whose commands and whose daemon it was."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(PLAYS, pool.map(play, PLAYS), strict=True))


@pytest.mark.perl
def test_every_command_in_every_state(cases: dict[tuple[str, str], Cases]) -> None:
    """Exit code, stdout, stderr and pid file are Perl's, but for the deviations below."""
    perl, ours = cases["perl", "perl"], cases["ldirpy", "ldirpy"]

    def compared(whose: Cases) -> Cases:
        return {
            (state, command): {
                name: value
                for name, value in case.items()
                if name != "stopped_at_return"
                and (state != "running-broken" or name in ("code", "out", "err"))
            }
            for (state, command), case in whose.items()
        }

    assert len(ours) == len(STATES) * COMMANDS
    assert compared(ours) == compared(perl)


@pytest.mark.perl
def test_an_error_leaves_the_daemon_alone(cases: dict[tuple[str, str], Cases]) -> None:
    """A command that finds an error takes Perl's running daemon its pid file, and not ldirpy's."""
    for command in ("status", "reload", "stop"):
        key = ("running-broken", command)
        assert cases["perl", "perl"][key]["pid_file"] == "gone"
        assert cases["ldirpy", "ldirpy"][key]["pid_file"] == "as before"
        assert cases["ldirpy", "ldirpy"][key]["runs"]


@pytest.mark.perl
def test_stop_waits(cases: dict[tuple[str, str], Cases]) -> None:
    """When `stop` returns the daemon has ended, whosever it was."""
    stop = ("running", "stop")
    assert cases["ldirpy", "ldirpy"][stop]["stopped_at_return"]
    assert cases["ldirpy", "perl"][stop]["stopped_at_return"]


@pytest.mark.perl
@pytest.mark.parametrize("whose", [("perl", "ldirpy"), ("ldirpy", "perl")])
def test_each_knows_the_other(cases: dict[tuple[str, str], Cases], whose: tuple[str, str]) -> None:
    """The commands of one find the daemon of the other running, reload it and stop it."""
    mixed = cases[whose]
    assert len(mixed) == COMMANDS
    for key, case in mixed.items():
        expected = cases["perl", "perl"][key]
        assert {**case, "stopped_at_return": None} == {**expected, "stopped_at_return": None}, key
