"""The forwarding methods with IPv6."""

from ..scenario import Scenario, Step, config, refuse, serve, silence, start, stop
from ..traffic import Virtual
from ..world import DR6_VIP, MARK, MARK6_VIP, NAT6_VIP, TUN6_VIP

IPV6 = config("""
    checkinterval = 1
    checktimeout = 2

    virtual6 = [fd00:f::100]:80
        real6 = [fd00:b::11]:8080 masq 1
        real6 = [fd00:b::12]:8080 masq 3
        fallback6 = [fd00:b::14]:80 masq
        service = http
        checktype = connect
        protocol = tcp
""")

IPV6_MASQ = Scenario(
    name="ipv6-masq",
    virtuals={"web": Virtual(NAT6_VIP, 80)},
    steps=(
        Step(name="start", do=(start(IPV6),), table={"web": {"rs1": 1, "rs2": 3}}),
        Step(name="rs2 refuses", do=(refuse("rs2"),), table={"web": {"rs1": 1}}),
        Step(name="all die", do=(refuse("rs1"),), table={"web": {"sorry": 1}}),
        Step(name="all return", do=(serve("rs1", "rs2"),), table={"web": {"rs1": 1, "rs2": 3}}),
        Step(name="stop", do=(stop,), table={"web": None}),
    ),
)

ROUTED6 = config("""
    checkinterval = 1
    checktimeout = 2
    negotiatetimeout = 3
    fallback6 = [fd00:b::14]:80

    virtual6 = [fd00:b::100]:80
        real6 = [fd00:b::11] gate 2
        real6 = [fd00:b::12]:80 gate 1
        service = http
        request = "alive"
        receive = "alive"

    virtual6 = [fd00:b::101]:80
        real6 = [fd00:b::11]:80 ipip 1
        real6 = [fd00:b::12]:80 ipip 2
        fallback6 = [fd00:b::14]:80 ipip
        service = http
        request = "alive"
        receive = "alive"
        quiescent = yes
        persistent = 600
        netmask = 64

    virtual6 = 7
        real6 = [fd00:b::11]:80 masq 1
        real6 = [fd00:b::12]:80 masq 1
        fallback6 = [fd00:b::14]:8080 masq
        protocol = fwm
        service = http
        request = "alive"
        receive = "alive"
        scheduler = rr
""")

IPV6_ROUTED = Scenario(
    name="ipv6-gate-ipip-fwmark",
    virtuals={
        "gate": Virtual(DR6_VIP, 80),
        "ipip": Virtual(TUN6_VIP, 80),
        "mark": Virtual(MARK6_VIP, 80, mark=MARK),
    },
    steps=(
        Step(
            name="start",
            do=(start(ROUTED6),),
            table={
                "gate": {"rs1": 2, "rs2": 1},
                "ipip": {"rs1": 1, "rs2": 2},
                "mark": {"rs1": 1, "rs2": 1},
            },
            sticky=("ipip",),
        ),
        Step(
            name="rs1 swallows",
            do=(silence("rs1"),),
            table={"gate": {"rs2": 1}, "ipip": {"rs1": 0, "rs2": 2}, "mark": {"rs2": 1}},
            sticky=("ipip",),
            unasked=("ipip",),
        ),
        Step(
            name="all die",
            do=(refuse("rs2"),),
            table={
                "gate": {"sorry": 1},
                "ipip": {"rs1": 0, "rs2": 0, "sorry": 1},
                "mark": {"sorry": 1},
            },
            unasked=("ipip",),
        ),
        Step(
            name="all return",
            do=(silence("rs1", False), serve("rs2")),
            table={
                "gate": {"rs1": 2, "rs2": 1},
                "ipip": {"rs1": 1, "rs2": 2},
                "mark": {"rs1": 1, "rs2": 1},
            },
            sticky=("ipip",),
        ),
        Step(name="stop", do=(stop,), table={"gate": None, "ipip": None, "mark": None}),
    ),
)

FORWARDING6 = (IPV6_MASQ, IPV6_ROUTED)
