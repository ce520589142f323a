"""Real server software, started in the foreground on loopback and stopped with its children."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs


@attrs.frozen
class Program:
    """A command that stays in the foreground, and the TCP ports on which it then listens."""

    command: Sequence[str | Path]
    ports: Sequence[int] = attrs.field(kw_only=True)
    seconds: float = attrs.field(default=20, kw_only=True)  # to start in
    user: str | None = attrs.field(default=None, kw_only=True)


@contextlib.contextmanager
def serving(program: Program) -> Iterator[None]:
    """While inside, `program` runs and answers on its ports; a missing program is a failure."""
    name = str(program.command[0])
    # Debian keeps daemons where an ordinary user's PATH does not look.
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    assert shutil.which(name, path=path), f"{name} is not installed: see debian-packages.txt"
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [str(shutil.which(name, path=path)), *map(str, program.command[1:])],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            user=program.user,
            group=program.user,
            extra_groups=None if program.user is None else [],
        )
        try:
            until = time.monotonic() + program.seconds
            while not all(map(_listens, program.ports)):
                if process.poll() is not None or time.monotonic() > until:
                    output.seek(0)
                    raise AssertionError(f"{name} did not start: {output.read().decode()}")
                time.sleep(0.05)
            yield
        finally:
            _stop(process)


@contextlib.contextmanager
def folder_of(user: str) -> Iterator[Path]:
    """A folder that belongs to the user of a server; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="ldirpy-tests-") as name:
        shutil.chown(name, user)
        yield Path(name)


def _listens(port: int) -> bool:
    with socket.socket() as one:
        one.settimeout(0.5)
        return one.connect_ex(("127.0.0.1", port)) == 0


def _stop(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
