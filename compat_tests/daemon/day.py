"""One day of a daemon, played in a network namespace of its own: `unshare -n python day.py ...`.

Arguments: which daemon, and a directory for all files. At the end the directory holds `log`,
`monitor`, `mails` and `calls` (of fallbackcommand and callback).
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ONE, TWO, SORRY, VIP = "127.0.0.11", "127.0.0.12", "127.0.0.13", "127.0.0.10"
PORT = 8000
PATIENCE = 30.0  # seconds until something that must happen counts as missing

CONFIG = """\
checkinterval=1
checktimeout=2
quiescent=yes
readdquiescent=yes
failurecount=2
autoreload=yes
callback="{directory}/callback"
fallbackcommand={directory}/command
maintenancedir={directory}/maintenance
emailalert=ada@example.com
emailalertfrom="Alerts" <alerts@example.com>
emailalertfreq=3
smtp=127.0.0.1
virtual={VIP}:{PORT}
    real={ONE}:{PORT} masq 2
    real={TWO}:{PORT} masq
    checktype=connect
    fallback={SORRY}:{PORT} masq
    servicename="shop"
    comment="ring Ada"
    monitorfile={directory}/monitor
"""

COMMANDS = {
    "perl": ["ldirectord", "-d", "{config}", "start"],
    "ldirpy": [sys.executable, "-m", "ldirpy", "-f", "{config}", "--ipvs", "memory"],
}


class Server:
    """A TCP server that accepts and closes."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._socket: socket.socket | None = None

    def up(self) -> None:
        """Listen."""
        self._socket = socket.create_server((self._address, PORT))
        threading.Thread(target=self._serve, args=(self._socket,), daemon=True).start()

    def down(self) -> None:
        """Refuse connections from now on."""
        if self._socket is not None:
            self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            self._socket = None

    def _serve(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                listening.accept()[0].close()


class Day:
    """The daemon, its servers and its files."""

    def __init__(self, name: str, directory: Path) -> None:
        self._name, self._directory = name, directory
        self.config = directory / "web.cf"
        self.log = directory / "log"
        self.servers = {address: Server(address) for address in (ONE, TWO)}
        (directory / "maintenance").mkdir()
        shutil.copy(Path(__file__).with_name("ipvsadm"), directory)
        for hook in ("command", "callback"):
            script = directory / hook
            script.write_text(f'#!/bin/sh\necho "{hook} $*" >>{directory}/calls\n')
            script.chmod(0o755)
        self.write(CONFIG)
        self._command = [word.format(config=self.config) for word in COMMANDS[name]]
        self._process: subprocess.Popen[bytes] | None = None
        self._read = 0

    def write(self, text: str) -> None:
        """Put a configuration in place."""
        names = {"directory": self._directory, "VIP": VIP, "ONE": ONE, "TWO": TWO}
        new = self.config.with_suffix(".new")
        new.write_text(text.format(**names, SORRY=SORRY, PORT=PORT))
        new.rename(self.config)

    def start(self) -> None:
        """Start the daemon in the foreground."""
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                # ldirpy's stdout has the tables of the rehearsal; Perl logs to both.
                stdout=subprocess.DEVNULL if self._name == "ldirpy" else log,
                stderr=log,
                start_new_session=True,
            )

    def after(self, act: Callable[[], object], *texts: str) -> None:
        """Do something, and wait until the log has each of these texts, in whatever order."""
        act()
        ends = [self._read]
        for text in texts:
            end = time.monotonic() + PATIENCE
            while (found := self.log.read_text().find(text, self._read)) < 0:
                if time.monotonic() > end:
                    raise SystemExit(f"not in the log: {text}\n{self.log.read_text()}")
                time.sleep(0.05)
            ends.append(found + len(text))
        self._read = max(ends)

    def maintenance(self, address: str) -> Path:
        """The file that takes a server out."""
        return self._directory / "maintenance" / address

    def signal(self, number: signal.Signals) -> None:
        """Send the daemon a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def end(self, *, stopped: bool) -> None:
        """Wait for the daemon to be gone, if it was told to stop; leave nothing behind."""
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE if stopped else 0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@contextlib.contextmanager
def mail_server(mails: Path) -> Iterator[None]:
    """A real SMTP server on port 25 of this namespace."""
    words = [sys.executable, str(Path(__file__).with_name("smtp_server.py")), "127.0.0.1", "25"]
    with mails.open("wb") as file, subprocess.Popen(words, stdout=file) as server:
        try:
            while b"ready" not in mails.read_bytes():
                if server.poll() is not None:
                    raise SystemExit("the SMTP server does not start")
                time.sleep(0.05)
            yield
        finally:
            server.kill()


def main(name: str, directory: Path) -> None:
    """Play the day."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    day = Day(name, directory)
    one, two = day.servers[ONE], day.servers[TWO]
    stopped = False
    with mail_server(directory / "mails"):
        try:
            one.up()
            two.up()
            day.after(day.start, f"Restored real server: {ONE}", f"Restored real server: {TWO}")
            time.sleep(1.5)  # past the first round, in which the daemon is starting
            day.after(one.down, f"Quiescent real server: {ONE}", f"Inaccessible real server: {ONE}")
            day.after(two.down, "Added fallback server")
            day.after(two.up, "Deleted fallback server")
            day.after(one.up, f"Restored real server: {ONE}")
            file = day.maintenance(f"{TWO}:{PORT}")
            day.after(file.touch, f"Quiescent real server: {TWO}")
            day.after(file.unlink, f"Restored real server: {TWO}")
            heavier = CONFIG.replace("masq 2", "masq 5")
            day.after(lambda: day.write(heavier), f"Restored real server: {ONE}")
            time.sleep(2.5)  # for the callback, and for the round after it
            fewer = heavier.replace("    real={TWO}:{PORT} masq\n", "")
            day.write(fewer)
            day.after(lambda: None, f"Purged real server (start): {TWO}")
            time.sleep(2.5)
            day.after(lambda: day.signal(signal.SIGTERM), "terminated on signal: TERM")
            stopped = True
        finally:
            one.down()
            two.down()
            day.end(stopped=stopped)
            time.sleep(0.5)  # for the last mail to be written down


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
