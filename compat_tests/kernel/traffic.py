"""The client: asks virtual services and tells which server answered."""

import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from . import netns
from .world import World

TIMEOUT = 3.0  # seconds for one request
MOST_REQUESTS = 60


@dataclass(frozen=True)
class Virtual:
    """A virtual service as the client sees it, and its key in the director's table."""

    address: str
    port: int
    protocol: Literal["tcp", "udp"] = "tcp"
    mark: int = 0

    @property
    def key(self) -> str:
        """The first two words of its line in the table."""
        if self.mark:
            return f"FWM {self.mark}"
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.protocol.upper()} {host}:{self.port}"


def problem(
    world: World, virtual: Virtual, weights: Mapping[str, int] | None, *, sticky: bool
) -> str:
    """Asks until each server with a weight has answered; says what is wrong, or nothing.

    Without such a server nobody may answer, and without the virtual service (weights is None) no
    real server may. A sticky virtual service has one of its servers answer all requests.
    """
    expected = {name for name, weight in (weights or {}).items() if weight > 0}
    answers: list[str] = []
    if not expected:
        answers.append(ask(world, virtual))
        ok = not answers[0].isalnum() or (weights is None and answers[0] == "director")
    elif sticky:
        answers += [ask(world, virtual) for _ in range(5)]
        ok = len(set(answers)) == 1 and set(answers) <= expected
    else:
        while len(answers) < 6 or (expected - set(answers) and len(answers) < MOST_REQUESTS):
            answers.append(ask(world, virtual))
            if answers[-1] not in expected:
                break
        ok = set(answers) == expected
    if ok:
        return ""
    wanted = ", ".join(sorted(expected)) or "nobody"
    return f"{virtual.key}: expected to answer: {wanted}; answered: {', '.join(answers)}"


def ask(world: World, virtual: Virtual, timeout: float = TIMEOUT) -> str:
    """The name of the server that answers one request, or the failure in angle brackets."""
    family = socket.AF_INET6 if ":" in virtual.address else socket.AF_INET
    kind = socket.SOCK_STREAM if virtual.protocol == "tcp" else socket.SOCK_DGRAM
    with netns.inside(world.client):
        connection = socket.socket(family, kind)
    with connection:
        connection.settimeout(timeout)
        try:
            connection.connect((virtual.address, virtual.port))
            return _ask_dns(connection, kind) if virtual.port == 53 else _ask_http(connection)
        except OSError as error:
            return f"<{error}>"


def _ask_http(connection: socket.socket) -> str:
    connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
    answer = b""
    while part := connection.recv(4096):
        answer += part
    return answer.decode().rpartition("\r\n\r\n")[2].strip()


def _ask_dns(connection: socket.socket, kind: int) -> str:
    """Asks for the text record name.example.test; its value is the end of the answer section."""
    name = b"".join(bytes([len(label)]) + label for label in (b"name", b"example", b"test", b""))
    query = struct.pack("!6H", 1, 0, 1, 0, 0, 0) + name + struct.pack("!2H", 16, 1)
    if kind == socket.SOCK_STREAM:
        connection.sendall(struct.pack("!H", len(query)) + query)
        answer = connection.makefile("rb").read(struct.unpack("!H", _exactly(connection, 2))[0])
    else:
        connection.sendall(query)
        answer = connection.recv(4096)
    # After header and question: name, type, class, TTL, length, then one counted string.
    start = len(query) + 12
    return answer[start + 1 : start + 1 + answer[start]].decode()


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise OSError("closed early")
        data += part
    return data
