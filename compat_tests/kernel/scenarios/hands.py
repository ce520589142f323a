"""What an operator does by hand with ipvsadm while the daemon runs."""

from ..scenario import Scenario, Step, by_hand, config, refuse, reload, serve, start, stop
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

    virtual = 10.0.0.100:80
        real = 10.0.0.11:80 gate
        real = 10.0.0.12:80 gate
        service = http
        request = "alive"
        receive = "alive"
""")
READDING = QUIESCING.replace("readdquiescent = no", "readdquiescent = yes")


def readdquiescent(name: str, text: str) -> Scenario:
    """A quiesced server is removed by hand, and the configuration is read again."""
    return Scenario(
        name=name,
        virtuals={"web": Virtual(DR_VIP, 80)},
        steps=(
            Step(name="start", do=(start(text),), table={"web": {"rs1": 1, "rs2": 1}}),
            Step(name="rs1 refuses", do=(refuse("rs1"),), table={"web": {"rs1": 0, "rs2": 1}}),
            Step(
                name="removed by hand it stays away",
                do=(by_hand("-d -t 10.0.0.100:80 -r 10.0.0.11:80"),),
                table={"web": {"rs2": 1}},
                rounds=3,
            ),
            Step(
                name="a reload puts it back",
                do=(reload(text),),
                table={"web": {"rs1": 0, "rs2": 1}},
            ),
            Step(name="rs1 returns", do=(serve("rs1"),), table={"web": {"rs1": 1, "rs2": 1}}),
            Step(name="stop", do=(stop,), table={"web": None}),
        ),
    )


HANDS = (
    WEIGHT_BY_HAND,
    readdquiescent("readdquiescent-no", QUIESCING),
    readdquiescent("readdquiescent-yes", READDING),
)
