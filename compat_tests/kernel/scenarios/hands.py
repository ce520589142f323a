"""What an operator does by hand with ipvsadm while the daemon runs."""

from collections.abc import Mapping

from ..scenario import (
    Scenario,
    Step,
    Weights,
    by_hand,
    config,
    put_in_maintenance,
    refuse,
    reload,
    serve,
    start,
    stop,
)
from ..traffic import Virtual
from ..world import DR_VIP, NAT_VIP

DRAIN = config("""
    checkinterval = 1
    negotiatetimeout = 3

    virtual = 172.16.0.100:80
        real = 10.0.0.11:80 masq 2
        real = 10.0.0.12:80 masq 2
        service = http
        request = "alive"
        receive = "alive"
""")

WEIGHT_BY_HAND = Scenario(
    name="weight-by-hand",
    virtuals={"web": Virtual(NAT_VIP, 80)},
    steps=(
        Step(name="start", do=(start(DRAIN),), table={"web": {"rs1": 2, "rs2": 2}}),
        Step(
            name="an operator drains rs1, the daemon leaves it so",
            do=(by_hand("-e -t 172.16.0.100:80 -r 10.0.0.11:80 -m -w 0"),),
            table={"web": {"rs1": 0, "rs2": 2}},
            rounds=4,
        ),
        Step(name="rs1 refuses", do=(refuse("rs1"),), table={"web": {"rs2": 2}}),
        Step(
            name="back with the configured weight",
            do=(serve("rs1"),),
            table={"web": {"rs1": 2, "rs2": 2}},
        ),
        Step(
            name="another weight by hand, and another server's state changes",
            do=(
                by_hand("-e -t 172.16.0.100:80 -r 10.0.0.12:80 -m -w 9"),
                refuse("rs1"),
            ),
            table={"web": {"rs2": 9}},
        ),
        Step(
            name="a reload sets the configured weight",
            do=(serve("rs1"), reload(DRAIN)),
            table={"web": {"rs1": 2, "rs2": 2}},
        ),
        Step(
            name="a server removed by hand stays away while it is well",
            do=(by_hand("-d -t 172.16.0.100:80 -r 10.0.0.11:80"),),
            table={"web": {"rs2": 2}},
            rounds=3,
        ),
        Step(
            name="until a reload",
            do=(reload(DRAIN),),
            table={"web": {"rs1": 2, "rs2": 2}},
        ),
        Step(name="stop", do=(stop,), table={"web": None}),
    ),
)

QUIESCING = config("""
    checkinterval = 1
    negotiatetimeout = 3
    quiescent = yes
    readdquiescent = no
    maintenancedir = @DIRECTORY@/maintenance

    virtual = 10.0.0.100:80
        real = 10.0.0.11:80 gate
        real = 10.0.0.12:80 gate
        service = http
        request = "alive"
        receive = "alive"
""")
READDING = QUIESCING.replace("readdquiescent = no", "readdquiescent = yes")


AWAY = {"web": {"rs2": 1}}
QUIESCED = {"web": {"rs1": 0, "rs2": 1}}
WELL = {"web": {"rs1": 1, "rs2": 1}}


def readdquiescent(name: str, text: str, *, in_maintenance: Mapping[str, Weights]) -> Scenario:
    """A quiesced server is removed by hand: while it is dead, and while it is in maintenance."""
    remove = by_hand("-d -t 10.0.0.100:80 -r 10.0.0.11:80")
    return Scenario(
        name=name,
        virtuals={"web": Virtual(DR_VIP, 80)},
        steps=(
            # The directory has to be there.
            Step(name="start", do=(put_in_maintenance("nobody"), start(text)), table=WELL),
            Step(name="rs1 refuses", do=(refuse("rs1"),), table=QUIESCED),
            Step(name="removed by hand it stays away", do=(remove,), table=AWAY, rounds=3),
            Step(name="a reload puts it back", do=(reload(text),), table=QUIESCED),
            Step(name="rs1 returns", do=(serve("rs1"),), table=WELL),
            Step(name="maintenance", do=(put_in_maintenance("10.0.0.11"),), table=QUIESCED),
            Step(
                name="removed by hand while in maintenance",
                do=(remove,),
                table=in_maintenance,
                rounds=3,
            ),
            Step(
                name="end of maintenance",
                do=(put_in_maintenance("10.0.0.11", False),),
                table=WELL,
            ),
            Step(name="stop", do=(stop,), table={"web": None}),
        ),
    )


HANDS = (
    WEIGHT_BY_HAND,
    readdquiescent("readdquiescent-no", QUIESCING, in_maintenance=AWAY),
    readdquiescent("readdquiescent-yes", READDING, in_maintenance=QUIESCED),
)
