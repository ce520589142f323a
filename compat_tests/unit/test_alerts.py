"""Which alert mails are due, what they say, and when they are joined."""

from email.utils import parseaddr
from ipaddress import ip_address

import attrs
import pytest

from ldirpy.alerts import (
    MOST,
    Alert,
    Gathering,
    Route,
    alert_for,
    envelope_sender,
    message,
    reminder_due,
)
from ldirpy.config.model import DirectorState, Virtual

RUNNING = DirectorState.RUNNING
WEB = Virtual(
    address=ip_address("198.51.100.1"),
    port=80,
    emailalert=["a@example.com", "b@example.com"],
    servicename="web",
    comment="ring Ada",
)
TEXT = "Deleted real server: 192.0.2.1:80 (198.51.100.1:80)"


def alert(virtual: Virtual = WEB, text: str = TEXT, sender: str | None = None) -> Alert:
    found = alert_for(virtual, text, state=RUNNING, host="lb1", sender=sender)
    assert found is not None
    return found


def test_the_mail() -> None:
    """Subject and body are ldirectord's, to the letter."""
    mail = message([alert()])

    assert mail["Subject"] == f"[web] {TEXT}"
    assert mail["To"] == "a@example.com, b@example.com"
    assert mail["From"] == "root@lb1"
    assert mail["Date"]
    assert mail["Message-ID"].endswith("@lb1>")
    assert mail.get_content() == (
        f"ldirectord host: lb1\nLog-Message: [web] {TEXT}\nDaemon-Status: running\n\n"
        "Service name: web\nComment: ring Ada\n"
    )


def test_without_name_and_comment() -> None:
    """What is not set is not there."""
    mail = message([alert(attrs.evolve(WEB, servicename=None, comment=None))])

    assert mail["Subject"] == TEXT
    assert mail.get_content() == (
        f"ldirectord host: lb1\nLog-Message: {TEXT}\nDaemon-Status: running\n\n"
    )


def test_the_sender() -> None:
    """emailalertfrom is the From header, and its address is the envelope's."""
    sent = alert(sender='"ldirectord Alerts" <alerts@example.com>')

    assert parseaddr(message([sent])["From"]) == ("ldirectord Alerts", "alerts@example.com")
    assert envelope_sender(sent.route) == "alerts@example.com"


def test_no_line_end_gets_into_a_header() -> None:
    """A name with a line end or with bytes that are no text still makes one header."""
    mail = message(
        [alert(attrs.evolve(WEB, servicename="a\nBcc: x@example.com", comment="\udcff"))]
    )

    assert mail["Bcc"] is None
    assert mail["Subject"] == f"[a Bcc: x@example.com] {TEXT}"
    assert b"Comment:" in mail.as_bytes()


@pytest.mark.parametrize("state", DirectorState)
def test_only_in_the_states_that_are_named(state: DirectorState) -> None:
    """emailalertstatus decides, in each state of the daemon."""
    wanted = {DirectorState.RUNNING, DirectorState.STOPPING}
    virtual = attrs.evolve(WEB, emailalertstatus=frozenset(wanted))

    found = alert_for(virtual, TEXT, state=state, host="lb1", sender=None)

    assert (found is not None) == (state in wanted)


def test_nobody_to_tell() -> None:
    """Without emailalert there is no alert."""
    virtual = attrs.evolve(WEB, emailalert=())
    assert alert_for(virtual, TEXT, state=RUNNING, host="lb1", sender=None) is None


def test_reminders() -> None:
    """One is due emailalertfreq seconds after the last, never without it."""
    often = attrs.evolve(WEB, emailalertfreq=60)
    assert not reminder_due(often, last=0.0, now=59.0)
    assert reminder_due(often, last=0.0, now=60.0)
    assert not reminder_due(WEB, last=0.0, now=1e9)


ROUTE = Route(recipients=("a@example.com",), sender="root@lb1")


def mails(times: list[float]) -> list[int]:
    """How many alerts each mail has, for alerts that come at these times."""
    gathering, sent = Gathering(), []
    for time in times:
        while gathering.waiting and gathering.due_at <= time:
            sent += [len(mail) for mail in gathering.due()]
        gathering.add(attrs.evolve(alert(), route=ROUTE), time)
    sent += [len(mail) for mail in gathering.due()]
    return sent


def test_ten_are_ten_mails() -> None:
    """Up to ten alerts of one moment are mails of their own."""
    assert mails([0.0] * MOST) == [1] * MOST


def test_eleven_are_one() -> None:
    """More than ten are joined."""
    assert mails([0.0] * 11) == [11]


@pytest.mark.parametrize("seconds", [0, 1, 5, 10, 30])
def test_two_hundred_servers(seconds: int) -> None:
    """200 alerts at once, or as checks find them within some seconds, are ten mails at most."""
    sent = mails([seconds * n / 200 for n in range(200)])

    assert sum(sent) == 200
    assert len(sent) <= 10


def test_after_a_quiet_minute() -> None:
    """What comes long after is a mail of its own again."""
    assert mails([0.0] * 50 + [100.0]) == [50, 1]


def test_a_joined_mail() -> None:
    """It says how many there are, and holds every one of them."""
    texts = [f"Deleted real server: 192.0.2.{n}:80 (198.51.100.1:80)" for n in range(11)]
    mail = message([alert(text=text) for text in texts])

    assert mail["Subject"] == f"[web] {texts[0]} and 10 more"
    assert mail.get_content().count("ldirectord host: lb1\n") == 11
    assert all(f"Log-Message: [web] {text}\n" in mail.get_content() for text in texts)
