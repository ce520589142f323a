"""The director's log: every event in ldirectord's words."""

import logging

from ldirpy.daemon import wording
from ldirpy.daemon.events import DirectorEvent, Judged, ServerMoved, ServiceMoved
from ldirpy.health import Change, Event

log = logging.getLogger("ldirpy")


def journal(event: DirectorEvent) -> None:
    """Write the lines of an event to the log, if it has any."""
    match event:
        case ServiceMoved(text=text) | ServerMoved(text=text):
            log.info("%s", text)
        case Judged():
            _judged(event)


def _judged(event: Judged) -> None:
    log.debug("Checked %s (%s): %s", event.real, event.virtual, event.message)
    # The reason has a line of its own, so that ldirectord's lines stay as they are to the letter.
    if event.event is Event.FAILED and event.change is not Change.NONE:
        log.info("%s", wording.reason_line(event.virtual, event.real, event.message))
    if line := wording.change_line(event.virtual, event.real, event.change, event.failures):
        log.info("%s", line)
