"""Services and dests of every kind that ldirpy writes."""

from ipaddress import ip_address

from ldirpy.ipvs.model import Dest, DestId, Flag, ForwardMethod, Service, ServiceId
from ldirpy.net import Family, Protocol

V4, V6 = Family.IPV4, Family.IPV6
VIP, VIP6 = ip_address("198.51.100.1"), ip_address("2001:db8::1")
RIP, RIP6 = ip_address("192.0.2.1"), ip_address("2001:db8::11")

TCP = Service(id=ServiceId(Protocol.TCP, V4, VIP, 80), scheduler="rr")
UDP = Service(id=ServiceId(Protocol.UDP, V4, VIP, 53), scheduler="wlc", flags=Flag.ONEPACKET)
MARK = Service(id=ServiceId(Protocol.FWM, V4, fwmark=7), scheduler="wrr")
MARK6 = Service(id=ServiceId(Protocol.FWM, V6, fwmark=7), scheduler="lc")
TCP6 = Service(id=ServiceId(Protocol.TCP, V6, VIP6, 80), scheduler="wrr")
STICKY = Service(
    id=ServiceId(Protocol.TCP, V4, VIP, 443),
    scheduler="wlc",
    flags=Flag.PERSISTENT,
    timeout=600,
    prefix=24,
)
STICKY6 = Service(
    id=ServiceId(Protocol.TCP, V6, VIP6, 443),
    scheduler="wlc",
    flags=Flag.PERSISTENT,
    timeout=300,
    prefix=64,
)
HASHED = Service(
    id=ServiceId(Protocol.UDP, V4, VIP, 5060),
    scheduler="sh",
    flags=Flag.SCHED1 | Flag.SCHED2,
)
MANY_HASHED = Service(id=ServiceId(Protocol.TCP, V4, VIP, 5061), scheduler="mh", flags=Flag.SCHED2)
SERVICES = [TCP, UDP, MARK, MARK6, TCP6, STICKY, STICKY6, HASHED, MANY_HASHED]


def dest_for(service: Service, **settings: int) -> Dest:
    """A masq dest of the service's family."""
    address = RIP if service.id.family is V4 else RIP6
    return Dest(
        id=DestId(address, service.id.port),
        forward=ForwardMethod(settings.pop("forward", ForwardMethod.MASQ)),
        weight=settings.pop("weight", 1),
        **settings,
    )
