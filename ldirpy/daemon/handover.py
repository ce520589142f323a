"""Ending a daemon so that it leaves the kernel's table as it is, for another one to adopt.

Perl's ldirectord cleans its table on TERM, INT, QUIT and others, so it gets KILL, which nobody can
catch. With fork=yes its children would go on checking and changing the table on their own: they are
ended with it, and before it, while it is stopped and can start no new ones.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from ldirpy.daemon.instance import POLL

BOUND = 30.0  # seconds for a killed process, or its unit, to be gone


def end_at_once(pid: int, number: signal.Signals) -> bool:
    """End a daemon and its children without its doing anything more; false if it does not end."""
    os.kill(pid, signal.SIGSTOP)  # from here on it starts and changes nothing
    children = list(descendants(pid))
    for child in children:
        _kill(child, signal.SIGKILL)
    _kill(pid, number)
    _kill(pid, signal.SIGCONT)  # for a signal other than KILL to reach it
    end = time.monotonic() + BOUND
    while any(map(_lives, (pid, *children))):
        if time.monotonic() > end:
            return False
        time.sleep(POLL)
    return True


def descendants(pid: int) -> Iterator[int]:
    """The children of a process, their children, and so on."""
    parents = _parents()
    found = [pid]
    while found:
        parent = found.pop()
        for child in [child for child, its in parents.items() if its == parent]:
            yield child
            found.append(child)


def _parents() -> dict[int, int]:
    """Every process of this machine with its parent."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents[int(entry.name)] = int(fields[1])
    return parents


def _stat(pid: int) -> list[str]:
    """State, parent and the rest of /proc/PID/stat; nothing if there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()  # the name before it may hold anything


def _lives(pid: int) -> bool:
    return bool(fields := _stat(pid)) and fields[0] not in ("Z", "X")


def _kill(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


# -- systemd ---------------------------------------------------------------------------------


def unit_of(pid: int) -> str:
    """The systemd service that a process is the main one of, nothing if there is none."""
    try:
        text = Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return ""
    units = {line.rpartition("/")[2] for line in text.splitlines() if line.endswith(".service")}
    for unit in units:
        # What belongs to a cluster manager's service, or to a login, is not the main one there.
        if _systemctl("show", "--property=MainPID", "--value", unit) == str(pid):
            return unit
    return ""


def wait_for_unit(unit: str) -> bool:
    """Wait until systemd is done with a service whose process ended; false if it does not end.

    It runs the unit's ExecStop= now, which is `ldirectord stop`: that must not meet the successor.
    """
    end = time.monotonic() + BOUND
    while _systemctl("is-active", unit) in ("active", "activating", "deactivating", "reloading"):
        if time.monotonic() > end:
            return False
        time.sleep(POLL * 4)
    return True


def _systemctl(*words: str) -> str:
    try:
        done = subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()
