"""`python -m benchmarks.soak`: what is left of thousands of failing checks, and of ten minutes.

First 10,000 failing checks of every kind in one process. Then the daemon itself, for ten minutes,
with 1,000 real servers that are checked by connect, of which 300 swallow packets.
"""

import argparse
import asyncio
import os
import signal
import tempfile
import time
from pathlib import Path

import attrs

from benchmarks.daemons import daemon
from compat_tests.checkers.peers import wide_listener
from compat_tests.checkers.soak import Usage, failing, peers, soak

SERVERS, DEAF = 1000, 300
PAUSE = 5.0  # seconds between two looks at the daemon


def main() -> None:
    """Print what was held at the beginning, on the way and at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checks", type=int, default=10_000, help="failing checks; 0: none")
    parser.add_argument("--minutes", type=float, default=10.0, help="of the daemon; 0: none")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.checks:
            many_failures(options.checks, Path(folder))
        if options.minutes:
            long_life(options.minutes * 60, Path(folder))


def many_failures(count: int, folder: Path) -> None:
    """Run the failing checks, a tenth at a time."""

    async def run() -> None:
        for number in range(10):
            started = time.monotonic()
            await soak(checkers, count // 10)
            print(
                f"{(number + 1) * count // 10:>7} failed checks of {len(checkers)} kinds: "
                f"{shown(Usage.now())}, {time.monotonic() - started:.0f} s",
                flush=True,
            )

    with failing(folder) as checkers:
        asyncio.run(run())


def long_life(seconds: float, folder: Path) -> None:
    """Watch the daemon; at the end take all its servers away, and see what is left."""
    with peers() as ports, wide_listener(deaf=True) as deaf:
        text = configuration(ports["closes"], deaf)
        with daemon("ldirpy", EMPTY, folder, "--ipvs", "memory") as process:
            time.sleep(3)
            before = Usage.of(process.pid)
            print(f"daemon without servers: {shown(before)}", flush=True)
            reload(process.pid, folder, text)
            most = before
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                time.sleep(PAUSE)
                most = most.larger(Usage.of(process.pid))
            print(
                f"with {SERVERS} servers, {DEAF} of them deaf, at most: {shown(most)}", flush=True
            )
            reload(process.pid, folder, EMPTY)
            time.sleep(8)
            print(f"without servers again: {shown(Usage.of(process.pid))}", flush=True)


EMPTY = "checktimeout=5\ncheckinterval=10\n"


def configuration(well: int, deaf: int) -> str:
    """A ldirectord.cf for the servers."""
    reals = [
        f"    real=127.{number % 3 + 1}.{number // 250}.{number % 250 + 1}:"
        f"{deaf if number < DEAF else well} masq\n"
        for number in range(SERVERS)
    ]
    return f"{EMPTY}virtual=127.0.0.10:80\n    checktype=connect\n{''.join(reals)}"


def reload(pid: int, folder: Path, text: str) -> None:
    """Have the daemon read another configuration."""
    (folder / "director.cf").write_text(text)
    os.kill(pid, signal.SIGHUP)


def shown(usage: Usage) -> str:
    """What is held, in words."""
    parts = attrs.asdict(usage)
    memory = parts.pop("memory")
    return ", ".join(f"{value} {name}" for name, value in parts.items()) + f", {memory:.0f} MiB"


if __name__ == "__main__":
    main()
