"""Clients that never stop asking: short requests one by one, and long downloads beside them."""

import hashlib
import itertools
import socket
import threading
import time
from collections.abc import Mapping

from . import netns, traffic
from .traffic import Virtual
from .world import World

PATIENCE = 60.0  # seconds for one answer: a busy machine is no failure, a lost connection is
PAUSE = 0.02  # seconds between two requests of one client
PACE = 0.2  # seconds between two reads of a download
BITE = 4 * 1024  # bytes of one read
WINDOW = 64 * 1024  # bytes that the client's kernel may take in before they are read
# The file has to outlast the test (13 minutes), and what the kernel keeps in its buffers (4 MiB).
LENGTH = 16 * 1024 * 1024
PIECE = b"0123456789abcdef" * 4096


def long_file() -> bytes:
    """What every real server has at /long."""
    return PIECE * (LENGTH // len(PIECE))


class Load:
    """The clients of some virtual services, each with its downloads; counts what they see."""

    def __init__(self, world: World, virtuals: Mapping[str, Virtual], *, downloads: int) -> None:
        self._world = world
        self.requests = dict.fromkeys(virtuals, 0)
        self.bytes = {f"{label}-{n}": 0 for label in virtuals for n in range(downloads)}
        self.answering: dict[str, set[str]] = {label: set() for label in virtuals}
        self.whole: list[str] = []  # downloads that came to their end as they should
        self.failures: list[str] = []
        self._ending = threading.Event()
        self._draining = threading.Event()
        self._requesters = [
            threading.Thread(target=self._ask, args=one) for one in virtuals.items()
        ]
        self._downloaders = [
            threading.Thread(target=self._download, args=(f"{label}-{n}", virtual))
            for (label, virtual), n in itertools.product(virtuals.items(), range(downloads))
        ]

    def start(self) -> None:
        """Sends the clients off."""
        for thread in (*self._requesters, *self._downloaders):
            thread.start()

    def wait_for(self, requests: int, bound: float) -> None:
        """Waits until each virtual service has answered more requests, and every download went on.

        Returns early if something failed; raises TimeoutError.
        """
        end = time.monotonic() + bound
        before, received = dict(self.requests), dict(self.bytes)
        while not self.failures:
            asked = all(self.requests[one] >= before[one] + requests for one in before)
            if asked and all(self.bytes[one] > received[one] for one in received):
                return
            if time.monotonic() > end:
                raise TimeoutError(f"requests {self.requests}, downloads {self.bytes}")
            time.sleep(PACE)

    def end(self) -> None:
        """Ends the short requests, and lets the downloads come to theirs as fast as they can."""
        self._ending.set()
        for thread in self._requesters:
            thread.join()
        self._draining.set()
        for thread in self._downloaders:
            thread.join()

    def _ask(self, label: str, virtual: Virtual) -> None:
        while not self._ending.is_set():
            answer = traffic.ask(self._world, virtual, timeout=PATIENCE)
            if answer.startswith("rs"):
                self.requests[label] += 1
                self.answering[label].add(answer)
            else:
                self.failures.append(f"a request to {label}: {answer}")
            time.sleep(PAUSE)

    def _download(self, name: str, virtual: Virtual) -> None:
        received = hashlib.sha256()
        try:
            with self._connected(virtual) as connection:
                connection.sendall(b"GET /long HTTP/1.0\r\n\r\n")
                answer = connection.makefile("rb", buffering=0)
                while answer.readline().strip():
                    pass
                while part := answer.read(BITE):
                    received.update(part)
                    self.bytes[name] += len(part)
                    self._draining.wait(PACE)
        except OSError as error:
            self.failures.append(f"the download {name} after {self.bytes[name]} bytes: {error}")
            return
        if received.digest() == hashlib.sha256(long_file()).digest():
            self.whole.append(name)
        else:
            self.failures.append(f"the download {name} ended after {self.bytes[name]} bytes")

    def _connected(self, virtual: Virtual) -> socket.socket:
        with netns.inside(self._world.client):
            connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
        connection.settimeout(PATIENCE)
        connection.connect((virtual.address, virtual.port))
        return connection
