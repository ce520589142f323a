"""Runs in the user-mode kernel: from Perl's ldirectord to ldirpy, a death, and the way back.

Each step is one JSON line in the file KERNEL_RESULTS: what was printed, the exit code, the table
and the processes that are left.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

CONFIG = Path("/run/site.cf")
PID_FILE = Path("/var/run/ldirectord.site.cf.pid")
LDIRPY = str(Path(sys.executable).with_name("ldirpy"))
PERL = "/usr/sbin/ldirectord"

TEXT = """\
checkinterval=1
quiescent=yes
virtual=192.0.2.1:80
    real=192.0.2.2:80 masq 3
    real=192.0.2.3:80 masq 5
    persistent=600
    checktype=on
virtual=192.0.2.1:81
    real=192.0.2.2:81 gate
    checktype=off
"""
BOUND = 60.0  # seconds for Perl to come up


def table() -> str:
    """The kernel's table without its counts of connections."""
    done = subprocess.run(["ipvsadm", "-S", "-n"], capture_output=True, text=True, check=True)
    return done.stdout


def processes() -> list[str]:
    """The command lines of all ldirectords, Perl's first word included."""
    lines = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
            except OSError:
                continue
            text = b" ".join(words).decode()
            if "ldirectord" in text:
                lines.append(text)
    return sorted(lines)


def by_hand(weight: int) -> None:
    """Set the weight of the first real server, as an operator who drains it."""
    words = "-e -t 192.0.2.1:80 -r 192.0.2.2:80 -m -w".split()
    subprocess.run(["ipvsadm", *words, str(weight)], check=True)


def pid() -> int:
    return int(PID_FILE.read_text())


def step(name: str, *command: str) -> None:
    """Run a command, and note what is then."""
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    note(name, done.returncode, done.stdout + done.stderr)


def note(name: str, code: int = 0, output: str = "") -> None:
    record = {
        "step": name,
        "code": code,
        "output": re.sub(r"\bpid:? \d+", "pid N", output),
        "table": table(),
        "processes": processes(),
        "pid_file": PID_FILE.exists(),
    }
    with open(os.environ["KERNEL_RESULTS"], "a") as results:
        results.write(json.dumps(record) + "\n")


def until(seen: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + BOUND
    while not seen():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: {processes()}\n{table()}")
        time.sleep(0.2)


def main() -> None:
    # With fork=yes the first Perl daemon has children, which must not outlive it; the one at the
    # end does without.
    CONFIG.write_text("fork=yes\n" + TEXT)
    subprocess.run([PERL, str(CONFIG), "start"], check=True)
    children = "ldirectord tcp:"  # Perl's with fork=yes call themselves so
    until(lambda: str(processes()).count(children) == 2, "Perl's children do not come up")
    until(lambda: table().count("-a ") == 3, "Perl's table is not complete")
    time.sleep(3)  # some rounds of checks
    perls_table = table()
    note("perl runs")
    by_hand(2)
    CONFIG.write_text(TEXT)
    step("takeover", LDIRPY, "takeover", str(CONFIG))
    time.sleep(3)  # some rounds of checks
    note("ldirpy runs")
    os.kill(pid(), signal.SIGKILL)
    time.sleep(1)
    note("killed")
    step("start again", LDIRPY, str(CONFIG), "start")
    time.sleep(3)
    note("started again")
    step("takeover again", LDIRPY, "takeover", str(CONFIG))
    step("perl's status", PERL, str(CONFIG), "status")
    CONFIG.write_text(TEXT + "nosuch=1\n")
    step("broken", LDIRPY, "takeover", "--back", str(CONFIG))
    CONFIG.write_text(TEXT)
    by_hand(3)
    step("back", LDIRPY, "takeover", "--back", str(CONFIG))
    time.sleep(3)
    # At its start Perl gives a server that is down its weight for a moment: wait for the first
    # round to end.
    until(lambda: table() == perls_table, "Perl's table is another one")
    note("perl runs again")
    step("stop", LDIRPY, str(CONFIG), "stop")


if __name__ == "__main__":
    main()
