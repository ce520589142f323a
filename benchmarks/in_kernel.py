"""Runs in the user-mode kernel: how soon the kernel's table is right."""

import contextlib
import ipaddress
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.daemons import DAEMONS, configuration, daemon, web_servers
from ldirpy.ipvs.netlink import KernelTable

VIP = "10.99.0.1"
MANY = 200
HANGING = (0, 5, 20)
PATIENCE = 400.0  # seconds for the slowest thing that is waited for


def addresses(base: str, count: int) -> list[str]:
    first = int(ipaddress.ip_address(base))
    return [str(ipaddress.ip_address(first + n)) for n in range(count)]


def report(**line: object) -> None:
    with open(os.environ["KERNEL_RESULTS"], "a") as results:
        results.write(json.dumps(line) + "\n")


def run(*words: str) -> None:
    subprocess.run(words, check=True)


def serving(table: KernelTable) -> set[str]:
    """The addresses that the kernel's table sends clients to."""
    return {
        str(dest.id.address)
        for entry in table.read().values()
        for dest in entry.dests.values()
        if dest.weight
    }


def seconds_until(table: KernelTable, right: Callable[[set[str]], bool]) -> float | None:
    """How long it takes until the table is right; None if it does not come to that."""
    started = time.monotonic()
    while (spent := time.monotonic() - started) < PATIENCE:
        if right(serving(table)):
            return spent
        time.sleep(0.05)
    return None


@contextlib.contextmanager
def swallowing(base: str, count: int) -> Iterator[None]:
    """Addresses whose packets vanish."""
    rules = [["INPUT", "-d", address, "-j", "DROP"] for address in addresses(base, count)]
    for rule in rules:
        run("iptables-legacy", "-I", *rule)
    try:
        yield
    finally:
        for rule in rules:
            run("iptables-legacy", "-D", *rule)


def death(name: str, hanging: int, folder: Path, table: KernelTable) -> float | None:
    """Seconds from the moment a server swallows packets to the moment it is out of the table."""
    well = addresses("127.0.1.1", 3)
    ill = addresses("127.0.2.1", hanging)
    text = configuration(VIP, [*well, *ill], interval=1)
    with (
        web_servers([*well, *ill], folder),
        swallowing("127.0.2.1", hanging),
        daemon(name, text, folder),
    ):
        if seconds_until(table, lambda found: found == set(well)) is None:
            return None
        time.sleep(7)
        with swallowing(well[0], 1):
            return seconds_until(table, lambda found: well[0] not in found)


def start(name: str, folder: Path, table: KernelTable) -> float | None:
    """Seconds from the start of the process to a table with all of MANY servers, and no others."""
    servers = addresses("127.0.1.1", MANY)
    text = configuration(VIP, servers, interval=10)
    with web_servers(servers, folder), daemon(name, text, folder):
        return seconds_until(table, lambda found: found == set(servers))


def main(names: Sequence[str]) -> None:
    table = KernelTable()
    for name in names or DAEMONS:
        for hanging in HANGING:
            with tempfile.TemporaryDirectory() as folder:
                run("ipvsadm", "-C")
                report(
                    what="death",
                    daemon=name,
                    hanging=hanging,
                    seconds=death(name, hanging, Path(folder), table),
                )
        with tempfile.TemporaryDirectory() as folder:
            run("ipvsadm", "-C")
            report(what="start", daemon=name, seconds=start(name, Path(folder), table))


main(sys.argv[1:])
