"""A day in the life of a director: what both daemons log of it, text by text."""

from ..scenario import (
    Scenario,
    Step,
    break_page,
    config,
    fail_next,
    put_in_maintenance,
    reload,
    serve_scripted,
    start,
    stop,
)
from ..traffic import Virtual
from ..world import DR_VIP, NAT_VIP

MORNING = config("""
    checkinterval = 1
    negotiatetimeout = 10
    quiescent = no
    supervised = yes
    maintenancedir = @DIRECTORY@/maintenance

    virtual = 172.16.0.100:80
        real = 10.0.0.11:80 masq 1
        real = 10.0.0.12:80 masq 2
        fallback = 10.0.0.14:80 masq
        service = http
        checkport = 8090
        request = "alive"
        receive = "alive"
        failurecount = 2

    virtual = 10.0.0.100:80
        real = 10.0.0.11:80 gate 1
        real = 10.0.0.12:80 gate 1
        real = 10.0.0.13:80 gate 3
        service = http
        checkport = 8080
        request = "alive"
        receive = "alive"
        quiescent = yes
""")

# A weight changed, a server removed.
EVENING = MORNING.replace("10.0.0.11:80 masq 1", "10.0.0.11:80 masq 4").replace(
    "    real = 10.0.0.13:80 gate 3\n", ""
)

WEB = {"rs1": 1, "rs2": 2}
QUIESCENT = {"rs1": 1, "rs2": 1, "rs3": 3}
ALL = {"web": WEB, "quiescent": QUIESCENT}
FOR_EVER = 10**9

DAY = Scenario(
    name="day",
    virtuals={"web": Virtual(NAT_VIP, 80), "quiescent": Virtual(DR_VIP, 80)},
    steps=(
        Step(
            name="start",
            do=(
                serve_scripted("rs1", "rs2"),
                # the directory has to be there
                put_in_maintenance("nobody"),
                start(MORNING),
            ),
            table=ALL,
            rounds=3,
            # Perl adds all servers, takes them out and adds them: no-churn-at-start
            log="",
        ),
        Step(
            name="a soft failure",
            do=(fail_next("rs1", 1),),
            table=ALL,
            rounds=3,
            logged=("Soft failure real server", "Resetting soft failure count"),
            log="all",
        ),
        Step(
            name="rs1 fails for one virtual service",
            do=(fail_next("rs1", FOR_EVER),),
            table={"web": {"rs2": 2}, "quiescent": QUIESCENT},
            rounds=3,
            logged=("Soft failure real server", "Deleted real server"),
            log="all",
        ),
        Step(
            name="and for the other",
            do=(break_page("rs1"),),
            table={"web": {"rs2": 2}, "quiescent": {"rs1": 0, "rs2": 1, "rs3": 3}},
            rounds=3,
            log="all",
        ),
        Step(
            name="the last one fails",
            do=(fail_next("rs2", FOR_EVER),),
            table={"web": {"sorry": 1}, "quiescent": {"rs1": 0, "rs2": 1, "rs3": 3}},
            rounds=3,
            logged=("Added fallback server",),
            log="all",
        ),
        Step(
            name="all return",
            do=(fail_next("rs1", 0), fail_next("rs2", 0), break_page("rs1", False)),
            table=ALL,
            rounds=3,
            logged=("Deleted fallback server", "Restored real server"),
            log="all",
        ),
        Step(
            name="maintenance",
            do=(put_in_maintenance("10.0.0.11:80"),),
            table={"web": {"rs2": 2}, "quiescent": {"rs1": 0, "rs2": 1, "rs3": 3}},
            rounds=3,
            log="all",
        ),
        Step(
            name="end of maintenance",
            do=(put_in_maintenance("10.0.0.11:80", False),),
            table=ALL,
            rounds=3,
            log="all",
        ),
        Step(
            name="reload",
            do=(reload(EVENING),),
            table={"web": {"rs1": 4, "rs2": 2}, "quiescent": {"rs1": 1, "rs2": 1}},
            rounds=3,
            logged=("Reloading Linux Director Daemon config on signal",),
            log="all",
        ),
        Step(
            name="stop",
            do=(stop,),
            table={"web": None, "quiescent": None},
            log="all",
        ),
    ),
)

DAYS = (DAY,)
