"""Runs inside the kernel: Perl hands over to ldirpy and ldirpy back to Perl, under load.

While clients ask and download without a pause, the daemon is taken over, reloads, is killed, starts
again and hands back. Writes a JSON line for each phase, and one for the clients at the end.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from compat_tests.kernel import netns, servers, table, world
from compat_tests.kernel.load import Load, long_file
from compat_tests.kernel.scenario import config
from compat_tests.kernel.traffic import Virtual

BOUND = 240.0  # seconds for any one thing
REQUESTS = 40  # to each virtual service in each phase
ROUNDS = 2  # checks of each real server in a phase with a daemon

CONFIG = config("""
    checkinterval = 1
    checktimeout = 10
    negotiatetimeout = 10
    logfile = "/run/director.log"

    virtual = 172.16.0.100:80
        real = 10.0.0.11:80 masq 1
        real = 10.0.0.12:80 masq 2
        real = 10.0.0.13:80 masq 1
        service = http
        request = "alive"
        receive = "alive"

    virtual = 172.16.0.100:81
        real = 10.0.0.11:81 masq 1
        real = 10.0.0.12:81 masq 1
        real = 10.0.0.13:81 masq 1
        service = http
        request = "alive"
        receive = "alive"
        persistent = 600

    virtual = 10.0.0.100:80
        real = 10.0.0.11:80 gate 1
        real = 10.0.0.12:80 gate 1
        real = 10.0.0.13:80 gate 1
        service = http
        request = "alive"
        receive = "alive"
        scheduler = rr
""")
VIRTUALS = {
    "nat": Virtual(world.NAT_VIP, 80),
    "persistent": Virtual(world.NAT_VIP, 81),
    "dr": Virtual(world.DR_VIP, 80),
}
WEB_SERVERS = ("rs1", "rs2", "rs3")

PERL = "/usr/sbin/ldirectord"
LDIRPY = (sys.executable, "-m", "ldirpy")


class Stage:
    """One director with its clients; every phase is played here."""

    def __init__(self) -> None:
        self.world = world.World(name="change")
        world.build(self.world)
        for name in WEB_SERVERS:
            servers.start_web(self.world, name)
            (self.world.directory / name / "long").write_bytes(long_file())
        self.config = self.world.directory / "web.cf"
        self.config.write_text(CONFIG)
        self.load = Load(self.world, VIRTUALS, downloads=3)
        self.states: list[object] = []  # every table that was ever seen, one after another
        self._done = threading.Event()
        self._watch = threading.Thread(target=self._look)

    def begin(self) -> None:
        """Clients start asking, and the table is watched from now on."""
        self.load.start()
        self._watch.start()

    def end(self) -> None:
        """Clients and watch end."""
        self.load.end()
        self._done.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._done.wait(0.02):
            seen = table.weights_now(self.world)
            if not self.states or self.states[-1] != seen:
                self.states.append(seen)

    def command(self, *words: str) -> str:
        """Runs a command on the director; what it printed. Raises CommandFailed."""
        # A file, no pipe: a daemon may keep it open.
        output = self.world.directory / "output"
        with netns.inside(self.world.director), output.open("w") as file:
            done = subprocess.run(
                words, stdin=subprocess.DEVNULL, stdout=file, stderr=file, timeout=BOUND
            )
        text = output.read_text(errors="replace")
        if done.returncode != 0:
            raise netns.CommandFailed(f"{' '.join(words)}: status {done.returncode}: {text}")
        return text

    def pid(self) -> int:
        """The pid in the daemon's pid file."""
        return int(Path("/var/run/ldirectord.web.cf.pid").read_text())

    def who(self) -> str:
        """Which of the daemons runs."""
        words = Path(f"/proc/{self.pid()}/cmdline").read_bytes().decode().split("\0")
        return "ldirpy" if "ldirpy.ldirectord" in words else "perl"

    def wait_for_checks(self) -> None:
        """Waits until every real server has been checked some times more."""
        end = time.monotonic() + BOUND
        wanted = {name: servers.checks_seen(self.world, name) + ROUNDS for name in WEB_SERVERS}
        while any(servers.checks_seen(self.world, name) < wanted[name] for name in wanted):
            if time.monotonic() > end:
                raise TimeoutError("the real servers are no longer checked")
            time.sleep(0.1)


def main() -> None:
    """Plays the phases one after another."""
    stage = Stage()
    stage.command(PERL, str(stage.config), "start")
    stage.wait_for_checks()
    _wait(lambda: _served(stage) == dict.fromkeys(VIRTUALS, 3))
    stage.begin()
    try:
        _phase(stage, "Perl's ldirectord runs", lambda: "", "perl")
        _phase(
            stage, "takeover", lambda: stage.command(*LDIRPY, "takeover", _path(stage)), "ldirpy"
        )
        stage.config.write_text(CONFIG.replace("10.0.0.12:80 masq 2", "10.0.0.12:80 masq 3"))
        _phase(stage, "reload", lambda: stage.command(*LDIRPY, _path(stage), "reload"), "ldirpy")
        _phase(stage, "kill -9", lambda: _kill(stage), "")
        _phase(stage, "start", lambda: stage.command(*LDIRPY, _path(stage), "start"), "ldirpy")
        back = (*LDIRPY, "takeover", "--back", _path(stage))
        _phase(stage, "back to Perl's ldirectord", lambda: stage.command(*back), "perl")
    finally:
        stage.end()
    _report(
        clients=stage.load.requests,
        downloads=stage.load.bytes,
        whole=stage.load.whole,
        failures=stage.load.failures,
        answering={label: sorted(names) for label, names in stage.load.answering.items()},
        states=stage.states,
    )
    stage.command(PERL, _path(stage), "stop")
    _wait(lambda: not table.weights_now(stage.world))
    _report(log=Path("/run/director.log").read_text(errors="replace"))


def _phase(stage: Stage, name: str, do: Callable[[], str], who: str) -> None:
    """Does something, and lets clients ask and the daemon check for a while."""
    before = dict(stage.load.requests)
    printed = do()
    stage.load.wait_for(REQUESTS, BOUND)
    if who:
        stage.wait_for_checks()
    _report(
        phase=name,
        expected=who,
        found=stage.who() if who else "",
        printed=printed,
        requests={label: stage.load.requests[label] - before[label] for label in before},
        failures=list(stage.load.failures),
        table=list(table.read(stage.world).lines),
    )


def _kill(stage: Stage) -> str:
    os.kill(stage.pid(), signal.SIGKILL)
    return ""


def _path(stage: Stage) -> str:
    return str(stage.config)


def _served(stage: Stage) -> dict[str, int]:
    seen = table.weights_now(stage.world)
    return {
        label: sum(weight > 0 for weight in seen.get(virtual.key, {}).values())
        for label, virtual in VIRTUALS.items()
    }


def _wait(right: Callable[[], bool]) -> None:
    end = time.monotonic() + BOUND
    while not right():
        if time.monotonic() > end:
            raise TimeoutError("the table does not become right")
        time.sleep(0.2)


def _report(**line: object) -> None:
    with open(os.environ["KERNEL_RESULTS"], "a") as results:
        results.write(json.dumps(line) + "\n")


try:
    main()
except Exception:
    _report(trouble=traceback.format_exc())
    raise
