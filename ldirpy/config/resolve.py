"""Names of hosts and services to addresses and numbers, by the system's resolver."""

import socket
from ipaddress import ip_address
from typing import Protocol as Interface

from ldirpy.config.model import MAX_PORT
from ldirpy.net import Address, Family, Protocol


class Resolver(Interface):
    """What the parser asks of the world. Both raise LookupError for what cannot be found."""

    def address(self, host: str, family: Family) -> Address:
        """The first address of this family."""

    def port(self, name: str, protocol: Protocol) -> int:
        """The port of a service name; a number is itself."""


class SystemResolver:
    """getaddrinfo and the services database."""

    def address(self, host: str, family: Family) -> Address:
        """The first address of this family; raises LookupError if there is none."""
        try:
            found = socket.getaddrinfo(host, None, int(family), socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise LookupError(f"{host} has no {_kind(family)} address") from None
        return ip_address(str(found[0][4][0]))

    def port(self, name: str, protocol: Protocol) -> int:
        """The port of a service name; raises LookupError if it has none."""
        if name.isdigit():
            if int(name) > MAX_PORT:
                raise LookupError(f"{name} is no port, the highest is {MAX_PORT}")
            return int(name)
        kind = "udp" if protocol is Protocol.UDP else "tcp"
        try:
            return socket.getservbyname(name, kind)
        except OSError:
            raise LookupError(f"{name} is not the name of a {kind} service") from None


def _kind(family: Family) -> str:
    return "IPv4" if family is Family.IPV4 else "IPv6"
