"""Who is to be checked, and how often, for a whole configuration.

Real servers of several virtual services whose checks are equal share one probe, which is run once
for all of them.
"""

import re
from collections.abc import Mapping

import attrs

from ldirpy.checkers.registry import Probe, probe_for
from ldirpy.config.model import Config, Real, Virtual
from ldirpy.desired import service_id, service_of
from ldirpy.errors import ConfigError, Problem
from ldirpy.ipvs.model import ServiceId


@attrs.frozen(cache_hash=True)  # looked up for every server of a service at each change
class Seat:
    """A real server's place in one virtual service: what a verdict is about."""

    service: ServiceId
    real: Real


@attrs.frozen(kw_only=True)
class Assignments:
    """The virtual services by their kernel key, and the seats that each probe decides on."""

    virtuals: Mapping[ServiceId, Virtual]
    seats: Mapping[Probe, tuple[Seat, ...]]


def assign(config: Config) -> Assignments:
    """Find a probe for each real server.

    Raises ConfigError, with all that is wrong, for what ldirpy cannot check or IPVS cannot do.
    """
    problems: list[Problem] = []
    virtuals: dict[ServiceId, Virtual] = {}
    seats: dict[Probe, list[Seat]] = {}
    for virtual in config.virtuals:
        key = service_id(virtual)
        virtuals[key] = virtual
        try:
            service_of(virtual)
        except ValueError as error:
            problems.append(_problem(config, virtual, None, error))
        for real in dict.fromkeys(virtual.reals):
            try:
                probe = probe_for(virtual, real)
            except ValueError as error:
                problems.append(_problem(config, virtual, real, error))
                continue
            if probe is not None:
                seats.setdefault(probe, []).append(Seat(key, real))
    if problems:
        # A fault of the virtual service is found again for each of its real servers: say it once.
        raise ConfigError(
            list({problem.message: problem for problem in reversed(problems)}.values())[::-1]
        )
    return Assignments(
        virtuals=virtuals, seats={probe: tuple(places) for probe, places in seats.items()}
    )


def verify(config: Config) -> None:
    """Raise ConfigError as `assign` would, without a probe for each real server.

    What is refused is a setting. One real server stands for those of its virtual service that
    differ in nothing else than address, port, weight and the like.
    """
    assign(attrs.evolve(config, virtuals=[_representatives(one) for one in config.virtuals]))


def _representatives(virtual: Virtual) -> Virtual:
    kinds: dict[object, Real] = {}
    for real in virtual.reals:
        kinds.setdefault((real.request, real.receive, real.port == 0), real)
    return attrs.evolve(virtual, reals=tuple(kinds.values()))


def _problem(config: Config, virtual: Virtual, real: Real | None, error: ValueError) -> Problem:
    """The error at the line of the directive that it names, as `service=` or the like."""
    line = (real.line if real else 0) or virtual.line
    for name in re.findall(r"\b([a-z]\w*)=", str(error)):
        own = name in ("request", "receive") and real and getattr(real, name) is not None
        if not own and name in virtual.places:
            line = virtual.places[name]
            break
    return Problem(path=config.path, line=line, message=str(error))
