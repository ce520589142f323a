"""How servers fail and come back: failurecount, quiescent, fallback, shared real servers."""

from ..scenario import (
    Scenario,
    Step,
    by_hand,
    config,
    fail_next,
    refuse,
    reload,
    serve,
    serve_scripted,
    silence,
    start,
    stop,
)
from ..traffic import Virtual
from ..world import DR_VIP, NAT_VIP

FAILURECOUNT = config("""
    checkinterval = 1
    negotiatetimeout = 10
    failurecount = 3

    virtual = 172.16.0.100:80
        real = 10.0.0.11:80 masq
        real = 10.0.0.12:80 masq
        service = http
        checkport = 8090
        request = "alive"
        receive = "alive"
""")

TWO = {"rs1": 1, "rs2": 1}
SOFT = "Soft failure real server: 10.0.0.11:80 (tcp:172.16.0.100:80) failure "
RESET = "Resetting soft failure count: 10.0.0.11:80 (tcp:172.16.0.100:80)"

SOFT_FAILURES = Scenario(
    name="failurecount",
    virtuals={"web": Virtual(NAT_VIP, 80)},
    steps=(
        Step(
            name="start",
            do=(serve_scripted("rs1", "rs2"), start(FAILURECOUNT)),
            table={"web": TWO},
        ),
        Step(
            name="one failure of three is soft",
            do=(fail_next("rs1", 1),),
            table={"web": TWO},
            logged=(f"{SOFT}1/3", RESET),
        ),
        Step(
            name="so are two, the count began anew",
            do=(fail_next("rs1", 2),),
            table={"web": TWO},
            logged=(f"{SOFT}1/3", f"{SOFT}2/3", RESET),
        ),
        Step(
            name="the third is final, one success brings it back",
            do=(fail_next("rs1", 3),),
            table={"web": TWO},
            logged=(
                f"{SOFT}1/3",
                f"{SOFT}2/3",
                "Deleted real server: 10.0.0.11:80",
                "Added real server: 10.0.0.11:80",
            ),
        ),
        Step(name="it stays away", do=(fail_next("rs1", 10**9),), table={"web": {"rs2": 1}}),
        Step(name="stop", do=(stop,), table={"web": None}),
    ),
)

QUIESCENT = config("""
    checkinterval=1
    negotiatetimeout=3
    quiescent=yes

    virtual=10.0.0.100:80
        real=10.0.0.11:80 gate 3
        real=10.0.0.12:80 gate 1
        real=10.0.0.13:80 gate 1
        fallback=127.0.0.1:80 gate
        service=http
        request="alive"
        receive="alive"
""")

QUIESCED = Scenario(
    name="quiescent",
    virtuals={"web": Virtual(DR_VIP, 80)},
    steps=(
        Step(
            name="start while rs3 is dead",
            do=(refuse("rs3"), start(QUIESCENT)),
            table={"web": {"rs1": 3, "rs2": 1, "rs3": 0}},
        ),
        Step(
            name="rs1 refuses",
            do=(refuse("rs1"),),
            table={"web": {"rs1": 0, "rs2": 1, "rs3": 0}},
            logged=("Quiescent real server: 10.0.0.11:80", "(Weight set to 0)"),
        ),
        Step(
            name="all are dead, the director itself answers",
            do=(refuse("rs2"),),
            table={"web": {"rs1": 0, "rs2": 0, "rs3": 0, "director": 1}},
        ),
        Step(
            name="rs1 returns",
            do=(serve("rs1"),),
            table={"web": {"rs1": 3, "rs2": 0, "rs3": 0}},
            logged=("Restored real server: 10.0.0.11:80", "Deleted fallback server"),
        ),
        Step(
            name="all return",
            do=(serve("rs2", "rs3"),),
            table={"web": {"rs1": 3, "rs2": 1, "rs3": 1}},
        ),
        Step(
            name="rs3 refuses",
            do=(refuse("rs3"),),
            table={"web": {"rs1": 3, "rs2": 1, "rs3": 0}},
        ),
        Step(
            name="a quiesced server that an operator removes stays away",
            do=(by_hand("-d -t 10.0.0.100:80 -r 10.0.0.13:80"),),
            table={"web": {"rs1": 3, "rs2": 1}},
            rounds=3,
        ),
        Step(
            name="it returns",
            do=(serve("rs3"),),
            table={"web": {"rs1": 3, "rs2": 1, "rs3": 1}},
        ),
        Step(name="stop", do=(stop,), table={"web": None}),
    ),
)

# Neither real server is written with the port that it has in the table.
OTHER_PORTS_CONFIG = config("""
    checkinterval = 1
    negotiatetimeout = 3
    quiescent = yes

    virtual = 10.0.0.100:80
        real = 10.0.0.11 gate
        real = 10.0.0.12:8080 gate
        fallback = 10.0.0.14
        service = http
        request = "alive"
        receive = "alive"
""")
# Perl takes them for up, and leaves them with the weight 0 of the start.
PERL_OTHER_PORTS = ({"web": {"rs1": 0, "rs2": 0}},)

OTHER_PORTS = Scenario(
    name="quiescent-other-ports",
    virtuals={"web": Virtual(DR_VIP, 80)},
    steps=(
        Step(
            name="start",
            do=(start(OTHER_PORTS_CONFIG),),
            table={"web": {"rs1": 1, "rs2": 1}},
            perl_tables=PERL_OTHER_PORTS,
            deviation="quiescent-with-another-port",
        ),
        Step(
            name="rs1 refuses",
            do=(refuse("rs1"),),
            table={"web": {"rs1": 0, "rs2": 1}},
            perl_tables=PERL_OTHER_PORTS,
            deviation="quiescent-with-another-port",
        ),
        Step(name="stop", do=(stop,), table={"web": None}),
    ),
)

SHARED = config("""
    checkinterval = 1
    checktimeout = 2
    negotiatetimeout = 3
    fallback = 10.0.0.14 masq

    virtual = 172.16.0.100:80
        real = 10.0.0.11:8080 masq 1
        real = 10.0.0.12:8080 masq 1
        service = http
        request = "alive"
        receive = "alive"

    virtual = 172.16.0.100:81
        real = 10.0.0.11:8080 masq 1
        real = 10.0.0.12:8080 masq 4
        real = 10.0.0.13:8080 masq 1
        service = http
        request = "alive"
        receive = "alive"
        quiescent = yes
""")

TWO_VIRTUALS = Scenario(
    name="shared-real-servers",
    virtuals={"web": Virtual(NAT_VIP, 80), "shop": Virtual(NAT_VIP, 81)},
    steps=(
        Step(
            name="start",
            do=(start(SHARED),),
            table={
                "web": {"rs1": 1, "rs2": 1},
                "shop": {"rs1": 1, "rs2": 4, "rs3": 1},
            },
        ),
        Step(
            name="rs1 swallows",
            do=(silence("rs1"),),
            table={"web": {"rs2": 1}, "shop": {"rs1": 0, "rs2": 4, "rs3": 1}},
        ),
        Step(
            name="the first virtual service has its fallback, the second its last server",
            do=(refuse("rs2"),),
            table={"web": {"sorry": 1}, "shop": {"rs1": 0, "rs2": 0, "rs3": 1}},
        ),
        Step(
            name="rs1 and rs2 return",
            do=(silence("rs1", False), serve("rs2")),
            table={
                "web": {"rs1": 1, "rs2": 1},
                "shop": {"rs1": 1, "rs2": 4, "rs3": 1},
            },
        ),
        Step(
            name="reload without the second virtual service",
            do=(reload(SHARED.split("virtual = 172.16.0.100:81")[0]),),
            table={"web": {"rs1": 1, "rs2": 1}, "shop": None},
        ),
        Step(name="stop", do=(stop,), table={"web": None, "shop": None}),
    ),
)

FAILURES = (SOFT_FAILURES, QUIESCED, OTHER_PORTS, TWO_VIRTUALS)
