"""What the service manager hears."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ldirpy.daemon import notify


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The service manager's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        path = tmp_path / "notify"
        listener.bind(str(path))
        listener.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        yield listener


def heard(manager: socket.socket) -> dict[str, str]:
    lines = manager.recv(4096).decode().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_states(manager: socket.socket) -> None:
    """Start, reload and stop are datagrams of sd_notify(3)."""
    notify.ready("2 virtual services")
    notify.reloading()
    notify.stopping()

    expected = {"READY": "1", "MAINPID": str(os.getpid()), "STATUS": "2 virtual services"}
    assert heard(manager) == expected
    reloading = heard(manager)
    assert (reloading["RELOADING"], reloading["MONOTONIC_USEC"].isdigit()) == ("1", True)
    assert heard(manager) == {"STOPPING": "1"}


def test_watchdog(manager: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watchdog hears of a director that answers twice in its time."""
    monkeypatch.setenv("WATCHDOG_USEC", "100000")

    async def answer() -> None:
        pass

    async def for_a_while() -> None:
        async with asyncio.timeout(0.3):
            await notify.keep_alive(answer)

    with pytest.raises(TimeoutError):
        asyncio.run(for_a_while())

    assert [heard(manager) for _ in range(3)] == [{"WATCHDOG": "1"}] * 3


@pytest.mark.parametrize(
    ("usec", "pid", "seconds"),
    [
        ("", "", None),
        ("0", "", None),
        ("x", "", None),
        ("3000000", "", 1.5),
        ("3000000", "1", None),
    ],
)
def test_whose_watchdog(
    monkeypatch: pytest.MonkeyPatch, usec: str, pid: str, seconds: float | None
) -> None:
    """Without a watchdog, or with another process's, nothing is told."""
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    if pid:
        monkeypatch.setenv("WATCHDOG_PID", pid)
    else:
        monkeypatch.delenv("WATCHDOG_PID", raising=False)

    assert notify.watchdog_seconds() == seconds


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a service manager, or with one that is gone, nothing happens."""
    for address in ("", "relative", str(tmp_path / "gone"), "@ldirpy-nobody"):
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        notify.ready()
