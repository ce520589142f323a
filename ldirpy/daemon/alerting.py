"""The alert mails of a running director: a listener, and the queue behind it.

No check and no change of the table waits for a mail. A mail that is not taken is tried again a few
times; at the end of the daemon what waits gets one more chance, within a bound.
"""

import asyncio
import contextlib
import logging
import os
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from ldirpy.alerts import (
    Alert,
    Gathering,
    Route,
    alert_for,
    envelope_sender,
    message,
    reminder_due,
)
from ldirpy.config.model import DirectorState, Real, Virtual
from ldirpy.daemon import wording
from ldirpy.daemon.events import Adopted, DirectorEvent, Judged, ServerMoved, StateChanged
from ldirpy.daemon.threads import in_thread
from ldirpy.desired import service_id
from ldirpy.errors import MailError
from ldirpy.health import Change, Event
from ldirpy.ipvs.model import ServiceId
from ldirpy.mail import deliver

log = logging.getLogger("ldirpy")

BACK_OFF = (10.0, 60.0, 300.0)  # seconds before each further try
MAX_MAILS = 200  # mails that wait for a server that does not answer; later ones are dropped
SEND_TIMEOUT = 60.0  # seconds for one try: a server may answer each command late, and never end
CLOSE_TIMEOUT = 5.0  # seconds that the end of the daemon waits for mails

Send = Callable[[Sequence[Alert]], Coroutine[Any, Any, None]]


async def send(alerts: Sequence[Alert]) -> None:
    """Hand over the mail of some alerts, in a thread; raises MailError."""
    route = alerts[0].route
    try:
        mail = message(alerts)
        async with asyncio.timeout(SEND_TIMEOUT):
            await in_thread(
                lambda: deliver(
                    mail,
                    sender=envelope_sender(route),
                    recipients=route.recipients,
                    smtp=route.smtp,
                )
            )
    except TimeoutError:
        raise MailError(f"not taken in {SEND_TIMEOUT:g} s") from None
    except ValueError as error:  # an address that no mail can have
        raise MailError(f"{', '.join(route.recipients)}: {error}") from error


class Alerts:
    """A listener that finds the alerts that are due and gives them to a Mailer."""

    def __init__(self, mailer: "Mailer", host: str | None = None) -> None:
        self._mailer = mailer
        self._host = host or os.environ.get("HOSTNAME") or os.uname().nodename
        self._sender: str | None = None
        self._state = DirectorState.STARTING
        # Since when nobody has been told that these are down.
        self._down: dict[tuple[ServiceId, Real], float] = {}

    def __call__(self, event: DirectorEvent) -> None:
        match event:
            case StateChanged(state):
                self._state = state
            case Adopted(config):
                self._sender = config.emailalertfrom
                keys = {(service_id(v), real) for v in config.virtuals for real in v.reals}
                self._down = {key: since for key, since in self._down.items() if key in keys}
            case ServerMoved(virtual=virtual, text=text):
                # The log tells apart a quiesced server that was put back; the mails of Perl do not.
                self._alert(virtual, text.removeprefix("Readd "))
            case Judged():
                self._judged(event)

    def _judged(self, event: Judged) -> None:
        key = (service_id(event.virtual), event.real)
        now = asyncio.get_running_loop().time()
        if event.event is Event.PASSED:
            self._down.pop(key, None)
        elif event.change is not Change.SOFT_FAILURE and event.virtual.emailalertfreq:
            last = self._down.setdefault(key, now)
            if reminder_due(event.virtual, last=last, now=now):
                self._down[key] = now
                self._alert(event.virtual, wording.inaccessible(event.virtual, event.real))

    def _alert(self, virtual: Virtual, text: str) -> None:
        alert = alert_for(virtual, text, state=self._state, host=self._host, sender=self._sender)
        if alert is not None:
            log.info("emailalert: %s", text)
            self._mailer.add(alert)


class Mailer:
    """Gathers alerts and sends them; `send` hands over one mail, or raises MailError."""

    def __init__(self, send: Send = send) -> None:
        self._send = send
        self._gatherings: dict[Route, Gathering] = {}
        self._timers: dict[Route, asyncio.TimerHandle] = {}
        # One mail at a time on each route, so that they arrive in the order of what happened.
        self._turns: defaultdict[Route, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._mails: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    def add(self, alert: Alert) -> None:
        """Take an alert; it is sent a little later, with others of the same moment."""
        loop = asyncio.get_running_loop()
        gathering = self._gatherings.setdefault(alert.route, Gathering())
        gathering.add(alert, loop.time())
        if alert.route not in self._timers:
            self._timers[alert.route] = loop.call_at(gathering.due_at, self._flush, alert.route)

    async def close(self) -> None:
        """Send what waits, one try for each mail, within a bound."""
        self._closing.set()
        for route, timer in list(self._timers.items()):
            timer.cancel()
            self._flush(route)
        if self._mails:
            _, late = await asyncio.wait(self._mails, timeout=CLOSE_TIMEOUT)
            if late:
                log.error("%d alert mails were not sent: no answer in time", len(late))
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _flush(self, route: Route) -> None:
        self._timers.pop(route, None)
        for alerts in self._gatherings[route].due():
            if len(self._mails) >= MAX_MAILS:
                log.error("Alert mail dropped, too many wait: %s", alerts[0].subject)
                continue
            task = asyncio.get_running_loop().create_task(self._mail(alerts))
            self._mails.add(task)
            task.add_done_callback(self._mails.discard)

    async def _mail(self, alerts: Sequence[Alert]) -> None:
        for pause in (*BACK_OFF, None):
            try:
                async with self._turns[alerts[0].route]:
                    await self._send(alerts)
                return
            except MailError as error:
                log.error("Alert mail not sent: %s", error)
                if error.partly or pause is None or self._closing.is_set():
                    return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._closing.wait()
