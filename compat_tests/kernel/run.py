"""The host's side: shares the scenarios out to kernels and gathers what they report."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .scenarios import SCENARIOS
from .uml import PROGRAMS, KernelError, require_programs, run_in_kernel

DRIVER = Path(__file__).with_name("driver.py")

# The other programs that the scenarios use, and their Debian packages.
SOFTWARE = {
    "ldirectord": "ldirectord",
    "nginx": "nginx-light",
    "named": "bind9",
    "iptables-legacy": "iptables",
}

# A kernel has one processor, so there are two of them where the host has two; in each, two pairs of
# worlds take turns, which uses the time in which one waits for a check.
KERNELS = int(os.environ.get("LDIRPY_COMPAT_KERNELS", min(2, os.cpu_count() or 1)))
LANES = int(os.environ.get("LDIRPY_COMPAT_LANES", "2"))
# "perl,perl" tries the scenarios themselves, with the Perl daemon on both directors.
DAEMONS = tuple(os.environ.get("LDIRPY_COMPAT_DAEMONS", "perl,ldirpy").split(","))
BOUND = float(os.environ.get("LDIRPY_COMPAT_BOUND", "1500"))  # seconds for a kernel's whole life


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The reports of one scenario's steps, and whether it was played to its end."""

    steps: tuple[dict[str, Any], ...]
    finished: bool
    kernel_trouble: str

    @property
    def failure(self) -> str:
        """A readable account of what went wrong, or nothing."""
        for step in self.steps:
            if step["problem"]:
                return _account(step)
        if not self.finished:
            return f"the scenario was not played to its end\n{self.kernel_trouble}"
        return ""


@dataclass(frozen=True, kw_only=True)
class Run:
    """All reports of all kernels of one run."""

    daemons: tuple[str, ...]
    reports: tuple[dict[str, Any], ...]
    trouble: str
    seconds: float

    @property
    def compared(self) -> int:
        """How many pairs of tables were compared line by line and found equal."""
        return sum(report.get("compared", 0) for report in self.reports)

    @property
    def texts(self) -> int:
        """How many texts of Perl's log were compared."""
        return sum(report.get("texts", 0) for report in self.reports)

    def verdict(self, name: str) -> Verdict:
        """What became of one scenario."""
        mine = [report for report in self.reports if report["scenario"] == name]
        return Verdict(
            steps=tuple(report for report in mine if "step" in report),
            finished=any("finished" in report for report in mine),
            kernel_trouble=self.trouble,
        )


def play(names: Sequence[str] | None) -> Run:
    """Plays these scenarios, or all, each kernel its share; raises KernelError if it cannot."""
    require_programs(PROGRAMS | SOFTWARE)
    began = time.monotonic()
    # Long ones first, dealt out in turn: the kernels end at about the same time.
    wanted = sorted(names or SCENARIOS, key=lambda name: -len(SCENARIOS[name].steps))
    shares = [share for number in range(KERNELS) if (share := wanted[number::KERNELS])]
    with ThreadPoolExecutor(len(shares)) as pool:
        outcomes = list(pool.map(_play_share, shares))
    return Run(
        daemons=DAEMONS,
        reports=tuple(report for reports, _ in outcomes for report in reports),
        trouble="\n".join(trouble for _, trouble in outcomes if trouble),
        seconds=time.monotonic() - began,
    )


def _play_share(names: Sequence[str]) -> tuple[list[dict[str, Any]], str]:
    """The reports of one kernel, and what went wrong with the kernel as a whole."""
    lanes = min(LANES, len(names))
    try:
        done = run_in_kernel(DRIVER, [",".join(DAEMONS), str(lanes), *names], timeout=BOUND)
    except KernelError as error:
        return error.results, str(error)
    harness = [report["problem"] for report in done.results if report.get("step") == "(harness)"]
    trouble = "\n".join(harness)
    if done.status != 0:
        trouble += f"\nthe driver ended with status {done.status}: {done.output}"
    return done.results, trouble


def _account(step: dict[str, Any]) -> str:
    """The step, what was wrong, both tables and the ends of both logs."""
    lines = [f"step {step['step']!r}: {step['problem']}"]
    for kind in ("tables", "logs"):
        for daemon, text in zip(step.get("daemons", ()), step.get(kind, ()), strict=True):
            lines += ["", f"--- {kind[:-1]} of {daemon}", text]
    return "\n".join(lines)
