"""A world: one director under test with its client and its real servers.

Two worlds are made alike, one for each daemon. All machines are on the LAN 10.0.0.0/24; client and
director also share a front net:

    client .254 --+--------- LAN 10.0.0.0/24, fd00:b::/64 ---------+-- director .1
                  |  rs1 .11    rs2 .12    rs3 .13    sorry .14    |
    client .10 ---+--------- front 172.16.0.0/24, fd00:f::/64 -----+-- director .1

A virtual service for LVS-DR or LVS-TUN has a VIP on the LAN, so that real servers answer the client
without the director, and so that client, director and real servers meet the ARP problem. A virtual
service for LVS-NAT has a VIP on the front net: the real servers' way back is the director.
"""

from dataclasses import dataclass, field
from pathlib import Path

from . import netns

SERVERS = {"rs1": 11, "rs2": 12, "rs3": 13, "sorry": 14}

DR_VIP = "10.0.0.100"
TUN_VIP = "10.0.0.101"
NAT_VIP = "172.16.0.100"
MARK_VIP = "172.16.0.102"
NAT6_VIP = "fd00:f::100"
DR6_VIP = "fd00:b::100"
TUN6_VIP = "fd00:b::101"
MARK6_VIP = "fd00:f::102"
FOREIGN_VIP = "172.16.0.200"  # of a virtual service that no configuration names

FRONT_VIPS = (NAT_VIP, MARK_VIP, FOREIGN_VIP)
MARK = 7


@dataclass(frozen=True, kw_only=True)
class World:
    """The names of one world's machines, and its directory for everything they write."""

    name: str
    client: str = field(init=False)
    director: str = field(init=False)
    directory: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "client", f"{self.name}-client")
        object.__setattr__(self, "director", f"{self.name}-director")
        object.__setattr__(self, "directory", Path("/run/worlds", self.name))

    def server(self, name: str) -> str:
        """The namespace of the server called rs1, rs2, rs3, sorry or director."""
        return f"{self.name}-{name}"


def build(world: World) -> None:
    """Makes the machines and the nets between them; no server and no daemon runs yet."""
    world.directory.mkdir(parents=True)
    lan = f"{world.name}-lan"
    for machine in (lan, world.client, world.director, *map(world.server, SERVERS)):
        netns.add(machine)
    ports = {"client": world.client, "director": world.director}
    ports |= {name: world.server(name) for name in SERVERS}
    netns.batch(
        lan,
        "link add lan type bridge forward_delay 0\nlink set lan up\n"
        + "".join(
            f"link add {name} type veth peer name lan0 netns {machine}\n"
            f"link set {name} master lan up\n"
            for name, machine in ports.items()
        ),
    )
    _build_client(world)
    _build_director(world)
    for name, number in SERVERS.items():
        _build_server(world.server(name), number)


def _build_client(world: World) -> None:
    netns.set_sysctl(
        # Replies of the real servers may come by another net than the requests went.
        world.client,
        ipv4__conf__all__rp_filter=0,
        ipv4__conf__default__rp_filter=0,
    )
    netns.batch(
        world.client,
        f"""\
link add front0 type veth peer name front0 netns {world.director}
link set front0 up
link set lan0 up
addr add 172.16.0.10/24 dev front0
addr add 10.0.0.254/24 dev lan0
addr add fd00:f::10/64 dev front0 nodad
addr add fd00:b::254/64 dev lan0 nodad
""",
    )


def _build_director(world: World) -> None:
    netns.set_sysctl(
        world.director,
        ipv4__ip_forward=1,
        ipv6__conf__all__forwarding=1,
        ipv4__conf__all__send_redirects=0,
        ipv4__conf__default__send_redirects=0,
    )
    # preferred_lft 0: the director's own connections must not come from a VIP of its servers.
    netns.batch(
        world.director,
        f"""\
link set front0 up
link set lan0 up
addr add 172.16.0.1/24 dev front0
addr add 10.0.0.1/24 dev lan0
addr add fd00:f::1/64 dev front0 nodad
addr add fd00:b::1/64 dev lan0 nodad
addr add {DR_VIP}/32 dev lan0
addr add {TUN_VIP}/32 dev lan0
addr add {NAT6_VIP}/128 dev front0 nodad
addr add {MARK6_VIP}/128 dev front0 nodad
addr add {DR6_VIP}/128 dev lan0 nodad preferred_lft 0
addr add {TUN6_VIP}/128 dev lan0 nodad preferred_lft 0
"""
        + "".join(f"addr add {vip}/32 dev front0\n" for vip in FRONT_VIPS),
    )
    for program, vip in (("iptables-legacy", MARK_VIP), ("ip6tables-legacy", MARK6_VIP)):
        netns.run_in(
            world.director,
            *(program, "-t", "mangle", "-A", "PREROUTING", "-d", vip),
            *("-j", "MARK", "--set-mark", str(MARK)),
        )


def _build_server(machine: str, number: int) -> None:
    # The ARP problem: a real server carries the VIP, and must not tell the LAN that it does.
    netns.set_sysctl(
        machine,
        ipv4__conf__all__arp_ignore=1,
        ipv4__conf__all__arp_announce=2,
        ipv4__conf__all__rp_filter=0,
        ipv4__conf__tunl0__rp_filter=0,
    )
    netns.batch(
        machine,
        f"""\
link set lan0 up
link set tunl0 up
link set ip6tnl0 up
addr add 10.0.0.{number}/24 dev lan0
addr add fd00:b::{number}/64 dev lan0 nodad
addr add {DR_VIP}/32 dev lo
addr add {TUN_VIP}/32 dev tunl0
addr add {DR6_VIP}/128 dev lo nodad
addr add {TUN6_VIP}/128 dev ip6tnl0 nodad
route add default via 10.0.0.1
route add ::/0 via fd00:b::1
""",
    )
