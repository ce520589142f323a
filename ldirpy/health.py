"""Is a real server up? The rules that turn verdicts of checks into changes, without any I/O.

1. A real server is up or down for each virtual service that has it; each keeps its own count of
   failures in a row, so a server in two virtual services is not counted twice.
2. One success brings it up and forgets all failures (ldirectord(8), "failurecount").
3. It goes down only when `failurecount` checks in a row have failed; while it is down, further
   failures change nothing.
4. Being taken out for maintenance needs no failures: it is down at once.
5. At start and reload a server that the kernel serves with a weight above 0 is up, every other one
   is down until a check passes: nobody is cut off before there is a verdict.
"""

import enum

import attrs


class Phase(enum.Enum):
    """What a real server is for one virtual service."""

    UP = "up"
    DOWN = "down"


class Event(enum.Enum):
    """What happened to a real server."""

    PASSED = "passed"
    FAILED = "failed"
    MAINTENANCE = "maintenance"


class Change(enum.Enum):
    """What an event did; only WENT_UP and WENT_DOWN touch the kernel's table."""

    NONE = "none"
    WENT_UP = "went up"
    WENT_DOWN = "went down"
    SOFT_FAILURE = "soft failure"
    SOFT_FAILURES_RESET = "soft failures reset"


@attrs.frozen
class Health:
    """The state of one real server in one virtual service. `failures` counts those in a row."""

    phase: Phase
    failures: int = 0

    @property
    def up(self) -> bool:
        return self.phase is Phase.UP

    @classmethod
    def seeded(cls, weight: int | None, *, drained: bool = False) -> "Health":
        """The state at start, from the weight found in the kernel (None: not in its table).

        With `drained` a weight of 0 was set by hand, on a server that is up.
        """
        return cls(Phase.UP if weight or (weight == 0 and drained) else Phase.DOWN)


def step(health: Health, event: Event, *, failurecount: int) -> tuple[Health, Change]:
    """The state after an event, and what the event amounts to."""
    match health.phase, event:
        case Phase.UP, Event.PASSED if health.failures:
            return Health(Phase.UP), Change.SOFT_FAILURES_RESET
        case Phase.UP, Event.FAILED if health.failures + 1 < failurecount:
            return Health(Phase.UP, health.failures + 1), Change.SOFT_FAILURE
        case Phase.UP, Event.FAILED | Event.MAINTENANCE:
            return Health(Phase.DOWN), Change.WENT_DOWN
        case Phase.DOWN, Event.PASSED:
            return Health(Phase.UP), Change.WENT_UP
    return health, Change.NONE


@attrs.frozen
class Turn:
    """Whose turn it is with checktype=N: 0 connects left means negotiate.

    After a negotiate check that passed come N connects, then the next negotiate check; after a
    failed check of either kind the next one negotiates.
    """

    connects_left: int = 0

    @property
    def negotiate(self) -> bool:
        return self.connects_left == 0

    def after(self, passed: bool, *, every: int) -> "Turn":
        """The turn that follows a check of this one."""
        if not passed:
            return Turn(0)
        return Turn(every if self.negotiate else self.connects_left - 1)
