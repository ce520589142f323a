"""What ipvsadm prints of a director's table, in a form that two directors can be compared by."""

import ipaddress
import re
from dataclasses import dataclass

from . import netns
from .world import SERVERS, World

NAMES = (
    {f"10.0.0.{number}": name for name, number in SERVERS.items()}
    | {f"[fd00:b::{number}]": name for name, number in SERVERS.items()}
    | {"127.0.0.1": "director"}
)


@dataclass(frozen=True)
class Table:
    """A director's table: its lines for comparison, and the weights behind each virtual service."""

    lines: tuple[str, ...]
    weights: dict[str, dict[str, int]]

    def __str__(self) -> str:
        return "\n".join(self.lines) or "(empty)"


def read(world: World) -> Table:
    """The table as `ipvsadm -Ln` prints it."""
    return parse(netns.run_in(world.director, "ipvsadm", "-Ln"))


def weights_now(world: World) -> dict[str, dict[str, int]]:
    """Table.weights from the kernel's own list: a quick look, without running ipvsadm."""
    with netns.inside(world.director), open("/proc/thread-self/net/ip_vs") as file:
        lines = file.read().splitlines()[3:]
    weights: dict[str, dict[str, int]] = {}
    service = ""
    for line in lines:
        words = line.split()
        if words[0] == "->":
            address = _readable(words[1]).rpartition(":")[0]
            weights[service][NAMES.get(address, address)] = int(words[3])
        else:
            mark = words[0] == "FWM"
            service = f"FWM {int(words[1], 16)}" if mark else f"{words[0]} {_readable(words[1])}"
            weights[service] = {}
    return weights


def _readable(endpoint: str) -> str:
    """0A00000B:0050 or [fd00:000b:...]:0050 as ipvsadm writes it."""
    host, _, port = endpoint.rpartition(":")
    if host.startswith("["):
        return f"[{ipaddress.IPv6Address(host[1:-1])}]:{int(port, 16)}"
    return f"{ipaddress.IPv4Address(int(host, 16))}:{int(port, 16)}"


def read_thresholds(world: World) -> tuple[str, ...]:
    """The lines of `ipvsadm -Ln --thresholds`, in the order of Table.lines."""
    return parse(netns.run_in(world.director, "ipvsadm", "-Ln", "--thresholds")).lines


def parse(text: str) -> Table:
    """Reads what ipvsadm printed.

    The two counters of connections are left out. Virtual services come in the order of a hash that
    differs between namespaces, and real servers in the order in which they were added (one that
    was removed and came back is last): both are sorted, all else stays as printed.
    """
    services: dict[str, list[str]] = {}
    weights: dict[str, dict[str, int]] = {}
    service = ""
    for line in text.splitlines()[3:]:
        words = line.split()
        if words and words[0] == "->":
            services[service].append("  " + " ".join(words[:-2]))
            address = re.sub(r":\d+$", "", words[1])
            if len(words) > 4 and words[3].isdigit():
                weights[service][NAMES.get(address, words[1])] = int(words[3])
        elif words:
            service = " ".join(words)
            services[service] = []
            weights[service] = {}
    lines = [line for service in sorted(services) for line in (service, *sorted(services[service]))]
    # A virtual service is looked up by its first two words, "TCP 10.0.0.100:80".
    return Table(tuple(lines), {" ".join(key.split()[:2]): weights[key] for key in weights})
