"""The types of check, each against real servers that fail in every way."""

from ..scenario import (
    Scenario,
    Step,
    break_page,
    change_zone,
    config,
    refuse,
    refuse_names,
    serve,
    serve_names,
    silence,
    start,
    stop,
)
from ..traffic import Virtual
from ..world import DR_VIP, NAT_VIP

TYPES = config("""
    checkinterval = 1
    checktimeout = 2
    negotiatetimeout = 3
    fallback = 10.0.0.14 masq

    # checktype, one virtual service for each
    virtual = 172.16.0.100:80
        real = 10.0.0.11:80 masq
        real = 10.0.0.12:80 masq
        checktype = connect

    virtual = 172.16.0.100:81
        real = 10.0.0.11:81 masq
        real = 10.0.0.12:81 masq
        checktype = ping

    virtual = 172.16.0.100:82
        real = 10.0.0.11:82 masq
        real = 10.0.0.12:82 masq
        checktype = on

    virtual = 172.16.0.100:83
        real = 10.0.0.11:83 masq
        checktype = off

    virtual = 172.16.0.100:84
        real = 10.0.0.11:84 masq
        real = 10.0.0.12:84 masq
        checktype = 2
        service = http
        request = "alive"
        receive = "alive"
""")

BOTH = {"rs1": 1, "rs2": 1}
ONLY_RS2 = {"rs2": 1}

CHECKTYPES = Scenario(
    name="checktypes",
    virtuals={
        "connect": Virtual(NAT_VIP, 80),
        "ping": Virtual(NAT_VIP, 81),
        "on": Virtual(NAT_VIP, 82),
        "off": Virtual(NAT_VIP, 83),
        "combined": Virtual(NAT_VIP, 84),
    },
    steps=(
        Step(
            name="start",
            do=(start(TYPES),),
            table={
                "connect": BOTH,
                "ping": BOTH,
                "on": BOTH,
                "off": {"sorry": 1},
                "combined": BOTH,
            },
        ),
        Step(
            name="rs1 says 500: only a negotiate check sees it",
            do=(break_page("rs1"),),
            table={
                "connect": BOTH,
                "ping": BOTH,
                "on": BOTH,
                "off": {"sorry": 1},
                "combined": ONLY_RS2,
            },
        ),
        Step(
            name="rs1 is well",
            do=(break_page("rs1", False),),
            table={
                "connect": BOTH,
                "ping": BOTH,
                "on": BOTH,
                "off": {"sorry": 1},
                "combined": BOTH,
            },
        ),
        Step(
            name="rs1 refuses: ping and on do not see it",
            do=(refuse("rs1"),),
            table={
                "connect": ONLY_RS2,
                "ping": BOTH,
                "on": BOTH,
                "off": {"sorry": 1},
                "combined": ONLY_RS2,
            },
            unasked=("ping", "on"),
        ),
        Step(
            name="rs1 is well again",
            do=(serve("rs1"),),
            table={
                "connect": BOTH,
                "ping": BOTH,
                "on": BOTH,
                "off": {"sorry": 1},
                "combined": BOTH,
            },
        ),
        Step(
            name="stop",
            do=(stop,),
            table={"connect": None, "ping": None, "on": None, "off": None, "combined": None},
        ),
    ),
)

ADDRESSES = config("""
    checkinterval = 1
    checktimeout = 2
    negotiatetimeout = 3

    virtual = 172.16.0.100:80
        real = 10.0.0.11:80 masq
        real = 10.0.0.12:80 masq
        checktype = connect
        fallback = 10.0.0.14:80 masq

    virtual = 172.16.0.100:81
        real = 10.0.0.11:81 masq
        real = 10.0.0.12:81 masq
        checktype = ping
        fallback = 10.0.0.14:80 masq
""")

CONNECT_AND_PING = Scenario(
    name="connect-and-ping",
    virtuals={"connect": Virtual(NAT_VIP, 80), "ping": Virtual(NAT_VIP, 81)},
    steps=(
        Step(name="start", do=(start(ADDRESSES),), table={"connect": BOTH, "ping": BOTH}),
        Step(
            name="rs1 swallows: a ping sees it too",
            do=(silence("rs1"),),
            table={"connect": ONLY_RS2, "ping": ONLY_RS2},
        ),
        Step(
            name="rs1 returns",
            do=(silence("rs1", False),),
            table={"connect": BOTH, "ping": BOTH},
        ),
        Step(
            name="rs1 and rs2 swallow",
            do=(silence("rs1"), silence("rs2")),
            table={"connect": {"sorry": 1}, "ping": {"sorry": 1}},
        ),
        Step(
            name="both return",
            do=(silence("rs1", False), silence("rs2", False)),
            table={"connect": BOTH, "ping": BOTH},
        ),
        Step(name="stop", do=(stop,), table={"connect": None, "ping": None}),
    ),
)

PAGES = config("""
    checkinterval = 1
    negotiatetimeout = 3

    virtual = 172.16.0.100:80
        # each real server has its own request and text
        real = 10.0.0.11:80 masq 1 "index.html", "^rs1$"
        real = 10.0.0.12:80 masq 1 "alive", "alive"
        real = 10.0.0.13:80 masq 1
        fallback = 10.0.0.14:80 masq
        service = http
        checkport = 8080
        request = "alive"
        receive = "^I\\s+(am|was) alive"
        virtualhost = "www.example.test"
        httpmethod = GET

    virtual = 172.16.0.100:81
        real = 10.0.0.11:81 masq 1 "/index.html", "^rs1$"
        service = http
        request = "alive"
        receive = "alive"
""")

REQUESTS = Scenario(
    name="requests-of-real-servers",
    virtuals={"web": Virtual(NAT_VIP, 80), "slash": Virtual(NAT_VIP, 81)},
    steps=(
        Step(
            name="start",
            do=(start(PAGES),),
            table={"web": {"rs1": 1, "rs2": 1, "rs3": 1}, "slash": {"rs1": 1}},
        ),
        Step(
            name="all pages break, rs1 is asked for another",
            do=(break_page("rs1"), break_page("rs2"), break_page("rs3")),
            table={"web": {"rs1": 1}, "slash": {"rs1": 1}},
            # Perl asks for the virtual service's page, as if the real server had none of its own.
            perl_tables=({"web": {"rs1": 1}, "slash": {}},),
            deviation="a-real-servers-request-with-a-leading-slash",
        ),
        Step(name="rs1 refuses", do=(refuse("rs1"),), table={"web": {"sorry": 1}, "slash": {}}),
        Step(
            name="all are well",
            do=(
                serve("rs1"),
                break_page("rs1", False),
                break_page("rs2", False),
                break_page("rs3", False),
            ),
            table={"web": {"rs1": 1, "rs2": 1, "rs3": 1}, "slash": {"rs1": 1}},
        ),
        Step(name="stop", do=(stop,), table={"web": None, "slash": None}),
    ),
)

NAMES = config("""
    checkinterval = 1
    checktimeout = 3
    negotiatetimeout = 3

    virtual = 172.16.0.100:53
        real = 10.0.0.11:53 masq
        real = 10.0.0.12:53 masq
        real = 10.0.0.13:53 masq
        service = dns
        request = "www.example.test"
        receive = "10.0.0.80"
        protocol = udp

    virtual = 172.16.0.100:53
        real = 10.0.0.11:53 masq
        real = 10.0.0.12:53 masq
        service = dns
        request = "www.example.test"
        receive = "10\\.0\\.0\\.80"
        protocol = tcp
""")

ALL = {"rs1": 1, "rs2": 1, "rs3": 1}

DNS = Scenario(
    name="dns",
    with_names=True,
    virtuals={"udp": Virtual(NAT_VIP, 53, "udp"), "tcp": Virtual(NAT_VIP, 53)},
    steps=(
        Step(name="start", do=(start(NAMES),), table={"udp": ALL, "tcp": BOTH}),
        Step(
            name="rs1 refuses",
            do=(refuse_names("rs1"),),
            table={"udp": {"rs2": 1, "rs3": 1}, "tcp": ONLY_RS2},
        ),
        Step(name="rs1 returns", do=(serve_names("rs1"),), table={"udp": ALL, "tcp": BOTH}),
        Step(
            name="rs2 has another address for the name",
            do=(change_zone("rs2", "10.0.0.99"),),
            table={"udp": {"rs1": 1, "rs3": 1}, "tcp": {"rs1": 1}},
        ),
        Step(
            name="rs3 swallows",
            do=(silence("rs3"),),
            table={"udp": {"rs1": 1}, "tcp": {"rs1": 1}},
        ),
        Step(name="all are dead", do=(refuse_names("rs1"),), table={"udp": {}, "tcp": {}}),
        Step(
            name="all return",
            do=(serve_names("rs1"), silence("rs3", False), change_zone("rs2", "10.0.0.80")),
            table={"udp": ALL, "tcp": BOTH},
        ),
        Step(name="stop", do=(stop,), table={"udp": None, "tcp": None}),
    ),
)

DATAGRAMS_CONFIG = config("""
    checkinterval = 1
    checktimeout = 2
    negotiatetimeout = 3

    # each datagram goes to a server of its own
    virtual = 10.0.0.100:53
        real = 10.0.0.11:53 gate 2
        real = 10.0.0.12:53 gate 1
        service = dns
        request = "www.example.test"
        receive = "10.0.0.80"
        protocol = udp
        ops = yes
        scheduler = rr

    # the port 53 alone makes it udp, and connect is a ping then
    virtual = 172.16.0.100:53
        real = 10.0.0.11 masq
        real = 10.0.0.12:53 masq
        fallback = 10.0.0.13 masq
        checktype = connect
        scheduler = rr
        quiescent = yes
""")

DATAGRAMS = Scenario(
    name="udp",
    with_names=True,
    virtuals={"ops": Virtual(DR_VIP, 53, "udp"), "pinged": Virtual(NAT_VIP, 53, "udp")},
    steps=(
        Step(
            name="start",
            do=(start(DATAGRAMS_CONFIG),),
            table={"ops": {"rs1": 2, "rs2": 1}, "pinged": BOTH},
        ),
        Step(
            name="rs1 refuses: a ping does not see it",
            do=(refuse_names("rs1"),),
            table={"ops": ONLY_RS2, "pinged": BOTH},
            unasked=("pinged",),
        ),
        Step(
            name="rs1 swallows",
            do=(silence("rs1"),),
            table={"ops": ONLY_RS2, "pinged": {"rs1": 0, "rs2": 1}},
        ),
        Step(
            name="rs2 too",
            do=(silence("rs2"),),
            table={"ops": {}, "pinged": {"rs1": 0, "rs2": 0, "rs3": 1}},
        ),
        Step(
            name="both return",
            do=(silence("rs1", False), silence("rs2", False), serve_names("rs1")),
            table={"ops": {"rs1": 2, "rs2": 1}, "pinged": BOTH},
        ),
        Step(name="stop", do=(stop,), table={"ops": None, "pinged": None}),
    ),
)

CHECKS = (CHECKTYPES, CONNECT_AND_PING, REQUESTS, DNS, DATAGRAMS)
