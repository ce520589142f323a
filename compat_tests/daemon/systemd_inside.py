"""Runs ldirpy's unit under a real systemd, process 1 of its own namespaces; JSON lines on stdout.

Without arguments it makes the namespaces and sees to their end; with `boot` it becomes systemd,
and with `play` it is the administrator.
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

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"
WORK = Path("/run/trial")
UNITS = WORK / "units"
UNIT, TARGET = "ldirpy@site.cf.service", "trial.target"
# What a service is ordered behind; here they are empty.
NEEDED = ("sysinit.target", "basic.target", "shutdown.target", "network-online.target")
# Where ldirpy and its Python are: as a rule the virtual environment lies within the project.
NEEDED_PATHS = {PACKAGING.parent, Path(sys.prefix), Path(sys.base_prefix)}
GENERATORS = "/lib/systemd/system-generators"
CONFIG = WORK / "site.cf"
LOG = WORK / "log"
BOUND = 60.0  # seconds for systemd to come up, or for a unit to change

TEXT = """\
checkinterval=1
quiescent=yes
virtual=192.0.2.1:80
    real=192.0.2.2:80 masq
    checktype=on
"""
# The table is in memory: the host's kernel has no IPVS. systemd has no journal here.
DROP_IN = """\
[Unit]
DefaultDependencies=no
[Service]
ExecStartPre=
ExecStart=
ExecStart=@SBINDIR@/ldirpy --foreground --ipvs memory /run/trial/site.cf start
ExecReload=
ExecReload=@SBINDIR@/ldirpy /run/trial/site.cf reload
StandardOutput=append:/run/trial/log
StandardError=inherit
WatchdogSec=3
"""
NOT_ROOT = DROP_IN + "User=daemon\n"


def main() -> None:
    match sys.argv[1:]:
        case ["boot"]:
            boot()
        case ["play"]:
            play()
        case _:
            oversee()


def oversee() -> None:
    """Start systemd in its namespaces, play in there, and end it."""
    kinds = "--net --mount --pid --ipc --uts --cgroup --fork --mount-proc --kill-child".split()
    shell = subprocess.Popen(["unshare", *kinds, sys.executable, __file__, "boot"])
    try:
        wait_for(lambda: bool(child_of(shell.pid)), "no process in the namespaces")
        inside = ["nsenter", "--target", child_of(shell.pid), "--all"]
        up = [*inside, "systemctl", "is-active", TARGET]
        wait_for(lambda: subprocess.run(up, capture_output=True).returncode == 0, "no systemd")
        done = subprocess.run([*inside, sys.executable, __file__, "play"], check=False)
        sys.exit(done.returncode)
    finally:
        shell.kill()
        shell.wait()


def child_of(pid: int) -> str:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return path.read_text().strip() if path.exists() else ""


def boot() -> None:
    """Furnish the namespaces, and become systemd.

    It must do nothing to this machine. Nothing of it can be written here, and systemd has no unit
    but ours and no generator: those of a real start would empty /tmp and set kernel variables.
    """
    mount("--make-rprivate", "/")
    mount("-o", "remount,bind,ro", "/")
    for place in ("/run", "/var/log", GENERATORS):
        mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", place)
    for place in ("/tmp", "/var/tmp"):
        cover(Path(place))
    mount("-t", "cgroup2", "cgroup2", "/sys/fs/cgroup")
    mount("--bind", "/proc/sys", "/proc/sys")
    mount("-o", "remount,bind,ro", "/proc/sys")
    UNITS.mkdir(parents=True)
    WORK.chmod(0o777)  # for the log of a daemon that is not root
    open_the_way()
    (WORK / "ldirpy").symlink_to(Path(sys.executable).with_name("ldirpy"))
    CONFIG.write_text(TEXT)
    unit = (PACKAGING / "ldirpy@.service").read_text()
    (UNITS / "ldirpy@.service").write_text(unit.replace("@SBINDIR@", str(WORK)))
    for target in (TARGET, *NEEDED):
        (UNITS / target).write_text("[Unit]\nDescription=Nothing\nDefaultDependencies=no\n")
    os.environ["SYSTEMD_UNIT_PATH"] = str(UNITS)
    os.environ["container"] = "other"  # noqa: SIM112 - systemd's own spelling
    options = "--system --log-target=console --log-level=notice --show-status=no".split()
    os.execv("/lib/systemd/systemd", ["systemd", *options, f"--unit={TARGET}"])


def open_the_way() -> None:
    """Let a user who is not root get to ldirpy and its Python, if they lie in root's home."""
    for home in {Path("/", path.parts[1]) for path in NEEDED_PATHS}:
        if not home.stat().st_mode & 0o001:
            cover(home)


def cover(place: Path) -> None:
    """Put an empty directory over a place, with nothing in it but what of ldirpy lies there."""
    below = [
        path
        for path in NEEDED_PATHS
        if path.is_relative_to(place) and NEEDED_PATHS.isdisjoint(path.parents)
    ]
    kept = {path: Path("/run", "kept", *path.parts[1:]) for path in below}
    for path, where in kept.items():
        where.mkdir(parents=True)
        mount("--bind", str(path), str(where))
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(place))
    for path, where in kept.items():
        path.mkdir(parents=True, exist_ok=True)
        mount("--bind", str(where), str(path))


def mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


# -- inside ----------------------------------------------------------------------------------


def play() -> None:
    """Start, reload, hang, stop, as root and not as root."""
    configure(DROP_IN)
    step("start", "start")
    step("reload", "reload")
    CONFIG.write_text(TEXT + "nosuch=1\n")
    step("reload of a broken file", "reload")
    CONFIG.write_text(TEXT)
    before = show("MainPID")
    os.kill(int(before), signal.SIGSTOP)
    wait_for(lambda: show("MainPID") not in (before, "0") and show("SubState") == "running", "dog")
    note("hung")
    os.kill(int(show("MainPID")), signal.SIGUSR2)
    wait_for(lambda: show("SubState") == "dead", "SIGUSR2 does not end it")
    time.sleep(3)  # more than RestartSec
    note("SIGUSR2")
    step("start again", "start")
    step("stop", "stop")
    CONFIG.write_text(TEXT + "nosuch=1\n")
    step("start of a broken file", "start")
    CONFIG.write_text(TEXT)
    configure(NOT_ROOT)
    step("start, not root", "start")
    step("stop, not root", "stop")


def configure(drop_in: str) -> None:
    path = UNITS / f"{UNIT}.d" / "trial.conf"
    path.parent.mkdir(exist_ok=True)
    path.write_text(drop_in.replace("@SBINDIR@", str(WORK)))
    subprocess.run(["systemctl", "daemon-reload"], check=True)


def step(name: str, verb: str) -> None:
    done = subprocess.run(["systemctl", verb, UNIT], capture_output=True, text=True)
    note(name, done.returncode)


def note(name: str, code: int = 0) -> None:
    pid = show("MainPID")
    status = Path(f"/proc/{pid}/status")
    fields = dict(re.findall(r"(\w+):\t(\S+)", status.read_text())) if status.exists() else {}
    record = {
        "step": name,
        "code": code,
        "state": show("ActiveState"),
        "text": show("StatusText"),
        "restarts": show("NRestarts"),
        "result": show("Result"),
        "status": show("ExecMainStatus"),
        "uid": fields.get("Uid"),
        "capabilities": fields.get("CapEff"),
        "no_new_privileges": fields.get("NoNewPrivs"),
        "pid_files": [str(path) for path in Path("/run").glob("**/ldirectord.site.cf.pid")],
        "log": LOG.read_text() if LOG.exists() else "",
    }
    LOG.unlink(missing_ok=True)
    print(json.dumps(record), flush=True)


def show(what: str) -> str:
    done = subprocess.run(
        ["systemctl", "show", "--value", "--property", what, UNIT], capture_output=True, text=True
    )
    return done.stdout.strip()


def wait_for(seen: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + BOUND
    while not seen():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.2)


if __name__ == "__main__":
    main()
