"""`ldirpy probe FILE [VIP[:PORT] [RIP[:PORT]]]`: check what FILE says, once, without touching IPVS.

Exit codes: 0 all up, 1 some down, 2 no configuration that could be checked. What checktype=off
excludes is neither up nor down.
"""

import asyncio
import json
import sys
from collections.abc import Sequence

import attrs

from ldirpy.checkers.base import CheckResult
from ldirpy.commands.usage import Parser
from ldirpy.config.model import Config, Real, Virtual
from ldirpy.errors import NoVerdict

SOME_DOWN = 1
NOTHING_TO_CHECK = 2


def run(words: Sequence[str]) -> int:
    """Check once and print a table, or JSON."""
    parser = Parser(
        prog="ldirpy probe",
        description="Run the checks of a configuration once, in parallel, and tell the results. "
        "IPVS is not touched. Exit code: 0 all up, 1 some down, 2 a configuration error.",
    )
    parser.add_argument("file", metavar="FILE", help="the ldirectord.cf")
    parser.add_argument(
        "vip", metavar="VIP[:PORT]", nargs="?", help="only this virtual service; or a firewall mark"
    )
    parser.add_argument("rip", metavar="RIP[:PORT]", nargs="?", help="only this real server")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_intermixed_args(words)

    from ldirpy.assignments import assign
    from ldirpy.commands.progress import Progress
    from ldirpy.config.load import load
    from ldirpy.daemon.foreground import allow_many_sockets
    from ldirpy.probe import probe_all

    try:
        config = chosen(load(options.file), options.vip, options.rip)
    except (OSError, LookupError) as error:
        reason = error.strerror if isinstance(error, OSError) else error.args[0]
        print(f"{options.file}: {reason}", file=sys.stderr)
        return NOTHING_TO_CHECK
    assignments = assign(config)
    allow_many_sockets()
    with Progress(sum(map(len, assignments.seats.values())), sys.stderr) as progress:
        found = asyncio.run(probe_all(assignments.seats, progress.note))
    lines = [
        Line.of(virtual, real, found.get((key, real)))
        for key, virtual in assignments.virtuals.items()
        for real in dict.fromkeys(virtual.reals)
    ]
    print(as_json(lines) if options.json else as_table(lines))
    return SOME_DOWN if any(line.state != "up" and line.checked for line in lines) else 0


def chosen(config: Config, vip: str | None, rip: str | None) -> Config:
    """The part of `config` that the words on the command line name.

    Raises LookupError, with what there is, if that is nothing.
    """
    if vip is None:
        return config
    virtuals = [one for one in config.virtuals if vip in names_of(one)]
    if not virtuals:
        known = ", ".join(dict.fromkeys(map(str, config.virtuals))) or "none"
        raise LookupError(f"no virtual service {vip}; there are {known}")
    if rip is not None:
        known = ", ".join(dict.fromkeys(str(real) for one in virtuals for real in one.reals))
        virtuals = [
            attrs.evolve(one, reals=[real for real in one.reals if rip in names_of(real)])
            for one in virtuals
        ]
        virtuals = [one for one in virtuals if one.reals]
        if not virtuals:
            raise LookupError(f"no real server {rip} in {vip}; there are {known or 'none'}")
    return attrs.evolve(config, virtuals=virtuals)


def names_of(place: Virtual | Real) -> set[str]:
    """How a virtual service or real server can be named: with its port, and without."""
    return {str(place), str(place.address), f"[{place.address}]"}


@attrs.frozen(kw_only=True)
class Line:
    """One real server in one virtual service, as it is told."""

    virtual: str
    protocol: str
    real: str
    state: str  # up, down; off: not checked; unknown: this machine could not check
    seconds: float
    message: str

    @classmethod
    def of(cls, virtual: Virtual, real: Real, found: CheckResult | NoVerdict | None) -> "Line":
        """The line of a result; None is what is not checked."""
        if found is None:
            state, seconds, message = "off", 0.0, "not checked: checktype=off"
        elif isinstance(found, NoVerdict):
            state, seconds, message = "unknown", 0.0, f"check not possible: {found}"
        else:
            state, seconds, message = "up" if found.up else "down", found.seconds, found.message
        return cls(
            virtual=str(virtual),
            protocol=virtual.protocol.value,
            real=str(real),
            state=state,
            seconds=round(seconds, 6),
            message=message,
        )

    @property
    def checked(self) -> bool:
        """Whether it was to be checked at all."""
        return self.state != "off"


def as_json(lines: Sequence[Line]) -> str:
    """One object with a list of all results."""
    results = [attrs.asdict(line) for line in lines]
    return json.dumps({"results": results, **counts(lines)}, indent=2, ensure_ascii=False)


def as_table(lines: Sequence[Line]) -> str:
    """Columns, and a last line with the sum."""
    rows = [("VIRTUAL", "REAL", "STATE", "MS", "MESSAGE")]
    rows += [
        (
            f"{line.protocol} {line.virtual}",
            line.real,
            line.state,
            f"{line.seconds * 1000:.1f}" if line.checked else "-",
            line.message,
        )
        for line in lines
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    shown = [
        f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:<{widths[2]}}  "
        f"{row[3]:>{widths[3]}}  {row[4]}"
        for row in rows
    ]
    total = ", ".join(f"{number} {state}" for state, number in counts(lines).items() if number)
    return "\n".join([*shown, f"{len(lines)} real servers: {total or 'none'}"])


def counts(lines: Sequence[Line]) -> dict[str, int]:
    """How many real servers are in each state."""
    states = [line.state for line in lines]
    return {state: states.count(state) for state in ("up", "down", "unknown", "off")}
