"""How the daemon leaves its terminal: a new process in its own session, that says when it runs.

The new process is a fresh interpreter, not a fork: its command line then has `ldirectord` in it, by
which the commands of Perl's ldirectord, `ps` and people's scripts know a daemon.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# The new process finds here the descriptor on which it says that the start has succeeded. It is no
# word of the command line, so that this reads as it always did: `ldirectord CONFIG start`.
READY_VARIABLE = "LDIRPY_READY_FD"


def command(words: Sequence[str]) -> list[str]:
    """The command for another ldirectord with these words, as it is to be seen in `ps`."""
    called = Path(sys.argv[0])
    if called.name == "ldirectord" and called.is_file():
        return [sys.executable, os.path.abspath(called), *words]
    # -P: a directory `ldirpy` in the current directory is not to be run instead.
    return [sys.executable, "-P", "-m", "ldirpy.ldirectord", *words]


def start(words: Sequence[str]) -> int:
    """Start the daemon and wait until it runs; its exit code if it does not come to that.

    What it has to say until then goes to our stdout and stderr.
    """
    reader, writer = os.pipe()
    with open(reader, "rb") as said:
        daemon = subprocess.Popen(
            command(words),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=[writer],
            env={**os.environ, READY_VARIABLE: str(writer)},
        )
        os.close(writer)
        try:
            if said.read():
                daemon.returncode = 0  # it lives on without us
                return 0
            return daemon.wait()
        except KeyboardInterrupt:
            daemon.terminate()
            raise


def take_ready_descriptor() -> int | None:
    """The descriptor that `start` gave to this process; None if it was started otherwise."""
    text = os.environ.pop(READY_VARIABLE, "")
    if not text.isdigit():
        return None
    descriptor = int(text)
    with contextlib.suppress(OSError):
        os.set_inheritable(descriptor, False)
        return descriptor
    return None


def let_go(ready: int) -> None:
    """Tell the starter that all is well, and leave its terminal."""
    sys.stdout.flush()
    sys.stderr.flush()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)
    with contextlib.suppress(BrokenPipeError):  # it did not wait for us
        os.write(ready, b"ready")
    os.close(ready)
