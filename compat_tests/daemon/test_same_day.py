"""The same day for the Perl daemon and for ldirpy: log, mails, monitor file and hooks compared.

Each daemon has a network namespace of its own, real servers on loopback and a real SMTP server on
port 25. As there need not be an IPVS, the Perl daemon keeps its table with the ipvsadm beside this
file, and ldirpy keeps its own in memory.
"""

import itertools
import json
import re
import subprocess
import sys
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest

from compat_tests.daemon import day

pytestmark = [pytest.mark.perl, pytest.mark.servers]

SERVERS = (day.ONE, day.TWO, day.SORRY)
BOUND = 180.0  # seconds for a day of which 40 are enough on an idle machine

Record = dict[str, Path]


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """The directory that each daemon's day left behind."""
    found, running = {}, {}
    for name in day.COMMANDS:
        found[name] = tmp_path_factory.mktemp(name)
        words = ["unshare", "-n", sys.executable, str(Path(day.__file__)), name, str(found[name])]
        running[name] = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        for name, process in running.items():
            _, said = process.communicate(timeout=BOUND)
            assert process.returncode == 0, f"{name}: {said}"
    finally:
        for process in running.values():
            process.kill()
    return found


def same(days: Record, found: dict[str, Any]) -> Any:
    """What both days have in common, which must be all of it."""
    assert found["ldirpy"] == found["perl"]
    return found["ldirpy"]


def once(items: list[Any]) -> list[Any]:
    """Without repetitions of the last one: how often a thing is repeated is a matter of time."""
    return [item for item, _ in itertools.groupby(items)]


def is_about(server: str, text: str) -> bool:
    """Whether a text is on this server; reminders are expected of the first one only.

    The second one is down for a short time, and whether that is long enough depends on the machine.
    """
    return f" {server}:" in text and not (server == day.TWO and "Inaccessible" in text)


def log_lines(directory: Path) -> list[str]:
    """The texts of the log, without dates and without what only a debugging Perl writes."""
    lines = re.sub(r"(?m)^\[[^]|]*\|[^]]*\] ", "", (directory / "log").read_text()).splitlines()
    return [line.replace(str(directory), "DIR") for line in lines if not line.startswith("DEBUG")]


TOLD = re.compile(
    r"(emailalert: )?(Added|Restored|Readd Quiescent|Quiescent|Deleted|Purged|Soft failure"
    r"|Resetting soft|Inaccessible) "
)


def test_log_lines_of_each_server(days: Record) -> None:
    """Every line on a real server or the fallback is the same, in the same order for each."""
    for server in SERVERS:
        lines = {
            name: once(
                [line for line in log_lines(path) if is_about(server, line) and TOLD.match(line)]
            )
            for name, path in days.items()
        }
        told = same(days, lines)
        print(f"{server}: {len(told)} lines are the same")
        assert len(told) >= 5


def test_log_lines_of_the_service_and_the_daemon(days: Record) -> None:
    """So are those on the virtual service, the file and the signal, but for the named ones."""
    texts = ("virtual server: ", "Configuration file", " - reread", "Linux Director Daemon term")
    lines = {
        name: [
            line
            for line in log_lines(path)
            if any(text in line for text in texts)
            # deviation a-reload-tells-what-it-changed, and Perl's word to its caller
            and not line.startswith(("Changed virtual server", "Exiting with"))
        ]
        for name, path in days.items()
    }

    assert len(same(days, lines)) == 6


def mails(directory: Path) -> list[dict[str, Any]]:
    """What the SMTP server took."""
    lines = (directory / "mails").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_alerts_of_each_server(days: Record) -> None:
    """Both send the same alerts with the same daemon's state, in the same order for each server."""
    pattern = re.compile(r"Log-Message: (.*)\nDaemon-Status: (.*)")
    alerts = {
        name: [pair for mail in mails(path) for pair in pattern.findall(mail["body"])]
        for name, path in days.items()
    }
    for server in SERVERS:
        found = {
            name: once([pair for pair in pairs if is_about(server, pair[0])])
            for name, pairs in alerts.items()
        }
        told = same(days, found)
        print(f"{server}: {len(told)} alerts are the same")
        assert len(told) >= 4


def test_a_mail_is_the_same(days: Record) -> None:
    """Subject, sender, recipient and text of an alert are the same to the letter."""
    found = {}
    for name, path in days.items():
        mail = next(m for m in mails(path) if "Added fallback" in m["headers"]["Subject"])
        headers = mail["headers"]
        found[name] = (
            headers["Subject"],
            parseaddr(headers["From"]),
            headers["To"],
            mail["recipients"],
            mail["body"].strip(),
        )

    subject, sender, *_ = same(days, found)
    assert subject.startswith('["shop"] Added fallback server: ')
    assert sender == ("Alerts", "alerts@example.com")


def test_monitor_file(days: Record) -> None:
    """The words of each line and the course of up and down are the same for each server."""
    line = re.compile(r"\[\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}\] \[\d+\] (.*) \[(up|down)\] (.+)")
    for server in (day.ONE, day.TWO):
        found = {}
        for name, path in days.items():
            lines = (path / "monitor").read_text().splitlines()
            parts = [match.groups() for text in lines if (match := line.fullmatch(text))]
            assert len(parts) == len(lines)
            found[name] = once([part[:2] for part in parts if server in part[0]])
            assert any(p[2] == "Server in maintenance" for p in parts)
        assert len(same(days, found)) >= 3


def test_hooks(days: Record) -> None:
    """fallbackcommand and callback are called with the same words, on the same changes."""
    for hook, count in (("command ", 4), ("callback ", 1)):
        found = {}
        for name, path in days.items():
            calls = (path / "calls").read_text().replace(str(path), "DIR").splitlines()
            # deviation fallbackcommand-on-a-change-only: Perl repeats the last word at a reload
            found[name] = once([call for call in calls if call.startswith(hook)])
        assert len(same(days, found)) == count
