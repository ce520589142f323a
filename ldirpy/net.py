"""Words of the field that every layer shares: addresses, protocols, forwarding methods."""

import enum
import ipaddress
import socket

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Protocol(enum.Enum):
    """The protocol of a virtual service; FWM is a service chosen by a firewall mark."""

    TCP = "tcp"
    UDP = "udp"
    FWM = "fwm"

    @property
    def number(self) -> int:
        """The IP protocol number that IPVS wants, 0 for a firewall mark."""
        return {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP, "fwm": 0}[self.value]


class Family(enum.IntEnum):
    """The address family, with the value of AF_INET or AF_INET6."""

    IPV4 = socket.AF_INET
    IPV6 = socket.AF_INET6

    @classmethod
    def of(cls, address: Address) -> "Family":
        return cls.IPV4 if address.version == 4 else cls.IPV6


class Forward(enum.Enum):
    """How the director hands packets to a real server, in ldirectord's words."""

    GATE = "gate"  # LVS-DR, direct routing
    MASQ = "masq"  # LVS-NAT
    IPIP = "ipip"  # LVS-TUN


def host_port(address: Address, port: int) -> str:
    """`192.0.2.1:80` or `[2001:db8::1]:80`."""
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
