"""The lines of a monitor file, as the Perl daemon was seen to write them for the same settings."""

import logging
import os
import re
import threading
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import attrs
import pytest

from ldirpy.config.model import CheckType, Real, Virtual
from ldirpy.daemon.events import Judged
from ldirpy.daemon.monitor import MonitorFiles, monitor_line
from ldirpy.health import Change, Event
from ldirpy.net import Family, Forward, Protocol

VIP = ip_address("127.0.0.10")
NEGOTIATE, MASQ = CheckType.NEGOTIATE, Forward.MASQ


def judged(message: str = "-", event: Event = Event.FAILED, **settings: Any) -> Judged:
    own = {name: settings.pop(name) for name in ("real",) if name in settings}
    base: dict[str, Any] = {"address": VIP, "port": 8000, "checktype": CheckType.CONNECT}
    real: dict[str, Any] = {"address": ip_address("127.0.0.11"), "port": 8000, "weight": 2}
    return Judged(
        virtual=Virtual(**base | settings),
        real=Real(**real | {"forward": MASQ} | own.get("real", {})),
        event=event,
        message=message,
        change=Change.NONE,
        failures=0,
    )


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (judged(), "connect tcp 127.0.0.11 8000 2 masq /  [down] -"),
        (
            judged(checktype=CheckType.PING, checkport=77, event=Event.PASSED),
            "ping tcp 127.0.0.11 8000 77 2 masq /  [up] -",
        ),
        (
            judged(checktype=CheckType.EXTERNAL, checkcommand="/bin/false"),
            "external /bin/false tcp 127.0.0.11 8000 2 masq /  [down] -",
        ),
        (
            judged(
                "200 OK",
                Event.PASSED,
                checktype=NEGOTIATE,
                service="http",
                virtualhost="www.example",
                request="/index.html",
                receive="hel+o",
            ),
            "negotiate http tcp 127.0.0.11 8000 www.example 2 masq /index.html hel+o [up] 200 OK",
        ),
        (
            judged(
                checktype=NEGOTIATE,
                service="http",
                virtualhost="www.example",
                real={"weight": 1, "request": "/x:y?a=b%20c", "receive": "a.*b|d"},
            ),
            "negotiate http tcp 127.0.0.11 8000 www.example 1 masq /x y?a=b%20c a.*b|d [down] -",
        ),
        (
            judged(
                checktype=CheckType.COMBINED,
                connects_per_negotiate=2,
                service="http",
                request="/a b%c",
            ),
            "combined http tcp 127.0.0.11 8000 2 masq /a b%c  [down] -",
        ),
        (
            judged(
                checktype=NEGOTIATE, service="dns", protocol=Protocol.UDP, request="foo.example"
            ),
            "negotiate dns udp 127.0.0.11 8000 2 masq /foo.example  [down] -",
        ),
        (
            judged(
                checktype=NEGOTIATE,
                service="none",
                event=Event.PASSED,
                real={"port": 0, "forward": Forward.GATE},
            ),
            "negotiate none tcp 127.0.0.11 0 2 gate /  [up] -",
        ),
        (
            judged(address=None, port=0, fwmark=7, protocol=Protocol.FWM, checkport=99),
            "connect fwm 127.0.0.11 8000 99 2 masq /  [down] -",
        ),
        (
            judged(
                address=ip_address("::1"),
                family=Family.IPV6,
                real={"address": ip_address("::1")},
            ),
            "connect tcp [ 1] 8000 2 masq /  [down] -",
        ),
        (
            judged("Server in maintenance", Event.MAINTENANCE),
            "connect tcp 127.0.0.11 8000 2 masq /  [down] Server in maintenance",
        ),
        (
            judged("50% | of\r\nit"),
            "connect tcp 127.0.0.11 8000 2 masq /  [down] 50%25 %7C of%0D%0Ait",
        ),
    ],
)
def test_lines(event: Judged, expected: str) -> None:
    """Each kind of check has the words by which ldirectord knows it."""
    line = monitor_line(event, now=0.0, pid=42)

    assert re.fullmatch(r"\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d 19(69|70)\] \[42\] (.*)", line)
    assert line.split("] [42] ", 1)[1] == expected


def test_a_file_that_is_moved_away(tmp_path: Path) -> None:
    """Lines are appended; after a rotation the next ones go to a new file."""
    path, moved = tmp_path / "monitor", tmp_path / "monitor.1"
    path.write_text("before\n")
    for name, count in ((path, 3), (path, 2)):
        files = MonitorFiles()
        for _ in range(count):
            files(judged(monitorfile=str(name)))
        files.close()
        if not moved.exists():
            path.rename(moved)

    assert len(moved.read_text().splitlines()) == 4
    assert len(path.read_text().splitlines()) == 2


def test_a_file_that_cannot_be_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is told once, and others are written; a pipe that nobody reads holds up nothing."""
    logging.getLogger("ldirpy").propagate = True
    os.mkfifo(tmp_path / "pipe")
    files = MonitorFiles()
    for name in (tmp_path / "none" / "x", tmp_path / "pipe", tmp_path / "good"):
        for _ in range(2):
            files(judged(monitorfile=str(name)))
    files.close()

    assert len((tmp_path / "good").read_text().splitlines()) == 2
    assert sorted(caplog.messages) == [
        f"monitorfile {tmp_path}/none/x: No such file or directory",
        f"monitorfile {tmp_path}/pipe: No such device or address",
    ]


def test_without_a_monitor_file() -> None:
    """No file, no thread; and nothing for checktype on and off, as with ldirectord."""
    before = threading.active_count()
    files = MonitorFiles()
    files(judged())
    files(judged(monitorfile="/nonexistent", checktype=CheckType.ON))
    assert threading.active_count() == before
    files.close()


def test_the_message_is_one_line(tmp_path: Path) -> None:
    """What a server says cannot forge a second line."""
    files = MonitorFiles()
    event = judged("x\n[date] [1] forged [up] -", monitorfile=str(tmp_path / "m"))
    files(event)
    files(attrs.evolve(event, message=""))
    files.close()

    lines = (tmp_path / "m").read_text().splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("[down] -")
