"""CPU time of one HTTP check, the engine included, and resident memory, on this machine itself.

Both daemons check the same nginx; ldirpy keeps a table in memory, Perl's ipvsadm is a stand-in
that does nothing, so that neither needs root or IPVS. Only the daemon's own process is counted,
between two moments of its steady state, and the checks are those that nginx saw.
"""

import os
import re
import tempfile
import time
from pathlib import Path

import attrs

from benchmarks.daemons import DAEMONS, configuration, daemon, web_servers

SERVERS = 200
SETTLE = 15.0  # seconds for the start, which is not counted
COUNTED = 20.0  # seconds
TICKS = os.sysconf("SC_CLK_TCK")


@attrs.frozen(kw_only=True)
class Cost:
    """What the steady state costs: CPU seconds of a check, MiB resident."""

    per_check: float
    memory: float
    checks: int


def cost(name: str, folder: Path) -> Cost:
    """Measure one of DAEMONS."""
    # nginx in a network of loopback addresses needs port 80, and so root or the capability.
    servers = [f"127.0.1.{n + 1}" for n in range(SERVERS)]
    log = folder / "access.log"
    fake = folder / "ipvsadm"  # Perl takes the one in its working directory first
    fake.write_text("#!/bin/sh\nexit 0\n")
    fake.chmod(0o755)
    more = ["--ipvs", "memory"] if name == "ldirpy" else []
    text = configuration("127.0.0.10", servers, interval=1)
    with web_servers(servers, folder, str(log)), daemon(name, text, folder, *more) as process:
        time.sleep(SETTLE)
        seen, spent = _lines(log), _cpu(process.pid)
        time.sleep(COUNTED)
        checks, cpu = _lines(log) - seen, _cpu(process.pid) - spent
        memory = int(_status(process.pid, "VmRSS")) / 1024
    if not checks:
        raise SystemExit(f"{name} made no check:\n{(folder / 'output').read_text()[-2000:]}")
    return Cost(per_check=cpu / checks, memory=memory, checks=checks)


def costs() -> dict[str, Cost]:
    """Measure both, one after the other."""
    found = {}
    for name in DAEMONS:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = cost(name, Path(folder))
    return found


def _lines(log: Path) -> int:
    return log.read_bytes().count(b"\n")


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _status(pid: int, field: str) -> str:
    found = re.search(rf"{field}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return found[1]
