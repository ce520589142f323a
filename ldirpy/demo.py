"""`make demo`: a real director, three small web servers, and half a minute of bad luck.

Everything is real but the table, which is in memory: no root, no IPVS. The story ends with exit
code 0 only if the table was right at every step.
"""

import contextlib
import http.server
import queue
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

VIP, ONE, TWO, SORRY = "127.0.0.10", "127.0.0.11", "127.0.0.12", "127.0.0.13"

CONFIG = """\
# ldirectord.cf: two web servers behind one address, and one that says sorry.
checktimeout=3
checkinterval=1
quiescent=no
virtual={VIP}:{port}
        real={ONE}:{port} gate
        real={TWO}:{port} gate
        fallback={SORRY}:{port} gate
        service=http
        request=".testpage"
        receive="test page"
        scheduler=rr
        protocol=tcp
"""

PATIENCE = 15.0  # seconds until a step counts as failed: three times what it takes at the worst
PAUSE = 2.5  # seconds for the reader between two steps


class WebServer:
    """A small web server on a loopback address, that can die and come back."""

    def __init__(self, address: str, port: int) -> None:
        self._place = (address, port)
        self._server: http.server.ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Serve `.testpage`."""
        self._server = http.server.ThreadingHTTPServer(self._place, _Page)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def die(self) -> None:
        """Stop: connections are refused from now on."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<html>This is the test page.</html>\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """The director's log is the one to read."""


class Director:
    """The daemon as a child process; its log goes to the terminal, its tables here and there."""

    def __init__(self, config: Path) -> None:
        command = [sys.executable, "-m", "ldirpy", "-f", str(config), "--ipvs", "memory"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._tables: queue.Queue[str] = queue.Queue()
        assert self._process.stdout is not None
        threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True).start()

    def _listen(self, output: IO[str]) -> None:
        table: list[str] = []
        for line in output:
            if line.strip():
                table.append(line.rstrip())
            elif table:
                print("\n".join(f"    {row}" for row in table), flush=True)
                self._tables.put("\n".join(table))
                table.clear()

    def await_servers(self, *expected: str) -> bool:
        """Wait until the table holds just these servers; false if it does not come to that."""
        end = time.monotonic() + PATIENCE
        while (left := end - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                table = self._tables.get(timeout=left)
                if sorted(re.findall(r"-> ([\d.]+):\d+", table)) == sorted(expected):
                    return True
            if self._process.poll() is not None:
                break
        return False

    def stop(self) -> int:
        """Ask it to stop, and wait; its exit code."""
        self._process.terminate()
        return self._process.wait(PATIENCE)

    def kill(self) -> None:
        """Leave nothing behind."""
        self._process.kill()
        self._process.wait()


def main() -> int:
    """Tell the story; 0 if the table was right at every step."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        config = Path(folder, "ldirectord.cf")
        config.write_text(CONFIG.format(VIP=VIP, ONE=ONE, TWO=TWO, SORRY=SORRY, port=port))
        print(config.read_text())
        servers = {address: WebServer(address, port) for address in (ONE, TWO, SORRY)}
        for server in servers.values():
            server.start()
            stack.callback(server.die)
        director = Director(config)
        stack.callback(director.kill)
        good = all(_steps(director, servers))
        code = director.stop()
        good = good and code == 0
        print("\nThe table was right at every step." if good else "\nThe demo FAILED.")
        return 0 if good else 1


def _steps(director: Director, servers: dict[str, WebServer]) -> Iterator[bool]:
    yield _step("Start: both web servers are up.", director, ONE, TWO)
    servers[ONE].die()
    yield _step(f"{ONE} dies: it is taken out.", director, TWO)
    servers[ONE].start()
    yield _step(f"{ONE} is back: it is taken in.", director, ONE, TWO)
    servers[ONE].die()
    servers[TWO].die()
    yield _step("Both die: the fallback takes over.", director, SORRY)
    servers[TWO].start()
    yield _step(f"{TWO} is back: the fallback goes.", director, TWO)
    servers[ONE].start()
    yield _step(f"{ONE} is back: all is well.", director, ONE, TWO)


def _step(title: str, director: Director, *expected: str) -> bool:
    print(f"\n=== {title}", flush=True)
    right = director.await_servers(*expected)
    print(f"    {'ok' if right else 'WRONG'}: {' and '.join(expected)} in the table", flush=True)
    if right:
        time.sleep(PAUSE)
    return right


def _free_port() -> int:
    """A port that nobody uses on any loopback address of ours."""
    for port in range(8080, 8180):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for address in (VIP, ONE, TWO, SORRY):
                stack.enter_context(socket.socket()).bind((address, port))
            return port
    raise SystemExit("no free port between 8080 and 8179 for the demo")


if __name__ == "__main__":
    sys.exit(main())
