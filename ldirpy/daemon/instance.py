"""One instance of the daemon: its name, its pid file, whether it runs, and its lock.

Only what a command such as `status` needs, and nothing that takes time to import.

A running instance is one whose pid file names a process with `ldirectord` in its command line: the
test of Perl's ldirectord, so that each of the two daemons sees the other.
"""

import fcntl
import os
import signal
import time
from pathlib import Path

import attrs

from ldirpy.errors import LdirpyError

# The second is for a daemon that is not root: the service manager makes it (RuntimeDirectory=).
PLACES = (Path("/var/run"), Path("/run/ldirpy"))

POLL = 0.05  # seconds between two looks whether a process has ended


class AlreadyRunning(LdirpyError):
    """The lock of this instance is held by another process."""


@attrs.frozen
class Instance:
    """The daemon of one configuration, known by the last part of the configuration's name."""

    name: str

    @classmethod
    def of(cls, config: str) -> "Instance":
        """The instance of the configuration that was named so; `ldirectord` for the default."""
        return cls(os.path.basename(config))

    @property
    def pid_file(self) -> Path:
        """Where the pid stands; where it would stand, if there is none yet."""
        files = [place / f"ldirectord.{self.name}.pid" for place in PLACES]
        for file in files:
            if file.exists():
                return file
        for file in files:
            if os.access(file.parent, os.W_OK):
                return file
        return files[0]

    def recorded(self) -> str:
        """The first line of the pid file, nothing if there is none."""
        try:
            text = self.pid_file.read_text(errors="replace")
        except FileNotFoundError:
            return ""
        return text.partition("\n")[0]

    def running(self) -> int | None:
        """The pid of the daemon if it runs, be it Perl's or ours."""
        recorded = self.recorded()
        if not (recorded.isascii() and recorded.isdigit()):
            return None
        pid = int(recorded)
        return pid if looks_like_ldirectord(pid) else None

    def signal(self, number: signal.Signals) -> int | None:
        """Send a signal to the running daemon; its pid, None if there is none."""
        pid = self.running()
        if pid is None:
            return None
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return None
        return pid

    # -- for the daemon itself ---------------------------------------------------------------

    def lock(self) -> int:
        """Take the lock of this instance for as long as this process lives; its descriptor.

        The kernel gives it back whatever way the process ends. Raises AlreadyRunning if another
        process has it, and OSError if the lock's file cannot be made.
        """
        path = self._lock_file
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise AlreadyRunning(
                f"another process holds {path}: an instance with the name {self.name} is running"
            ) from None
        return lock

    def note(self, text: str) -> None:
        """Write down, for whoever has the lock next, which table is being kept; "" for none.

        It is still there if this process is killed, and gone with the next boot.
        """
        self._lock_file.write_text(text)

    def noted(self) -> str:
        """What the last one who had the lock left in writing."""
        return self._lock_file.read_text(errors="replace")

    @property
    def _lock_file(self) -> Path:
        return self.pid_file.with_suffix(".lock")

    def write_pid(self) -> None:
        """Note this process as the running daemon; nobody ever sees half of the file."""
        path = self.pid_file
        new = path.with_name(f".{path.name}.{os.getpid()}")
        new.write_text(f"{os.getpid()}\n")
        os.replace(new, path)

    def remove_pid(self) -> None:
        """Take our note away; one of another process stays."""
        if self.recorded() == str(os.getpid()):
            self.pid_file.unlink(missing_ok=True)


def looks_like_ldirectord(pid: int) -> bool:
    """Whether this is a live process with `ldirectord` in its command line."""
    try:
        return b"ldirectord" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def wait_until_gone(pid: int, seconds: float) -> bool:
    """Wait for a process to end; false if it has not after so many seconds."""
    end = time.monotonic() + seconds
    while looks_like_ldirectord(pid):
        if time.monotonic() > end:
            return False
        time.sleep(POLL)
    return True
