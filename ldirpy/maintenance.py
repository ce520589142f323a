"""Which files in the maintenance directory take which real server out.

Pure: the directory is a set of names, and what a reverse lookup found is a mapping.
"""

from collections.abc import Callable, Collection, Mapping

from ldirpy.config.model import Real, Virtual
from ldirpy.desired import dest_id
from ldirpy.net import Address, host_port


def file_names(virtual: Virtual, real: Real, host_name: str | None) -> set[str]:
    """The names of the files each of which forces `real` down.

    IP and IP:PORT, the IPv6 in brackets; the same with the host's full name and its first label, if
    there is one. The port is the real server's, and the one that the kernel's table shows for it.
    """
    ports = {real.port, dest_id(virtual, real).port}
    bare = f"[{real.address}]" if real.address.version == 6 else str(real.address)
    names = {bare} | {host_port(real.address, port) for port in ports}
    if host_name:
        for name in {host_name, host_name.partition(".")[0]}:
            names |= {name} | {f"{name}:{port}" for port in ports}
    return names


def is_out(
    files: Collection[str], host_names: Mapping[Address, str]
) -> Callable[[Virtual, Real], bool]:
    """What tells whether a real server is out, given the directory's files."""

    def out(virtual: Virtual, real: Real) -> bool:
        names = file_names(virtual, real, host_names.get(real.address))
        return not names.isdisjoint(files)

    return out if files else lambda virtual, real: False
