"""The two daemons under test, started and stopped in the same way."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from . import netns

# In the foreground: with all that the debug option tells, or with nothing but the log.
DEBUGGING = {
    "perl": ["ldirectord", "-d", "{config}", "start"],
    "ldirpy": [sys.executable, "-m", "ldirpy", "-f", "{config}"],
}
SUPERVISED = {
    "perl": ["ldirectord", "{config}", "start"],
    "ldirpy": [sys.executable, "-m", "ldirpy", "{config}", "start"],
}
STOP_BOUND = 120.0  # seconds; Perl finishes its round of checks first
# Perl would keep its log to itself until some kilobytes have come together.
AT_ONCE = f"-I{Path(__file__).parent} -MAtOnce"
# Perl's debug output names each check as it begins.
PERL_CHECK = re.compile(r"^DEBUG2: Checking (.*real server=.*)$", re.MULTILINE)


class Daemon:
    """One daemon in the foreground in its director's namespace, with a file for its log."""

    def __init__(self, name: str, namespace: str, directory: Path) -> None:
        self.name = name
        self._namespace = namespace
        # The name is that of the instance: there can be one of a name in a kernel.
        self.config = directory / f"{directory.name}.cf"
        self._log = directory / "director.log"
        self._log.write_text("")
        self._supervised = False
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """All the daemon has written so far."""
        return self._log.read_text(errors="replace")

    @property
    def died(self) -> str:
        """Says so if the daemon ended though nobody stopped it."""
        if self._process is None or self._process.poll() is None:
            return ""
        return f"{self.name} ended by itself with status {self._process.returncode}"

    def has_made_a_round(self, mark: int) -> bool:
        """Whether Perl has checked some server twice since its log was mark characters long.

        Only Perl's table is right in passing; ldirpy, and a daemon that does not run, need not. Of
        one that is supervised it cannot be seen.
        """
        if self.name != "perl" or self._process is None or self._supervised:
            return True
        checks = PERL_CHECK.findall(self.log[mark:])
        return len(checks) > len(set(checks))

    def start(self, config: str) -> None:
        """Starts the daemon with this configuration; with `supervised` in it, for its log."""
        self._write(config)
        commands = SUPERVISED if self._supervised else DEBUGGING
        command = [word.format(config=self.config) for word in commands[self.name]]
        with netns.inside(self._namespace), self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/run",
                env={**os.environ, "PERL5OPT": AT_ONCE},
                start_new_session=True,
            )

    def reload(self, config: str) -> None:
        """Gives the running daemon another configuration with SIGHUP."""
        self._write(config)
        self._signal(signal.SIGHUP)

    def stop(self) -> None:
        """Ends the daemon with SIGTERM and waits for it; raises TimeoutError if it stays."""
        self._signal(signal.SIGTERM)
        if self._process is None:
            return
        try:
            self._process.wait(STOP_BOUND)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self.name} did not stop in {STOP_BOUND:.0f} s") from None
        self._process = None

    def kill(self) -> None:
        """Ends the daemon and its children, whatever their state."""
        if self._process is not None:
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _write(self, config: str) -> None:
        self._supervised = "supervised" in config
        self.config.write_text(config.replace("@DIRECTORY@", str(self.config.parent)))

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
