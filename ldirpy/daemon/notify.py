"""What the service manager is told: a datagram to the socket that it named. See sd_notify(3).

Without a service manager all of this does nothing.
"""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Awaitable, Callable

SOCKET, WATCHDOG, WATCHDOG_PID = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"


def ready(status: str = "") -> None:
    """The start, or a reload, is done."""
    _send("READY=1", f"MAINPID={os.getpid()}", *_status(status))


def reloading() -> None:
    """A reload begins; `ready` says that it is done."""
    _send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def stopping() -> None:
    """The end begins."""
    _send("STOPPING=1")


def watchdog_seconds() -> float | None:
    """Half of the time in which the service manager wants to hear of us; None if it does not."""
    text = os.environ.get(WATCHDOG, "")
    for_whom = os.environ.get(WATCHDOG_PID, str(os.getpid()))
    if not text.isdigit() or int(text) == 0 or for_whom != str(os.getpid()):
        return None
    return int(text) / 2_000_000


async def keep_alive(answer: Callable[[], Awaitable[None]]) -> None:
    """Tell the service manager that we live, again and again, each time that `answer` returns.

    Who hangs is not heard of any more, and started anew.
    """
    pause = watchdog_seconds()
    if pause is None:
        return
    while True:
        await answer()
        _send("WATCHDOG=1")
        await asyncio.sleep(pause)


def _status(text: str) -> list[str]:
    return [f"STATUS={text}"] if text else []


def _send(*assignments: str) -> None:
    address = os.environ.get(SOCKET, "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):  # an abstract socket
        address = "\0" + address[1:]
    with (
        contextlib.suppress(OSError),  # a service manager that is gone is no reason to stop
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out,
    ):
        out.setblocking(False)
        out.sendto("\n".join(assignments).encode(), address)
