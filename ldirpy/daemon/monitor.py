"""The monitor files: one line for each result of a check, as `monitorfile` asks for.

`[date] [PID] ID WORDS [up|down] MESSAGE`. The words are those by which ldirectord knows a real
server, so that what reads the file of one reads that of the other.
"""

import logging
import os
import queue
import re
import threading
import time

from ldirpy.config.model import CheckType, Real, Virtual
from ldirpy.daemon.events import DirectorEvent, Judged
from ldirpy.health import Event

log = logging.getLogger("ldirpy")

MAX_WAITING = 10_000  # lines that wait for a disk that hangs; then they are dropped

# `on` is up without a check, so ldirectord has nothing to write.
_UNCHECKED = (CheckType.ON, CheckType.OFF)


def monitor_line(event: Judged, *, now: float, pid: int) -> str:
    """The line of one result, without a line end."""
    date = time.strftime("%a %b %e %H:%M:%S %Y", time.localtime(now))
    word = "up" if event.event is Event.PASSED else "down"
    message = _escaped(event.message, "%|") or "-"
    identity = re.sub(":+", " ", ":".join(_identity(event.virtual, event.real)))
    return f"[{date}] [{pid}] {_escaped(identity, '')} [{word}] {message}"


def _identity(virtual: Virtual, real: Real) -> list[str]:
    """ldirectord's identity of a check: what of it is set, in its order."""
    kind = [virtual.checktype.value]
    if virtual.checktype in (CheckType.NEGOTIATE, CheckType.COMBINED):
        kind.append(virtual.service)
    elif virtual.checktype not in (CheckType.CONNECT, CheckType.PING):
        kind.append(virtual.checkcommand)
    request = (real.request if real.request is not None else virtual.request) or "/"
    receive = real.receive if real.receive is not None else virtual.receive
    return [
        *kind,
        virtual.protocol.value,
        f"[{real.address}]" if real.address.version == 6 else str(real.address),
        str(real.port),
        virtual.virtualhost or "",
        str(virtual.checkport or ""),
        str(real.weight),
        real.forward.value,
        request if request.startswith(("/", "http:", "https:")) else f"/{request}",
        receive or "",
    ]


def _escaped(text: str, characters: str) -> str:
    """Line ends, and `characters`, as %XX."""
    return re.sub(f"[\r\n{characters}]", lambda match: f"%{ord(match[0]):02X}", text)


class MonitorFiles:
    """A listener that appends lines in a thread of its own: a full disk holds up no check.

    Each file is opened for what waits for it and closed again, so it can be moved away at any time.
    """

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[str, str] | None] = queue.Queue(MAX_WAITING)
        self._told: set[str] = set()
        self._thread: threading.Thread | None = None  # from the first line on

    def __call__(self, event: DirectorEvent) -> None:
        """Take a result; never waits."""
        if not isinstance(event, Judged):
            return
        file = event.virtual.monitorfile
        if file is None or event.virtual.checktype in _UNCHECKED:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="ldirpy-monitor", daemon=True)
            self._thread.start()
        line = monitor_line(event, now=time.time(), pid=os.getpid())
        try:
            self._waiting.put_nowait((file, line))
        except queue.Full:
            self._say(f"monitorfile {file}: lines are lost, the disk does not keep up")

    def close(self, bound: float = 2.0) -> None:
        """Write what waits, for `bound` seconds at the most."""
        if self._thread is None:
            return
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(bound)

    def _work(self) -> None:
        while (item := self._waiting.get()) is not None:
            items = [item]
            while not self._waiting.empty() and (item := self._waiting.get()) is not None:
                items.append(item)
            texts: dict[str, list[str]] = {}
            for path, line in items:
                texts.setdefault(path, []).append(line)
            for path, lines in texts.items():
                self._append(path, lines)
            if item is None:
                return

    def _append(self, path: str, lines: list[str]) -> None:
        data = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            file = os.open(path, flags, 0o644)
            try:
                while data:
                    data = data[os.write(file, data) :]
            finally:
                os.close(file)
        except OSError as error:
            self._say(f"monitorfile {path}: {error.strerror}")

    def _say(self, text: str) -> None:
        """Log what is wrong, once."""
        if text not in self._told:
            self._told.add(text)
            log.error("%s", text)
