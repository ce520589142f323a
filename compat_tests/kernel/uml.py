"""Runs a Python script inside a user-mode Linux kernel that has IPVS.

Debian's user-mode-linux is a Linux kernel that runs as an ordinary process. The script sees the
host's files read-only, a fresh network, an empty process table and a kernel of its own.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

INIT = Path(__file__).with_name("init.sh").resolve()

# Programs and the Debian package that has each of them; init.sh and uml.py use no others.
PROGRAMS = {
    "linux.uml": "user-mode-linux",
    "modprobe": "kmod",
    "ip": "iproute2",
    "ipvsadm": "ipvsadm",
}


class KernelError(Exception):
    """The kernel could not be booted, or did not end within its time.

    results has the JSON lines that the script wrote until then.
    """

    def __init__(self, message: str, results: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.results = results or []


@dataclass(frozen=True, kw_only=True)
class KernelRun:
    """What a script left behind: its exit status, what it printed, and its JSON lines."""

    status: int
    output: str
    results: list[dict[str, Any]]


def require_programs(programs: Mapping[str, str]) -> None:
    """Raises KernelError that names every missing program and the Debian package to install."""
    path = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
    missing = [name for name in programs if shutil.which(name, path=path) is None]
    if missing:
        wanted = ", ".join(f"{name} (package {programs[name]})" for name in missing)
        raise KernelError(f"cannot run tests in a kernel, not installed: {wanted}")


def run_in_kernel(
    script: Path,
    arguments: Sequence[str] = (),
    timeout: float = 120.0,
    *,
    environment: Mapping[str, str] | None = None,
    memory: str = "1G",
) -> KernelRun:
    """Boots a kernel, runs the script in it as root with this interpreter, and powers it off.

    The script finds a writable directory's name in KERNEL_WORK, and whatever JSON lines it appends
    to the file named in KERNEL_RESULTS come back as results. The rest of the file system is
    read-only but for tmpfs on /run (TMPDIR is there) and /var/log. Raises KernelError if the kernel
    does not end within timeout seconds; it is killed then. An exit status other than 0 is the
    caller's to judge.
    """
    require_programs(PROGRAMS)
    with tempfile.TemporaryDirectory(prefix="ldirpy-kernel-") as name:
        work = Path(name).resolve()
        results = work / "results.jsonl"
        results.touch()
        variables = {
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "KERNEL_WORK": str(work),
            "KERNEL_RESULTS": str(results),
            **(environment or {}),
        }
        command = [sys.executable, str(script.resolve()), *arguments]
        (work / "command").write_text(
            "".join(f"export {key}={shlex.quote(value)}\n" for key, value in variables.items())
            + f"cd {shlex.quote(os.getcwd())}\n"
            + f"exec {shlex.join(command)}\n"
        )
        hung = not _boot(work, memory, timeout)
        output = _text(work / "output")
        records = [json.loads(line) for line in _text(results).splitlines()]
        if hung:
            message = f"kernel killed, it was not done after {timeout:.0f} s; it printed:\n{output}"
            raise KernelError(message, records)
        if not (work / "status").exists():
            message = f"the kernel ended early; its console:\n{_text(work / 'console')}"
            raise KernelError(message, records)
        return KernelRun(status=int(_text(work / "status")), output=output, results=records)


def _boot(work: Path, memory: str, timeout: float) -> bool:
    """Runs the kernel until it powers itself off; False if it had to be killed."""
    command = [
        "linux.uml",
        f"mem={memory}",
        "root=/dev/root",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        f"init={INIT}",
        # Sockets and pid files of the kernel go into our directory, else they stay in ~/.uml.
        f"uml_dir={work}/uml/",
        "con=null",
        "con0=fd:0,fd:1",
        "quiet",
        # What the kernel does not know goes to the environment of its first process.
        f"KERNEL_WORK={work}",
    ]
    with (work / "console").open("wb") as console:
        kernel = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its helper processes are killed with it
        )
        try:
            kernel.wait(timeout)
            return True
        except subprocess.TimeoutExpired:
            return False
        finally:
            if kernel.poll() is None:
                os.killpg(kernel.pid, signal.SIGKILL)
                kernel.wait()


def _text(path: Path) -> str:
    """The file's text, or nothing if it is not there."""
    return path.read_text(errors="replace") if path.exists() else ""
