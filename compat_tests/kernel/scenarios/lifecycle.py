"""Start, reload and stop: what the daemons do with the table that they find and leave."""

from ..scenario import Scenario, Step, by_hand, config, refuse, reload, serve, start, stop
from ..traffic import Virtual
from ..world import DR_VIP, FOREIGN_VIP, NAT_VIP

BEFORE = config("""
    checkinterval = 1
    negotiatetimeout = 3

    virtual = 172.16.0.100:80
        real = 10.0.0.11:80 masq 1
        real = 10.0.0.12:80 masq 1
        real = 10.0.0.13:80 masq 1
        fallback = 10.0.0.14:80 masq
        service = http
        request = "alive"
        receive = "alive"
        scheduler = wrr
""")

# Another scheduler, fallback and weight, a server less, and a second virtual service.
AFTER = config("""
    checkinterval = 1
    negotiatetimeout = 3

    virtual = 172.16.0.100:80
        real = 10.0.0.11:80 masq 3
        real = 10.0.0.13:80 masq 1
        fallback = 127.0.0.1:80
        service = http
        request = "alive"
        receive = "alive"
        scheduler = wlc
        persistent = 600

    virtual = 10.0.0.100:80
        real = 10.0.0.11 gate
        real = 10.0.0.12 gate
        service = http
        request = "alive"
        receive = "alive"
""")

WRONG = BEFORE.replace("scheduler = wrr", "persistent = for ever")

RELOAD = Scenario(
    name="reload",
    virtuals={"web": Virtual(NAT_VIP, 80), "new": Virtual(DR_VIP, 80)},
    steps=(
        Step(
            name="start",
            do=(start(BEFORE),),
            table={"web": {"rs1": 1, "rs2": 1, "rs3": 1}, "new": None},
        ),
        Step(
            name="a server removed, a weight changed",
            do=(
                reload(
                    BEFORE.replace("    real = 10.0.0.12:80 masq 1\n", "").replace(
                        "10.0.0.11:80 masq 1", "10.0.0.11:80 masq 4"
                    )
                ),
            ),
            table={"web": {"rs1": 4, "rs3": 1}, "new": None},
            logged=("Reloading Linux Director Daemon config on signal",),
        ),
        Step(
            name="the server added again",
            do=(reload(BEFORE),),
            table={"web": {"rs1": 1, "rs2": 1, "rs3": 1}, "new": None},
            # Most times Perl has it back.
            perl_tables=(
                {"web": {"rs1": 1, "rs2": 1, "rs3": 1}, "new": None},
                {"web": {"rs1": 1, "rs3": 1}, "new": None},
            ),
            deviation="readded-by-reload",
        ),
        Step(
            name="everything differs",
            do=(reload(AFTER),),
            table={"web": {"rs1": 3, "rs3": 1}, "new": {"rs1": 1, "rs2": 1}},
            sticky=("web",),
            unasked=("new",),
        ),
        Step(
            name="all die",
            do=(refuse("rs1", "rs2", "rs3"),),
            table={"web": {"director": 1}, "new": {}},
        ),
        Step(
            name="back to the first configuration while rs3 alone is well",
            do=(serve("rs3"), reload(BEFORE)),
            table={"web": {"rs3": 1}, "new": None},
        ),
        Step(name="stop", do=(stop,), table={"web": None, "new": None}),
    ),
)

RELOAD_WITH_ERROR = Scenario(
    name="reload-with-an-error",
    virtuals={"web": Virtual(NAT_VIP, 80)},
    steps=(
        Step(name="start", do=(start(BEFORE),), table={"web": {"rs1": 1, "rs2": 1, "rs3": 1}}),
        Step(
            name="a configuration with an error changes nothing",
            do=(reload(WRONG),),
            table={"web": {"rs1": 1, "rs2": 1, "rs3": 1}},
            rounds=2,
        ),
        Step(
            name="rs1 refuses",
            do=(refuse("rs1"),),
            table={"web": {"rs2": 1, "rs3": 1}},
            # Perl checks on after such a reload, and no longer changes the table.
            perl_tables=({"web": {"rs1": 1, "rs2": 1, "rs3": 1}},),
            rounds=2,
            deviation="a-reload-with-an-error",
        ),
        Step(
            name="the error is gone",
            do=(reload(BEFORE),),
            table={"web": {"rs2": 1, "rs3": 1}},
        ),
        Step(name="rs1 returns", do=(serve("rs1"),), table={"web": {"rs1": 1, "rs2": 1, "rs3": 1}}),
        Step(name="stop", do=(stop,), table={"web": None}),
    ),
)

KEEPING = config("""
    checkinterval = 1
    negotiatetimeout = 3
    cleanstop = no

    virtual = 10.0.0.100:80
        real = 10.0.0.11:80 gate 1
        real = 10.0.0.12:80 gate 2
        service = http
        request = "alive"
        receive = "alive"
        quiescent = yes

    virtual = 172.16.0.100:80
        real = 10.0.0.11:80 masq 1
        service = http
        request = "alive"
        receive = "alive"
        cleanstop = yes
""")

STOP_AND_START = Scenario(
    name="stop-without-cleanstop",
    virtuals={"kept": Virtual(DR_VIP, 80), "cleaned": Virtual(NAT_VIP, 80)},
    steps=(
        Step(
            name="start",
            do=(start(KEEPING),),
            table={"kept": {"rs1": 1, "rs2": 2}, "cleaned": {"rs1": 1}},
        ),
        Step(
            name="stop leaves the one virtual service, clients are served",
            do=(stop,),
            table={"kept": {"rs1": 1, "rs2": 2}, "cleaned": None},
        ),
        Step(
            name="start over the table while rs1 is dead",
            do=(refuse("rs1"), start(KEEPING)),
            table={"kept": {"rs1": 0, "rs2": 2}, "cleaned": {}},
        ),
        Step(
            name="rs1 returns",
            do=(serve("rs1"),),
            table={"kept": {"rs1": 1, "rs2": 2}, "cleaned": {"rs1": 1}},
        ),
        Step(
            name="stop again",
            do=(stop,),
            table={"kept": {"rs1": 1, "rs2": 2}, "cleaned": None},
        ),
        Step(
            name="start with cleanstop and stop",
            do=(start(KEEPING.replace("cleanstop = no", "cleanstop = yes")),),
            table={"kept": {"rs1": 1, "rs2": 2}, "cleaned": {"rs1": 1}},
        ),
        Step(name="stop cleans", do=(stop,), table={"kept": None, "cleaned": None}),
    ),
)

TAKEOVER_CONFIG = config("""
    checkinterval = 1
    negotiatetimeout = 3

    virtual = 172.16.0.100:80
        real = 10.0.0.11:80 masq 1
        real = 10.0.0.12:80 masq 1
        service = http
        request = "alive"
        receive = "alive"
""")

TAKEOVER = Scenario(
    name="takeover",
    virtuals={"web": Virtual(NAT_VIP, 80), "foreign": Virtual(FOREIGN_VIP, 80)},
    steps=(
        Step(
            name="what another daemon or an operator left",
            do=(
                by_hand("-A -t 172.16.0.100:80 -s rr"),
                by_hand("-a -t 172.16.0.100:80 -r 10.0.0.11:80 -m -w 1"),
                by_hand("-a -t 172.16.0.100:80 -r 10.0.0.12:80 -m -w 0"),
                by_hand("-a -t 172.16.0.100:80 -r 10.0.0.13:80 -m -w 5"),
                by_hand("-A -t 172.16.0.200:80 -s rr"),
                by_hand("-a -t 172.16.0.200:80 -r 10.0.0.13:80 -m -w 2"),
            ),
            table={"web": {"rs1": 1, "rs2": 0, "rs3": 5}, "foreign": {"rs3": 2}},
        ),
        Step(
            name="start: the foreign real server goes, the foreign virtual service stays",
            do=(start(TAKEOVER_CONFIG),),
            table={"web": {"rs1": 1, "rs2": 1}, "foreign": {"rs3": 2}},
        ),
        Step(
            name="rs1 refuses",
            do=(refuse("rs1"),),
            table={"web": {"rs2": 1}, "foreign": {"rs3": 2}},
        ),
        Step(
            name="a foreign real server is left alone while the daemon runs",
            do=(by_hand("-a -t 172.16.0.100:80 -r 10.0.0.13:80 -m -w 5"),),
            table={"web": {"rs2": 1, "rs3": 5}, "foreign": {"rs3": 2}},
            rounds=2,
        ),
        Step(
            name="a reload removes it",
            do=(reload(TAKEOVER_CONFIG),),
            table={"web": {"rs2": 1}, "foreign": {"rs3": 2}},
        ),
        Step(name="stop", do=(stop,), table={"web": None, "foreign": {"rs3": 2}}),
    ),
)

LIFECYCLE = (RELOAD, RELOAD_WITH_ERROR, STOP_AND_START, TAKEOVER)
