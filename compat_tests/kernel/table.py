"""What ipvsadm prints of a director's table, in a form that two directors can be compared by."""

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
    lines = [
        line for service in sorted(services) for line in (service, *sorted(services[service]))
    ]
    # A virtual service is looked up by its first two words, "TCP 10.0.0.100:80".
    return Table(tuple(lines), {" ".join(key.split()[:2]): weights[key] for key in weights})
