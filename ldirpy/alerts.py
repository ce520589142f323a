"""Alert mails: which are due, what they say, and when many become one. Pure; times are seconds.

1. A mail is due for each server of a virtual service with `emailalert` that the table gained, lost
   or changed, in the states of the daemon that `emailalertstatus` names.
2. While a real server stays down, "Inaccessible" is due every `emailalertfreq` seconds.
3. Up to ten alerts a minute for the same recipients are mails of their own; what is more is joined
   into one mail with all that came with it. A rack that dies is one piece of news, not two hundred.
"""

from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr

import attrs

from ldirpy.config.model import DirectorState, Virtual

MOST = 10  # mails to the same recipients in one window; more are joined
WINDOW = 60.0  # seconds after which the count starts anew
FIRST_WAIT = 2.0  # seconds that alerts are gathered for
LONGEST_WAIT = 16.0  # seconds: the wait doubles while alerts have to be joined, up to this


@attrs.frozen(kw_only=True)
class Route:
    """Who gets an alert, and by which way: what alerts must agree in to be joined."""

    recipients: tuple[str, ...]
    sender: str
    smtp: str | None = None


@attrs.frozen(kw_only=True)
class Alert:
    """One thing to be told by mail."""

    route: Route
    subject: str
    state: DirectorState
    host: str
    servicename: str | None = None
    comment: str | None = None

    @property
    def body(self) -> str:
        """The text in ldirectord's form."""
        lines = [
            f"ldirectord host: {self.host}",
            f"Log-Message: {self.subject}",
            f"Daemon-Status: {self.state.value}",
            "",
        ]
        if self.servicename:
            lines.append(f"Service name: {self.servicename}")
        if self.comment:
            lines.append(f"Comment: {self.comment}")
        return "\n".join(lines) + "\n"


def alert_for(
    virtual: Virtual, text: str, *, state: DirectorState, host: str, sender: str | None
) -> Alert | None:
    """The alert that an event of a virtual service asks for; None if nobody wants it."""
    if not virtual.emailalert or state not in virtual.emailalertstatus:
        return None
    route = Route(recipients=virtual.emailalert, sender=sender or f"root@{host}", smtp=virtual.smtp)
    return Alert(
        route=route,
        subject=f"[{virtual.servicename}] {text}" if virtual.servicename else text,
        state=state,
        host=host,
        servicename=virtual.servicename,
        comment=virtual.comment,
    )


def reminder_due(virtual: Virtual, *, last: float, now: float) -> bool:
    """Whether a real server that is down must be called to mind again."""
    return 0 < virtual.emailalertfreq <= now - last


def message(alerts: Sequence[Alert]) -> EmailMessage:
    """One mail for one alert or for several of the same route."""
    first = alerts[0]
    mail = EmailMessage()
    mail["From"] = first.route.sender
    mail["To"] = ", ".join(first.route.recipients)
    more = f" and {len(alerts) - 1} more" if len(alerts) > 1 else ""
    mail["Subject"] = one_line(first.subject) + more
    mail["Date"] = formatdate(localtime=True)
    mail["Message-ID"] = make_msgid("ldirpy", domain=first.host)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation answers
    mail.set_content(_text("\n".join(alert.body for alert in alerts)))
    return mail


def one_line(text: str) -> str:
    """Text for a header, in which a line end would begin another one."""
    return " ".join(_text(text).split())


def _text(text: str) -> str:
    """Text without the bytes that are no UTF-8, which a file may hold and a mail may not."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def envelope_sender(route: Route) -> str:
    """The bare address of the sender, to which what cannot be delivered returns."""
    return parseaddr(route.sender)[1] or route.sender


@attrs.define
class Gathering:
    """The alerts of one route that wait to be sent; `add` and `due` are told the time."""

    waiting: list[Alert] = attrs.field(factory=list)
    since: float = 0.0  # of the first that waits
    wait: float = FIRST_WAIT
    counted_from: float = float("-inf")
    sent: int = 0  # in the window that began at counted_from

    def add(self, alert: Alert, now: float) -> None:
        """Take an alert in."""
        if not self.waiting:
            self.since = now
        self.waiting.append(alert)

    @property
    def due_at(self) -> float:
        """When what waits is due."""
        return self.since + self.wait

    def due(self) -> list[list[Alert]]:
        """Take out what waits: the alerts of each mail to be sent now."""
        now = self.due_at
        if now - self.counted_from >= WINDOW:
            self.counted_from, self.sent, self.wait = now, 0, FIRST_WAIT
        alerts, self.waiting = self.waiting, []
        if self.sent + len(alerts) <= MOST:
            self.sent += len(alerts)
            return [[alert] for alert in alerts]
        self.wait = min(self.wait * 2, LONGEST_WAIT)
        self.sent = MOST
        return [alerts]
