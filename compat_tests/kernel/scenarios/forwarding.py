"""The forwarding methods: LVS-DR, LVS-NAT, LVS-TUN, fwmark services and IPv6."""

from ..scenario import (
    Scenario,
    Step,
    break_page,
    change_page,
    config,
    refuse,
    serve,
    silence,
    start,
    stop,
)
from ..traffic import Virtual
from ..world import DR_VIP, MARK, MARK_VIP, NAT_VIP, TUN_VIP

DR = config("""
    checkinterval = 1
    checktimeout = 2
    negotiatetimeout = 3

    # The web farm, LVS-DR
    virtual = 10.0.0.100:80
        real = 10.0.0.11:80 gate 1
        real = 10.0.0.12:80 gate 2
        real = 10.0.0.13:80 gate 1
        fallback = 10.0.0.14:80 gate
        service = http
        request = "alive"
        receive = "I am alive"
        scheduler = wrr
        protocol = tcp
        checktype = negotiate
""")

DR_ALL = {"rs1": 1, "rs2": 2, "rs3": 1}

LVS_DR = Scenario(
    name="lvs-dr",
    virtuals={"web": Virtual(DR_VIP, 80)},
    steps=(
        Step(name="start", do=(start(DR),), table={"web": DR_ALL}),
        Step(name="rs1 refuses", do=(refuse("rs1"),), table={"web": {"rs2": 2, "rs3": 1}}),
        Step(name="rs1 returns", do=(serve("rs1"),), table={"web": DR_ALL}),
        Step(name="rs2 swallows", do=(silence("rs2"),), table={"web": {"rs1": 1, "rs3": 1}}),
        Step(name="rs2 returns", do=(silence("rs2", False),), table={"web": DR_ALL}),
        Step(name="rs3 says 500", do=(break_page("rs3"),), table={"web": {"rs1": 1, "rs2": 2}}),
        Step(name="rs3 returns", do=(break_page("rs3", False),), table={"web": DR_ALL}),
        Step(
            name="rs1 has a wrong text",
            do=(change_page("rs1"),),
            table={"web": {"rs2": 2, "rs3": 1}},
        ),
        Step(name="all die", do=(refuse("rs1", "rs2", "rs3"),), table={"web": {"sorry": 1}}),
        Step(
            name="two return, one with the wrong text",
            do=(serve("rs1", "rs2"),),
            table={"web": {"rs2": 2}},
        ),
        Step(
            name="all are well",
            do=(serve("rs3"), change_page("rs1", False)),
            table={"web": DR_ALL},
        ),
        Step(name="stop", do=(stop,), table={"web": None}),
    ),
)

NAT = config("""
    checktimeout=2
    negotiatetimeout=3
    checkinterval=1
    quiescent=no

    virtual=172.16.0.100:80
    \tservice=http
    \trequest="/alive"
    \treceive="alive$"
    \treal=10.0.0.11->10.0.0.13:8080 masq 2
    \tfallback=10.0.0.14:8080 masq
    \tscheduler=wlc
""")

NAT_ALL = {"rs1": 2, "rs2": 2, "rs3": 2}

LVS_NAT = Scenario(
    name="lvs-nat",
    virtuals={"web": Virtual(NAT_VIP, 80)},
    steps=(
        Step(name="start", do=(start(NAT),), table={"web": NAT_ALL}),
        Step(name="rs2 swallows", do=(silence("rs2"),), table={"web": {"rs1": 2, "rs3": 2}}),
        Step(name="rs2 returns", do=(silence("rs2", False),), table={"web": NAT_ALL}),
        Step(name="all die", do=(refuse("rs1", "rs2", "rs3"),), table={"web": {"sorry": 1}}),
        Step(name="one returns", do=(serve("rs3"),), table={"web": {"rs3": 2}}),
        Step(name="all return", do=(serve("rs1", "rs2"),), table={"web": NAT_ALL}),
        Step(name="stop", do=(stop,), table={"web": None}),
    ),
)

TUN = config("""
    checkinterval = 1
    negotiatetimeout = 3

    virtual = 10.0.0.101:80
        real = 10.0.0.11:80 ipip 3
        real = 10.0.0.12:80 ipip 1
        fallback = 10.0.0.14:80 ipip
        service = http
        request = "alive"
        receive = "alive"
""")

LVS_TUN = Scenario(
    name="lvs-tun",
    virtuals={"web": Virtual(TUN_VIP, 80)},
    steps=(
        Step(name="start", do=(start(TUN),), table={"web": {"rs1": 3, "rs2": 1}}),
        Step(name="rs1 refuses", do=(refuse("rs1"),), table={"web": {"rs2": 1}}),
        Step(name="all die", do=(refuse("rs2"),), table={"web": {"sorry": 1}}),
        Step(name="all return", do=(serve("rs1", "rs2"),), table={"web": {"rs1": 3, "rs2": 1}}),
        Step(name="stop", do=(stop,), table={"web": None}),
    ),
)

FWMARK = config("""
    checkinterval = 1
    negotiatetimeout = 3

    # marked by the director's firewall
    virtual = 7
        real = 10.0.0.11:80 masq 1
        real = 10.0.0.12:80 masq 2
        real = 10.0.0.13 masq 1
        fallback = 10.0.0.14:80 masq
        protocol = fwm
        service = http
        checkport = 80
        request = "alive"
        receive = "alive"
""")

MARKED = Scenario(
    name="fwmark",
    virtuals={"mark": Virtual(MARK_VIP, 80, mark=MARK)},
    steps=(
        Step(name="start", do=(start(FWMARK),), table={"mark": {"rs1": 1, "rs2": 2, "rs3": 1}}),
        Step(name="rs2 refuses", do=(refuse("rs2"),), table={"mark": {"rs1": 1, "rs3": 1}}),
        Step(name="all die", do=(refuse("rs1", "rs3"),), table={"mark": {"sorry": 1}}),
        Step(
            name="all return",
            do=(serve("rs1", "rs2", "rs3"),),
            table={"mark": {"rs1": 1, "rs2": 2, "rs3": 1}},
        ),
        Step(name="stop", do=(stop,), table={"mark": None}),
    ),
)

FORWARDING = (LVS_DR, LVS_NAT, LVS_TUN, MARKED)
