"""What a configuration can say about a virtual service beside its servers."""

from ..scenario import Scenario, Step, config, refuse, serve, start, stop
from ..traffic import Virtual
from ..world import DR_VIP, NAT_VIP, TUN_VIP

THRESHOLDS_CONFIG = config("""
    checkinterval = 1
    negotiatetimeout = 3
    quiescent = no

    virtual = 172.16.0.100:80
        real = 10.0.0.11:80 masq 2 "alive", "alive" l:10 u:40
        real = 10.0.0.12:80 masq 2 "alive", "alive" u:50
        real = 10.0.0.13:80 masq 1
        service = http
        request = "alive"
        receive = "alive"

    virtual = 172.16.0.100:81
        real = 10.0.0.11:81 masq 2 "alive", "alive" l:10 u:40
        real = 10.0.0.12:81 masq 2 "alive", "alive" u:50
        service = http
        request = "alive"
        receive = "alive"
        quiescent = yes
""")

THRESHOLDS = Scenario(
    name="thresholds",
    virtuals={"web": Virtual(NAT_VIP, 80), "quiescent": Virtual(NAT_VIP, 81)},
    steps=(
        Step(
            name="start",
            do=(start(THRESHOLDS_CONFIG),),
            table={"web": {"rs1": 2, "rs2": 2, "rs3": 1}, "quiescent": {"rs1": 2, "rs2": 2}},
        ),
        Step(
            name="rs1 refuses",
            do=(refuse("rs1"),),
            table={"web": {"rs2": 2, "rs3": 1}, "quiescent": {"rs1": 0, "rs2": 2}},
            deviation="thresholds-of-a-quiesced-server",
            but_thresholds=True,
        ),
        Step(
            name="rs1 returns with its thresholds",
            do=(serve("rs1"),),
            table={"web": {"rs1": 2, "rs2": 2, "rs3": 1}, "quiescent": {"rs1": 2, "rs2": 2}},
        ),
        Step(name="stop", do=(stop,), table={"web": None, "quiescent": None}),
    ),
)

PERSISTENT_CONFIG = config("""
    checkinterval = 1
    negotiatetimeout = 3

    virtual = 172.16.0.100:80
        real = 10.0.0.11:80 masq 1
        real = 10.0.0.12:80 masq 1
        service = http
        request = "alive"
        receive = "alive"
        scheduler = rr
        persistent = 600
        netmask = 255.255.255.0

    virtual = 10.0.0.100:81
        real = 10.0.0.11 gate
        real = 10.0.0.12 gate
        service = http
        checkport = 80
        request = "alive"
        receive = "alive"
        scheduler = sh
        schedflags = sh-port,sh-fallback
        persistent = 300
""")

PERSISTENT = Scenario(
    name="persistent",
    virtuals={"web": Virtual(NAT_VIP, 80), "hashed": Virtual(DR_VIP, 81)},
    steps=(
        Step(
            name="start",
            do=(start(PERSISTENT_CONFIG),),
            table={"web": {"rs1": 1, "rs2": 1}, "hashed": {"rs1": 1, "rs2": 1}},
            sticky=("web", "hashed"),
        ),
        Step(
            name="rs1 refuses",
            do=(refuse("rs1"),),
            table={"web": {"rs2": 1}, "hashed": {"rs2": 1}},
            sticky=("web", "hashed"),
        ),
        Step(name="stop", do=(stop,), table={"web": None, "hashed": None}),
    ),
)

SCHEDULERS_CONFIG = config("""
    checkinterval = 1
    checktimeout = 2

    virtual = 172.16.0.100:80
        real = 10.0.0.11:80 masq
        real = 10.0.0.12:80 masq
        checktype = connect
        scheduler = rr

    virtual = 172.16.0.100:81
        real = 10.0.0.11:81 masq
        real = 10.0.0.12:81 masq
        checktype = connect
        scheduler = sh

    virtual = 10.0.0.100:82
        # LVS-DR: the ports of the real servers become the port of the virtual service
        real = 10.0.0.11:80 gate
        real = 10.0.0.12 gate
        checktype = connect
        checkport = 82
        scheduler = lc

    virtual = 10.0.0.101:83
        real = 10.0.0.11:80 ipip
        real = 10.0.0.12:0 ipip
        checktype = connect
        checkport = 83
        scheduler = mh
        schedflags = mh-fallback,mh-port
""")

EACH = {"rs1": 1, "rs2": 1}
ONE = {"rs2": 1}

SCHEDULERS = Scenario(
    name="schedulers",
    virtuals={
        "rr": Virtual(NAT_VIP, 80),
        "sh": Virtual(NAT_VIP, 81),
        "lc": Virtual(DR_VIP, 82),
        "mh": Virtual(TUN_VIP, 83),
    },
    steps=(
        Step(
            name="start",
            do=(start(SCHEDULERS_CONFIG),),
            table={"rr": EACH, "sh": EACH, "lc": EACH, "mh": EACH},
            # lc may give all to one server while nobody is busy; sh goes by the client's address.
            unasked=("sh", "lc"),
        ),
        Step(
            name="rs1 refuses",
            do=(refuse("rs1"),),
            table={"rr": ONE, "sh": ONE, "lc": ONE, "mh": ONE},
        ),
        Step(
            name="rs1 returns",
            do=(serve("rs1"),),
            table={"rr": EACH, "sh": EACH, "lc": EACH, "mh": EACH},
            unasked=("sh", "lc"),
        ),
        Step(name="stop", do=(stop,), table={"rr": None, "sh": None, "lc": None, "mh": None}),
    ),
)

OPTIONS = (THRESHOLDS, PERSISTENT, SCHEDULERS)
