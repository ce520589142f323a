"""Web servers whose next checks fail as often as a scenario says, and not once more.

nginx can be told to fail from now on; how many checks that costs depends on the machine's load.
"""

import http.server
import threading

from . import netns
from .world import World

PORT = 8090

_running: dict[str, "_Server"] = {}


class _Server(http.server.ThreadingHTTPServer):
    """Answers every request, but the next `failing` ones with status 500."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("0.0.0.0", PORT), _Handler)
        self.failing = 0
        self.lock = threading.Lock()

    def fails_now(self) -> bool:
        """Whether this request is one of those that fail."""
        with self.lock:
            if not self.failing:
                return False
            self.failing -= 1
            return True


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        status, text = (500, b"broken\n") if self.server.fails_now() else (200, b"I am alive\n")
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *words: object) -> None:
        """Keeps quiet."""


def start(world: World, name: str) -> None:
    """Starts such a server at PORT of a machine."""
    with netns.inside(world.server(name)):
        server = _running[world.server(name)] = _Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()


def fail_next(world: World, name: str, count: int) -> None:
    """Lets the next checks fail."""
    server = _running[world.server(name)]
    with server.lock:
        server.failing = count


def stop_all(world: World) -> None:
    """Ends all of the world's."""
    for machine in [one for one in _running if one.startswith(f"{world.name}-")]:
        server = _running.pop(machine)
        server.shutdown()
        server.server_close()
