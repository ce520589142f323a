"""What the director tells those who listen: the log, the monitor files, the alerts, the hooks.

A listener is called in the director's task, so it must not wait: what takes time (a mail, a
program, a file) it hands on. Each event carries what it takes to judge it, so that listeners share
no state.
"""

import logging
from collections.abc import Callable

import attrs

from ldirpy.config.model import Config, DirectorState, Real, Virtual
from ldirpy.health import Change, Event

log = logging.getLogger("ldirpy")


@attrs.frozen
class Adopted:
    """From now on this configuration is in force; its virtual services are about to be settled."""

    config: Config


@attrs.frozen
class StateChanged:
    """The daemon itself goes on to another state; what follows happens in it."""

    state: DirectorState


@attrs.frozen(kw_only=True)
class Judged:
    """What a check, or maintenance in its place, meant for a real server of a virtual service.

    `failures` are those in a row, this one included.
    """

    virtual: Virtual
    real: Real
    event: Event
    message: str
    change: Change
    failures: int


@attrs.frozen(kw_only=True)
class ServiceMoved:
    """The entry of a virtual service was added, edited or removed; `text` is the log's."""

    virtual: Virtual
    text: str


@attrs.frozen(kw_only=True)
class ServerMoved:
    """The same of a real server or a fallback in it."""

    virtual: Virtual
    text: str


@attrs.frozen(kw_only=True)
class Standing:
    """Whether any real server of a virtual service is up, now that the table says so too."""

    virtual: Virtual
    up: bool


DirectorEvent = Adopted | StateChanged | Judged | ServiceMoved | ServerMoved | Standing
Listener = Callable[[DirectorEvent], None]


class Audience:
    """All who listen; a fault in one keeps neither the others nor the director from their work."""

    def __init__(self, listeners: tuple[Listener, ...]) -> None:
        self._listeners = listeners

    def __call__(self, event: DirectorEvent) -> None:
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                log.exception("Fault in %s", getattr(listener, "__qualname__", listener))
