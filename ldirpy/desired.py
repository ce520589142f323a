"""What the kernel's table should hold, from the configuration and the health of the real servers.

Here ldirectord's words become the kernel's. The port rule lives here and nowhere else.
"""

import hashlib
from collections.abc import Collection, Mapping

import attrs

from ldirpy.config.model import Config, Real, Virtual
from ldirpy.ipvs.model import Dest, DestId, Flag, ForwardMethod, Service, ServiceId
from ldirpy.net import Forward, Protocol

FORWARD_METHODS: Mapping[Forward, ForwardMethod] = {
    Forward.MASQ: ForwardMethod.MASQ,
    Forward.GATE: ForwardMethod.ROUTE,
    Forward.IPIP: ForwardMethod.TUNNEL,
}

# The words ipvsadm knows for the three flags that belong to the scheduler (ipvsadm(8),
# --sched-flags); their meaning depends on the scheduler.
SCHEDULER_FLAGS: Mapping[str, Flag] = {
    "flag-1": Flag.SCHED1,
    "flag-2": Flag.SCHED2,
    "flag-3": Flag.SCHED3,
    "sh-fallback": Flag.SCHED1,
    "sh-port": Flag.SCHED2,
    "mh-fallback": Flag.SCHED1,
    "mh-port": Flag.SCHED2,
}

# A persistent service whose configuration gives no time; the kernel's own default
# (IP_VS_SVC_PERSISTENT_TIMEOUT, include/net/ip_vs.h), in seconds.
PERSISTENCE_TIMEOUT = 360


@attrs.frozen(kw_only=True)
class WantedService:
    """What the table should hold for one virtual service.

    `dests` is in the order of the configuration, the fallback last. `known` are all that the
    configuration names, wanted now or not, each with the first server of its key. `quiesced` are
    down and keep their place with weight 0; one of them that is missing is put back only with
    `readd`. `readdquiescent` is the directive, which the log's words depend on.
    """

    service: Service
    dests: Mapping[DestId, Dest]
    known: Mapping[DestId, Real]
    quiesced: frozenset[DestId] = frozenset()
    readd: bool = True
    readdquiescent: bool = False


def service_id(virtual: Virtual) -> ServiceId:
    """The kernel's key of a virtual service."""
    return ServiceId(
        virtual.protocol, virtual.family, virtual.address, virtual.port, virtual.fwmark or 0
    )


def dest_id(virtual: Virtual, real: Real) -> DestId:
    """The kernel's key of a real server: its own port with masq, else the virtual service's.

    A packet that is routed or tunnelled keeps the port the client sent it to; ipvsadm writes that
    port, the kernel does not. Real servers of a firewall mark keep their own, whatever the method.
    Port 0, that of a real server written without one, is the client's port for the kernel.
    """
    if virtual.fwmark is not None or real.forward is Forward.MASQ:
        return DestId(real.address, real.port)
    return DestId(real.address, virtual.port)


def service_of(virtual: Virtual) -> Service:
    """The kernel's service for a virtual service.

    Raises ValueError for scheduler flags or a netmask that have no meaning.
    """
    flags = scheduler_flags(virtual.schedflags)
    timeout, prefix = 0, None
    if virtual.persistent is not None:
        flags |= Flag.PERSISTENT
        timeout = virtual.persistent or PERSISTENCE_TIMEOUT
        prefix = prefix_length(virtual.netmask)
    if virtual.ops and virtual.protocol is Protocol.UDP:
        flags |= Flag.ONEPACKET
    return Service(
        id=service_id(virtual),
        scheduler=virtual.scheduler,
        flags=flags,
        timeout=timeout,
        prefix=prefix,
    )


def scheduler_flags(text: str) -> Flag:
    """`sh-fallback,sh-port` as flags; raises ValueError for a word that ipvsadm does not know."""
    flags = Flag.NONE
    for word in filter(None, text.replace(" ", "").split(",")):
        if word not in SCHEDULER_FLAGS:
            raise ValueError(
                f"schedflags={text}: unknown scheduler flag {word!r}: "
                f"ipvsadm knows {', '.join(SCHEDULER_FLAGS)}"
            )
        flags |= SCHEDULER_FLAGS[word]
    return flags


def prefix_length(netmask: str | None) -> int | None:
    """The prefix length of `255.255.255.0` or `64`; None if there is no netmask.

    Raises ValueError for a dotted quad with holes, which has none.
    """
    if netmask is None:
        return None
    if netmask.isdigit():
        return int(netmask)
    bits = "".join(f"{int(byte):08b}" for byte in netmask.split("."))
    if "01" in bits:
        raise ValueError(f"netmask={netmask} has holes: ones must come before zeros")
    return bits.count("1")


def wanted(
    virtual: Virtual, up: Collection[Real], *, readd: bool, readdquiescent: bool = False
) -> WantedService:
    """What the table should hold while just the real servers in `up` are up.

    A real server that is down has weight 0 (quiescent) or is absent; the fallback is in exactly
    while no real server is up. With `readd` a quiesced one that is missing is put back: true at
    start and reload. Two real servers of one key (gate servers that differ in the port only) are
    one dest, up if one of them is; of two that are up the last in the configuration holds.
    """
    service = service_of(virtual)
    dests: dict[DestId, Dest] = {}
    serving: set[DestId] = set()
    known: dict[DestId, Real] = {}
    for real in virtual.reals:
        key = dest_id(virtual, real)
        known.setdefault(key, real)
        if real in up:
            dests[key] = _dest(key, real, real.weight)
            serving.add(key)
        elif virtual.quiescent and key not in serving:
            dests[key] = _dest(key, real, 0)
    quiesced = frozenset(dests) - serving
    if virtual.fallback is not None:
        key = dest_id(virtual, virtual.fallback)
        known.setdefault(key, virtual.fallback)
        if not serving:
            dests[key] = _dest(key, virtual.fallback, virtual.fallback.weight)
            quiesced -= {key}
    return WantedService(
        service=service,
        dests=dests,
        known=known,
        quiesced=quiesced,
        readd=readd or readdquiescent,
        readdquiescent=readdquiescent,
    )


def fingerprint(config: Config) -> str:
    """A text that is another one when a configuration wants another table than before."""
    wants = [wanted(virtual, set(virtual.reals), readd=True) for virtual in config.virtuals]
    table = [(want.service, *want.dests.values()) for want in wants]
    return hashlib.sha256(repr(table).encode()).hexdigest()


def _dest(key: DestId, real: Real, weight: int) -> Dest:
    return Dest(
        id=key,
        forward=FORWARD_METHODS[real.forward],
        weight=weight,
        upper=real.u_threshold,
        lower=real.l_threshold,
    )
