"""Runs inside the kernel: plays the wanted scenarios in pairs of worlds and reports every step.

Arguments: the names of both daemons, the number of pairs of worlds that work side by side, and the
names of the scenarios. The reports are JSON lines in the file KERNEL_RESULTS.
"""

import json
import os
import queue
import sys
import threading
import time
import traceback
from pathlib import Path

# The kernel runs this file as a script: the package is found from where it lies.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from compat_tests.kernel import player, servers, world
from compat_tests.kernel.daemons import Daemon
from compat_tests.kernel.scenario import Site
from compat_tests.kernel.scenarios import SCENARIOS


class Reports:
    """The file of JSON lines that pytest reads, also if the kernel is killed later."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "a")  # noqa: SIM115 - open as long as the kernel runs
        self._lock = threading.Lock()

    def add(self, record: player.Record) -> None:
        """Writes one report; the host sees it at once."""
        with self._lock:
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())


def main() -> None:
    """Plays everything; ends when the last scenario is done."""
    daemons, lanes, *names = sys.argv[1:]
    wanted: queue.SimpleQueue[str] = queue.SimpleQueue()
    for name in names:
        wanted.put(name)
    reports = Reports(os.environ["KERNEL_RESULTS"])
    threads = [
        threading.Thread(target=_lane, args=(number, daemons.split(","), wanted, reports))
        for number in range(int(lanes))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _lane(
    number: int, daemons: list[str], wanted: "queue.SimpleQueue[str]", reports: Reports
) -> None:
    """Plays scenarios one after another in a pair of worlds of its own."""
    scenario = f"(building the worlds of lane {number})"
    try:
        began = time.monotonic()
        worlds = [world.World(name=f"lane{number}-{side}") for side in ("left", "right")]
        for place in worlds:
            world.build(place)
            for server in servers.WEB_SERVERS:
                servers.start_web(place, server)
        print(f"lane {number} built in {time.monotonic() - began:.1f} s", flush=True)
        while not wanted.empty():
            scenario = wanted.get_nowait()
            sites = [
                Site(world=place, daemon=Daemon(name, place.director, place.directory))
                for place, name in zip(worlds, daemons, strict=True)
            ]
            player.play(SCENARIOS[scenario], sites, reports.add)
            reports.add({"scenario": scenario, "finished": True})
    except queue.Empty:
        return  # another lane took the last one
    except Exception:
        reports.add({"scenario": scenario, "step": "(harness)", "problem": traceback.format_exc()})


if __name__ == "__main__":
    main()
