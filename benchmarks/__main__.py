"""`make bench`: ldirpy and the Perl daemon side by side, in one run.

Three parts: files that are read, the cost of checks, and both daemons in a kernel. That kernel is
a user-mode Linux, where processes start about ten times slower than on iron: compare the two
columns, not with other machines.
"""

import argparse
from pathlib import Path

from benchmarks.cpu import SERVERS, costs
from benchmarks.daemons import DAEMONS
from benchmarks.reading import times
from compat_tests.kernel.uml import run_in_kernel

IN_KERNEL = Path(__file__).with_name("in_kernel.py")
BOUND = 2400.0  # seconds for everything that runs in the kernel


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["reading", "cpu", "kernel"], help="one part of it")
    options = parser.parse_args()
    row("", *DAEMONS, "ratio")
    if options.only in (None, "reading"):
        for name, both in times():
            row(name, *(f"{value:.2f}" for value in both), ratio(*both))
    if options.only in (None, "cpu"):
        found = costs()
        checks = [found[name].per_check * 1e6 for name in DAEMONS]
        row("CPU of an HTTP check, us", *(f"{value:.0f}" for value in checks), ratio(*checks))
        memory = [found[name].memory for name in DAEMONS]
        row(f"memory at {SERVERS}, MiB", *(f"{value:.0f}" for value in memory), ratio(*memory))
    if options.only in (None, "kernel"):
        run = run_in_kernel(IN_KERNEL, timeout=BOUND)
        if run.status:
            raise SystemExit(run.output)
        lines: dict[str, dict[str, float | None]] = {}
        for line in run.results:
            lines.setdefault(title(line), {})[line["daemon"]] = line["seconds"]
        for name, seconds in lines.items():
            ends = [seconds[daemon] for daemon in DAEMONS]
            row(name, *(shown(value) for value in ends), ratio(*ends))


def title(line: dict[str, object]) -> str:
    """What a line of the kernel's half is about."""
    if line["what"] == "start":
        return f"start to a right table of {SERVERS}, s"
    return f"death to the table, {line['hanging']} others hang, s"


def shown(seconds: float | None) -> str:
    """Seconds, or that it did not come to an end."""
    return "never" if seconds is None else f"{seconds:.1f}"


def ratio(ours: float | None, theirs: float | None) -> str:
    """ldirpy's figure as a share of Perl's."""
    return f"{ours / theirs:.2f}" if ours and theirs else "-"


def row(*cells: str) -> None:
    """One line of the table."""
    first, *rest = cells
    print(f"{first:<42}" + "".join(f"{cell:>17}" for cell in rest), flush=True)


if __name__ == "__main__":
    main()
