"""How long it takes to look at a file: `ldirpy check FILE`, and Perl's `ldirectord FILE status`.

Both read the whole file before they do anything else. Interpreter start and all imports are in it.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.daemons import DAEMONS

# What is read: virtual services, and real servers in each of them.
FILES = ((1, 2), (1, 10_000), (100, 100))
RUNS = 3  # the fastest counts: the others had company

COMMANDS = {
    "ldirpy": ([sys.executable, "-m", "ldirpy", "check", "{file}"], 0),
    "Perl ldirectord": (["ldirectord", "{file}", "status"], 3),  # parsed, and not running
}


def text(virtuals: int, reals: int) -> str:
    """A configuration of that size, as people write them."""
    return "checktimeout=3\ncheckinterval=5\n\n" + "\n".join(
        "".join(_section(number, reals)) for number in range(virtuals)
    )


def _section(number: int, reals: int) -> Iterator[str]:
    yield f"virtual=192.0.{2 + number // 250}.{number % 250 + 1}:80\n"
    for server in range(number * reals, (number + 1) * reals):
        place = f"10.{server >> 16 & 255}.{server >> 8 & 255}.{server & 255}"
        yield f"    real={place}:80 gate 1\n"
    yield '    service=http\n    request="health"\n    receive="OK"\n    scheduler=wlc\n'


def seconds(name: str, file: Path) -> float:
    """The fastest of some runs of one of DAEMONS."""
    command, expected = COMMANDS[name]
    words = [word.format(file=file) for word in command]
    best = float("inf")
    for _ in range(RUNS):
        started = time.monotonic()
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        best = min(best, time.monotonic() - started)
        if done.returncode != expected:
            raise SystemExit(f"{words} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return best


def times() -> Iterator[tuple[str, list[float]]]:
    """A title and the seconds of each of DAEMONS, for each of FILES."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ldirectord.cf"
        for virtuals, reals in FILES:
            file.write_text(text(virtuals, reals))
            yield (
                f"check of {virtuals} x {reals:,} servers, s",
                [seconds(name, file) for name in DAEMONS],
            )
