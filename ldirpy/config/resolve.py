"""What the parser asks of the world: names of hosts and services, files, other packages."""

import functools
import os
import re
import socket
from ipaddress import IPv4Address, ip_address
from typing import Protocol as Interface

from ldirpy.config.fields import MAX_PORT
from ldirpy.net import Address, Family, Protocol

PLUG_INS = "ldirpy.checkers"  # the entry points by which packages announce their checkers

_QUAD = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}")

_LITERAL = re.compile(r"[0-9.]+|.*:.*")


class Resolver(Interface):
    """The questions. A test answers them without a network."""

    def address(self, host: str, family: Family) -> Address:
        """The first address of this family; raises LookupError if there is none."""

    def port(self, name: str, protocol: Protocol | None) -> int:
        """The port of a service name, with None that of any protocol; a number is itself.

        Raises LookupError if there is none.
        """

    def host_name(self) -> str:
        """The name of this machine in default logins."""

    def plugged_services(self) -> frozenset[str]:
        """The values of `service` that other packages bring."""

    def cannot_append(self, path: str) -> str:
        """Why a file cannot be opened for writing; empty if it can."""

    def is_directory(self, path: str) -> bool:
        """Whether there is such a directory."""


class SystemResolver:
    """getaddrinfo, the services database and the file system of this machine."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Family], Address | None] = {}

    def address(self, host: str, family: Family) -> Address:
        """The first address of this family, which is looked up once."""
        if family is Family.IPV4 and _QUAD.fullmatch(host):
            try:
                return IPv4Address(host)
            except ValueError:
                raise LookupError(f"{host} is not an IPv4 address") from None
        key = host, family
        if key not in self._found:
            self._found[key] = _looked_up(host, family)
        found = self._found[key]
        if found is None:
            kind = "IPv4" if family is Family.IPV4 else "IPv6"
            verb = "is not an" if _LITERAL.fullmatch(host) else "has no"
            raise LookupError(f"{host} {verb} {kind} address")
        return found

    def port(self, name: str, protocol: Protocol | None) -> int:
        """The port of a service name or a number."""
        if name.isdigit():
            number = int(name) if len(name.lstrip("0")) < 6 else MAX_PORT + 1
            if number > MAX_PORT:
                raise LookupError(f"{name} is no port: {MAX_PORT} is the highest")
            return number
        kinds = ["tcp", "udp"] if protocol is None else [protocol.value]
        for kind in kinds:
            try:
                return socket.getservbyname(name, kind)
            except OSError:
                continue
        raise LookupError(f"{name} is not the name of a {' or '.join(kinds)} service")

    def host_name(self) -> str:
        """HOSTNAME of the environment, else what uname says."""
        return os.environ.get("HOSTNAME") or os.uname().nodename

    def plugged_services(self) -> frozenset[str]:
        """The names in the entry points of all installed packages."""
        return _plugged_services()

    def cannot_append(self, path: str) -> str:
        """The system's words; nothing is created."""
        if os.path.isdir(path):
            return "it is a directory"
        if os.path.exists(path):
            return "" if os.access(path, os.W_OK) else "permission denied"
        parent = os.path.dirname(path) or "."
        if not path.strip() or not os.path.isdir(parent):
            return "there is no such directory"
        return "" if os.access(parent, os.W_OK) else "permission denied"

    def is_directory(self, path: str) -> bool:
        """As the file system has it."""
        return os.path.isdir(path)


def _looked_up(host: str, family: Family) -> Address | None:
    try:
        found = socket.getaddrinfo(host, None, int(family), socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    return ip_address(str(found[0][4][0]))


@functools.cache
def _plugged_services() -> frozenset[str]:
    # Imported here: it is slow, and few need it.
    import importlib.metadata

    return frozenset(point.name for point in importlib.metadata.entry_points(group=PLUG_INS))
